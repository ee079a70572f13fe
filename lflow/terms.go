package lflow

import (
	"cmp"
	"slices"
)

// MaxTerms limits the alternatives and matches that one expression may
// become, and the steps to get there.
const MaxTerms = 1 << 19

func tooLarge() *Error {
	return errorf(-1, CodeLimit, "the expression needs more than %d alternatives", MaxTerms)
}

// Term is one alternative for a field: all values that equal Value in the
// bits of Mask. Value lies within Mask.
type Term struct{ Value, Mask Value }

// contains tells whether every value of u is one of t.
func (t Term) contains(u Term) bool {
	return t.Mask.AndNot(u.Mask).IsZero() && u.Value.And(t.Mask) == t.Value
}

// appendTerms appends the alternatives for which a comparison is true. They
// do not overlap. None means never, one with an empty mask always.
func appendTerms(ts []Term, e *Expr) []Term {
	switch e.Rel {
	case EQ:
		return append(ts, Term{e.Value, e.Mask})
	case NE:
		return appendDiffer(ts, e.Value, e.Mask, e.Mask)
	}
	lo := e.Mask.TrailingZeros()
	top, v := e.Mask.Shr(lo), e.Value.Shr(lo)
	switch e.Rel {
	case LE:
		if v == top {
			return append(ts, Term{})
		}
		v = v.add(U(1))
	case GE:
		if v.IsZero() {
			return append(ts, Term{})
		}
		v = v.sub(U(1))
	}
	// The first bit in which a smaller value differs is a one of v, for a
	// greater one it is a zero.
	first := v
	if e.Rel == GT || e.Rel == GE {
		first = top.AndNot(v)
	}
	return appendDiffer(ts, v.Shl(lo), e.Mask, first.Shl(lo))
}

// appendDiffer appends, for each bit of which, the term of the values that
// are equal to v in the higher bits of mask and differ from it in that bit.
func appendDiffer(ts []Term, v, mask, which Value) []Term {
	for !which.IsZero() {
		bit := U(1).Shl(which.TrailingZeros())
		which = which.AndNot(bit)
		above := mask.AndNot(bit.sub(U(1)))
		ts = append(ts, Term{v.Xor(bit).And(above), above})
	}
	return ts
}

// isPrefix tells whether all masks of ts are prefixes of width bits, so that
// any two terms are disjoint or one contains the other.
func isPrefix(ts []Term, width int) bool {
	all := Ones(width)
	for _, t := range ts {
		inv := all.AndNot(t.Mask)
		if !inv.And(inv.add(U(1))).IsZero() {
			return false
		}
	}
	return true
}

// byValue orders prefixes so that a term stands before those it contains.
func byValue(a, b Term) int {
	if c := a.Value.Cmp(b.Value); c != 0 {
		return c
	}
	return a.Mask.Cmp(b.Mask)
}

// byMask orders terms so that no term is contained in a later one.
func byMask(a, b Term) int {
	n := func(m Value) int { return popcount(m) }
	if c := cmp.Compare(n(a.Mask), n(b.Mask)); c != 0 {
		return c
	}
	if c := a.Mask.Cmp(b.Mask); c != 0 {
		return c
	}
	return a.Value.Cmp(b.Value)
}

// prune removes the terms that another one contains. Where only prefixes are
// left they are sorted by value, which intersectPrefixes and exclude rely on.
// It changes ts.
func prune(ts []Term, width int) []Term {
	if len(ts) < 2 {
		return ts
	}
	if isPrefix(ts, width) {
		if !slices.IsSortedFunc(ts, byValue) {
			slices.SortFunc(ts, byValue)
		}
		out := ts[:1]
		for _, t := range ts[1:] {
			if !out[len(out)-1].contains(t) {
				out = append(out, t)
			}
		}
		return out
	}
	slices.SortFunc(ts, byMask)
	if len(ts) <= 16 {
		ts = pruneFew(ts)
	} else {
		ts = pruneMany(ts)
	}
	if isPrefix(ts, width) {
		slices.SortFunc(ts, byValue)
	}
	return ts
}

func pruneFew(ts []Term) []Term {
	out := ts[:0]
next:
	for _, t := range ts {
		for _, u := range out {
			if u.contains(t) {
				continue next
			}
		}
		out = append(out, t)
	}
	return out
}

// pruneMany looks each term up under every smaller mask that is in use. Where
// these are very many, it stops looking: what it keeps then means the same, but
// may be longer than it need be. Prefixes, of which there are 129 masks, are
// always looked up.
func pruneMany(ts []Term) []Term {
	seen := make(map[Term]struct{}, len(ts))
	var masks []Value
	lookups := maxLookups + 129*len(ts)
	out := ts[:0]
next:
	for i, t := range ts {
		if lookups -= len(masks); lookups < 0 {
			return append(out, ts[i:]...)
		}
		for _, m := range masks {
			if !m.AndNot(t.Mask).IsZero() {
				continue
			}
			if _, ok := seen[Term{t.Value.And(m), m}]; ok {
				continue next
			}
		}
		if len(masks) == 0 || masks[len(masks)-1] != t.Mask {
			masks = append(masks, t.Mask)
		}
		seen[t] = struct{}{}
		out = append(out, t)
	}
	return out
}

// maxLookups bounds the time of pruneMany to some tenths of a second.
const maxLookups = 1 << 22

// intersect returns the terms of the values that are both in a and in b,
// both pruned. The result is pruned.
func intersect(a, b []Term, width int) ([]Term, *Error) {
	if len(a) == 1 && len(b) == 1 && a[0] == b[0] {
		return a, nil
	}
	if isPrefix(a, width) && isPrefix(b, width) {
		return intersectPrefixes(a, b), nil
	}
	var out []Term
	for _, t := range a {
		for _, u := range b {
			if !t.Value.Xor(u.Value).And(t.Mask).And(u.Mask).IsZero() {
				continue
			}
			out = append(out, Term{t.Value.Or(u.Value), t.Mask.Or(u.Mask)})
		}
		if len(out) > MaxTerms/4 {
			if out = prune(out, width); len(out) > MaxTerms/8 {
				return nil, tooLarge()
			}
		}
	}
	return prune(out, width), nil
}

// intersectPrefixes walks two sorted lists of disjoint prefixes.
func intersectPrefixes(a, b []Term) []Term {
	out := make([]Term, 0, max(len(a), len(b)))
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0].contains(b[0]):
			out = append(out, b[0])
			b = b[1:]
		case b[0].contains(a[0]):
			out = append(out, a[0])
			a = a[1:]
		case a[0].Value.Cmp(b[0].Value) < 0:
			a = a[1:]
		default:
			b = b[1:]
		}
	}
	return out
}
