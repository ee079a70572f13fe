package ovsdb

import (
	"context"
	"encoding/json"
	"iter"
	"slices"
	"sync"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/server"
	"github.com/weft-sdn/weft/store"
)

// serverName is the database in which a server describes itself:
// ovsdb-server(5).
const serverName = "_Server"

// selfSource is the database _Server: a row per database, which only the
// server itself changes.
type selfSource struct {
	table *schema.Table

	mu    sync.Mutex // guards what follows
	rows  []*server.Database
	state view
	feeds map[*selfFeed]struct{}
}

func newSelfSource() *selfSource {
	p := &selfSource{table: server.Schema().Table("Database"), feeds: map[*selfFeed]struct{}{}}
	p.add(server.Schema())
	return p
}

// add takes up a database, as one that stands alone.
func (p *selfSource) add(db *schema.Database) {
	text := string(schema.CanonicalJSON(db.OVSSchema()))
	row := &server.Database{Name: db.Name, Model: "standalone", Connected: true, Leader: true, Schema: &text}
	row.UUID, row.Version = schema.NewUUID(), schema.NewUUID()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rows = append(slices.Clone(p.rows), row)
	p.publish(&store.Commit{Changes: []store.Change{{Table: p.table, UUID: row.UUID, New: row}}})
}

// set changes the row of a database; false if there is none.
func (p *selfSource) set(name string, st Status) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.IndexFunc(p.rows, func(r *server.Database) bool { return r.Name == name })
	if i < 0 {
		return false
	}
	old := p.rows[i]
	row := *old
	row.Model, row.Connected, row.Leader = st.Model, st.Connected, st.Leader
	row.CID, row.SID, row.Index = st.CID, st.SID, st.Index
	if len(p.table.Changed(old, &row)) == 0 {
		return true
	}
	row.Version = schema.NewUUID()
	p.rows = slices.Clone(p.rows)
	p.rows[i] = &row
	p.publish(&store.Commit{Changes: []store.Change{{Table: p.table, UUID: row.UUID, Old: old, New: &row}}})
	return true
}

// publish makes rows the current state and c the newest commit. p.mu is held.
func (p *selfSource) publish(c *store.Commit) {
	rows := p.rows
	p.state = view{seq: p.state.seq + 1, txn: schema.NewUUID(), rows: func(string) iter.Seq[schema.Row] {
		return func(yield func(schema.Row) bool) {
			for _, r := range rows {
				if !yield(r) {
					return
				}
			}
		}
	}}
	c.Seq, c.TxnID = p.state.seq, p.state.txn
	for f := range p.feeds {
		f.queue = append(f.queue, c)
		signal(f.ready)
	}
}

func (p *selfSource) schema() *schema.Database { return server.Schema() }

func (p *selfSource) now() view {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state
}

func (p *selfSource) since(id schema.UUID, v view) ([]*store.Commit, bool) { return nil, id == v.txn }

func (p *selfSource) changes(c *store.Commit, _ *schema.Table) []store.Change { return c.Changes }

func (p *selfSource) virtual(*schema.Table) bool { return false }

func (p *selfSource) submit(ctx context.Context, c store.Client, ops []json.RawMessage) func() answer {
	return func() answer { return selfAnswer(p.execute(ctx, c, ops)) }
}

// selfAnswer are the results of a transaction on _Server.
type selfAnswer []json.RawMessage

func (a selfAnswer) Lazy() bool { return false }

func (a selfAnswer) Write(w store.Sink) error {
	text := []byte{'['}
	for i, r := range a {
		if i > 0 {
			text = append(text, ',')
		}
		text = append(text, r...)
	}
	_, err := w.Write(append(text, ']'))
	return err
}

func (p *selfSource) follow() (feed, int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f := &selfFeed{src: p, ready: make(chan struct{}, 1)}
	p.feeds[f] = struct{}{}
	return f, p.state.seq
}

// selfFeed is a feed of _Server. It changes too seldom for a bound.
type selfFeed struct {
	src   *selfSource
	ready chan struct{}
	queue []*store.Commit // guarded by src.mu
}

func (f *selfFeed) Ready() <-chan struct{} { return f.ready }

func (f *selfFeed) Take() ([]*store.Commit, error) {
	f.src.mu.Lock()
	defer f.src.mu.Unlock()
	q := f.queue
	f.queue = nil
	return q, nil
}

func (f *selfFeed) Close() {
	f.src.mu.Lock()
	defer f.src.mu.Unlock()
	delete(f.src.feeds, f)
}
