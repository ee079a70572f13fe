package lflow

// Annotate makes explicit what an expression implies: predicates are
// replaced by their expansions, subfields by bits of their fields, and every
// use of a symbol with prerequisites gets them added with &&. A part of the
// tree that is about one symbol alone gets its prerequisites once.
func Annotate(e *Expr) *Expr {
	switch e.Op {
	case OpConst, OpResident:
		return e
	}
	if s := only(e); s != nil && s.Kind != KindPredicate {
		return And(resolve(e), s.prereq)
	}
	if e.Op == OpCmp { // a predicate
		if e.Value.IsZero() {
			return e.Sym.negation
		}
		return e.Sym.expansion
	}
	args := make([]*Expr, len(e.Args))
	for i, a := range e.Args {
		args[i] = Annotate(a)
	}
	return join(e.Op, args)
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
func resolve(e *Expr) *Expr {
	if e.Op == OpCmp {
		if e.Sym.Field == e.Sym {
			return e
		}
		c := *e
		c.Sym = e.Sym.Field
		c.Value = e.Value.Shl(e.Sym.Offset)
		c.Mask = e.Mask.Shl(e.Sym.Offset)
		return &c
	}
	var args []*Expr
	for i, a := range e.Args {
		r := resolve(a)
		if r != a && args == nil {
			args = append(make([]*Expr, 0, len(e.Args)), e.Args[:i]...)
		}
		if args != nil {
			args = append(args, r)
		}
	}
	if args == nil {
		return e
	}
	return &Expr{Op: e.Op, Args: args}
}

// Expand replaces the predicates in e by their expansions, and leaves the
// rest as it is. It is Annotate for Actions.Prerequisite, in which all else
// is annotated already.
func Expand(e *Expr) *Expr {
	switch e.Op {
	case OpCmp:
		if e.Sym.Kind == KindPredicate {
			return Annotate(e)
		}
		return e
	case OpAnd, OpOr:
		var args []*Expr
		for i, a := range e.Args {
			x := Expand(a)
			if x != a && args == nil {
				args = append(make([]*Expr, 0, len(e.Args)), e.Args[:i]...)
			}
			if args != nil {
				args = append(args, x)
			}
		}
		if args != nil {
			return join(e.Op, args)
		}
	}
	return e
}
