package schema

import (
	"fmt"
	"reflect"
)

// Database describes a database.
type Database struct {
	Name, Version string
	Cksum         string   // that of the file with this schema, as it says itself; "": none
	Tables        []*Table // in the order given to NewDatabase

	byName map[string]*Table
	byType map[reflect.Type]*Table
	served []byte
}

// NewDatabase makes the descriptors of the tables whose rows are given (nil
// pointers do). A mistake in a tag is a bug: it panics.
func NewDatabase(name, version, cksum string, rows ...Row) *Database {
	d := &Database{
		Name: name, Version: version, Cksum: cksum,
		byName: map[string]*Table{}, byType: map[reflect.Type]*Table{},
	}
	for _, row := range rows {
		t := newTable(row)
		if d.byName[t.Name] != nil {
			panic(fmt.Sprintf("schema: table %s twice", t.Name))
		}
		d.Tables = append(d.Tables, t)
		d.byName[t.Name] = t
		d.byType[t.typ] = t
	}
	for _, t := range d.Tables {
		for _, c := range t.Columns {
			for _, ref := range []string{c.Type.Key.RefTable, c.Type.Value.RefTable} {
				if ref != "" && d.byName[ref] == nil {
					panic(fmt.Sprintf("schema: %s.%s refers to unknown table %s", t.Name, c.Name, ref))
				}
			}
		}
	}
	d.served = d.appendSchema(nil)
	return d
}

// Table returns the table of that name, or nil.
func (d *Database) Table(name string) *Table { return d.byName[name] }

// TableOf returns the table that row is of, or nil.
func (d *Database) TableOf(row Row) *Table {
	typ := reflect.TypeOf(row)
	if typ == nil {
		return nil
	}
	return d.byType[typ.Elem()]
}

// OVSSchema returns the schema as OVSDB clients ask for it: RFC 7047 section
// 3.2 <database-schema>. The caller must not change it.
func (d *Database) OVSSchema() []byte { return d.served }
