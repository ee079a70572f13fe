package store

import (
	"strings"

	"github.com/weft-sdn/weft/schema"
)

// datumText is a value as ovsdb-server's messages show it.
func datumText(c *column, d schema.Datum) string {
	if c.Type.IsScalar() && d.Len() == 1 {
		return atomText(d.Keys[0])
	}
	var b strings.Builder
	open, shut := "[", "]"
	if c.Type.IsMap() {
		open, shut = "{", "}"
	}
	b.WriteString(open)
	for i, k := range d.Keys {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(atomText(k))
		if d.Values != nil {
			b.WriteString("=" + atomText(d.Values[i]))
		}
	}
	return b.String() + shut
}

// atomText quotes strings that would not read as one word.
func atomText(a schema.Atom) string {
	if a.Kind() != schema.KindString {
		return a.String()
	}
	s := a.Str()
	if s == "" || strings.ContainsFunc(s, func(r rune) bool {
		return !(r == '_' || r == '-' || r == '.' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z')
	}) || '0' <= s[0] && s[0] <= '9' || s == "true" || s == "false" {
		return string(schema.EncodeJSON(s))
	}
	return s
}
