package store

import (
	"context"
	"fmt"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/weft-sdn/weft/schema"
)

// A database whose Guard is the zero Cmp follows the one of another server: it
// has what that wrote, answers what only reads, and refuses what writes.

const (
	// progressPause is between two questions how far the watch is.
	progressPause = 20 * time.Millisecond
	// catchUpTime is how long the watch may take; then everything is read.
	catchUpTime = 2 * time.Second
)

// catchUp waits until the database has seen all up to a revision, that of the log
// key: whoever leads moves it on with all that it writes.
type catchUp struct {
	rev   int64
	force bool // read everything
	done  chan struct{}
}

// CatchUp returns when the database has all that leaders had written when it was
// called. Whoever has won the leadership calls it before Guard lets anybody write.
func (db *DB) CatchUp(ctx context.Context) error {
	r, err := db.cfg.Client.Get(ctx, db.cfg.LogKey)
	if err != nil {
		return fmt.Errorf("store: read %s: %w", db.cfg.LogKey, err)
	}
	c := &catchUp{done: make(chan struct{})}
	if len(r.Kvs) > 0 {
		c.rev = r.Kvs[0].ModRevision
	}
	l := db.loop
	if !handed(ctx, l, c) {
		return closedOr(ctx)
	}
	tick := time.NewTicker(progressPause)
	defer tick.Stop()
	late := time.NewTimer(catchUpTime)
	defer late.Stop()
	for {
		// For a log key that was moved on alone, which the watch does not see.
		// The watch may have been opened anew; then there is nothing to ask.
		l.stream.Ask(ctx, db.cfg.Client)
		select {
		case <-c.done:
			return nil
		case <-tick.C:
		case <-late.C:
			if !handed(ctx, l, &catchUp{rev: c.rev, force: true, done: make(chan struct{})}) {
				return closedOr(ctx)
			}
		case <-ctx.Done():
			return ctx.Err()
		case <-l.done:
			return ErrClosed
		}
	}
}

// Cluster names the database as all servers on one etcd do.
func (db *DB) Cluster() schema.UUID { return db.loop.m.cluster }

func handed(ctx context.Context, l *loop, c *catchUp) bool {
	select {
	case l.behind <- c:
		return true
	case <-ctx.Done():
	case <-l.done:
	}
	return false
}

func closedOr(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return ErrClosed
}

// catchUp takes one who waits.
func (m *machine) catchUp(c *catchUp) {
	m.behind = append(m.behind, c)
	if c.force && m.view < c.rev && m.phase == idle {
		m.distrust("the watch does not say how far it is")
	}
}

// caughtUp tells those who wait that the view is far enough.
func (m *machine) caughtUp() {
	if len(m.behind) == 0 || m.phase != idle {
		return
	}
	left := m.behind[:0]
	for _, c := range m.behind {
		if m.view < c.rev {
			left = append(left, c)
			continue
		}
		m.logRev = max(m.logRev, c.rev)
		close(c.done)
	}
	m.behind = left
}

// replayHalf takes over what another process wrote beside the columns of a row's
// owner: onto the row, if the owner shows one, and for when it does.
func (m *machine) replayHalf(x *txn, key rowKey, put *mvccpb.KeyValue, members []*clientv3.Event) error {
	t := key.t
	if len(members) > 0 {
		return fmt.Errorf("%s row %s: members beside the columns of its %s", t.Name, key.id, t.Owner)
	}
	half := t.New(key.id)
	if put != nil {
		row, err := schema.DecodeRow(t.Table, key.id, put.Value)
		if err != nil {
			return err
		}
		half = row
		m.beside[key] = row
	} else {
		delete(m.beside, key)
	}
	if x.get(t, key.id) == nil {
		return nil
	}
	r := x.edit(t, key.id)
	for _, c := range t.byCol {
		if c.stored && !c.Equal(r.new, half) {
			c.Copy(r.new, half)
			r.changed(c)
		}
	}
	return nil
}
