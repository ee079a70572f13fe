package store

import (
	"fmt"
	"maps"
	"slices"
)

// executeWrite applies a write of this process.
func (m *machine) executeWrite(w *Write) (outcome, error) {
	if w.carry {
		return m.carry(), nil
	}
	x := newTxn(m.layout, m.pending)
	x.inner, x.shown = true, m.shown
	for i := range w.Rows {
		if err := m.writeRow(x, &w.Rows[i]); err != nil {
			return outcome{}, err
		}
	}
	blobs := w.Blobs
	if w.Each != nil {
		blobs = append(blobs[:len(blobs):len(blobs)], w.Each(true)...)
	}
	for _, b := range blobs {
		if !isBlobPath(b.Path) {
			return outcome{}, fmt.Errorf("store: write of blob %q: not the path of a blob", b.Path)
		}
		old := m.pending.blob(b.Path)
		if !sameBlob(old, b.New) {
			x.blobs = append(x.blobs, BlobChange{Path: b.Path, Old: old, New: b.New})
		}
	}
	next, changes, err := x.finish()
	out := outcome{next: next, changes: changes, blobs: x.blobs}
	if w.Comment != "" {
		out.comment = []string{w.Comment}
	}
	return out, err
}

func (m *machine) writeRow(x *txn, ch *Change) error {
	t := m.layout.byName[ch.Table.Name]
	if t == nil || t.Table != ch.Table || t.virtual != nil {
		return fmt.Errorf("store: write to table %s, which is not one of rows here", ch.Table.Name)
	}
	if ch.New != nil && (!t.Holds(ch.New) || ch.New.RowUUID() != ch.UUID || ch.UUID.IsZero()) {
		return fmt.Errorf("store: write of %s row %s: a row of another table or UUID", t.Name, ch.UUID)
	}
	have := x.get(t, ch.UUID)
	switch {
	case ch.New == nil:
		if t.Owner != "" && m.shown[rowKey{t, ch.UUID}] != nil {
			return fmt.Errorf("store: write: %s row %s is its %s's to delete", t.Name, ch.UUID, t.Owner)
		}
		if have != nil {
			x.drop(t, ch.UUID)
		}
		return nil
	case have == nil && (ch.Old != nil || t.Owner != ""):
		return nil
	case have == nil && x.known(t, ch.UUID):
		return fmt.Errorf("store: write: %s row %s was deleted by the same write", t.Name, ch.UUID)
	case have == nil:
		row := t.Clone(ch.New)
		half, _ := m.ownedBy(x, rowKey{t, ch.UUID})
		if half == nil {
			half = t.unclaimed
		}
		for _, c := range t.byCol {
			if c.Owner == "" {
				if err := c.Check(row); err != nil {
					return fmt.Errorf("store: write of %s row %s, column %s: %w", t.Name, ch.UUID, c.Name, err)
				}
				continue
			}
			c.Copy(row, half)
		}
		x.insert(t, row)
		return nil
	}
	for _, c := range t.byCol {
		if c.Owner != "" || c.Equal(have, ch.New) || ch.Old != nil && c.Equal(ch.Old, ch.New) {
			continue
		}
		if err := c.Check(ch.New); err != nil {
			return fmt.Errorf("store: write of %s row %s, column %s: %w", t.Name, ch.UUID, c.Name, err)
		}
		r := x.edit(t, ch.UUID)
		c.Copy(r.new, ch.New)
		r.changed(c)
	}
	return nil
}

// split distributes the operations of a write over etcd transactions.
func (m *machine) split(w *Write, ops []keyOp) (whole []keyOp, pieces [][]keyOp, err error) {
	size := sizeOf(ops)
	if within(len(ops), size, m.cfg.Limits) {
		return ops, nil, nil
	}
	if !w.Split {
		return nil, nil, tooLarge(len(ops), size, m.cfg.Limits)
	}
	var each, last []keyOp
	marks := map[string]bool{}
	if w.Each != nil {
		for _, b := range w.Each(false) {
			each = m.enc.blob(each, b)
		}
		for _, b := range w.Each(true) {
			last = m.enc.blob(last, b)
			marks[m.enc.prefix+b.Path] = true
		}
	}
	extra, extraSize := max(len(each), len(last)), max(sizeOf(each), sizeOf(last))
	var piece []keyOp
	room := 0
	for _, o := range ops {
		if marks[o.key] {
			continue
		}
		if !within(1+extra, o.size()+extraSize, m.cfg.Limits) {
			return nil, nil, tooLarge(1+extra, o.size()+extraSize, m.cfg.Limits)
		}
		if !within(len(piece)+1+extra, room+o.size()+extraSize, m.cfg.Limits) {
			pieces = append(pieces, append(piece, each...))
			piece, room = nil, 0
		}
		piece = append(piece, o)
		room += o.size()
	}
	return nil, append(pieces, append(piece, last...)), nil
}

// executePresent applies rows whose truth lies under the chassis' prefixes. A
// row that breaks a rule is reported and left out; the others are shown. What
// is left out may take others with it, but no further than references go: a
// Chassis with its Encap.
func (m *machine) executePresent(r *request) (outcome, error) {
	show, left := r.show, map[rowKey]error{}
	for {
		x := m.presentAll(show)
		next, changes, err := x.finish()
		if err != nil || len(x.guilty) == 0 {
			m.leaveOut(r.show, left)
			return outcome{next: next, changes: changes, blobs: x.blobs}, err
		}
		n := len(show)
		show = slices.DeleteFunc(slices.Clone(show), func(ch Change) bool {
			key := rowKey{m.layout.byName[ch.Table.Name], ch.UUID}
			err := x.guilty[key]
			if err != nil {
				left[key] = err
			}
			return err != nil
		})
		if len(show) < n {
			continue
		}
		// Only rows of others: a deletion takes from them what they need.
		why := slices.Collect(maps.Values(x.guilty))[0]
		show = slices.DeleteFunc(show, func(ch Change) bool {
			if ch.New == nil {
				left[rowKey{m.layout.byName[ch.Table.Name], ch.UUID}] = why
			}
			return ch.New == nil
		})
		if len(show) == n {
			return outcome{}, why
		}
	}
}

// leaveOut remembers which of the rows shown are left out.
func (m *machine) leaveOut(show []Change, left map[rowKey]error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, ch := range show {
		key := rowKey{m.layout.byName[ch.Table.Name], ch.UUID}
		err, was := left[key], m.left[key]
		if err == nil {
			delete(m.left, key)
			continue
		}
		p := Problem{Table: ch.Table.Name, UUID: ch.UUID, Reason: err.Error()}
		if p != was {
			m.logProblem(p)
		}
		m.left[key] = p
	}
}

func (m *machine) presentAll(show []Change) *txn {
	x := newTxn(m.layout, m.pending)
	x.inner, x.guilty = true, map[rowKey]error{}
	if m.mayCommit() == nil {
		x.shown = m.shown
	}
	for i := range show {
		m.presentRow(x, &show[i])
	}
	if x.appeared {
		m.settleReferrers(x)
	}
	return x
}

func (m *machine) presentRow(x *txn, ch *Change) {
	t := m.layout.byName[ch.Table.Name]
	if t == nil || t.virtual != nil || ch.New != nil && !t.Holds(ch.New) {
		return
	}
	key := rowKey{t, ch.UUID}
	if ch.New == nil {
		delete(m.shown, key)
	} else {
		m.shown[key] = ch.New
		if x.shown != nil {
			x.keepRecord(key, nil)
		}
	}
	m.settle(x, key)
}
