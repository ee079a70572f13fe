package store

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/weft-sdn/weft/schema"
)

// builder makes a state of rows that nobody has checked: what breaks a rule is
// left out, reported, and nothing else suffers. It works in passes, because a
// row left out may be one that others refer to.
type builder struct {
	l        *layout
	enc      *encoder
	rows     map[rowKey]schema.Row
	records  map[rowKey]schema.Row // see record
	order    []rowKey
	problems []Problem
	strong   map[rowKey]int32 // strong references to each row, once all that is wrong is left out
	changed  bool
	dangling bool // something refers to what is not there
}

// build makes a state of what was read. Rows that are equal to those of base
// are those of base; what only base knows (ephemeral and derived columns, what
// the chassis show) stays.
func (m *machine) build(res *loadResult, base *state) *state {
	b := &builder{l: m.layout, enc: &m.enc, rows: map[rowKey]schema.Row{}, records: map[rowKey]schema.Row{}, problems: res.problems}
	b.readRecords(m, res.blobs)
	clear(m.beside)
	for key, lr := range res.rows {
		if !b.assemble(lr) {
			continue
		}
		if key.t.Owner != "" {
			m.beside[key] = lr.row
			continue
		}
		old := base.get(key.t, key.id)
		for _, c := range key.t.byCol {
			switch {
			case c.stored:
			case c.Owner != "" && m.shown[key] == nil: // as a client wrote it: below
			case old != nil:
				c.Copy(lr.row, old.row)
			case c.Owner != "":
				c.Copy(lr.row, m.shown[key])
			}
		}
		if from := b.records[key]; from != nil {
			for _, c := range key.t.owned {
				c.Copy(lr.row, from)
			}
		}
		if old != nil && key.t.Equal(old.row, lr.row) {
			lr.row = old.row
		}
		b.rows[key] = lr.row
	}
	b.keepShown(m, base)
	b.takeRecords(m, base)
	b.order = slices.AppendSeq(make([]rowKey, 0, len(b.rows)), maps.Keys(b.rows))
	slices.SortFunc(b.order, func(a, c rowKey) int {
		// What a chassis shows comes before what clients wrote of such: it stays.
		return cmp.Or(a.t.n-c.t.n, b.given(a)-b.given(c), a.id.Compare(c.id))
	})
	for b.changed = true; b.changed; {
		b.changed = false
		b.checkRefs()
		b.checkUnique()
		b.checkReferenced()
	}
	res.problems, m.dangling = b.problems, b.dangling
	s := b.state().edit()
	for key, lr := range res.rows {
		if row := b.rows[key]; row != nil {
			s.setOdd(lr.findOdd(row))
		}
	}
	for _, blob := range res.blobs {
		s.setBlob(blob.path, blob.data)
	}
	return s.state
}

// assemble puts the members into a row and checks the number of elements.
func (b *builder) assemble(lr *loadedRow) bool {
	t := lr.key.t
	for _, c := range t.byCol {
		if c.Members && c.stored {
			if err := lr.setMembers(c); err != nil {
				b.leaveOut(lr.key, c, err.Error())
				return false
			}
			continue
		}
		if n := c.Len(lr.row); c.stored && !c.Type.Allows(n) {
			b.leaveOut(lr.key, c, c.Type.CountText(n))
			return false
		}
	}
	return true
}

// given is 1 for a row that is there because a client wrote it, not a chassis.
func (b *builder) given(key rowKey) int {
	if key.t.Owner != "" && b.records[key] != nil {
		return 1
	}
	return 0
}

func (b *builder) problem(key rowKey, c *column, why string) {
	at := b.enc.rowKey(key.t, key.id)
	if b.given(key) == 1 {
		at = b.enc.prefix + key.t.recordOf(key.id)
	}
	p := Problem{Key: at, Table: key.t.Name, UUID: key.id, Reason: why}
	if c != nil {
		p.Column = c.Name
	}
	b.problems = append(b.problems, p)
}

