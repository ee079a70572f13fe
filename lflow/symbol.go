package lflow

import "slices"

// Kind is what a symbol stands for.
type Kind uint8

const (
	// KindField is a packet header or metadata field of its own.
	KindField Kind = iota
	// KindSubfield names some bits of a field.
	KindSubfield
	// KindPredicate abbreviates a Boolean expression.
	KindPredicate
	// KindVirtual can only be assigned: OpenFlow has no such field, and the
	// action that sets it is carried to the agent.
	KindVirtual
)

// Level is the level of measurement: which comparisons make sense.
type Level uint8

const (
	// Nominal values are equal or not; there are no subfields.
	Nominal Level = iota
	// Ordinal values can be ordered and their bits looked at one by one.
	Ordinal
	// Boolean is a nominal value with two values, which can be negated.
	Boolean
)

// Access is where a symbol may be assigned.
type Access uint8

const (
	ReadOnly    Access = iota
	ReadWrite          // anywhere
	InCommit           // only in ct_commit { … }
	IngressOnly        // only in an ingress pipeline, or of an answer that goes back there
)

// Symbol is a name that matches and actions can use. Symbols are made by
// NewTable and do not change afterwards.
type Symbol struct {
	Name   string
	Kind   Kind
	Level  Level
	Width  int // in bits; 0 for a string
	Access Access

	// Field and Offset locate a subfield: bit 0 of it is bit Offset of Field.
	// For a field, Field is the symbol itself.
	Field  *Symbol
	Offset int

	// Index is the symbol's place in its table; the same for the same
	// symbol in every table that extends Standard.
	Index int

	// Cross says that other fields have this one as a prerequisite in
	// OpenFlow, so that it must stand in every match that needs it and can
	// never be a dimension of a conjunction.
	Cross bool

	prereq    *Expr // annotated; nil where there is none
	expansion *Expr // of a predicate, annotated
	negation  *Expr // of a Boolean predicate, annotated
}

// IsString tells whether the symbol's values are strings (port names).
func (s *Symbol) IsString() bool { return s.Width == 0 }

// Prerequisite returns what using the symbol implies, annotated; nil for
// nothing.
func (s *Symbol) Prerequisite() *Expr { return s.prereq }

// Definition is one row of a symbol table's source.
type Definition struct {
	Name   string
	Kind   Kind
	Level  Level // of a field; derived for others
	Width  int   // of a field or a virtual one; 0 for a string
	Access Access
	Prereq string // an expression, may be empty
	// Expansion is an expression for a predicate and `field[lo..hi]` for a
	// subfield.
	Expansion string
	Cross     bool
}

// Table is a set of symbols.
type Table struct {
	byName map[string]*Symbol
	list   []*Symbol
}

// Lookup returns the symbol of that name, or nil.
func (t *Table) Lookup(name string) *Symbol { return t.byName[name] }

// All returns the symbols in the order of their definitions.
func (t *Table) All() []*Symbol { return t.list }

