package lflow

import "strings"

// AddressSets calls f with the name of each `$set` in a match or actions, as
// often as it is there. It does not parse: one in a string or a comment counts
// as well.
func AddressSets(text string, f func(name string)) {
	for {
		i := strings.IndexByte(text, '$')
		if i < 0 {
			return
		}
		l := lexer{src: text, pos: i + 1}
		if name := l.ident(); name != "" {
			f(name)
		}
		text = text[l.pos:]
	}
}
