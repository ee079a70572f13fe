package schema

import "math"

// Unlimited is the Max of a set or map without upper limit, and the MaxRows
// of a table without one.
const Unlimited = math.MaxInt

// BaseType is the type of a key or value: RFC 7047 section 3.2 <base-type>.
type BaseType struct {
	Kind Kind
	Enum []Atom // allowed values, sorted; nil where any will do

	MinInteger, MaxInteger int64   // KindInteger; inclusive
	MinReal, MaxReal       float64 // KindReal; inclusive
	MinLength, MaxLength   int     // KindString; characters, inclusive

	RefTable string // KindUUID: the table whose rows are referred to, or ""
	Strong   bool   // the reference keeps its row alive; weak ones vanish with it
}

// NewBaseType returns the type that allows every atom of kind k.
func NewBaseType(k Kind) BaseType {
	b := BaseType{Kind: k}
	switch k {
	case KindInteger:
		b.MinInteger, b.MaxInteger = math.MinInt64, math.MaxInt64
	case KindReal:
		b.MinReal, b.MaxReal = -math.MaxFloat64, math.MaxFloat64
	case KindString:
		b.MaxLength = Unlimited
	}
	return b
}

// Type is the type of a column: RFC 7047 section 3.2 <type>.
type Type struct {
	Key      BaseType
	Value    BaseType // KindVoid unless a map
	Min, Max int      // number of elements; Min is 0 or 1
}

// IsMap tells whether values of this type are maps.
func (t *Type) IsMap() bool { return t.Value.Kind != KindVoid }

// IsScalar tells whether every value has exactly one key and no value.
func (t *Type) IsScalar() bool { return t.Min == 1 && t.Max == 1 && !t.IsMap() }

// IsOptional tells whether a value is one key or none.
func (t *Type) IsOptional() bool { return t.Min == 0 && t.Max == 1 && !t.IsMap() }

// HasRefs tells whether values of this type refer to rows.
func (t *Type) HasRefs() bool { return t.Key.RefTable != "" || t.Value.RefTable != "" }

// Default is the value of a column that was not given: as few elements as
// allowed, each the default of its kind.
func (t *Type) Default() Datum {
	if t.Min == 0 {
		return Datum{}
	}
	d := Datum{Keys: []Atom{zeroAtom(t.Key.Kind)}}
	if t.IsMap() {
		d.Values = []Atom{zeroAtom(t.Value.Kind)}
	}
	return d
}
