package serve

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
	"github.com/weft-sdn/weft/store"
)

// writeback writes into the Northbound database what northd has to say there
// (up, sb_cfg, hv_cfg, …) without making the compiler wait for etcd. What is
// not written yet is replaced by what comes later.
type writeback struct {
	db  *store.DB
	log *slog.Logger
	now func() time.Time

	mu     sync.Mutex
	rows   map[schema.UUID]*asked // guarded by mu
	global func(*nb.NBGlobal)     // guarded by mu
	wake   chan struct{}
}

// asked is what a row's columns shall be; others are the clients'.
type asked struct {
	table  *schema.Table
	values map[*schema.Column]schema.Row // the row that holds the column's value
}

const writebackRetry = 200 * time.Millisecond

func newWriteback(db *store.DB, log *slog.Logger, now func() time.Time) *writeback {
	return &writeback{db: db, log: log, now: now, rows: map[schema.UUID]*asked{}, wake: make(chan struct{}, 1)}
}

// put asks for changes of rows: of the columns in which Old and New differ.
func (w *writeback) put(changes []store.Change) {
	if len(changes) == 0 {
		return
	}
	w.mu.Lock()
	for _, c := range changes {
		row := w.rows[c.UUID]
		if row == nil {
			row = &asked{c.Table, map[*schema.Column]schema.Row{}}
			w.rows[c.UUID] = row
		}
		for _, col := range c.Table.Changed(c.Old, c.New) {
			row.values[col] = c.New
		}
	}
	w.mu.Unlock()
	w.kick()
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

// flush writes what is asked for; what fails is asked for again unless
// something later has taken its place.
func (w *writeback) flush(ctx context.Context) error {
	w.mu.Lock()
	rows, global := w.rows, w.global
	w.rows, w.global = map[schema.UUID]*asked{}, nil
	w.mu.Unlock()

	write := store.Write{Split: true, Client: "northd"}
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
	if global != nil {
		if c, ok := w.globalChange(global); ok {
			write.Rows = append(write.Rows, c)
		}
	}
	if len(write.Rows) == 0 {
		return nil
	}
	_, err := w.db.Write(ctx, write)
	if err == nil {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for id, row := range rows {
		if later := w.rows[id]; later != nil {
			for col, from := range later.values {
				row.values[col] = from
			}
		}
		w.rows[id] = row
	}
	if w.global == nil {
		w.global = global
	}
	return err
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
