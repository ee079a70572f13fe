package lflow

import (
	"cmp"
	"slices"
)

// SetField is a field that is one of the members of an address set.
type SetField struct {
	Sym *Symbol
	Set string
}

// Term returns the alternative that a member of the set is; ok is false for
// one of another address family, which is left out. An error says why the
// field cannot be compared with it.
func (s SetField) Term(c Constant) (t Term, ok bool, err error) {
	f := whole(s.Sym)
	if !c.suits(f) {
		return Term{}, false, nil
	}
	var node [1]Expr
	p := parser{Arena: &Arena{nodes: slab[Expr]{all: node[:]}}}
	e, bad := p.compare(f, -1, EQ, c)
	if bad != nil {
		return Term{}, false, bad
	}
	return Term{e.Value, e.Mask}, true, nil
}

// suits tells whether a member of an address set is one for the field: not
// wider, and of its address family.
func (c *Constant) suits(f Field) bool {
	return !c.IsString && c.Notation.width(c.Value) <= f.Width() && (c.Notation != IPv4 || f.sym.Field.Width != 128)
}

// mayStandApart tells whether sets that f is compared with can be kept apart.
func mayStandApart(f Field) bool {
	return f.sym.Kind == KindField && !f.sym.IsString() && !f.sym.Cross && f.Width() == f.sym.Width
}

// compareSets orders by field and set; none stands first.
func compareSets(a, b *SetField) int {
	switch {
	case a == b:
		return 0
	case a == nil:
		return -1
	case b == nil:
		return 1
	}
	return cmp.Or(cmp.Compare(a.Sym.Index, b.Sym.Index), cmp.Compare(a.Set, b.Set))
}

// chooseSet is choose for a dimension with sets, and goes on behind it. There
// is no second such dimension: two make a conjunction.
func (b *matchBuilder) chooseSet(m *FlowMatch, i, from int, pick []FieldTerm) {
	d := &b.dims[from]
	for _, t := range d.terms {
		b.choose(m, i, from+1, append(slices.Clip(pick), FieldTerm{d.sym, t}))
	}
	for _, name := range d.sets {
		of := *m
		of.Set = &SetField{d.sym, name}
		b.choose(&of, i, from+1, slices.Clip(pick))
	}
}
