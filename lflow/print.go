package lflow

import "strconv"

// String returns the expression as text that parses to an equal one, with
// constants in the notation they were given in and sets in braces.
func (e *Expr) String() string { return string(e.Append(nil)) }

// Append appends String to b.
func (e *Expr) Append(b []byte) []byte { return appendExpr(b, e, false, 0) }

// Canonical returns the expression as OVN prints it: every constant in
// hexadecimal, sets written out.
func (e *Expr) Canonical() string { return string(appendExpr(nil, e, true, 0)) }

func appendExpr(b []byte, e *Expr, canonical bool, outer Op) []byte {
	switch e.Op {
	case OpConst:
		return append(b, '0'+byte(e.Value.Lo))
	case OpCmp:
		return appendCmp(b, e, canonical)
	case OpResident:
		if e.Negated {
			b = append(b, '!')
		}
		b = append(b, "is_chassis_resident("...)
		return append(appendString(b, e.Str), ')')
	}
	if !canonical && isSet(e) {
		return appendSet(b, e)
	}
	if outer != 0 {
		b = append(b, '(')
	}
	sep := " && "
	if e.Op == OpOr {
		sep = " || "
	}
	for i, a := range e.Args {
		if i > 0 {
			b = append(b, sep...)
		}
		b = appendExpr(b, a, canonical, e.Op)
	}
	if outer != 0 {
		b = append(b, ')')
	}
	return b
}

// isSet tells whether e can be written field == {…} or field != {…}.
func isSet(e *Expr) bool {
	rel := EQ
	if e.Op == OpAnd {
		rel = NE
	}
	first := e.Args[0]
	for _, a := range e.Args {
		if a.Op != OpCmp || a.Rel != rel || a.Sym != first.Sym || a.Sym.Width == 1 ||
			a.Mask != Ones(a.Sym.Width) && !a.isPrefix() {
			return false
		}
	}
	return true
}

// isPrefix tells whether a comparison is written with a prefix length.
func (e *Expr) isPrefix() bool {
	if e.Notation != IPv4 && e.Notation != IPv6 {
		return false
	}
	lo, n, ok := e.Mask.contiguous()
	return ok && lo > 0 && lo+n == e.Sym.Width && e.Notation.width(e.Value) == e.Sym.Width
}

func appendSet(b []byte, e *Expr) []byte {
	b = append(b, e.Args[0].Sym.Name...)
	b = append(append(append(b, ' '), e.Args[0].Rel.String()...), " {"...)
	for i, a := range e.Args {
		if i > 0 {
			b = append(b, ", "...)
		}
		switch {
		case a.Sym.IsString():
			b = appendString(b, a.Str)
		case a.Mask != Ones(a.Sym.Width):
			b = appendMasked(b, a.Value, a.Mask, a.Notation)
		default:
			b = appendValue(b, a.Value, a.Notation)
		}
	}
	return append(b, '}')
}

func appendCmp(b []byte, e *Expr, canonical bool) []byte {
	if e.Sym.IsString() {
		b = append(b, e.Sym.Name...)
		b = append(append(append(b, ' '), e.Rel.String()...), ' ')
		return appendString(b, e.Str)
	}
	if e.isSeparate() {
		return append(append(append(b, e.Sym.Name...), " == $"...), e.Str...)
	}
	notation := e.Notation
	if canonical {
		notation = Hex
	}
	lo, n, ok := e.Mask.contiguous()
	if ok && n == 1 && e.Rel == EQ {
		if e.Value.IsZero() {
			b = append(b, '!')
		}
		return appendBits(b, e.Sym, lo, n)
	}
	masked := !ok || !canonical && e.isPrefix() || ok && n != e.Sym.Width && e.Sym.Level != Ordinal
	if masked {
		b = append(b, e.Sym.Name...)
	} else {
		b = appendBits(b, e.Sym, lo, n)
	}
	b = append(append(append(b, ' '), e.Rel.String()...), ' ')
	if masked {
		return appendMasked(b, e.Value, e.Mask, notation)
	}
	if n != e.Sym.Width && notation > Hex {
		notation = Hex
	}
	return appendValue(b, e.Value.Shr(lo), notation)
}

// appendBits appends the name of n bits of s from bit lo on.
func appendBits(b []byte, s *Symbol, lo, n int) []byte {
	b = append(b, s.Name...)
	if n == s.Width {
		return b
	}
	return appendRange(b, lo, n)
}

func appendRange(b []byte, lo, n int) []byte {
	b = strconv.AppendInt(append(b, '['), int64(lo), 10)
	if n > 1 {
		b = strconv.AppendInt(append(b, ".."...), int64(lo+n-1), 10)
	}
	return append(b, ']')
}

// appendString appends s as a JSON string.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < ' ' || c == 0x7f:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}
