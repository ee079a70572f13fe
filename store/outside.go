package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/weft-sdn/weft/schema"
)

// watched is what the watch of the prefix saw: the events of one revision, or
// that it has lost track.
type watched struct {
	rev    int64
	events []*clientv3.Event
	lost   string
}

// watch follows everything under the prefix, our own writes included.
func (l *loop) watch(ctx context.Context, from int64) {
	defer l.workers.Done()
	for ctx.Err() == nil {
		wctx, cancel := context.WithCancel(clientv3.WithRequireLeader(ctx))
		for r := range l.cfg.Client.Watch(wctx, l.cfg.Prefix, clientv3.WithPrefix(), clientv3.WithRev(from)) {
			if r.CompactRevision != 0 {
				from = r.CompactRevision
				l.tell(ctx, watched{lost: "etcd has compacted what was not seen yet"})
			}
			for _, w := range byRevision(r.Events) {
				l.tell(ctx, w)
				from = w.rev + 1
			}
		}
		cancel()
		sleep(ctx, reloadPause)
	}
}

func (l *loop) tell(ctx context.Context, w watched) {
	select {
	case l.events <- w:
	case <-ctx.Done():
	}
}

// byRevision groups events; etcd never splits a revision between responses
// that are not fragments.
func byRevision(events []*clientv3.Event) []watched {
	var out []watched
	for _, e := range events {
		if n := len(out); n == 0 || out[n-1].rev != e.Kv.ModRevision {
			out = append(out, watched{rev: e.Kv.ModRevision})
		}
		w := &out[len(out)-1]
		w.events = append(w.events, e)
	}
	return out
}

// follow takes in what the watch saw. While a batch is in flight an event may
// be its own, so everything waits.
func (l *loop) follow() {
	if l.flight != nil || l.loading {
		return
	}
	list := l.deferred
	l.deferred = nil
	for i, w := range list {
		switch {
		case w.lost != "":
			l.stale = w.lost
		case l.own[w.rev]:
			delete(l.own, w.rev)
			l.view = max(l.view, w.rev)
		case w.rev <= l.view || l.stale != "":
		case w.rev < l.ownRev:
			// Something of ours came after it: what holds now is what etcd has.
			l.stale = fmt.Sprintf("another process wrote at revision %d", w.rev)
		default:
			l.adopt(w)
			l.view = max(l.view, w.rev)
		}
		if l.flight != nil {
			l.deferred = append(l.deferred, list[i+1:]...)
			return
		}
	}
}

// adopt takes over what another process wrote at one revision, if it keeps the
// rules. Otherwise everything is read again, which sorts out what is wrong.
func (l *loop) adopt(w watched) {
	again := l.rollback()
	defer func() { l.parked = append(again, l.parked...); l.unpark() }()
	x := newTxn(l.db.layout, l.committed.state)
	x.inner = true
	wrote, err := l.replay(x, w)
	var next *stateEdit
	var changes []Change
	if err == nil {
		next, changes, err = x.finish()
	}
	if err == nil {
		err = l.unwelcome(x, wrote)
	}
	if err != nil {
		l.stale = fmt.Sprintf("what another process wrote at revision %d: %v", w.rev, err)
		return
	}
	if next == nil {
		return
	}
	l.cfg.Log.Debug("store: another process wrote", "revision", w.rev, "rows", len(changes))
	b := &batch{next: next.state, blobs: x.blobs, clients: []string{"etcd"}}
	b.changes.add(changes)
	l.pending = next.state
	l.publish(b, w.rev)
	l.repair(wrote, changes)
}

