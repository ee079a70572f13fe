package store

import (
	"slices"
	"strings"

	"github.com/weft-sdn/weft/schema"
)

// indexKey stands for a row's values in the columns of an index.
func indexKey(cols []*column, row schema.Row) schema.UUID {
	values := make([]schema.Datum, len(cols))
	for i, c := range cols {
		values[i] = c.Get(row)
	}
	return hashValues(values)
}

func hashValues(values []schema.Datum) schema.UUID {
	parts := make([]string, 0, 8)
	for _, d := range values {
		for i, k := range d.Keys {
			parts = append(parts, k.String())
			if d.Values != nil {
				parts = append(parts, d.Values[i].String())
			}
		}
		// Separates {a}, {b} from {a, b}, {}; no UTF-8 text holds it.
		parts = append(parts, "\xff")
	}
	return schema.NameUUID(parts...)
}

// reindex moves a row from its old to its new place in the indexes.
func (x *txn) reindex(next *stateEdit, r *txnRow) {
	for i, cols := range r.t.indexes {
		if r.old != nil && r.new != nil && !slices.ContainsFunc(r.deltas, func(d delta) bool { return slices.Contains(cols, d.c) }) {
			continue
		}
		index := &next.table(r.t).indexes[i]
		if r.old != nil {
			key := indexKey(cols, r.old)
			ids, _ := index.get(key)
			ids = slices.DeleteFunc(slices.Clone(ids), func(id schema.UUID) bool { return id == r.id })
			if len(ids) > 0 {
				index.set(next.e, key, ids)
			} else {
				index.delete(next.e, key)
			}
		}
		if r.new != nil {
			key := indexKey(cols, r.new)
			ids, _ := index.get(key)
			x.crowded = x.crowded || len(ids) > 0
			index.set(next.e, key, append(slices.Clone(ids), r.id))
		}
	}
}

// checkIndexes finds two rows with the same values in an index's columns. Only
// a row that the transaction changed can be one of them.
func (x *txn) checkIndexes(next *stateEdit) error {
	if !x.crowded {
		return nil
	}
	seen := map[rowKey]bool{}
	for _, r := range x.order {
		if r.new == nil || r.new == r.old {
			continue
		}
		seen[rowKey{r.t, r.id}] = true
		for i, cols := range r.t.indexes {
			ids, _ := next.tables[r.t.n].indexes[i].get(indexKey(cols, r.new))
			for _, id := range ids {
				if id == r.id || x.guilty != nil && x.comesFirst(rowKey{r.t, id}, seen) {
					continue
				}
				if err := x.blame(r, x.duplicate(next, cols, r, id)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// comesFirst tells of a row with the same values as one that is looked at
// whether it is the one to be blamed: because it is looked at later, or is
// blamed already.
func (x *txn) comesFirst(other rowKey, seen map[rowKey]bool) bool {
	r, ok := x.rows[other]
	later := ok && r.new != r.old && !seen[other]
	return later || x.guilty[other] != nil
}

// duplicate words an index violation as ovsdb-server does.
func (x *txn) duplicate(next *stateEdit, cols []*column, r *txnRow, other schema.UUID) error {
	names := make([]string, len(cols))
	for i, c := range cols {
		names[i] = `"` + c.Name + `"`
	}
	word := "column "
	if len(cols) > 1 {
		word = "columns "
	}
	return Errorf(ErrConstraint, "Transaction causes multiple rows in \"%s\" table to have identical values (%s) for index on %s%s.  First row, with UUID %s, %s.  Second row, with UUID %s, %s.",
		r.t.Name, indexText(cols, r.new), word, strings.Join(names, " and "),
		other, x.origin(r.t, other, cols), r.id, x.origin(r.t, r.id, cols))
}

// indexText is a row's values in the columns of an index, for people.
func indexText(cols []*column, row schema.Row) string {
	values := make([]string, len(cols))
	for i, c := range cols {
		values[i] = datumText(c, c.Get(row))
	}
	return strings.Join(values, " and ")
}

// origin says where one of two rows with equal values in the columns of an
// index comes from.
func (x *txn) origin(t *table, id schema.UUID, cols []*column) string {
	r, ok := x.rows[rowKey{t, id}]
	switch {
	case !ok || r.old == r.new:
		return "existed in the database before this transaction and was not modified by the transaction"
	case r.old == nil:
		return "was inserted by this transaction"
	case slices.ContainsFunc(cols, func(c *column) bool { return !c.Equal(r.old, r.new) }):
		return "had the following index values before the transaction: " + indexText(cols, r.old)
	}
	return "existed in the database before this transaction, which modified some of the row's columns but not any columns in this index"
}
