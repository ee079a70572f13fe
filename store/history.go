package store

import (
	"maps"
	"slices"

	"github.com/weft-sdn/weft/schema"
)

// past is what it takes to go back behind one commit. Of a large column (one of
// members) it holds how it differed and not what it was: a set of ten thousand
// that grows by one costs one.
type past struct {
	seq   int64
	txn   schema.UUID // of the state after the commit
	rows  []pastRow
	blobs []pastBlob
	size  int // an estimate in bytes
}

// pastRow is a row as it was before a commit.
type pastRow struct {
	rowKey
	// old is nil for a row that was inserted. Columns of members are empty in
	// the old row of an update: they follow from what came after and members.
	old     schema.Row
	updated bool
	members []memberDelta
}

// memberDelta is how a column of members differed.
type memberDelta struct {
	c          *column
	gone, come schema.Datum
}

type pastBlob struct {
	path string
	old  []byte
}

// What an element of past takes beside what it holds, in bytes.
const pastOverhead = 96

// newPast is what is remembered of a commit.
func newPast(l *layout, c *Commit) *past {
	p := &past{seq: c.Seq, txn: c.TxnID, size: pastOverhead, rows: make([]pastRow, 0, len(c.Changes)), blobs: make([]pastBlob, 0, len(c.Blobs))}
	for i := range c.Changes {
		ch := &c.Changes[i]
		t := l.byName[ch.Table.Name]
		r := pastRow{rowKey: rowKey{t, ch.UUID}, old: ch.Old, updated: ch.Old != nil && ch.New != nil}
		if r.updated && len(t.members) > 0 {
			r.old = t.Clone(ch.Old)
			for _, col := range t.members {
				if gone, come := ch.Diff(col.Column); gone.Len()+come.Len() > 0 {
					r.members = append(r.members, memberDelta{col, gone, come})
					p.size += pastOverhead + datumSize(gone) + datumSize(come)
				}
				col.Clear(r.old)
			}
		}
		p.rows = append(p.rows, r)
		p.size += pastOverhead + rowSize(t, r.old)
	}
	for _, b := range c.Blobs {
		p.blobs = append(p.blobs, pastBlob{b.Path, b.Old})
		p.size += pastOverhead + len(b.Path) + len(b.Old)
	}
	return p
}

func rowSize(t *table, row schema.Row) (n int) {
	if row == nil {
		return 0
	}
	for _, c := range t.byCol {
		c.Each(row, func(k, v schema.Atom) bool {
			n += atomSize(k) + atomSize(v)
			return true
		})
	}
	return n
}

func datumSize(d schema.Datum) (n int) {
	for _, k := range d.Keys {
		n += atomSize(k)
	}
	for _, v := range d.Values {
		n += atomSize(v)
	}
	return n
}

func atomSize(a schema.Atom) int { return 16 + len(a.Str()) }

// rewind gives what leads from the state before the oldest commit of list to s,
// as one commit. list is in order and ends with the commit of s.
func rewind(l *layout, list []*past, s *Snapshot) *Commit {
	rows, blobs := map[rowKey]*rewound{}, map[string][]byte{}
	for _, p := range slices.Backward(list) {
		for i := range p.rows {
			r := &p.rows[i]
			w := rows[r.rowKey]
			if w == nil {
				w = &rewound{now: s.Get(r.t.Name, r.id)}
				w.set(w.now)
				rows[r.rowKey] = w
			}
			w.back(r)
		}
		for _, b := range p.blobs {
			blobs[b.path] = b.old
		}
	}
	c := &Commit{Seq: s.Seq, Rev: s.Rev, TxnID: s.TxnID, after: s.state}
	for key, w := range rows {
		old := w.row(key.t)
		if old == nil && w.now == nil || old != nil && w.now != nil && key.t.Equal(old, w.now) {
			continue
		}
		c.Changes = append(c.Changes, Change{Table: key.t.Table, UUID: key.id, Old: old, New: w.now})
	}
	slices.SortFunc(c.Changes, func(a, b Change) int {
		if a.Table != b.Table {
			return l.byName[a.Table.Name].n - l.byName[b.Table.Name].n
		}
		return a.UUID.Compare(b.UUID)
	})
	for _, path := range slices.Sorted(maps.Keys(blobs)) {
		c.Blobs = append(c.Blobs, BlobChange{Path: path, Old: blobs[path], New: s.Blob(path)})
	}
	return c
}

// rewound is a row on its way back.
type rewound struct {
	now   schema.Row // as it is
	small schema.Row // as it was but for columns of members; nil: not there
	large schema.Row // the row whose members differ from what was by marks
	marks map[*column]map[schema.Atom]mark
}

// mark says of a member whether it was there, and a map's value.
type mark struct {
	there bool
	value schema.Atom
}

func (w *rewound) set(row schema.Row) { w.small, w.large, w.marks = row, row, nil }

// back undoes what one commit did.
func (w *rewound) back(r *pastRow) {
	if !r.updated || w.small == nil {
		w.set(r.old)
		return
	}
	w.small = r.old
	for _, d := range r.members {
		if w.marks == nil {
			w.marks = map[*column]map[schema.Atom]mark{}
		}
		m := w.marks[d.c]
		if m == nil {
			m = map[schema.Atom]mark{}
			w.marks[d.c] = m
		}
		for _, k := range d.come.Keys {
			m[k] = mark{}
		}
		for i, k := range d.gone.Keys {
			was := mark{there: true}
			if d.gone.Values != nil {
				was.value = d.gone.Values[i]
			}
			m[k] = was
		}
	}
}

// row is the row as it was.
func (w *rewound) row(t *table) schema.Row {
	if w.small == nil || w.small == w.large {
		return w.small
	}
	row := t.Clone(w.small)
	for _, c := range t.members {
		c.Copy(row, w.large)
		if m := w.marks[c]; len(m) > 0 {
			c.apply(row, m)
		}
	}
	return row
}

// apply makes members of a column what marks say.
func (c *column) apply(row schema.Row, marks map[schema.Atom]mark) {
	var d schema.Datum
	add := func(k, v schema.Atom) {
		d.Keys = append(d.Keys, k)
		if c.Type.IsMap() {
			d.Values = append(d.Values, v)
		}
	}
	added := slices.SortedFunc(maps.Keys(marks), schema.Atom.Compare)
	added = slices.DeleteFunc(added, func(k schema.Atom) bool { return !marks[k].there })
	c.Each(row, func(k, v schema.Atom) bool {
		for len(added) > 0 && added[0].Compare(k) < 0 {
			add(added[0], marks[added[0]].value)
			added = added[1:]
		}
		if _, marked := marks[k]; !marked {
			add(k, v)
			return true
		}
		if len(added) > 0 && added[0] == k {
			add(k, marks[k].value)
			added = added[1:]
		}
		return true
	})
	for _, k := range added {
		add(k, marks[k].value)
	}
	if err := c.Set(row, d); err != nil {
		panic(err) // it was like that
	}
}
