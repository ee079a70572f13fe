package schema_test

import (
	"math"

	"pgregory.net/rapid"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
	"github.com/weft-sdn/weft/schema/sb"
	"github.com/weft-sdn/weft/schema/server"
)

// every returns all tables of all databases.
func every() []*schema.Table {
	var tables []*schema.Table
	for _, db := range []*schema.Database{nb.Schema(), sb.Schema(), server.Schema()} {
		tables = append(tables, db.Tables...)
	}
	return tables
}

// nasty are characters that some notation gives a meaning to.
var nasty = []rune(`/%"\'<>[]{}()&=+,.:;@#$^*?! ~` + "\t\n\r\x01\x1f\x7féß水\u2028\ufeff\ufffd\U0001f600aA0")

func drawString(t *rapid.T) string {
	if rapid.IntRange(0, 9).Draw(t, "plain") > 2 {
		return rapid.StringMatching(`[a-z0-9:. ]{0,12}`).Draw(t, "string")
	}
	return rapid.StringOfN(rapid.SampledFrom(nasty), 0, 8, -1).Draw(t, "string")
}

func drawUUID(t *rapid.T) schema.UUID {
	return schema.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "uuid"))
}

// drawAtom draws an atom that the type allows.
func drawAtom(t *rapid.T, b *schema.BaseType) schema.Atom {
	if b.Enum != nil {
		return rapid.SampledFrom(b.Enum).Draw(t, "enum")
	}
	switch b.Kind {
	case schema.KindInteger:
		return schema.IntAtom(rapid.Int64Range(b.MinInteger, b.MaxInteger).Draw(t, "integer"))
	case schema.KindReal:
		return schema.RealAtom(rapid.Float64Range(b.MinReal, b.MaxReal).Draw(t, "real"))
	case schema.KindBoolean:
		return schema.BoolAtom(rapid.Bool().Draw(t, "boolean"))
	case schema.KindUUID:
		return schema.UUIDAtom(drawUUID(t))
	}
	s := drawString(t)
	for r := []rune(s); b.MaxLength < len(r); {
		r = r[:b.MaxLength]
		s = string(r)
	}
	return schema.StringAtom(s)
}

// drawDatum draws a value that the type allows.
func drawDatum(t *rapid.T, typ *schema.Type) schema.Datum {
	n := rapid.IntRange(typ.Min, min(typ.Max, 4)).Draw(t, "n")
	var keys, values []schema.Atom
	for range n {
		keys = append(keys, drawAtom(t, &typ.Key))
		if typ.IsMap() {
			values = append(values, drawAtom(t, &typ.Value))
		}
	}
	if typ.IsMap() {
		return schema.MapDatum(keys, values)
	}
	return schema.SetDatum(keys...)
}

// drawRow draws a row that the table allows.
func drawRow(t *rapid.T, table *schema.Table) schema.Row {
	row := table.New(drawUUID(t))
	for _, c := range table.Columns {
		if err := c.Set(row, drawDatum(t, &c.Type)); err != nil {
			t.Fatalf("%s.%s: %v", table.Name, c.Name, err)
		}
	}
	return row
}

// everyShape is a table with each Go type that a column can have, of which the
// served ones use few.
type everyShape struct {
	schema.Header `ovs:"Every,root,maxrows=3,index=int+str"`

	Int     int64                  `ovs:"int,range=-5:"`
	Real    float64                `ovs:"real"`
	Bool    bool                   `ovs:"bool"`
	Str     string                 `ovs:"str,maxlen=20"`
	ID      schema.UUID            `ovs:"id,weak=Every"`
	OptInt  *int64                 `ovs:"opt_int"`
	OptReal *float64               `ovs:"opt_real"`
	OptBool *bool                  `ovs:"opt_bool"`
	OptStr  *string                `ovs:"opt_str"`
	OptID   *schema.UUID           `ovs:"opt_id"`
	Ints    []int64                `ovs:"ints,members"`
	Reals   []float64              `ovs:"reals,members"`
	Bools   []bool                 `ovs:"bools,members"`
	Strs    []string               `ovs:"strs,members,min=1"`
	IDs     []schema.UUID          `ovs:"ids,members,strong=Every"`
	StrStr  map[string]string      `ovs:"str_str,members"`
	StrInt  map[string]int64       `ovs:"str_int,rangeV=:9"`
	StrID   map[string]schema.UUID `ovs:"str_id,weakV=Every"`
	IntStr  map[int64]string       `ovs:"int_str,members,range=1:7"`
	IntID   map[int64]schema.UUID  `ovs:"int_id"`
	IDStr   map[schema.UUID]string `ovs:"id_str,members"`
}

func shapes() *schema.Database {
	return schema.NewDatabase("Shapes", "1.0.0", "", (*everyShape)(nil))
}

// someReals are reals of all sizes.
var someReals = []float64{0, 1, -1, 0.1, 1e-300, math.MaxFloat64, math.SmallestNonzeroFloat64, 1 << 53, 1e21, 123456789.125}
