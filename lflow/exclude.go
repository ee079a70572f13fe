package lflow

// exclude returns the values of width bits that are in none of the given
// prefixes, sorted and disjoint. What is left of a field after many
// exclusions is worked out from the gaps between them, so that it costs as
// much as the result is large.
func exclude(ts []Term, width int) []Term {
	ts = prune(ts, width)
	out := make([]Term, 0, 3*len(ts)+width)
	all := Ones(width)
	next := Value{} // the first value not looked at yet
	for _, t := range ts {
		if next.Cmp(t.Value) < 0 {
			out = appendInterval(out, next, t.Value.sub(U(1)), all)
		}
		last := t.Value.Or(all.AndNot(t.Mask))
		if last == all {
			return out
		}
		next = last.add(U(1))
	}
	return appendInterval(out, next, all, all)
}

// appendInterval appends the fewest prefixes that cover lo to hi.
func appendInterval(ts []Term, lo, hi, all Value) []Term {
	for {
		// The largest aligned block that begins at lo and ends by hi.
		n := lo.TrailingZeros()
		for n >= 128 || Ones(n).AndNot(all) != (Value{}) || hi.Cmp(lo.Or(Ones(n))) < 0 {
			n--
		}
		last := lo.Or(Ones(n))
		ts = append(ts, Term{lo, all.AndNot(Ones(n))})
		if last == hi {
			return ts
		}
		lo = last.add(U(1))
	}
}

// isExclusion tells whether e is field != prefix.
func isExclusion(e *Expr) bool {
	if e.Op != OpCmp || e.Rel != NE || e.Mask.IsZero() {
		return false
	}
	return isPrefix([]Term{{e.Value, e.Mask}}, e.Sym.Width)
}
