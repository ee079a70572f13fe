package store

import (
	"github.com/weft-sdn/weft/schema"
)

// weakClearing gathers, by row and column, the elements that refer weakly to
// rows that do not exist, so that each column is changed once.
type weakClearing struct {
	x    *txn
	work map[weakColumn]*deadRefs
	list []*deadRefs
}

type weakColumn struct {
	rowKey
	c *column
}

type deadRefs struct {
	r    *txnRow
	c    *column
	keys []schema.Atom
}

// clearWeak removes weak references to rows that do not exist: those of other
// rows to rows that this transaction deleted, and those that it made itself.
func (x *txn) clearWeak() error {
	w := weakClearing{x: x, work: map[weakColumn]*deadRefs{}}
	// Rows touched while gathering refer to what they referred to before.
	for _, r := range x.order[:len(x.order):len(x.order)] {
		if r.old != nil && r.new == nil {
			w.gatherReferrers(r)
		}
		if r.new == nil || r.new == r.old {
			continue
		}
		for _, c := range r.t.refs {
			if _, come := r.delta(c); come.Len() > 0 {
				w.gatherOwn(r, c, come)
			}
		}
	}
	for _, d := range w.list {
		if err := x.clear(d); err != nil {
			return err
		}
	}
	return nil
}

func (w *weakClearing) add(r *txnRow, c *column, key schema.Atom) {
	at := weakColumn{rowKey{r.t, r.id}, c}
	d := w.work[at]
	if d == nil {
		d = &deadRefs{r: r, c: c}
		w.work[at] = d
		w.list = append(w.list, d)
	}
	d.keys = append(d.keys, key)
}

// gatherReferrers finds the weak references of others to a deleted row.
func (w *weakClearing) gatherReferrers(r *txnRow) {
	all, _ := w.x.base.tables[r.t.n].weak.get(r.id)
	target := schema.UUIDAtom(r.id)
	for id, refs := range all.all() {
		for _, ref := range refs {
			if w.x.get(ref.from, id) == nil {
				continue
			}
			from := w.x.touch(ref.from, id)
			for _, c := range ref.from.refs {
				if c.key == r.t && !c.Type.Key.Strong && c.Has(from.new, target) {
					w.add(from, c, target)
				}
				if c.value == r.t && !c.Type.Value.Strong {
					c.Each(from.new, func(k, v schema.Atom) bool {
						if v == target {
							w.add(from, c, k)
						}
						return true
					})
				}
			}
		}
	}
}

// gatherOwn finds what the transaction itself made refer to nothing.
func (w *weakClearing) gatherOwn(r *txnRow, c *column, come schema.Datum) {
	dead := func(to *table, strong bool, a schema.Atom) bool {
		return to != nil && !strong && w.x.get(to, a.UUID()) == nil
	}
	for i, k := range come.Keys {
		if dead(c.key, c.Type.Key.Strong, k) || come.Values != nil && dead(c.value, c.Type.Value.Strong, come.Values[i]) {
			w.add(r, c, k)
		}
	}
}

// clear removes dead references from one column.
func (x *txn) clear(d *deadRefs) error {
	keys := schema.SetDatum(d.keys...)
	if d.c.Len(d.r.new)-keys.Len() < d.c.Type.Min {
		return x.blame(d.r, emptied(d.r, d.c, keys))
	}
	r := x.edit(d.r.t, d.r.id)
	gone, err := d.c.DeleteKeys(r.new, keys)
	if err != nil {
		return err
	}
	r.differ(d.c, gone, schema.Datum{}, true)
	r.settle()
	return nil
}

// emptied words that a weak reference cannot be cleared, as ovsdb-server does,
// misprint included.
func emptied(r *txnRow, c *column, dead schema.Datum) error {
	where := ""
	if r.old == nil {
		where = " (inserted within this transaction)"
	}
	if r.old == nil && dead.Has(schema.UUIDAtom(schema.UUID{})) {
		return Errorf(ErrConstraint, "Weak reference column \"%s\" in \"%s\" row %s%s contained all-zeros UUID (probably as the default value for this column) but deleting this value caused a constraint volation because this column is not allowed to be empty.", c.Name, r.t.Name, r.id, where)
	}
	return Errorf(ErrConstraint, "Deletion of %d weak reference(s) to deleted (or never-existing) rows from column \"%s\" in \"%s\" row %s%s caused this column to become empty, but constraints on this column disallow an empty column.", dead.Len(), c.Name, r.t.Name, r.id, where)
}