func (b *builder) leaveOut(key rowKey, c *column, why string) {
	b.problem(key, c, why)
	delete(b.rows, key)
	b.changed = true
}

// keepShown carries over the rows that exist because a chassis shows them.
func (b *builder) keepShown(m *machine, base *state) {
	for _, t := range b.l.tables {
		if t.Owner == "" {
			continue
		}
		for id, e := range base.tables[t.n].rows.all() {
			if key := (rowKey{t, id}); m.shown[key] != nil {
				b.keep(key, e.row, m.complete(key, e.row))
			}
		}
	}
}

// keep has a row be the one that it was, where they are equal.
func (b *builder) keep(key rowKey, old, row schema.Row) {
	if old != nil && key.t.Equal(old, row) {
		row = old
	}
	b.rows[key] = row
}

// readRecords reads what clients wrote of columns that chassis own and none shows.
func (b *builder) readRecords(m *machine, blobs []*blob) {
	for _, blob := range blobs {
		key, ok := b.l.parseRecord(blob.path)
		if !ok || m.shown[key] != nil {
			continue
		}
		row, err := decodeRecord(key, blob.data)
		if err != nil {
			b.problems = append(b.problems, Problem{Key: b.enc.prefix + blob.path, Table: key.t.Name, UUID: key.id, Reason: err.Error()})
			continue
		}
		b.records[key] = row
	}
}

// takeRecords makes the rows that clients wrote of tables that chassis own.
func (b *builder) takeRecords(m *machine, base *state) {
	for key, from := range b.records {
		if key.t.Owner == "" {
			continue
		}
		var old schema.Row
		if e := base.get(key.t, key.id); e != nil {
			old = e.row
		}
		b.keep(key, old, m.complete(key, from))
	}
}

// checkRefs drops references to rows that are not there: weak ones without a
// word, strong ones with a report, and the row itself if it cannot do without.
func (b *builder) checkRefs() {
	for _, key := range b.order {
		for _, c := range key.t.refs {
			row := b.rows[key]
			if row == nil {
				break
			}
			if c.Len(row) == 0 {
				continue
			}
			strong := 0
			var gone []schema.Atom
			c.Each(row, func(k, v schema.Atom) bool {
				dead, hard := b.dead(c.key, c.Type.Key.Strong, k)
				if c.value != nil {
					d, h := b.dead(c.value, c.Type.Value.Strong, v)
					dead, hard = dead || d, hard || h
				}
				if dead {
					gone = append(gone, k)
				}
				if hard {
					strong++
				}
				return true
			})
			if len(gone) > 0 {
				b.dropRefs(key, c, gone, strong)
			}
		}
	}
}

func (b *builder) dead(to *table, strong bool, a schema.Atom) (dead, hard bool) {
	if to == nil {
		return false, false
	}
	dead = b.rows[rowKey{to, a.UUID()}] == nil
	return dead, dead && strong
}

func (b *builder) dropRefs(key rowKey, c *column, gone []schema.Atom, strong int) {
	row := b.rows[key]
	b.dangling = b.dangling || strong > 0 || c.Type.Min > 0
	if c.Len(row)-len(gone) < c.Type.Min {
		b.leaveOut(key, c, fmt.Sprintf("refers to %d rows that are not there", len(gone)))
		return
	}
	if strong > 0 {
		b.problem(key, c, fmt.Sprintf("%d references to rows that are not there were left out", strong))
	}
	row = key.t.Clone(row)
	if _, err := c.DeleteKeys(row, schema.SetDatum(gone...)); err != nil {
		b.leaveOut(key, c, err.Error())
		return
	}
	b.rows[key] = row
}

