package lflow

import (
	"cmp"
	"slices"
)

// Clause is what one field may be: any of Terms, or what Names stand for. The
// names of a string field are ports; those of another are address sets that
// are kept apart (Options.Separate), of which any member will do.
type Clause struct {
	Sym   *Symbol
	Terms []Term
	Names []string
}

// size returns the number of alternatives.
func (c *Clause) size() int { return len(c.Terms) + len(c.Names) }

// Conj is an AND of clauses, at most one per field, in the order of the
// symbol table. Without any clause it is true.
type Conj []Clause

// Normal is an OR of Conjs. Without any it is false.
type Normal []Conj

// Normalize brings an annotated expression into normal form. It returns
// ErrInseparable where an address set would have to be looked into.
func Normalize(e *Expr, resident func(port string) bool) (Normal, error) {
	return new(Arena).Normalize(e, resident)
}

// Normalize is the function of that name.
// Hot path: for a conjunction of comparisons no allocation.
func (a *Arena) Normalize(e *Expr, resident func(port string) bool) (Normal, error) {
	n := normalizer{Arena: a, resident: resident}
	nf, err := n.disjunction(e)
	if err != nil {
		return nil, err
	}
	return nf, nil
}

type normalizer struct {
	*Arena
	resident func(string) bool
	pieces   int // alternatives made so far, to bound the work
}

func (n *normalizer) spend(k int) *Error {
	if n.pieces += k; n.pieces > MaxTerms {
		return tooLarge()
	}
	return nil
}

// disjunction returns the normal form of any expression.
func (n *normalizer) disjunction(e *Expr) (Normal, *Error) {
	switch e.Op {
	case OpConst:
		return always(e.IsTrue()), nil
	case OpResident:
		return always(n.resident(e.Str) != e.Negated), nil
	case OpAnd:
		return n.conjunction(e)
	case OpCmp:
		c, err := n.single(e, e.Sym)
		return n.oneClause(c), err
	}
	if s := only(e); s != nil {
		c, err := n.single(e, s)
		return n.oneClause(c), err
	}
	var out Normal
	for _, a := range e.Args {
		d, err := n.disjunction(a)
		if err != nil {
			return nil, err
		}
		for _, c := range d {
			if len(c) == 0 {
				return always(true), nil
			}
		}
		out = append(out, d...)
		if err := n.spend(len(d)); err != nil {
			return nil, err
		}
	}
	return n.unite(out)
}

func always(v bool) Normal {
	if v {
		return Normal{Conj{}}
	}
	return nil
}

// oneClause returns the normal form that a clause is by itself.
func (n *normalizer) oneClause(c Clause) Normal {
	switch {
	case c.size() == 0:
		return nil
	case len(c.Terms) == 1 && c.Terms[0].Mask.IsZero():
		return always(true)
	}
	return n.oneConj(append(n.clauses.cut(1)[:0], c))
}

// oneConj returns the normal form that a Conj is by itself.
func (n *normalizer) oneConj(c Conj) Normal { return append(n.conjs.cut(1)[:0], c) }

