package store

import (
	"fmt"
	"slices"
	"strings"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/weft-sdn/weft/schema"
)

// saw takes what the watch saw. It is looked at when no batch is in flight,
// whose own event it may be.
func (m *machine) saw(w watched) { m.deferred = append(m.deferred, w) }

// follow takes in what the watch saw.
func (m *machine) follow() {
	if m.phase != idle && m.phase != stale {
		return
	}
	list := m.deferred
	m.deferred = nil
	for _, w := range list {
		switch {
		case w.lost != "":
			m.distrust(w.lost)
		case w.progress:
			m.view = max(m.view, w.rev)
		case m.own[w.rev]:
			delete(m.own, w.rev)
			m.view = max(m.view, w.rev)
		case w.rev <= m.view || m.phase == stale:
		case w.rev < m.ownRev:
			// Something of ours came after it: what holds now is what etcd has.
			m.distrust(fmt.Sprintf("another process wrote at revision %d", w.rev))
		default:
			m.adopt(w)
			m.view = max(m.view, w.rev)
		}
	}
}

// adopt takes over what another process wrote at one revision, if it keeps the
// rules. Otherwise everything is read again, which sorts out what is wrong.
func (m *machine) adopt(w watched) {
	again := m.rollback()
	defer func() { m.applyAll(again) }()
	x := newTxn(m.layout, m.committed.state)
	x.inner = true
	wrote, err := m.replay(x, w)
	var next *stateEdit
	var changes []Change
	if err == nil {
		next, changes, err = x.finish()
	}
	if err == nil {
		err = m.unwelcome(x, wrote)
	}
	if err != nil {
		m.distrust(fmt.Sprintf("what another process wrote at revision %d: %v", w.rev, err))
		return
	}
	if next == nil {
		return
	}
	m.cfg.Log.Debug("store: another process wrote", "revision", w.rev, "rows", len(changes))
	b := &batch{next: next.state, blobs: x.blobs, clients: []string{"etcd"}}
	b.changes.add(changes)
	m.pending = next.state
	m.publish(b, w.rev)
	m.repair(wrote, changes)
}

// unwelcome finds reasons for a full read although the rules were kept: a row
// that would vanish at once, because what refers to it may be still to come;
// and rows that may mend what was left out.
func (m *machine) unwelcome(x *txn, wrote map[rowKey]schema.Row) error {
	for key, row := range wrote {
		switch {
		case row != nil && x.get(key.t, key.id) == nil:
			return fmt.Errorf("nothing refers to %s row %s", key.t.Name, key.id)
		case m.dangling && row != nil && m.committed.state.get(key.t, key.id) == nil:
			return fmt.Errorf("%s row %s is new, and something was left out", key.t.Name, key.id)
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range m.problems {
		key := rowKey{m.layout.byName[p.Table], p.UUID}
		if _, ok := wrote[key]; ok {
			return fmt.Errorf("%s row %s was left out", p.Table, p.UUID)
		}
	}
	return nil
}

// replay applies the events of one revision to a transaction. It returns the
// rows as the other process left them.
func (m *machine) replay(x *txn, w watched) (map[rowKey]schema.Row, error) {
	type work struct {
		put, gone *mvccpb.KeyValue
		members   []*clientv3.Event
	}
	rows := map[rowKey]*work{}
	var order, records []rowKey
	for _, e := range w.events {
		path := strings.TrimPrefix(string(e.Kv.Key), m.cfg.Prefix)
		if isBlobPath(path) {
			b := BlobChange{Path: path, Old: m.committed.state.blob(path)}
			if e.Type == clientv3.EventTypePut {
				b.New = notNil(e.Kv.Value)
			}
			if err := knownForm(m.cfg.Prefix, b); err != nil {
				return nil, err
			}
			x.blobs = append(x.blobs, b)
			if key, ok := m.layout.parseRecord(path); ok {
				if b.New != nil {
					if _, err := decodeRecord(key, b.New); err != nil {
						return nil, fmt.Errorf("%s: %w", e.Kv.Key, err)
					}
				}
				x.setRecord(key, b.New)
				records = append(records, key)
			}
			continue
		}
		at, reason := m.layout.parseKey(path)
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
			if err := m.replayHalf(x, key, r.put, r.members); err != nil {
				return nil, err
			}
			if row := x.get(key.t, key.id); row != nil {
				wrote[key] = key.t.Clone(row)
			}
			continue
		}
		if r.gone != nil {
			if x.get(key.t, key.id) != nil {
				x.drop(key.t, key.id)
			}
			wrote[key] = nil
			continue
		}
		if err := m.replayRow(x, key, r.put, r.members); err != nil {
			return nil, err
		}
		if row := x.get(key.t, key.id); row != nil {
			wrote[key] = key.t.Clone(row)
		}
	}
	for _, key := range records {
		m.settle(x, key)
		if row := x.get(key.t, key.id); row != nil {
			wrote[key] = key.t.Clone(row)
		}
	}
	return wrote, nil
}

func (m *machine) replayRow(x *txn, key rowKey, put *mvccpb.KeyValue, members []*clientv3.Event) error {
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
			fresh := t.Unclaimed(key.id)
			half, _ := m.ownedBy(x, key)
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
		at, _ := m.layout.parseKey(strings.TrimPrefix(string(e.Kv.Key), m.cfg.Prefix))
		byColumn[at.column] = append(byColumn[at.column], e)
	}
	for _, c := range t.members {
		if events := byColumn[c]; events != nil {
			if err := m.replayMembers(x, key, c, events); err != nil {
				return err
			}
		}
	}
	return nil
}

// repair writes what followed from another process's write: garbage collected,
// weak references cleared. Only the leader does.
func (m *machine) repair(wrote map[rowKey]schema.Row, changes []Change) {
	if m.mayCommit() != nil {
		return
	}
	var ops []keyOp
	next := m.pending.edit()
	for _, ch := range changes {
		if row := wrote[rowKey{m.layout.byName[ch.Table.Name], ch.UUID}]; row != nil && ch.New != nil {
			ch.Old, ch.deltas = row, nil
			if len(ch.Columns()) == 0 {
				continue
			}
		}
		ops = m.enc.change(ops, &ch, next)
	}
	if len(ops) == 0 {
		return
	}
	m.pending = next.state
	b := m.openBatch()
	b.next = m.pending
	b.ops.add(ops)
	b.clients = append(b.clients, "repair")
}
