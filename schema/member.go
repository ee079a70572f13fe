package schema

import (
	"fmt"
	"strings"
)

// In form 1 each element of a column with Members was a key of its own, whose
// last part is the element's key, percent-encoded so that it holds no slash and is
// readable, and whose value is empty for a set, JSON for a map.

// DecodeMember reads an element of form 1 and checks it against the column's
// type. It never panics.
func DecodeMember(c *Column, part string, data []byte) (key, value Atom, err error) {
	name, ok := unescapePart(part)
	if !ok {
		return Atom{}, Atom{}, fmt.Errorf("schema: %s.%s: bad member key %q", c.Table.Name, c.Name, part)
	}
	key, value, err = c.shape.parseMember(name, data)
	if err == nil {
		err = c.Type.Key.Check(key)
	}
	if err == nil && c.Type.IsMap() {
		err = c.Type.Value.Check(value)
	}
	if err != nil {
		return Atom{}, Atom{}, fmt.Errorf("schema: %s.%s member %q: %w", c.Table.Name, c.Name, part, err)
	}
	return key, value, nil
}

// SetMembers stores the elements of a column with Members, read in
// any order.
func SetMembers(c *Column, row Row, keys, values []Atom) error {
	d := SetDatum(keys...)
	if c.Type.IsMap() {
		d = MapDatum(keys, values)
	}
	return c.Set(row, d)
}

// plain are the bytes that stand for themselves in a part: what RFC 3986 calls
// unreserved, and a few that addresses and names are full of.
func plainByte(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	return strings.IndexByte("-._~:@$,=[]", c) >= 0
}

// escapePart writes s as part of a key. The empty string is "%", which no
// other string gives.
func escapePart(s string) string {
	if s == "" {
		return "%"
	}
	n := 0
	for i := 0; i < len(s); i++ {
		if !plainByte(s[i]) {
			n++
		}
	}
	if n == 0 {
		return s
	}
	const hex = "0123456789ABCDEF"
	b := make([]byte, 0, len(s)+2*n)
	for i := 0; i < len(s); i++ {
		if c := s[i]; plainByte(c) {
			b = append(b, c)
		} else {
			b = append(b, '%', hex[c>>4], hex[c&15])
		}
	}
	return string(b)
}

// unescapePart is the inverse of escapePart and refuses what that never gives.
func unescapePart(part string) (string, bool) {
	if part == "%" {
		return "", true
	}
	if part == "" {
		return "", false
	}
	if strings.IndexByte(part, '%') < 0 {
		return part, escapePart(part) == part
	}
	b := make([]byte, 0, len(part))
	for i := 0; i < len(part); i++ {
		if part[i] != '%' {
			b = append(b, part[i])
			continue
		}
		if i+2 >= len(part) {
			return "", false
		}
		hi, lo := hexDigit(part[i+1]), hexDigit(part[i+2])
		if hi > 15 || lo > 15 {
			return "", false
		}
		b = append(b, hi<<4|lo)
		i += 2
	}
	s := string(b)
	return s, escapePart(s) == part
}
