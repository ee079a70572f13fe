package store

import (
	"fmt"
	"slices"
	"strings"

	"github.com/weft-sdn/weft/schema"
)

// A record is what a client has written of the columns that schema.OwnerChassis
// owns in one row: a blob below Config.Records. The row shows it as long as no
// chassis shows the row; one that does takes it over, and the record goes.

// recordOf is the path of a row's record.
func (t *table) recordOf(id schema.UUID) string { return t.records + id.String() }

// parseRecord tells which row a blob is the record of, if of any.
func (l *layout) parseRecord(path string) (rowKey, bool) {
	rest, ok := strings.CutPrefix(path, l.records)
	if !ok || l.records == "" {
		return rowKey{}, false
	}
	name, text, _ := strings.Cut(rest, "/")
	t := l.byName[name]
	id, err := schema.ParseUUID(text)
	return rowKey{t, id}, err == nil && t != nil && t.records != "" && id.String() == text && !id.IsZero()
}

// decodeRecord reads a record: the columns that chassis own.
func decodeRecord(key rowKey, data []byte) (schema.Row, error) {
	row, err := schema.DecodeRow(key.t.Table, key.id, data)
	if err != nil {
		return nil, err
	}
	for _, c := range key.t.owned {
		if n := c.Len(row); !c.Type.Allows(n) {
			return nil, fmt.Errorf("%s row %s: column %s %s", key.t.Name, key.id, c.Name, c.Type.CountText(n))
		}
	}
	return row, nil
}

// record is the record of a row as the transaction has it; nil: none.
//
// Hot path: asked of each port that northd writes, and hardly any has one.
func (x *txn) record(key rowKey) []byte {
	if data, ok := x.records[key]; ok || key.t.records == "" {
		return data
	}
	if !x.base.hasRecords(key.t) {
		return nil
	}
	return x.base.blob(key.t.recordOf(key.id))
}

// hasRecords tells whether any row of a table has a record.
func (s *state) hasRecords(t *table) bool {
	for range s.blobsIn(t.records) {
		return true
	}
	return false
}

// setRecord has a row have a record, nil: none. It tells what that changes.
func (x *txn) setRecord(key rowKey, data []byte) (b BlobChange, changed bool) {
	old := x.record(key)
	if sameBlob(old, data) {
		return BlobChange{}, false
	}
	if x.records == nil {
		x.records = map[rowKey][]byte{}
	}
	x.records[key] = data
	return BlobChange{Path: key.t.recordOf(key.id), Old: old, New: data}, true
}

// keepRecord is setRecord by whoever writes to etcd.
func (x *txn) keepRecord(key rowKey, data []byte) {
	if b, changed := x.setRecord(key, data); changed {
		x.blobs = append(x.blobs, b)
	}
}

// ownedBy returns a row of which the columns that chassis own are those of a row: as
// a chassis shows them, else as a client wrote them; nil where nobody did.
func (m *machine) ownedBy(x *txn, key rowKey) (row schema.Row, shown bool) {
	if row := m.shown[key]; row != nil {
		return row, true
	}
	data := x.record(key)
	if data == nil {
		return nil, false
	}
	row, err := decodeRecord(key, data)
	if err != nil {
		m.badBlob(key.t.recordOf(key.id), err)
		return nil, false
	}
	return row, false
}

// settle gives a row the columns of its owner. A row of a table that chassis own
// is there as long as somebody shows it or has written it.
func (m *machine) settle(x *txn, key rowKey) {
	t := key.t
	have := x.get(t, key.id)
	from, shown := m.ownedBy(x, key)
	if t.Owner != "" && from != nil && !shown && x.taken(key, from) {
		from = nil // it is about to go: the leader deletes the record
	}
	switch {
	case have == nil && t.Owner == "":
		return // not there yet
	case from == nil && t.Owner != "":
		if have != nil {
			x.drop(t, key.id)
		}
		return
	case from == nil:
		from = t.unclaimed
	}
	if shown && t.Owner != "" {
		m.evict(x, key, from)
	}
	if have == nil {
		if !x.known(t, key.id) {
			x.insert(t, m.complete(key, from))
			x.appeared = x.appeared || shown
		}
		return
	}
	for _, c := range t.owned {
		if !c.Equal(have, from) {
			r := x.edit(t, key.id)
			c.Copy(r.new, from)
			r.changed(c)
		}
	}
}

// settleReferrers settles the rows that clients wrote and that refer weakly to
// others: to one that a chassis shows from now on they did not while it was away.
func (m *machine) settleReferrers(x *txn) {
	for _, t := range m.layout.tables {
		weak := func(c *column) bool { return c.key != nil && !c.Type.Key.Strong }
		if t.records == "" || !slices.ContainsFunc(t.owned, weak) {
			continue
		}
		for b := range x.base.blobsIn(t.records) {
			if key, ok := m.layout.parseRecord(b.path); ok && x.get(t, key.id) != nil {
				m.settle(x, key)
			}
		}
	}
}

