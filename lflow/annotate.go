package lflow

// Annotate makes explicit what an expression implies: predicates are
// replaced by their expansions, subfields by bits of their fields, and every
// use of a symbol with prerequisites gets them added with &&. A part of the
// tree that is about one symbol alone gets its prerequisites once.
func Annotate(e *Expr) *Expr { return new(Arena).Annotate(e) }

// AnnotateFlow returns what a flow demands of its packets: its match,
// annotated, and what its actions imply.
func (a *Arena) AnnotateFlow(match *Expr, as Actions) *Expr {
	base := len(a.stack)
	annotated := a.Annotate(match)
	a.stack = as.Prerequisites(append(a.stack, annotated))
	var last *Expr // many fields have the same prerequisite
	for i := base + 1; i < len(a.stack); i++ {
		e := a.stack[i]
		if e == nil || e == last {
			a.stack[i] = nil
			continue
		}
		last = e
		expanded := a.Expand(e)
		a.stack[i] = expanded
	}
	return a.combine(OpAnd, base)
}

// Annotate is the function of that name.
func (a *Arena) Annotate(e *Expr) *Expr {
	switch e.Op {
	case OpConst, OpResident:
		return e
	}
	if s := only(e); s != nil && s.Kind != KindPredicate {
		return a.join(OpAnd, []*Expr{a.resolve(e), s.prereq})
	}
	if e.Op == OpCmp { // a predicate
		if e.Value.IsZero() {
			return e.Sym.negation
		}
		return e.Sym.expansion
	}
	base := len(a.stack)
	for _, arg := range e.Args {
		annotated := a.Annotate(arg)
		a.stack = append(a.stack, annotated)
	}
	return a.combine(e.Op, base)
}

// deny returns the annotated expression that is true where e, annotated, is not:
// !ip.is_frag also matches what is no IP packet, as it does in OVN. Unlike a
// negation in a match it can hold nominal fields with != (eth.type != 0x800).
// There is a negation of e.
func (a *Arena) deny(e *Expr) *Expr {
	n, _ := negate(e)
	switch e.Op {
	case OpConst, OpResident:
		return n
	}
	if s := only(e); s != nil && s.Kind != KindPredicate {
		n = a.Annotate(n)
		if s.prereq == nil {
			return n
		}
		return a.join(OpOr, []*Expr{n, complement(s.prereq)})
	}
	if e.Op == OpCmp {
		return a.Annotate(n)
	}
	base := len(a.stack)
	for _, arg := range e.Args {
		denied := a.deny(arg)
		a.stack = append(a.stack, denied)
	}
	return a.combine(OpAnd+OpOr-e.Op, base)
}

// complement returns the annotated expression that is true where the annotated e
// is not.
func complement(e *Expr) *Expr {
	switch e.Op {
	case OpConst:
		return constant(!e.IsTrue())
	case OpResident:
		c := *e
		c.Negated = !c.Negated
		return &c
	case OpCmp:
		c := *e
		c.Rel = c.Rel.invert()
		return &c
	}
	args := make([]*Expr, len(e.Args))
	for i, arg := range e.Args {
		args[i] = complement(arg)
	}
	return new(Arena).join(OpAnd+OpOr-e.Op, args)
}

// only returns the symbol that all comparisons in e are with, nil if there
// are several or something else than comparisons.
func only(e *Expr) *Symbol {
	switch e.Op {
	case OpCmp:
		return e.Sym
	case OpAnd, OpOr:
		s := only(e.Args[0])
		if s == nil {
			return nil
		}
		for _, a := range e.Args[1:] {
			if only(a) != s {
				return nil
			}
		}
		return s
	}
	return nil
}

// resolve replaces the subfield that all of e is about by its field.
func (a *Arena) resolve(e *Expr) *Expr {
	if e.Op != OpCmp {
		return a.mapArgs(e, (*Arena).resolve)
	}
	if e.Sym.Field == e.Sym {
		return e
	}
	c := a.node()
	*c = *e
	c.Sym = e.Sym.Field
	c.Value = e.Value.Shl(e.Sym.Offset)
	c.Mask = e.Mask.Shl(e.Sym.Offset)
	return c
}

// Expand replaces the predicates in e by their expansions, and leaves the
// rest as it is. It is Annotate for Actions.Prerequisite, in which all else
// is annotated already.
func Expand(e *Expr) *Expr { return new(Arena).Expand(e) }

// Expand is the function of that name.
func (a *Arena) Expand(e *Expr) *Expr {
	switch e.Op {
	case OpCmp:
		if e.Sym.Kind == KindPredicate {
			return a.Annotate(e)
		}
	case OpAnd, OpOr:
		return a.mapArgs(e, (*Arena).Expand)
	}
	return e
}

// mapArgs returns e with f of its arguments, e itself where these stay as they
// are.
func (a *Arena) mapArgs(e *Expr, f func(*Arena, *Expr) *Expr) *Expr {
	base, same := len(a.stack), true
	for i, arg := range e.Args {
		x := f(a, arg)
		if x != arg && same {
			same = false
			a.stack = append(a.stack, e.Args[:i]...)
		}
		if !same {
			a.stack = append(a.stack, x)
		}
	}
	if same {
		return e
	}
	return a.combine(e.Op, base)
}
