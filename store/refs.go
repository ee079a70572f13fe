package store

import (
	"github.com/weft-sdn/weft/schema"
)

// countReferences adds up the strong references that the transaction made and
// dropped. A reference must lead to a row, and a deleted row must not have any
// left. What a row refers to itself does not count, as in ovsdb-server.
func (x *txn) countReferences() error {
	for _, r := range x.order[:len(x.order):len(x.order)] {
		for _, c := range r.t.refs {
			gone, come := r.delta(c)
			c.eachRef(gone, func(to *table, strong bool, id schema.UUID) {
				if strong && !r.is(to, id) {
					x.count(to, id, -1)
				}
			})
			var err error
			c.eachRef(come, func(to *table, strong bool, id schema.UUID) {
				if strong && !r.is(to, id) && !x.count(to, id, 1) && err == nil {
					err = Errorf(ErrReferential, "Table %s column %s row %s references nonexistent row %s in table %s.", r.t.Name, c.Name, r.id, id, to.Name)
				}
			})
			if err != nil {
				if err = x.blame(r, err); err != nil {
					return err
				}
			}
		}
	}
	for _, r := range x.order {
		if r.new == nil && r.strong > 0 {
			err := Errorf(ErrReferential, "cannot delete %s row %s because of %d remaining reference(s)", r.t.Name, r.id, r.strong)
			if err := x.blame(r, err); err != nil {
				return err
			}
		}
	}
	return nil
}

// is tells whether r is the row of that table and UUID.
func (r *txnRow) is(t *table, id schema.UUID) bool { return r.t == t && r.id == id }

// count changes the number of references to a row; false if there is no such
// row and was none.
func (x *txn) count(to *table, id schema.UUID, n int32) bool {
	r := x.touch(to, id)
	if r == nil || r.old == nil && r.new == nil {
		return false
	}
	r.strong += n
	return true
}

// collectGarbage deletes the rows of non-root tables that nothing refers to,
// also those just inserted, and what only they referred to. Only rows that the
// transaction touched can have become garbage.
func (x *txn) collectGarbage() {
	for i := 0; i < len(x.order); i++ {
		x.collect(x.order[i])
	}
}

func (x *txn) collect(r *txnRow) {
	if r.new == nil || r.strong > 0 || !r.t.collected() {
		return
	}
	row := r.new
	r.new, r.deltas = nil, nil
	for _, c := range r.t.refs {
		c.eachRef(c.Get(row), func(to *table, strong bool, id schema.UUID) {
			if !strong || r.is(to, id) {
				return
			}
			if x.count(to, id, -1) {
				x.collect(x.rows[rowKey{to, id}])
			}
		})
	}
}