// checkUnique leaves out rows whose values in an index another row has already,
// and rows above a table's limit.
func (b *builder) checkUnique() {
	type place struct {
		t     *table
		index int
		key   schema.UUID
	}
	seen := map[place]schema.UUID{}
	count := map[*table]int{}
	for _, key := range b.order {
		row := b.rows[key]
		if row == nil {
			continue
		}
		if count[key.t]++; key.t.MaxRows > 0 && count[key.t] > key.t.MaxRows {
			b.leaveOut(key, nil, fmt.Sprintf("table %s may have no more than %d rows", key.t.Name, key.t.MaxRows))
			continue
		}
		for i, cols := range key.t.indexes {
			at := place{key.t, i, indexKey(cols, row)}
			if other, ok := seen[at]; ok {
				b.leaveOut(key, cols[0], fmt.Sprintf("has the same value as row %s in an index", other))
				break
			}
			seen[at] = key.id
		}
	}
}

// countStrong counts the strong references to each row.
func (b *builder) countStrong() {
	b.strong = make(map[rowKey]int32, len(b.order))
	for _, key := range b.order {
		row := b.rows[key]
		if row == nil {
			continue
		}
		for _, c := range key.t.refs {
			c.eachRef(c.Get(row), func(to *table, strong bool, id schema.UUID) {
				if at := (rowKey{to, id}); strong && at != key {
					b.strong[at]++
				}
			})
		}
	}
}

// checkReferenced leaves out rows of non-root tables that nothing refers to.
func (b *builder) checkReferenced() {
	b.countStrong()
	for _, key := range b.order {
		if b.rows[key] != nil && key.t.collected() && b.strong[key] == 0 {
			b.dangling = true
			b.leaveOut(key, nil, "nothing refers to it, and rows of its table live only where something does")
		}
	}
}

// state makes a state of the rows that are left.
func (b *builder) state() *state {
	s := newState(b.l).edit()
	for _, key := range b.order {
		row := b.rows[key]
		if row == nil {
			continue
		}
		if h, v := schema.HeaderOf(row), key.t.version(row); h.Version != v { // one that is new here
			h.Version = v
		}
		ts := s.table(key.t)
		ts.rows.set(s.e, key.id, &entry{row, b.strong[key]})
		s.members += key.t.membersOf(row)
		for i, cols := range key.t.indexes {
			ts.indexes[i].set(s.e, indexKey(cols, row), []schema.UUID{key.id})
		}
		for _, c := range key.t.refs {
			c.eachRef(c.Get(row), func(to *table, strong bool, id schema.UUID) {
				if !strong {
					s.weaken(to, id, key.t, key.id, 1)
				}
			})
		}
	}
	return s.state
}

// differences returns what leads from one state to another.
func (m *machine) differences(from, to *state) []Change {
	var out []Change
	for _, t := range m.layout.tables {
		a, b := &from.tables[t.n].rows, &to.tables[t.n].rows
		for id, e := range a.all() {
			if n, ok := b.get(id); !ok {
				out = append(out, Change{Table: t.Table, UUID: id, Old: e.row})
			} else if n.row != e.row && !t.Equal(n.row, e.row) {
				out = append(out, Change{Table: t.Table, UUID: id, Old: e.row, New: n.row})
			}
		}
		for id, e := range b.all() {
			if _, ok := a.get(id); !ok {
				out = append(out, Change{Table: t.Table, UUID: id, New: e.row})
			}
		}
	}
	return out
}

func blobDifferences(from, to *state) []BlobChange {
	var out []BlobChange
	for id, b := range from.blobs.all() {
		n, ok := to.blobs.get(id)
		switch {
		case !ok:
			out = append(out, BlobChange{Path: b.path, Old: b.data})
		case !bytes.Equal(n.data, b.data):
			out = append(out, BlobChange{Path: b.path, Old: b.data, New: n.data})
		}
	}
	for id, b := range to.blobs.all() {
		if _, ok := from.blobs.get(id); !ok {
			out = append(out, BlobChange{Path: b.path, New: b.data})
		}
	}
	return out
}
