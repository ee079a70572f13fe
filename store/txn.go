package store

import (
	"github.com/weft-sdn/weft/schema"
)

// txn is one transaction while it is executed: an overlay over a state. It
// changes nothing until finish has checked everything, and then makes a new
// state.
type txn struct {
	layout *layout
	base   *state
	rows   map[rowKey]*txnRow
	order  []*txnRow   // as they were first touched
	tables [][]*txnRow // the same, by table
	blobs  []BlobChange
	// records are those of Config.Records that the transaction changed; shown are
	// the rows of which a chassis shows its columns, nil where records are not
	// written.
	records map[rowKey][]byte
	// appeared: a row of a table that chassis own has come because one shows it.
	appeared bool
	shown    map[rowKey]schema.Row
	named    map[string]*namedUUID
	// crowded: an index had more than one row in one place, if only for a time.
	crowded bool
	// inner: made by this process, or adopted from etcd; it may write what
	// clients may not.
	inner bool
	// guilty, where it is not nil, gathers the rows that break a rule; finish
	// then looks for all of them, and its state is void if there are any.
	guilty map[rowKey]error
}

// blame notes that a row breaks a rule. It returns the error where the first
// one ends the transaction.
func (x *txn) blame(r *txnRow, err error) error {
	if x.guilty == nil {
		return err
	}
	key := rowKey{r.t, r.id}
	if x.guilty[key] == nil {
		x.guilty[key] = err
	}
	return nil
}

type rowKey struct {
	t  *table
	id schema.UUID
}

// txnRow is one row that a transaction touched, if only by counting references
// to it.
type txnRow struct {
	t        *table
	id       schema.UUID
	old, new schema.Row // nil: absent before, deleted
	strong   int32      // references by other rows, once finish has begun
	deltas   []delta    // of columns that may differ; only for updated rows
}

// delta is how a column of an updated row differs.
type delta struct {
	c          *column
	gone, come schema.Datum
	known      bool // gone and come are right; else they have to be worked out
}

// namedUUID is a uuid-name; declared once its insert was executed.
type namedUUID struct {
	id       schema.UUID
	declared bool
}

func newTxn(l *layout, base *state) *txn {
	return &txn{layout: l, base: base, rows: map[rowKey]*txnRow{}, tables: make([][]*txnRow, len(l.tables)), named: map[string]*namedUUID{}}
}

// get returns a row as the transaction sees it.
func (x *txn) get(t *table, id schema.UUID) schema.Row {
	if r, ok := x.rows[rowKey{t, id}]; ok {
		return r.new
	}
	if e := x.base.get(t, id); e != nil {
		return e.row
	}
	return nil
}

// touch returns the overlay's row, made if it was not there; nil for a row
// that never existed.
func (x *txn) touch(t *table, id schema.UUID) *txnRow {
	if r, ok := x.rows[rowKey{t, id}]; ok {
		return r
	}
	e := x.base.get(t, id)
	if e == nil {
		return nil
	}
	return x.add(&txnRow{t: t, id: id, old: e.row, new: e.row, strong: e.strong})
}

func (x *txn) add(r *txnRow) *txnRow {
	x.rows[rowKey{r.t, r.id}] = r
	x.order = append(x.order, r)
	x.tables[r.t.n] = append(x.tables[r.t.n], r)
	return r
}

// insert adds a new row. The UUID must not exist, nor have been deleted by this
// transaction.
func (x *txn) insert(t *table, row schema.Row) *txnRow {
	return x.add(&txnRow{t: t, id: row.RowUUID(), new: row})
}

// known tells whether a UUID is taken in a table.
func (x *txn) known(t *table, id schema.UUID) bool {
	_, ok := x.rows[rowKey{t, id}]
	return ok || x.base.get(t, id) != nil
}

// edit returns the row to change in place: a clone, made at the first call.
func (x *txn) edit(t *table, id schema.UUID) *txnRow {
	r := x.touch(t, id)
	if r.new == r.old {
		r.new = t.Clone(r.old)
	}
	return r
}

// drop deletes a row. One that the transaction itself inserted is forgotten:
// its UUID is free again.
func (x *txn) drop(t *table, id schema.UUID) {
	r := x.touch(t, id)
	r.new, r.deltas = nil, nil
	if r.old == nil {
		delete(x.rows, rowKey{t, id})
	}
}

// changed notes that a column of an edited row may differ in an unknown way.
func (r *txnRow) changed(c *column) {
	r.differ(c, schema.Datum{}, schema.Datum{}, false)
}

// differ notes that elements went from and came to a column. A second change
// of the same column is cheaper to work out at the end than to add up.
func (r *txnRow) differ(c *column, gone, come schema.Datum, known bool) {
	if r.old == nil || known && gone.Len() == 0 && come.Len() == 0 {
		return
	}
	for i := range r.deltas {
		if d := &r.deltas[i]; d.c == c {
			*d = delta{c: c}
			return
		}
	}
	r.deltas = append(r.deltas, delta{c, gone, come, known})
}

// settle works out the deltas and leaves only true ones.
func (r *txnRow) settle() {
	n := 0
	for _, d := range r.deltas {
		if !d.known {
			d.gone, d.come = d.c.Diff(r.old, r.new)
			d.known = true
		}
		if d.gone.Len() > 0 || d.come.Len() > 0 {
			r.deltas[n] = d
			n++
		}
	}
	r.deltas = r.deltas[:n]
	if n == 0 && r.old != nil && r.new != nil {
		r.new = r.old
	}
}

// delta returns what left and what entered a column of a settled row.
func (r *txnRow) delta(c *column) (gone, come schema.Datum) {
	switch {
	case r.old == nil && r.new == nil, r.old == r.new:
		return schema.Datum{}, schema.Datum{}
	case r.old == nil:
		return schema.Datum{}, c.Get(r.new)
	case r.new == nil:
		return c.Get(r.old), schema.Datum{}
	}
	for i := range r.deltas {
		if d := &r.deltas[i]; d.c == c {
			return d.gone, d.come
		}
	}
	return schema.Datum{}, schema.Datum{}
}

// scan calls f with every row of a table as the transaction sees it, until f
// returns false. Rows are in the order of their UUIDs, inserted ones last.
func (x *txn) scan(t *table, f func(schema.Row) bool) {
	over := len(x.tables[t.n]) > 0
	rows := &x.base.tables[t.n].rows
	for id, e := range rows.all() {
		row := e.row
		if over {
			if r, ok := x.rows[rowKey{t, id}]; ok {
				row = r.new
			}
		}
		if row != nil && !f(row) {
			return
		}
	}
	for _, r := range x.tables[t.n] {
		if r.old == nil && r.new != nil && !f(r.new) {
			return
		}
	}
}

// named returns the UUID that a name stands for, a new one at first sight: an
// insert may come after the operations that refer to it.
func (x *txn) resolve(name string) schema.UUID {
	n, ok := x.named[name]
	if !ok {
		n = &namedUUID{id: schema.NewUUID()}
		x.named[name] = n
	}
	return n.id
}
