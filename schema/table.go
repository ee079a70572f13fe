package schema

import (
	"fmt"
	"reflect"
)

// Table describes one table.
type Table struct {
	Name    string
	Columns []*Column // in the order of the struct's fields
	IsRoot  bool      // rows live without a strong reference to them
	MaxRows int       // Unlimited where there is no limit
	Indexes [][]*Column
	Owner   string // OwnerChassis if chassis write the rows; "" else

	typ      reflect.Type // the row struct
	byName   map[string]*Column
	defaults []*Column // columns whose default is not the Go zero value
	untils   []*Column // columns with until
}

// Column returns the column of that name, _uuid and _version included, or nil.
func (t *Table) Column(name string) *Column { return t.byName[name] }

// New returns a row with the default value in every column.
func (t *Table) New(id UUID) Row {
	row := t.blank(id)
	for _, c := range t.defaults {
		c.shape.set(c.at(row), c.Type.Default())
	}
	return row
}

// Unclaimed returns a row as New does, but with what the columns that chassis own
// are until one of them says.
func (t *Table) Unclaimed(id UUID) Row {
	row := t.New(id)
	for _, c := range t.untils {
		c.shape.set(c.at(row), c.until)
	}
	return row
}

// blank returns a row with the Go zero value in every column.
func (t *Table) blank(id UUID) Row {
	row := reflect.New(t.typ).Interface().(Row)
	row.header().UUID = id
	return row
}

// Clone returns a copy of row that shares its slices and maps.
func (t *Table) Clone(row Row) Row {
	to := reflect.New(t.typ)
	to.Elem().Set(reflect.ValueOf(row).Elem())
	return to.Interface().(Row)
}

// Holds tells whether row is a row of this table.
func (t *Table) Holds(row Row) bool {
	typ := reflect.TypeOf(row)
	return typ != nil && typ.Elem() == t.typ
}

// Equal tells whether both rows have the same value in every column; headers
// are not looked at.
func (t *Table) Equal(a, b Row) bool {
	for _, c := range t.Columns {
		if !c.Equal(a, b) {
			return false
		}
	}
	return true
}

// Changed returns the columns in which the rows differ.
func (t *Table) Changed(a, b Row) []*Column {
	var changed []*Column
	for _, c := range t.Columns {
		if !c.Equal(a, b) {
			changed = append(changed, c)
		}
	}
	return changed
}

// Check tells whether every column's value is allowed by its type. The error
// names the column and wraps an *Error in ovsdb-server's words.
func (t *Table) Check(row Row) error {
	for _, c := range t.Columns {
		if err := c.Check(row); err != nil {
			return fmt.Errorf("schema: column %s of table %s: %w", c.Name, t.Name, err)
		}
	}
	return nil
}