// unwelcome finds reasons for a full read although the rules were kept: a row
// that would vanish at once, because what refers to it may be still to come;
// and rows that may mend what was left out.
func (l *loop) unwelcome(x *txn, wrote map[rowKey]schema.Row) error {
	for key, row := range wrote {
		switch {
		case row != nil && x.get(key.t, key.id) == nil:
			return fmt.Errorf("nothing refers to %s row %s", key.t.Name, key.id)
		case l.dangling && row != nil && l.committed.state.get(key.t, key.id) == nil:
			return fmt.Errorf("%s row %s is new, and something was left out", key.t.Name, key.id)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range l.problems {
		key := rowKey{l.db.layout.byName[p.Table], p.UUID}
		if _, ok := wrote[key]; ok {
			return fmt.Errorf("%s row %s was left out", p.Table, p.UUID)
		}
	}
	return nil
}

// replay applies the events of one revision to a transaction. It returns the
// rows as the other process left them.
func (l *loop) replay(x *txn, w watched) (map[rowKey]schema.Row, error) {
	type work struct {
		put, gone *mvccpb.KeyValue
		members   []*clientv3.Event
	}
	rows := map[rowKey]*work{}
	var order []rowKey
	for _, e := range w.events {
		path := strings.TrimPrefix(string(e.Kv.Key), l.cfg.Prefix)
		if isBlobPath(path) {
			b := BlobChange{Path: path, Old: l.committed.state.blob(path)}
			if e.Type == clientv3.EventTypePut {
				b.New = notNil(e.Kv.Value)
			}
			if err := knownForm(l.cfg.Prefix, b); err != nil {
				return nil, err
			}
			x.blobs = append(x.blobs, b)
			continue
		}
		at, reason := l.db.layout.parseKey(path)
		if reason != "" {
			return nil, fmt.Errorf("%s: %s", e.Kv.Key, reason)
		}
		key := rowKey{at.t, at.id}
		r := rows[key]
		if r == nil {
			r = &work{}
			rows[key] = r
			order = append(order, key)
		}
		switch {
		case at.column != nil:
			r.members = append(r.members, e)
		case e.Type == clientv3.EventTypePut:
			r.put = e.Kv
		default:
			r.gone = e.Kv
		}
	}
	wrote := map[rowKey]schema.Row{}
	for _, key := range order {
		r := rows[key]
		if key.t.Owner != "" {
			return nil, fmt.Errorf("%s row %s: columns beside those of its %s", key.t.Name, key.id, key.t.Owner)
		}
		if r.gone != nil {
			if x.get(key.t, key.id) != nil {
				x.drop(key.t, key.id)
			}
			wrote[key] = nil
			continue
		}
		if err := l.replayRow(x, key, r.put, r.members); err != nil {
			return nil, err
		}
		if row := x.get(key.t, key.id); row != nil {
			wrote[key] = key.t.Clone(row)
		}
	}
	return wrote, nil
}

func (l *loop) replayRow(x *txn, key rowKey, put *mvccpb.KeyValue, members []*clientv3.Event) error {
	t := key.t
	if put != nil {
		row, err := schema.DecodeRow(t.Table, key.id, put.Value)
		if err != nil {
			return err
		}
		for _, c := range t.byCol {
			if n := c.Len(row); c.stored && !c.Members && !c.Type.Allows(n) {
				return fmt.Errorf("%s row %s: column %s %s", t.Name, key.id, c.Name, c.Type.CountText(n))
			}
		}
		if x.get(t, key.id) == nil {
			fresh := t.New(key.id)
			half := l.aside[key]
			for _, c := range t.byCol {
				switch {
				case c.stored && !c.Members:
					c.Copy(fresh, row)
				case c.Owner != "" && half != nil:
					c.Copy(fresh, half)
				}
			}
			x.insert(t, fresh)
		} else {
			r := x.edit(t, key.id)
			for _, c := range t.byCol {
				if c.stored && !c.Members && !c.Equal(r.new, row) {
					c.Copy(r.new, row)
					r.changed(c)
				}
			}
		}
	}
	if len(members) > 0 && x.get(t, key.id) == nil {
		if slices.ContainsFunc(members, func(e *clientv3.Event) bool { return e.Type == clientv3.EventTypePut }) {
			return fmt.Errorf("%s row %s: a member of a row that is not there", t.Name, key.id)
		}
		return nil
	}
	byColumn := map[*column][]*clientv3.Event{}
	for _, e := range members {
		at, _ := l.db.layout.parseKey(strings.TrimPrefix(string(e.Kv.Key), l.cfg.Prefix))
		byColumn[at.column] = append(byColumn[at.column], e)
	}
	for _, c := range t.members {
		if events := byColumn[c]; events != nil {
			if err := l.replayMembers(x, key, c, events); err != nil {
				return err
			}
		}
	}
	return nil
}

// repair writes what followed from another process's write: garbage collected,
// weak references cleared. Only the leader does.
func (l *loop) repair(wrote map[rowKey]schema.Row, changes []Change) {
	if l.mayCommit() != nil {
		return
	}
	var ops []keyOp
	next := l.pending.edit()
	for _, ch := range changes {
		if row := wrote[rowKey{l.db.layout.byName[ch.Table.Name], ch.UUID}]; row != nil && ch.New != nil {
			ch.Old, ch.deltas = row, nil
			if len(ch.Columns()) == 0 {
				continue
			}
		}
		ops = l.enc.change(ops, &ch, next)
	}
	if len(ops) == 0 {
		return
	}
	l.pending = next.state
	b := l.openBatch()
	b.next = l.pending
	b.ops.add(ops)
	b.clients = append(b.clients, "repair")
}
