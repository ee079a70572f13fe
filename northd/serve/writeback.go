package serve

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/weft-sdn/weft/northd"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
	"github.com/weft-sdn/weft/store"
)

// writeback writes into the Northbound database what northd has to say there
// (up, sb_cfg, hv_cfg, …) without making the compiler wait for etcd. What is
// not written yet is replaced by what comes later. NB_Global goes first: its
// columns are derived, so that telling them waits for no etcd
// (docs/decisions/0008-how-far-is-derived.md).
type writeback struct {
	db     *store.DB
	schema *schema.Database // of db
	log    *slog.Logger
	now    func() time.Time

	telling sync.Mutex // held while NB_Global is told: what was asked for first is told first

	mu     sync.Mutex
	leads  bool                   // rows are written, not only asked for; guarded by mu
	rows   map[schema.UUID]*asked // guarded by mu
	due    time.Time              // when rows are to be written; guarded by mu
	global func(*nb.NBGlobal)     // guarded by mu
	wake   chan struct{}
}

// asked is what a row's columns shall be; others are the clients'.
type asked struct {
	table  *schema.Table
	values map[*schema.Column]schema.Row // the row that holds the column's value
}

const (
	writebackRetry = 200 * time.Millisecond
	// gather is how long rows wait for others, so that they share one commit.
	// With a port's up comes mostly an hv_cfg, which the commit would hold up.
	gather = 2 * time.Millisecond
	// idle is how long they wait where they say nothing new: the first up of a
	// port is false, and a port that is created where its VM is has the next one
	// soon, which then takes its place. Nor does the claim queue behind it in etcd.
	idle = 50 * time.Millisecond
)

// saysNothing tells of a value that takes the place of none whether it is the
// one that none stands for: false, 0, "".
func saysNothing(c *schema.Column, old, now schema.Row) bool {
	if old == nil || c.Len(old) > 0 {
		return false
	}
	nothing := true
	c.Each(now, func(key, _ schema.Atom) bool {
		nothing = key.IsZero()
		return nothing
	})
	return nothing
}

func newWriteback(db *store.DB, log *slog.Logger, now func() time.Time) *writeback {
	return &writeback{db: db, schema: nb.Schema(), log: log, now: now, rows: map[schema.UUID]*asked{}, wake: make(chan struct{}, 1)}
}

// put asks for changes of the columns that they are about.
func (w *writeback) put(changes []northd.Change) {
	if len(changes) == 0 {
		return
	}
	w.mu.Lock()
	wait := idle
	for _, c := range changes {
		row := w.rows[c.UUID]
		if row == nil {
			row = &asked{w.schema.Table(c.Table), map[*schema.Column]schema.Row{}}
			w.rows[c.UUID] = row
		}
		for _, name := range c.Columns {
			col := row.table.Column(name)
			row.values[col] = c.New
			if !saysNothing(col, c.Old, c.New) {
				wait = gather
			}
		}
	}
	if due := w.now().Add(wait); w.due.IsZero() || due.Before(w.due) {
		w.due = due
	}
	w.mu.Unlock()
	w.kick()
}

// withdraw takes back what was asked for of columns: the rows have it, or are to be
// left as they are. A standby asks for much that the leader then writes.
func (w *writeback) withdraw(met []northd.Change) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range met {
		row := w.rows[c.UUID]
		if row == nil {
			continue
		}
		for _, name := range c.Columns {
			delete(row.values, row.table.Column(name))
		}
		if len(row.values) == 0 {
			delete(w.rows, c.UUID)
		}
	}
}

// setGlobal asks for NB_Global to be as set makes it. A later one replaces it.
func (w *writeback) setGlobal(set func(*nb.NBGlobal)) {
	w.mu.Lock()
	w.global = set
	w.mu.Unlock()
	w.kick()
}