// NewTable builds a table. Each definition may use the symbols before it;
// one that uses itself, a later one, or makes no sense is an error.
func NewTable(defs []Definition) (*Table, error) {
	t := &Table{byName: make(map[string]*Symbol, len(defs))}
	for _, d := range defs {
		if err := t.add(d); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// Extend returns a table of t's symbols followed by those of defs.
func (t *Table) Extend(defs []Definition) (*Table, error) {
	u := &Table{byName: make(map[string]*Symbol, len(t.list)+len(defs)), list: t.list[:len(t.list):len(t.list)]}
	for _, s := range t.list {
		u.byName[s.Name] = s
	}
	for _, d := range defs {
		if err := u.add(d); err != nil {
			return nil, err
		}
	}
	return u, nil
}

func (t *Table) add(d Definition) error {
	if t.byName[d.Name] != nil {
		return errorf(-1, CodeSymbol, "symbol %q is defined twice", d.Name)
	}
	s := &Symbol{Name: d.Name, Kind: d.Kind, Level: d.Level, Width: d.Width, Access: d.Access, Index: len(t.list), Cross: d.Cross}
	s.Field = s
	p := parser{Arena: new(Arena), opts: Options{Symbols: t}, table: t}
	switch d.Kind {
	case KindSubfield:
		f, err := p.subfieldText(d.Expansion)
		if err != nil {
			return errorf(-1, CodeSymbol, "symbol %q: %v", d.Name, err)
		}
		s.Field, s.Offset, s.Width, s.Level = f.sym.Field, f.sym.Offset+int(f.lo), int(f.n), Ordinal
	case KindPredicate:
		e, err := p.expression(d.Expansion)
		if err != nil {
			return errorf(-1, CodeSymbol, "symbol %q: %v", d.Name, err)
		}
		s.expansion, s.Width, s.Level = Annotate(e), 1, Nominal
		// What is written decides whether there is a negation, but that is also
		// true where the prerequisites are not met.
		if _, ok := negate(e); ok {
			s.negation, s.Level = new(Arena).deny(e), Boolean
		}
	}
	if d.Prereq != "" {
		e, err := p.expression(d.Prereq)
		if err != nil {
			return errorf(-1, CodeSymbol, "symbol %q: %v", d.Name, err)
		}
		if s.prereq = Annotate(e); comparesStrings(s.prereq) {
			return errorf(-1, CodeSymbol, "symbol %q: a prerequisite cannot compare strings", d.Name)
		}
	}
	t.byName[d.Name] = s
	t.list = append(t.list, s)
	return nil
}

// comparesStrings tells whether e compares a string field, which only == can.
func comparesStrings(e *Expr) bool {
	return e.Op == OpCmp && e.Sym.IsString() || slices.ContainsFunc(e.Args, comparesStrings)
}

// Field is a symbol or some consecutive bits of one, as the operand of a
// comparison or an action.
type Field struct {
	sym   *Symbol
	lo, n uint8
}

// Symbol returns the symbol that the field is (part of).
func (f Field) Symbol() *Symbol { return f.sym }

// Name returns the name of the field's symbol.
func (f Field) Name() string { return f.sym.Name }

// Width returns the number of bits; 0 for a string.
func (f Field) Width() int { return int(f.n) }

// Lo returns the number of the lowest bit within the symbol.
func (f Field) Lo() int { return int(f.lo) }

// Base returns the underlying field and the bit of it where f begins.
func (f Field) Base() (s *Symbol, lo int) { return f.sym.Field, f.sym.Offset + int(f.lo) }

// IsZero tells whether f is the zero Field, which names nothing.
func (f Field) IsZero() bool { return f.sym == nil }

// Bit returns bit i of f.
func (f Field) Bit(i int) Field { return f.Bits(i, i) }

// Bits returns bits lo to hi, inclusive, of f. It panics outside of f and on
// symbols that have no subfields.
func (f Field) Bits(lo, hi int) Field {
	if lo < 0 || hi < lo || hi >= int(f.n) || f.sym.Level != Ordinal {
		panic("lflow: " + f.sym.Name + " has no such bits")
	}
	return Field{sym: f.sym, lo: f.lo + uint8(lo), n: uint8(hi - lo + 1)}
}

// whole returns the field that is all of s.
func whole(s *Symbol) Field { return Field{sym: s, n: uint8(s.Width)} }

// FieldOf returns the field that is all of the named symbol of t; ok is
// false if there is none.
func (t *Table) FieldOf(name string) (f Field, ok bool) {
	s := t.byName[name]
	if s == nil {
		return Field{}, false
	}
	return whole(s), true
}

func (f Field) String() string { return string(f.append(nil)) }

func (f Field) append(b []byte) []byte {
	b = append(b, f.sym.Name...)
	if int(f.n) == f.sym.Width {
		return b
	}
	return appendRange(b, int(f.lo), int(f.n))
}
