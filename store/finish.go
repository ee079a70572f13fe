package store

import (
	"github.com/weft-sdn/weft/schema"
)

// finish checks what holds for a transaction as a whole, in ovsdb-server's
// order: references, garbage, numbers of rows, weak references, indexes. It
// returns the state after the transaction, or nil if nothing changed.
func (x *txn) finish() (*stateEdit, []Change, error) {
	for _, r := range x.order {
		r.settle()
	}
	if err := x.countReferences(); err != nil {
		return nil, nil, err
	}
	x.collectGarbage()
	if err := x.checkMaxRows(); err != nil {
		return nil, nil, err
	}
	if err := x.clearWeak(); err != nil {
		return nil, nil, err
	}
	next := x.base.edit()
	changes := make([]Change, 0, len(x.order))
	for _, r := range x.order {
		x.store(next, r)
		if r.old != r.new {
			changes = append(changes, Change{Table: r.t.Table, UUID: r.id, Old: r.old, New: r.new, deltas: r.deltas})
		}
	}
	if err := x.checkIndexes(next); err != nil {
		return nil, nil, err
	}
	if err := x.keepRecords(); err != nil {
		return nil, nil, err
	}
	for _, b := range x.blobs {
		next.setBlob(b.Path, b.New)
	}
	if len(changes) == 0 && len(x.blobs) == 0 {
		return nil, nil, nil
	}
	return next, changes, nil
}

// store puts a row's outcome into the next state: the row, its count, the weak
// references that it gained and lost, its place in the indexes.
func (x *txn) store(next *stateEdit, r *txnRow) {
	switch {
	case r.new != nil:
		if e := x.base.get(r.t, r.id); e == nil || e.row != r.new || e.strong != r.strong {
			next.table(r.t).rows.set(next.e, r.id, &entry{r.new, r.strong})
		}
	case r.old != nil:
		next.table(r.t).rows.delete(next.e, r.id)
		next.settleOdd(rowKey{r.t, r.id})
	}
	if r.old == r.new {
		return
	}
	next.members += r.t.membersOf(r.new) - r.t.membersOf(r.old)
	for _, c := range r.t.refs {
		gone, come := r.delta(c)
		count := func(n int32) func(*table, bool, schema.UUID) {
			return func(to *table, strong bool, id schema.UUID) {
				if !strong {
					next.weaken(to, id, r.t, r.id, n)
				}
			}
		}
		c.eachRef(gone, count(-1))
		c.eachRef(come, count(1))
	}
	x.reindex(next, r)
}

// checkMaxRows refuses a table with more rows than its schema allows.
func (x *txn) checkMaxRows() error {
	for i, rows := range x.tables {
		t := x.layout.tables[i]
		if len(rows) == 0 || t.MaxRows == 0 || t.MaxRows == schema.Unlimited {
			continue
		}
		n := x.base.tables[i].rows.n
		grown := 0
		for _, r := range rows {
			switch {
			case r.old == nil && r.new != nil:
				grown++
			case r.old != nil && r.new == nil:
				grown--
			}
		}
		if grown > 0 && n+grown > t.MaxRows {
			return Errorf(ErrConstraint, "transaction causes \"%s\" table to contain %d rows, greater than the schema-defined limit of %d row(s)", t.Name, n+grown, t.MaxRows)
		}
	}
	return nil
}