func (w *writeback) kick() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// run writes until ctx ends.
func (w *writeback) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.wake:
		}
		w.gather(ctx)
		for {
			err := w.flush(ctx)
			if err == nil || ctx.Err() != nil || errors.Is(err, store.ErrClosed) {
				break
			}
			w.log.Warn("cannot write back into the northbound database, will try again", "err", err)
			select {
			case <-ctx.Done():
				return
			case <-time.After(writebackRetry):
			}
		}
	}
}

// gather tells how far intent has come, and goes on with that for a moment
// where there are rows to be written.
func (w *writeback) gather(ctx context.Context) {
	for w.flushGlobal(ctx) == nil {
		w.mu.Lock()
		waiting, left := w.leads && len(w.rows) > 0, w.due.Sub(w.now())
		w.mu.Unlock()
		if !waiting || left <= 0 {
			return
		}
		timer := time.NewTimer(left)
		select {
		case <-w.wake:
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
		if ctx.Err() != nil {
			return
		}
	}
}

// lead begins to write rows.
func (w *writeback) lead() {
	w.mu.Lock()
	w.leads = true
	w.mu.Unlock()
	w.kick()
}

// flush writes what is asked for; what fails is asked for again unless
// something later has taken its place.
func (w *writeback) flush(ctx context.Context) error {
	if err := w.flushGlobal(ctx); err != nil {
		return err
	}
	return w.flushRows(ctx)
}

// flushGlobal makes NB_Global say what is asked for.
func (w *writeback) flushGlobal(ctx context.Context) error {
	w.telling.Lock()
	defer w.telling.Unlock()
	w.mu.Lock()
	set, leads := w.global, w.leads
	w.global = nil
	w.mu.Unlock()
	if set == nil {
		return nil
	}
	c, ok := w.globalChange(set)
	if !ok || c.Old == nil && !leads {
		return nil
	}
	_, err := w.db.Write(ctx, store.Write{Rows: []store.Change{c}, Client: ourselves})
	if err == nil {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.global == nil {
		w.global = set
	}
	return err
}

// flushRows writes the rows that were asked for, once this northd leads. They are
// asked for until they are written.
func (w *writeback) flushRows(ctx context.Context) error {
	w.mu.Lock()
	if !w.leads {
		w.mu.Unlock()
		return nil
	}
	rows := make(map[schema.UUID]*asked, len(w.rows))
	for id, row := range w.rows {
		rows[id] = &asked{row.table, maps.Clone(row.values)}
	}
	w.due = time.Time{}
	w.mu.Unlock()

	write := store.Write{Split: true, Client: ourselves}
	snap := w.db.Snapshot()
	for id, row := range rows {
		if now := snap.Get(row.table.Name, id); now != nil {
			next := row.table.Clone(now)
			for col, from := range row.values {
				col.Copy(next, from)
			}
			write.Rows = append(write.Rows, store.Change{Table: row.table, UUID: id, Old: now, New: next})
		}
	}
	if len(write.Rows) > 0 {
		if _, err := w.db.Write(ctx, write); err != nil {
			return err
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for id, row := range rows {
		w.written(id, row)
	}
	return nil
}

// written forgets what was written of a row, unless something else is asked for by
// now. The caller holds w.mu.
func (w *writeback) written(id schema.UUID, row *asked) {
	now := w.rows[id]
	if now == nil {
		return
	}
	for col, from := range row.values {
		if now.values[col] == from {
			delete(now.values, col)
		}
	}
	if len(now.values) == 0 {
		delete(w.rows, id)
	}
}

// globalChange makes the change of NB_Global, the row too where it is missing.
func (w *writeback) globalChange(set func(*nb.NBGlobal)) (store.Change, bool) {
	t := w.db.Schema().Table("NB_Global")
	for row := range w.db.Rows(t.Name) {
		next := t.Clone(row).(*nb.NBGlobal)
		set(next)
		return store.Change{Table: t, UUID: next.UUID, Old: row, New: next}, !t.Equal(row, next)
	}
	next := t.New(schema.NewUUID()).(*nb.NBGlobal)
	set(next)
	return store.Change{Table: t, UUID: next.UUID, New: next}, true
}
