package lflow

import (
	"slices"
	"testing"
)

func TestAddressSets(t *testing.T) {
	for text, want := range map[string][]string{
		"ip4":                                 nil,
		"ip4.src == $as1":                     {"as1"},
		"ip4.src == {$a_ip4, 10.0.0.1, $b.c}": {"a_ip4", "b.c"},
		"ip6.dst==$pg_ip6&&tcp||eth.src==$m;": {"pg_ip6", "m"},
		"$":                                   nil,
		"$$x":                                 {"x"},
	} {
		var got []string
		AddressSets(text, func(name string) { got = append(got, name) })
		if !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
		// All that the lexer sees is there.
		l := lexer{src: text}
		for {
			var tok token
			if l.next(&tok); tok.kind == tokEnd || tok.kind == tokError {
				break
			}
			if tok.kind == tokMacro && !slices.Contains(got, tok.text) {
				t.Errorf("%q: no %q", text, tok.text)
			}
		}
	}
}
