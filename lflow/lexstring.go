package lflow

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// string scans a quoted string, which is written as in JSON (RFC 8259,
// section 7).
func (l *lexer) string(t *token) {
	start, bad := l.pos+1, ""
	for i := start; i < len(l.src); i++ {
		switch c := l.src[i]; {
		case c == '"':
			t.kind, t.text = tokString, l.src[start:i]
			l.pos = i + 1
			if !utf8.ValidString(t.text) {
				bad = "string is not valid UTF-8"
			}
			if bad != "" {
				l.fail(t, bad)
			}
			return
		case c < ' ':
			bad = controlCharacter
		case c == '\\':
			l.escaped(t, start, i, bad)
			return
		}
	}
	l.pos = len(l.src)
	l.fail(t, "string without closing quote")
}

const controlCharacter = "control character in string; write it as \\u and four hex digits"

// escaped scans a string whose first escape is at i; bad says what is wrong
// with the text before it.
func (l *lexer) escaped(t *token, start, i int, bad string) {
	b := append([]byte(nil), l.src[start:i]...)
	for i < len(l.src) {
		c := l.src[i]
		i++
		switch c {
		case '"':
			l.pos = i
			switch {
			case bad != "":
				l.fail(t, bad)
			case !utf8.Valid(b):
				l.fail(t, "string is not valid UTF-8")
			default:
				t.kind, t.text = tokString, string(b)
			}
			return
		case '\\':
			var ok bool
			if b, i, ok = l.escape(b, i); !ok {
				bad = "invalid escape in string"
			}
		default:
			if c < ' ' {
				bad = controlCharacter
			}
			b = append(b, c)
		}
	}
	l.pos = len(l.src)
	l.fail(t, "string without closing quote")
}

// escape appends what the escape at i, behind the backslash, stands for.
func (l *lexer) escape(b []byte, i int) (_ []byte, next int, ok bool) {
	if i >= len(l.src) {
		return b, i, false
	}
	c := l.src[i]
	i++
	switch c {
	case '"', '\\', '/':
		return append(b, c), i, true
	case 'b':
		return append(b, '\b'), i, true
	case 'f':
		return append(b, '\f'), i, true
	case 'n':
		return append(b, '\n'), i, true
	case 'r':
		return append(b, '\r'), i, true
	case 't':
		return append(b, '\t'), i, true
	case 'u':
		r, ok := l.hex4(i)
		if !ok || r == 0 {
			return b, i, false
		}
		i += 4
		if utf16.IsSurrogate(r) {
			if i+1 >= len(l.src) || l.src[i] != '\\' || l.src[i+1] != 'u' {
				return b, i, false
			}
			low, ok := l.hex4(i + 2)
			if r = utf16.DecodeRune(r, low); !ok || r == utf8.RuneError {
				return b, i, false
			}
			i += 6
		}
		return utf8.AppendRune(b, r), i, true
	}
	return b, i, false
}

func (l *lexer) hex4(i int) (rune, bool) {
	if i+4 > len(l.src) {
		return 0, false
	}
	v, err := strconv.ParseUint(l.src[i:i+4], 16, 16)
	return rune(v), err == nil
}