// complete makes the row of a table that chassis own: of its owner's columns, and
// of what lies beside them.
func (m *machine) complete(key rowKey, from schema.Row) schema.Row {
	t := key.t
	half := m.beside[key]
	if half == nil {
		half = t.New(key.id)
	}
	row := t.Clone(from)
	for _, c := range t.byCol {
		if c.Owner == "" {
			c.Copy(row, half)
		}
	}
	return row
}

// taken tells whether another row has the values of one in an index.
func (x *txn) taken(key rowKey, row schema.Row) bool {
	t := key.t
	for i, cols := range t.indexes {
		at := indexKey(cols, row)
		has := func(other schema.Row) bool {
			return other != nil && other.RowUUID() != key.id && indexKey(cols, other) == at
		}
		ids, _ := x.base.tables[t.n].indexes[i].get(at)
		if slices.ContainsFunc(ids, func(id schema.UUID) bool { return has(x.get(t, id)) }) ||
			slices.ContainsFunc(x.tables[t.n], func(r *txnRow) bool { return has(r.new) }) {
			return true
		}
	}
	return false
}

// evict takes rows that a client wrote out of the way of one that a chassis shows:
// those that have the same values in an index.
func (m *machine) evict(x *txn, key rowKey, row schema.Row) {
	t := key.t
	if !x.base.hasRecords(t) {
		return
	}
	for i, cols := range t.indexes {
		at := indexKey(cols, row)
		ids, _ := x.base.tables[t.n].indexes[i].get(at)
		for _, id := range ids {
			other := rowKey{t, id}
			if now := x.get(t, id); id != key.id && m.shown[other] == nil && now != nil && indexKey(cols, now) == at {
				m.dropRecord(x, other)
			}
		}
	}
}

// dropRecord deletes a row that a client wrote, and what cannot be without it.
func (m *machine) dropRecord(x *txn, key rowKey) {
	x.drop(key.t, key.id)
	target := schema.UUIDAtom(key.id)
	for _, t := range m.layout.tables {
		for _, c := range t.owned {
			if c.key != key.t || !c.Type.Key.Strong || c.value != nil {
				continue
			}
			var referrers []rowKey
			x.scan(t, func(row schema.Row) bool {
				if from := (rowKey{t, row.RowUUID()}); c.Has(row, target) && m.shown[from] == nil {
					referrers = append(referrers, from)
				}
				return true
			})
			for _, from := range referrers {
				if row := x.get(t, from.id); c.Len(row) <= c.Type.Min {
					m.dropRecord(x, from)
					continue
				}
				r := x.edit(t, from.id)
				gone, _ := c.DeleteKeys(r.new, schema.SetDatum(target)) // enough are left
				r.differ(c, gone, schema.Datum{}, true)
			}
		}
	}
}

// keepRecords has the records be what their rows are after the transaction.
func (x *txn) keepRecords() error {
	if x.layout.records == "" || x.shown == nil {
		return nil
	}
	for _, r := range x.order {
		t, key := r.t, rowKey{r.t, r.id}
		switch {
		case t.records == "" || r.old == r.new || x.shown[key] != nil && r.new != nil:
		case r.new == nil:
			x.keepRecord(key, nil)
		case r.old != nil && t.ownedEqual(r.old, r.new):
		case x.inner && x.record(key) == nil: // its columns are nobody's
		case t.Owner == "" && t.ownedEqual(r.new, t.unclaimed):
			x.keepRecord(key, nil)
		default:
			if err := x.refers(r); err != nil {
				return err
			}
			x.keepRecord(key, schema.EncodeRow(t.Table, r.new, func(c *schema.Column) bool { return c.Owner != "" }))
		}
	}
	return nil
}

// ownedEqual compares the columns that chassis own.
func (t *table) ownedEqual(a, b schema.Row) bool {
	for _, c := range t.owned {
		if !c.Equal(a, b) {
			return false
		}
	}
	return true
}

// refers checks the references of a record that are not counted.
func (x *txn) refers(r *txnRow) error {
	if x.inner {
		return nil
	}
	for _, c := range r.t.owned {
		if c.uncounted == nil {
			continue
		}
		var err error
		c.Each(r.new, func(k, _ schema.Atom) bool {
			if x.get(c.uncounted, k.UUID()) == nil {
				err = Errorf(ErrReferential, "Table %s column %s row %s references nonexistent row %s in table %s.", r.t.Name, c.Name, r.id, k.UUID(), c.uncounted.Name)
			}
			return err == nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
