package schema

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

// Check tells whether a is allowed by the type. The error is an *Error in
// ovsdb-server's words.
func (b *BaseType) Check(a Atom) error {
	if a.kind != b.Kind {
		return &Error{Name: ErrSyntax, Details: "expected " + b.Kind.String()}
	}
	if b.Enum != nil {
		return b.checkEnum(a)
	}
	switch b.Kind {
	case KindInteger:
		return b.checkInteger(a.Int())
	case KindReal:
		return b.checkReal(a.Real())
	case KindString:
		return b.checkString(a.s)
	}
	return nil
}

func (b *BaseType) checkEnum(a Atom) error {
	for _, e := range b.Enum {
		if e == a {
			return nil
		}
	}
	names := make([]string, len(b.Enum))
	for i, e := range b.Enum {
		names[i] = atomText(e)
	}
	return violation("%s is not one of the allowed values ([%s])", atomText(a), strings.Join(names, ", "))
}

func (b *BaseType) checkInteger(v int64) error {
	if v >= b.MinInteger && v <= b.MaxInteger {
		return nil
	}
	switch {
	case b.MinInteger != math.MinInt64 && b.MaxInteger != math.MaxInt64:
		return violation("%d is not in the valid range %d to %d (inclusive)", v, b.MinInteger, b.MaxInteger)
	case b.MinInteger != math.MinInt64:
		return violation("%d is less than minimum allowed value %d", v, b.MinInteger)
	}
	return violation("%d is greater than maximum allowed value %d", v, b.MaxInteger)
}

func (b *BaseType) checkReal(v float64) error {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return violation("%v is not a number", v)
	}
	if v >= b.MinReal && v <= b.MaxReal {
		return nil
	}
	text := func(f float64) string { return string(appendReal(nil, f)) }
	switch {
	case b.MinReal != -math.MaxFloat64 && b.MaxReal != math.MaxFloat64:
		return violation("%s is not in the valid range %s to %s (inclusive)", text(v), text(b.MinReal), text(b.MaxReal))
	case b.MinReal != -math.MaxFloat64:
		return violation("%s is less than minimum allowed value %s", text(v), text(b.MinReal))
	}
	return violation("%s is greater than maximum allowed value %s", text(v), text(b.MaxReal))
}

func (b *BaseType) checkString(s string) error {
	if !utf8.ValidString(s) {
		return violation("%q is not a valid UTF-8 string", s)
	}
	if strings.IndexByte(s, 0) >= 0 {
		return violation("%q contains a null byte", s)
	}
	if b.MinLength == 0 && b.MaxLength == Unlimited {
		return nil
	}
	n := utf8.RuneCountInString(s)
	if n < b.MinLength {
		return violation("\"%s\" length %d is less than minimum allowed length %d", s, n, b.MinLength)
	}
	if n > b.MaxLength {
		return violation("\"%s\" length %d is greater than maximum allowed length %d", s, n, b.MaxLength)
	}
	return nil
}

// Check tells whether d is allowed by the type: kinds, constraints, canonical
// order, number of elements.
func (t *Type) Check(d Datum) error {
	if err := t.checkElements(d); err != nil {
		return err
	}
	for i := 1; i < len(d.Keys); i++ {
		switch c := d.Keys[i-1].Compare(d.Keys[i]); {
		case c == 0:
			return t.duplicate()
		case c > 0:
			return violation("%s is not in order", t.shape())
		}
	}
	return t.checkCount(d.Len())
}

func (t *Type) checkElements(d Datum) error {
	if len(d.Keys) == 0 && len(d.Values) == 0 {
		return nil
	}
	if t.IsMap() && len(d.Values) != len(d.Keys) || !t.IsMap() && d.Values != nil {
		return &Error{Name: ErrSyntax, Details: "expected " + t.shape()}
	}
	for _, k := range d.Keys {
		if err := t.Key.Check(k); err != nil {
			return err
		}
	}
	for _, v := range d.Values {
		if err := t.Value.Check(v); err != nil {
			return err
		}
	}
	return nil
}

// checkCount is about a value that is given as a whole.
func (t *Type) checkCount(n int) error {
	if t.Allows(n) {
		return nil
	}
	return violation("%s", t.CountText(n))
}

// Allows tells whether a value may have n elements.
func (t *Type) Allows(n int) bool { return n >= t.Min && n <= t.Max }

// CountText words, as ovsdb-server does, that a value with n elements is not
// allowed. For ovsdb-server "unlimited" is the largest unsigned number of 32
// bits.
func (t *Type) CountText(n int) string {
	limits := "exactly one member"
	if t.Min != 1 || t.Max != 1 {
		limits = fmt.Sprintf("%d to %d members", t.Min, min(t.Max, math.MaxUint32))
	}
	return fmt.Sprintf("%s must have %s but %d are present", t.shape(), limits, n)
}

// checkMutated is about a value that a mutation leaves with n elements.
func (t *Type) checkMutated(n int) error {
	if t.Allows(n) {
		return nil
	}
	return violation("Attempted to store %d elements in %s.", n, t)
}

func (t *Type) duplicate() error {
	if t.IsMap() {
		return &Error{Name: ErrOVSDB, Details: "map contains duplicate key"}
	}
	return &Error{Name: ErrOVSDB, Details: "set contains duplicate"}
}

func (t *Type) shape() string {
	if t.IsMap() {
		return "map"
	}
	return "set"
}

// String words the type as ovsdb-server does in its messages: "set of up to 3
// integers", "map of (string, string) pairs", "string".
func (t *Type) String() string {
	if t.IsScalar() {
		return t.Key.Kind.String()
	}
	limits := ""
	switch {
	case t.Max == Unlimited && t.Min > 0:
		limits = fmt.Sprintf("%d or more ", t.Min)
	case t.Max == Unlimited:
	case t.Min > 0:
		limits = fmt.Sprintf("%d to %d ", t.Min, t.Max)
	default:
		limits = fmt.Sprintf("up to %d ", t.Max)
	}
	if t.IsMap() {
		return fmt.Sprintf("map of %s(%s, %s) pairs", limits, t.Key.Kind, t.Value.Kind)
	}
	return fmt.Sprintf("set of %s%ss", limits, t.Key.Kind)
}

// atomText is an atom in OVSDB's command line notation: a string is bare where
// it reads as a word, quoted otherwise.
func atomText(a Atom) string {
	if a.kind == KindString && !isWord(a.s) {
		return string(appendString(nil, a.s))
	}
	return a.String()
}

func isWord(s string) bool {
	if s == "" || s == "true" || s == "false" {
		return false
	}
	if _, err := ParseUUID(s); err == nil {
		return false
	}
	for i, r := range s {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || r == '_'
		if !letter && (i == 0 || r != '-' && r != '.' && (r < '0' || r > '9')) {
			return false
		}
	}
	return true
}
