package schema

import "unsafe"

// Column describes one column and gives access to it in a row.
type Column struct {
	Name      string
	Table     *Table
	Type      Type
	Ephemeral bool   // not kept over a restart of the server
	Derived   bool   // not kept either, but made again at a restart: its writer knows it from elsewhere
	Members   bool   // stored below the row's key, in buckets of elements
	Owner     string // OwnerChassis, or "" for the leader northd
	Index     int    // position in Table.Columns; -1 for _uuid and _version

	until Datum   // in Table.Unclaimed
	field uintptr // where the row has it, in bytes from the row's start
	shape shape
}

// OwnerChassis marks columns and tables whose truth each chassis writes below
// its own prefix.
const OwnerChassis = "chassis"

// Names of the columns that every table has.
const (
	ColumnUUID    = "_uuid"
	ColumnVersion = "_version"
)

// at returns where the row, which is one of c's table (Table.Holds), has the
// column's field. A row begins with its header.
//
// Hot path: whatever reads a column begins here.
func (c *Column) at(row Row) place { return unsafe.Add(place(row.header()), c.field) }

// Get returns the column's value in general form.
func (c *Column) Get(row Row) Datum { return c.shape.get(c.at(row)) }

// AppendJSON appends the column's value in the notation of RFC 7047, as
// Datum.AppendJSON does.
//
// Hot path: no allocation but for a map's keys.
func (c *Column) AppendJSON(b []byte, row Row) []byte { return c.shape.appendWire(b, c.at(row)) }

// Len returns the number of elements.
func (c *Column) Len(row Row) int { return c.shape.size(c.at(row)) }

// Has tells whether the set holds key, or the map has it, without boxing the
// rest. The key must be of the column's kind.
func (c *Column) Has(row Row, key Atom) bool { return c.shape.has(c.at(row), key) }

// Equal tells whether both rows have the same value.
func (c *Column) Equal(a, b Row) bool { return c.shape.equal(c.at(a), c.at(b)) }

// IsZero tells whether the value is 0, "", false, the zero UUID or empty.
func (c *Column) IsZero(row Row) bool { return c.shape.isZero(c.at(row)) }

// Each calls yield with each element in order until it returns false; the
// value is the zero Atom for sets.
func (c *Column) Each(row Row, yield func(key, value Atom) bool) {
	c.shape.each(c.at(row), yield)
}

// Diff returns the elements that only old has and those that only new has. A
// pair of a map whose value changed is in both.
func (c *Column) Diff(old, new Row) (gone, come Datum) {
	return c.shape.diff(c.at(old), c.at(new))
}

// Set checks d against the column's type and stores it. The error is an
// *Error in ovsdb-server's words; the row is then unchanged.
func (c *Column) Set(row Row, d Datum) error {
	if err := c.Type.Check(d); err != nil {
		return err
	}
	if c.Index < 0 {
		return violation("column %s in table %s cannot be modified", c.Name, c.Table.Name)
	}
	c.shape.set(c.at(row), d)
	return nil
}

// Copy stores from's value in to, sharing it. Both are rows of c's table.
func (c *Column) Copy(to, from Row) {
	c.shape.copy(c.at(to), c.at(from))
}

// Clear empties the column: 0, "", false or no elements.
func (c *Column) Clear(row Row) { c.shape.clear(c.at(row)) }

// InsertKeys adds the elements of d that are not there; a map keeps the values
// that it has. It returns what it added. Only d's own elements are checked and
// the number of the result; the old slice or map stays as it was, so that rows
// which share it do not change.
//
// Hot path: 10,000 members, one added: a binary search and one copy.
func (c *Column) InsertKeys(row Row, d Datum) (added Datum, err error) {
	if err := c.Type.checkElements(d); err != nil {
		return Datum{}, err
	}
	p := c.at(row)
	if n := c.shape.size(p); c.Type.Max != Unlimited && n+d.Len() > c.Type.Max {
		for _, k := range d.Keys {
			if !c.shape.has(p, k) {
				n++
			}
		}
		if err := c.Type.checkMutated(n); err != nil {
			return Datum{}, err
		}
	}
	return c.shape.insert(p, d), nil
}

// DeleteKeys removes the elements of d that are there, and returns them. For a
// map, d without Values removes by key, with Values only equal pairs. As with
// InsertKeys, what other rows share stays as it was.
func (c *Column) DeleteKeys(row Row, d Datum) (removed Datum, err error) {
	p := c.at(row)
	if n := c.shape.size(p); c.Type.Min > 0 && n-d.Len() < c.Type.Min {
		left := n - c.shape.get(p).common(d)
		if err := c.Type.checkMutated(left); err != nil {
			return Datum{}, err
		}
	}
	return c.shape.remove(p, d), nil
}

// DeleteWhere removes the elements for which gone returns true, and returns
// them. It checks nothing: a column may be left with fewer elements than its
// type asks for, which is for the caller to find (a weak reference that went).
func (c *Column) DeleteWhere(row Row, gone func(key, value Atom) bool) (removed Datum) {
	p := c.at(row)
	c.shape.each(p, func(k, v Atom) bool {
		if gone(k, v) {
			removed.Keys = append(removed.Keys, k)
			if c.Type.IsMap() {
				removed.Values = append(removed.Values, v)
			}
		}
		return true
	})
	if removed.Len() == 0 {
		return removed
	}
	if c.Type.IsScalar() {
		c.shape.set(p, Datum{Keys: []Atom{zeroAtom(c.Type.Key.Kind)}})
		return removed
	}
	return c.shape.remove(p, removed)
}

// Check tells whether the row's value is allowed by the column's type.
func (c *Column) Check(row Row) error { return c.Type.Check(c.Get(row)) }

// EachRef calls fn with every row that the column refers to.
func (c *Column) EachRef(row Row, fn func(table string, id UUID, strong bool)) {
	if !c.Type.HasRefs() {
		return
	}
	key, value := &c.Type.Key, &c.Type.Value
	c.shape.each(c.at(row), func(k, v Atom) bool {
		if key.RefTable != "" {
			fn(key.RefTable, k.UUID(), key.Strong)
		}
		if value.RefTable != "" {
			fn(value.RefTable, v.UUID(), value.Strong)
		}
		return true
	})
}