// conjunction returns the normal form of an AND: the parts about one field
// are taken together field by field, the others multiplied out.
func (n *normalizer) conjunction(e *Expr) (Normal, *Error) {
	var buf [8]group
	groups := buf[:0]
	var rest []Normal
	for _, a := range e.Args {
		if s := only(a); s != nil {
			groups = collect(groups, s, a)
			continue
		}
		d, err := n.disjunction(a)
		if err != nil || len(d) == 0 {
			return nil, err
		}
		if len(d) > 1 || len(d[0]) > 0 {
			rest = append(rest, d)
		}
	}
	slices.SortFunc(groups, func(a, b group) int { return cmp.Compare(a.sym.Index, b.sym.Index) })
	base := Conj(n.clauses.cut(len(groups))[:0])
	for i := range groups {
		c, err := n.together(&groups[i])
		if err != nil || c.size() == 0 {
			return nil, err
		}
		if len(c.Terms) == 0 || !c.Terms[0].Mask.IsZero() {
			base = append(base, c)
		}
	}
	out := n.oneConj(base)
	for _, d := range rest {
		var err *Error
		if out, err = n.multiply(out, d); err != nil {
			return nil, err
		}
		// At once, as what is absorbed now is not multiplied any more.
		if out, err = n.unite(out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// group is the parts of an AND that are about one field.
type group struct {
	sym   *Symbol
	first *Expr
	more  []*Expr
}

// collect adds a part about s to its group, unless it says nothing new: most
// are prerequisites that several fields have in common.
func collect(groups []group, s *Symbol, a *Expr) []group {
	for i := range groups {
		g := &groups[i]
		if g.sym != s {
			continue
		}
		switch {
		case a == g.first || implies(g.first, a):
		case implies(a, g.first) && g.more == nil:
			g.first = a
		case len(g.more) <= 4 && slices.Contains(g.more, a):
		default:
			g.more = append(g.more, a)
		}
		return groups
	}
	return append(groups, group{sym: s, first: a})
}

// implies tells whether the equality e implies that a is true, where that is
// easy to see.
func implies(e, a *Expr) bool {
	if e.Op != OpCmp || e.Rel != EQ {
		return false
	}
	switch {
	case a.Op == OpCmp && a.Rel == EQ:
		return e.Str == a.Str && Term{a.Value, a.Mask}.contains(Term{e.Value, e.Mask})
	case a.Op == OpOr && len(a.Args) <= 4:
		return slices.ContainsFunc(a.Args, func(b *Expr) bool { return b.Op == OpCmp && implies(e, b) })
	}
	return false
}

// together returns the clause of a group.
func (n *normalizer) together(g *group) (Clause, *Error) {
	if g.more == nil {
		return n.single(g.first, g.sym)
	}
	return n.singleAnd(append(g.more, g.first), g.sym)
}

// multiply returns the AND of two normal forms.
func (n *normalizer) multiply(a, b Normal) (Normal, *Error) {
	// Divided, as a product of hostile lengths need not fit into an int.
	if len(a) > MaxTerms/len(b) {
		return nil, tooLarge()
	}
	if err := n.spend(len(a) * len(b)); err != nil {
		return nil, err
	}
	out := make(Normal, 0, len(a)*len(b))
	for _, c := range a {
		for _, d := range b {
			both, ok, err := n.merge(c, d)
			if err != nil {
				return nil, err
			}
			if err := n.spend(len(both)); err != nil {
				return nil, err
			}
			if ok {
				out = append(out, both)
			}
		}
	}
	return out, nil
}

// merge returns the AND of two Conjs; ok is false if it is never true.
func (n *normalizer) merge(a, b Conj) (out Conj, ok bool, err *Error) {
	out = make(Conj, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		switch cmp.Compare(a[0].Sym.Index, b[0].Sym.Index) {
		case -1:
			out, a = append(out, a[0]), a[1:]
		case 1:
			out, b = append(out, b[0]), b[1:]
		default:
			c, err := n.narrow(a[0], b[0])
			if err != nil || c.size() == 0 {
				return nil, false, err
			}
			out, a, b = append(out, c), a[1:], b[1:]
		}
	}
	return append(append(out, a...), b...), true, nil
}

// narrow returns the AND of two clauses for the same field.
func (n *normalizer) narrow(a, b Clause) (Clause, *Error) {
	if a.Sym.IsString() {
		return Clause{Sym: a.Sym, Names: common(a.Names, b.Names)}, nil
	}
	if a.Names != nil || b.Names != nil {
		if !equalClauses(&a, &b) {
			return a, ErrInseparable
		}
		return a, nil
	}
	ts, err := intersect(a.Terms, b.Terms, a.Sym.Width)
	if err == nil {
		err = n.spend(len(ts))
	}
	return Clause{Sym: a.Sym, Terms: ts}, err
}

// common returns the strings in both of two sorted sets.
func common(a, b []string) (out []string) {
	for len(a) > 0 && len(b) > 0 {
		switch cmp.Compare(a[0], b[0]) {
		case -1:
			a = a[1:]
		case 1:
			b = b[1:]
		default:
			out, a, b = append(out, a[0]), a[1:], b[1:]
		}
	}
	return out
}

// single returns the clause of an expression about s alone.
func (n *normalizer) single(e *Expr, s *Symbol) (Clause, *Error) {
	if e.Op == OpCmp {
		if s.IsString() || e.isSeparate() {
			return Clause{Sym: s, Names: append(n.names.cut(1)[:0], e.Str)}, nil
		}
		return Clause{Sym: s, Terms: prune(appendTerms(n.terms.cut(1)[:0], e), s.Width)}, nil
	}
	if e.Op == OpAnd {
		return n.singleAnd(e.Args, s)
	}
	c := Clause{Sym: s}
	if !s.IsString() {
		c.Terms = n.terms.cut(len(e.Args))[:0]
	}
	for _, a := range e.Args {
		if a.Op == OpCmp && !s.IsString() && !a.isSeparate() {
			c.Terms = appendTerms(c.Terms, a)
			continue
		}
		d, err := n.single(a, s)
		if err != nil {
			return c, err
		}
		c.Terms = append(c.Terms, d.Terms...)
		c.Names = append(c.Names, d.Names...)
	}
	c.Terms = prune(c.Terms, s.Width)
	slices.Sort(c.Names)
	c.Names = slices.Compact(c.Names)
	return c, n.spend(c.size())
}

// singleAnd takes exclusions (field != prefix) together and halves the rest
// until one is left, so that the cost stays near the size of the result.
func (n *normalizer) singleAnd(args []*Expr, s *Symbol) (Clause, *Error) {
	var excluded []Term
	var rest []*Expr
	for i, a := range args {
		if isExclusion(a) {
			if excluded == nil {
				excluded = make([]Term, 0, len(args)-i)
			}
			excluded = append(excluded, Term{a.Value, a.Mask})
		} else {
			rest = append(rest, a)
		}
	}
	if len(excluded) < 2 {
		return n.halve(args, s)
	}
	c := Clause{Sym: s, Terms: exclude(excluded, s.Width)}
	if err := n.spend(len(c.Terms)); err != nil || len(rest) == 0 {
		return c, err
	}
	d, err := n.halve(rest, s)
	if err != nil {
		return d, err
	}
	return n.narrow(c, d)
}

func (n *normalizer) halve(args []*Expr, s *Symbol) (Clause, *Error) {
	if len(args) == 1 {
		return n.single(args[0], s)
	}
	half := len(args) / 2
	a, err := n.halve(args[:half], s)
	if err != nil {
		return a, err
	}
	b, err := n.halve(args[half:], s)
	if err != nil {
		return b, err
	}
	return n.narrow(a, b)
}
