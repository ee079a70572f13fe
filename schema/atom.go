package schema

import (
	"cmp"
	"encoding/binary"
	"math"
	"strconv"
	"strings"
)

// Kind is the type of an atom.
type Kind uint8

// The kinds of RFC 7047 section 3.2. KindVoid is what a set has for values.
const (
	KindVoid Kind = iota
	KindInteger
	KindReal
	KindBoolean
	KindString
	KindUUID
)

// String returns the kind's name in a schema.
func (k Kind) String() string {
	switch k {
	case KindInteger:
		return "integer"
	case KindReal:
		return "real"
	case KindBoolean:
		return "boolean"
	case KindString:
		return "string"
	case KindUUID:
		return "uuid"
	}
	return "void"
}

// Atom is one value of one of the five kinds. Atoms compare with ==; making
// one allocates nothing.
type Atom struct {
	kind Kind
	// hi and lo hold a UUID; lo alone an integer, the bits of a real, or 0/1.
	hi, lo uint64
	s      string
}

// IntAtom makes an integer.
func IntAtom(v int64) Atom { return Atom{kind: KindInteger, lo: uint64(v)} }

// RealAtom makes a real. Minus zero becomes zero, so that == means equal.
func RealAtom(v float64) Atom { return Atom{kind: KindReal, lo: math.Float64bits(v + 0)} }

// StringAtom makes a string.
func StringAtom(v string) Atom { return Atom{kind: KindString, s: v} }

// BoolAtom makes a boolean.
func BoolAtom(v bool) Atom {
	if v {
		return Atom{kind: KindBoolean, lo: 1}
	}
	return Atom{kind: KindBoolean}
}

// UUIDAtom makes a UUID.
func UUIDAtom(v UUID) Atom {
	return Atom{kind: KindUUID, hi: binary.BigEndian.Uint64(v[:8]), lo: binary.BigEndian.Uint64(v[8:])}
}

// Kind tells what a is; KindVoid for the zero Atom.
func (a Atom) Kind() Kind { return a.kind }

// Int returns an integer's value.
func (a Atom) Int() int64 { return int64(a.lo) }

// Real returns a real's value.
func (a Atom) Real() float64 { return math.Float64frombits(a.lo) }

// Bool returns a boolean's value.
func (a Atom) Bool() bool { return a.lo != 0 }

// Str returns a string's value.
func (a Atom) Str() string { return a.s }

// IsZero tells whether the value is 0, false, "" or the zero UUID.
func (a Atom) IsZero() bool { return a == Atom{kind: a.kind} }

// UUID returns a UUID's value.
func (a Atom) UUID() UUID {
	var u UUID
	binary.BigEndian.PutUint64(u[:8], a.hi)
	binary.BigEndian.PutUint64(u[8:], a.lo)
	return u
}

// Compare orders atoms of one kind as OVSDB does: numbers by value, false
// before true, strings and UUIDs by bytes. Different kinds order by kind.
func (a Atom) Compare(b Atom) int {
	if a.kind != b.kind {
		return cmp.Compare(a.kind, b.kind)
	}
	switch a.kind {
	case KindInteger:
		return cmp.Compare(int64(a.lo), int64(b.lo))
	case KindReal:
		return cmp.Compare(a.Real(), b.Real())
	case KindString:
		return strings.Compare(a.s, b.s)
	}
	if c := cmp.Compare(a.hi, b.hi); c != 0 {
		return c
	}
	return cmp.Compare(a.lo, b.lo)
}

// String returns the atom as OVSDB tools print it, strings without quotes.
func (a Atom) String() string {
	switch a.kind {
	case KindInteger:
		return strconv.FormatInt(a.Int(), 10)
	case KindReal:
		return string(appendReal(nil, a.Real()))
	case KindBoolean:
		return strconv.FormatBool(a.Bool())
	case KindString:
		return a.s
	case KindUUID:
		return a.UUID().String()
	}
	return ""
}

// zeroAtom is the default value of a kind.
func zeroAtom(k Kind) Atom { return Atom{kind: k} }
