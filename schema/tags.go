package schema

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unsafe"
)

// The tag `ovs:"name,option,…"` stands on Header for the table and on every
// other field for its column.
//
// Options of a table:
//
//	root            rows live without a strong reference
//	maxrows=N       no more than N rows
//	index=a+b       no two rows have the same values in columns a and b; may repeat
//	owner=chassis   every column but those that say owner=northd
//
// Options of a column, those with a V for the values of a map:
//
//	strong=Table weak=Table weakV=Table      reference
//	enum=a|b|c                               allowed strings
//	range=LO:HI rangeV=LO:HI                 allowed integers, either may be left out
//	maxlen=N                                 characters of a string
//	min=1                                    a set is never empty
//	ephemeral derived members owner=chassis owner=northd
//	until=false                              what a chassis's column (an optional boolean, or a string, optional or not) is until one says

// newTable makes the descriptor of row's struct. A tag that makes no sense is
// a bug in the struct: it panics.
func newTable(row Row) *Table {
	typ := reflect.TypeOf(row).Elem()
	t := &Table{typ: typ, MaxRows: Unlimited, byName: map[string]*Column{}}
	head, ok := typ.FieldByName("Header")
	if !ok || len(head.Index) != 1 || head.Offset != 0 || head.Type != reflect.TypeFor[Header]() {
		panic(fmt.Sprintf("schema: %v does not embed Header first", typ))
	}
	options := splitTag(typ, head)
	t.Name = options[0]
	for i := range typ.NumField() {
		if f := typ.Field(i); i != head.Index[0] {
			t.addColumn(newColumn(t, f))
		}
	}
	for name, field := range map[string]uintptr{ColumnUUID: unsafe.Offsetof(Header{}.UUID), ColumnVersion: unsafe.Offsetof(Header{}.Version)} {
		c := &Column{Name: name, Table: t, Index: -1, field: field, shape: shapeOf(reflect.TypeFor[UUID]())}
		c.Type, _ = c.shape.typ()
		t.byName[name] = c
	}
	for _, o := range options[1:] {
		t.option(o)
	}
	return t
}

func (t *Table) addColumn(c *Column) {
	if t.byName[c.Name] != nil {
		panic(fmt.Sprintf("schema: column %s.%s twice", t.Name, c.Name))
	}
	c.Index = len(t.Columns)
	t.Columns = append(t.Columns, c)
	t.byName[c.Name] = c
	if c.Type.Min == 1 && !c.Type.IsScalar() {
		t.defaults = append(t.defaults, c)
	}
	if c.until.Len() > 0 {
		t.untils = append(t.untils, c)
	}
}

func splitTag(typ reflect.Type, f reflect.StructField) []string {
	options := strings.Split(f.Tag.Get("ovs"), ",")
	if options[0] == "" {
		panic(fmt.Sprintf("schema: %v.%s has no ovs tag", typ, f.Name))
	}
	return options
}

func (t *Table) option(o string) {
	key, arg, _ := strings.Cut(o, "=")
	switch key {
	case "root":
		t.IsRoot = true
	case "maxrows":
		t.MaxRows = int(t.integer(arg))
	case "index":
		var index []*Column
		for name := range strings.SplitSeq(arg, "+") {
			c := t.byName[name]
			if c == nil {
				panic(fmt.Sprintf("schema: %s: index of unknown column %q", t.Name, name))
			}
			index = append(index, c)
		}
		t.Indexes = append(t.Indexes, index)
	case "owner":
		t.setOwner(arg)
	default:
		panic(fmt.Sprintf("schema: %s: unknown option %q", t.Name, o))
	}
}

// setOwner gives the columns that name no owner of their own to owner.
func (t *Table) setOwner(owner string) {
	t.Owner = owner
	for _, c := range t.Columns {
		switch c.Owner {
		case "":
			c.Owner = owner
		case ownerNorthd:
			c.Owner = ""
		}
	}
}

// ownerNorthd is for columns of a table of the chassis that are not theirs.
const ownerNorthd = "northd"

func newColumn(t *Table, f reflect.StructField) *Column {
	options := splitTag(t.typ, f)
	c := &Column{Name: options[0], Table: t, field: f.Offset, shape: shapeOf(f.Type)}
	if c.shape == nil || f.PkgPath != "" {
		panic(fmt.Sprintf("schema: %s.%s: %s %v cannot be a column", t.Name, c.Name, f.Name, f.Type))
	}
	typ, open := c.shape.typ()
	c.Type = typ
	for _, o := range options[1:] {
		c.option(o, open)
	}
	return c
}

func (c *Column) option(o string, open bool) {
	key, arg, _ := strings.Cut(o, "=")
	base := &c.Type.Key
	if trimmed, ok := strings.CutSuffix(key, "V"); ok && c.Type.IsMap() {
		key, base = trimmed, &c.Type.Value
	}
	switch {
	case (key == "strong" || key == "weak") && base.Kind == KindUUID:
		base.RefTable, base.Strong = arg, key == "strong"
	case key == "enum" && base.Kind == KindString:
		for name := range strings.SplitSeq(arg, "|") {
			base.Enum = append(base.Enum, StringAtom(name))
		}
		slices.SortFunc(base.Enum, Atom.Compare)
	case key == "range" && base.Kind == KindInteger:
		lo, hi, _ := strings.Cut(arg, ":")
		if lo != "" {
			base.MinInteger = c.Table.integer(lo)
		}
		if hi != "" {
			base.MaxInteger = c.Table.integer(hi)
		}
	case key == "maxlen" && base.Kind == KindString:
		base.MaxLength = int(c.Table.integer(arg))
	case key == "min" && open:
		c.Type.Min = int(c.Table.integer(arg))
	case key == "ephemeral":
		c.Ephemeral = true
	case key == "derived":
		c.Derived = true
	case key == "members" && open:
		c.Members = true
	case key == "owner":
		c.Owner = arg
	case key == "until" && base.Kind == KindBoolean && c.Type.IsOptional():
		c.until = SetDatum(BoolAtom(arg == "true"))
	case key == "until" && base.Kind == KindString && (c.Type.IsScalar() || c.Type.IsOptional()):
		c.until = SetDatum(StringAtom(arg))
	default:
		panic(fmt.Sprintf("schema: %s.%s: option %q does not apply", c.Table.Name, c.Name, o))
	}
}

func (t *Table) integer(s string) int64 {
	v, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		panic(fmt.Sprintf("schema: %s: %v", t.Name, err))
	}
	return v
}
