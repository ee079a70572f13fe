package lflow

// Simplify turns an annotated expression into one that holds nothing but
// masked equality comparisons: other operators become alternatives,
// is_chassis_resident is answered by resident, and constants disappear
// unless the whole is one.
func Simplify(e *Expr, resident func(port string) bool) *Expr {
	switch e.Op {
	case OpConst:
		return e
	case OpResident:
		return constant(resident(e.Str) != e.Negated)
	case OpCmp:
		return simplifyCmp(e)
	}
	// The constant that decides the whole, and the one that does not matter.
	decisive := e.Op == OpOr
	args := make([]*Expr, 0, len(e.Args))
	for _, a := range e.Args {
		s := Simplify(a, resident)
		if s.Op == OpConst {
			if s.IsTrue() == decisive {
				return s
			}
			continue
		}
		args = append(args, s)
	}
	return new(Arena).join(e.Op, args)
}

func simplifyCmp(e *Expr) *Expr {
	if e.Rel == EQ && (e.Sym.IsString() || !e.Mask.IsZero()) {
		return e
	}
	var buf [32]Term
	ts := appendTerms(buf[:0], e)
	args := make([]*Expr, len(ts))
	for i, t := range ts {
		if t.Mask.IsZero() {
			return True()
		}
		args[i] = &Expr{Op: OpCmp, Sym: e.Sym, Notation: e.Notation, Value: t.Value, Mask: t.Mask}
	}
	return new(Arena).join(OpOr, args)
}
