package ovsdb

import (
	"context"
	"encoding/json"
	"iter"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/store"
)

// source is where a database comes from: a store, or the server itself for
// _Server.
type source interface {
	schema() *schema.Database
	// submit hands over a transaction; result waits for its answer. By then
	// its commit is there to be taken.
	submit(ctx context.Context, c store.Client, ops []json.RawMessage) (result func() answer)
	now() view
	since(id schema.UUID, v view) ([]*store.Commit, bool)
	changes(c *store.Commit, t *schema.Table) []store.Change
	virtual(t *schema.Table) bool
	// follow starts a feed with what comes after commit pos.
	follow() (f feed, pos int64)
}

// answer is what a transaction gave: see store.Answer.
type answer interface {
	Lazy() bool
	Write(w store.Sink) error
}

// feed is the commits of a source since it was followed.
type feed interface {
	// Take returns what is there; the error ends the feed.
	Take() ([]*store.Commit, error)
	Ready() <-chan struct{}
	Close()
}

// view is a state of a database.
type view struct {
	seq  int64 // of the last commit in it
	txn  schema.UUID
	rows func(table string) iter.Seq[schema.Row]
	// snapshot is the state where the source is a store.
	snapshot *store.Snapshot
}

type storeSource struct{ db *store.DB }

func (s storeSource) schema() *schema.Database { return s.db.Schema() }

func (s storeSource) submit(ctx context.Context, c store.Client, ops []json.RawMessage) func() answer {
	p := s.db.Submit(ctx, c, ops)
	return func() answer { return p.Answer() }
}

func (s storeSource) now() view {
	n := s.db.Snapshot()
	return view{n.Seq, n.TxnID, n.Rows, n}
}

func (s storeSource) since(id schema.UUID, v view) ([]*store.Commit, bool) {
	return s.db.Since(id, v.snapshot)
}

func (s storeSource) changes(c *store.Commit, t *schema.Table) []store.Change {
	return s.db.Changes(c, t)
}

func (s storeSource) virtual(t *schema.Table) bool { return s.db.Virtual(t) }

func (s storeSource) follow() (feed, int64) {
	sub := s.db.Subscribe(feedQueue)
	return sub, sub.Snapshot.Seq
}

// feedQueue is how many commits may wait for the server. They are taken as
// fast as updates can be encoded.
const feedQueue = 100000
