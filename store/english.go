package store

import (
	"fmt"

	"github.com/weft-sdn/weft/schema"
)

// english words a type as ovsdb-server does in its messages: "set of up to 3
// integers", "map of (string, string) pairs".
func english(t *schema.Type) string {
	if t.IsScalar() {
		return t.Key.Kind.String()
	}
	s := "set of"
	if t.IsMap() {
		s = "map of"
	}
	switch {
	case t.Max == schema.Unlimited && t.Min > 0:
		s += fmt.Sprintf(" %d or more", t.Min)
	case t.Max == schema.Unlimited:
	case t.Min > 0:
		s += fmt.Sprintf(" %d to %d", t.Min, t.Max)
	default:
		s += fmt.Sprintf(" up to %d", t.Max)
	}
	if t.IsMap() {
		return s + fmt.Sprintf(" (%s, %s) pairs", t.Key.Kind, t.Value.Kind)
	}
	return s + " " + t.Key.Kind.String() + "s"
}
