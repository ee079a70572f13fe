package schema

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// appendSchema writes the database's schema, tables and columns by name.
// Optional parts that have their default are left out, as ovsdb-tool does.
func (d *Database) appendSchema(b []byte) []byte {
	o := object{b: b}
	o.str("name", d.Name)
	o.str("version", d.Version)
	if d.Cksum != "" {
		o.str("cksum", d.Cksum)
	}
	tables := slices.Clone(d.Tables)
	slices.SortFunc(tables, func(a, b *Table) int { return strings.Compare(a.Name, b.Name) })
	o.object("tables", func(o *object) {
		for _, t := range tables {
			o.object(t.Name, t.schema)
		}
	})
	return o.end()
}

func (t *Table) schema(o *object) {
	columns := slices.Clone(t.Columns)
	slices.SortFunc(columns, func(a, b *Column) int { return strings.Compare(a.Name, b.Name) })
	o.object("columns", func(o *object) {
		for _, c := range columns {
			o.object(c.Name, c.schema)
		}
	})
	if t.MaxRows != Unlimited {
		o.integer("maxRows", int64(t.MaxRows))
	}
	if t.IsRoot {
		o.raw("isRoot", "true")
	}
	if len(t.Indexes) == 0 {
		return
	}
	indexes := make([]string, len(t.Indexes))
	for i, index := range t.Indexes {
		names := make([]string, len(index))
		for j, c := range index {
			names[j] = string(appendString(nil, c.Name))
		}
		indexes[i] = "[" + strings.Join(names, ",") + "]"
	}
	o.raw("indexes", "["+strings.Join(indexes, ",")+"]")
}

func (c *Column) schema(o *object) {
	if c.Type.IsScalar() && c.Type.Key.isPlain() {
		o.str("type", c.Type.Key.Kind.String())
	} else {
		o.object("type", c.Type.schema)
	}
	if c.Ephemeral {
		o.raw("ephemeral", "true")
	}
}

func (t *Type) schema(o *object) {
	t.Key.schema(o, "key")
	if t.IsMap() {
		t.Value.schema(o, "value")
	}
	if t.Min != 1 {
		o.integer("min", int64(t.Min))
	}
	switch t.Max {
	case 1:
	case Unlimited:
		o.str("max", "unlimited")
	default:
		o.integer("max", int64(t.Max))
	}
}

// isPlain tells whether the type allows every atom of its kind.
func (b *BaseType) isPlain() bool {
	plain := NewBaseType(b.Kind)
	return b.Enum == nil && b.RefTable == "" &&
		b.MinInteger == plain.MinInteger && b.MaxInteger == plain.MaxInteger &&
		b.MinReal == plain.MinReal && b.MaxReal == plain.MaxReal &&
		b.MinLength == plain.MinLength && b.MaxLength == plain.MaxLength
}

func (b *BaseType) schema(o *object, name string) {
	if b.isPlain() {
		o.str(name, b.Kind.String())
		return
	}
	o.object(name, func(o *object) {
		o.str("type", b.Kind.String())
		switch {
		case len(b.Enum) == 1: // as ovsdb-server writes it
			o.raw("enum", string(b.Enum[0].AppendJSON(nil)))
		case b.Enum != nil:
			o.raw("enum", string(Datum{Keys: b.Enum}.appendSet(nil)))
		}
		b.limits(o)
		if b.RefTable != "" {
			o.str("refTable", b.RefTable)
			if !b.Strong {
				o.str("refType", "weak")
			}
		}
	})
}

func (b *BaseType) limits(o *object) {
	switch b.Kind {
	case KindInteger:
		if b.MinInteger != math.MinInt64 {
			o.integer("minInteger", b.MinInteger)
		}
		if b.MaxInteger != math.MaxInt64 {
			o.integer("maxInteger", b.MaxInteger)
		}
	case KindReal:
		if b.MinReal != -math.MaxFloat64 {
			o.raw("minReal", string(appendReal(nil, b.MinReal)))
		}
		if b.MaxReal != math.MaxFloat64 {
			o.raw("maxReal", string(appendReal(nil, b.MaxReal)))
		}
	case KindString:
		if b.MinLength != 0 {
			o.integer("minLength", int64(b.MinLength))
		}
		if b.MaxLength != Unlimited {
			o.integer("maxLength", int64(b.MaxLength))
		}
	}
}

// object appends a JSON object member by member.
type object struct {
	b    []byte
	open bool
}

func (o *object) name(name string) {
	if o.open {
		o.b = append(o.b, ',')
	} else {
		o.b = append(o.b, '{')
		o.open = true
	}
	o.b = append(appendString(o.b, name), ':')
}

func (o *object) end() []byte {
	if !o.open {
		o.b = append(o.b, '{')
	}
	return append(o.b, '}')
}

func (o *object) raw(name, json string) {
	o.name(name)
	o.b = append(o.b, json...)
}

func (o *object) str(name, value string) {
	o.name(name)
	o.b = appendString(o.b, value)
}

func (o *object) integer(name string, v int64) {
	o.name(name)
	o.b = strconv.AppendInt(o.b, v, 10)
}

func (o *object) object(name string, fill func(*object)) {
	o.name(name)
	inner := object{b: o.b}
	fill(&inner)
	o.b = inner.end()
}
