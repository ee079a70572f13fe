package schema

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"
)

// reader walks over JSON text that is not trusted: RFC 8259, strict, strings
// valid UTF-8 without NUL (which OVSDB strings cannot hold), nesting bounded.
type reader struct {
	data  []byte
	pos   int
	depth int
}

// maxDepth is far more than rows, data and schemas nest.
const maxDepth = 100

func (r *reader) errorf(format string, args ...any) error {
	return fmt.Errorf("schema: JSON at byte %d: %s", r.pos, fmt.Sprintf(format, args...))
}

// peek skips white space and returns the next byte, 0 at the end.
func (r *reader) peek() byte {
	for r.pos < len(r.data) {
		switch c := r.data[r.pos]; c {
		case ' ', '\t', '\n', '\r':
			r.pos++
		default:
			return c
		}
	}
	return 0
}

// end tells whether nothing but white space is left.
func (r *reader) end() error {
	if r.peek(); r.pos < len(r.data) {
		return r.errorf("text after the value")
	}
	return nil
}

func (r *reader) expect(c byte) error {
	if r.peek() != c || r.pos >= len(r.data) {
		return r.errorf("expected %q", c)
	}
	r.pos++
	return nil
}

func (r *reader) word(w string) bool {
	r.peek()
	if len(r.data)-r.pos < len(w) || string(r.data[r.pos:r.pos+len(w)]) != w {
		return false
	}
	r.pos += len(w)
	return true
}

func (r *reader) boolean() (bool, error) {
	switch {
	case r.word("true"):
		return true, nil
	case r.word("false"):
		return false, nil
	}
	return false, r.errorf("expected true or false")
}

// number returns a number's text.
func (r *reader) number() ([]byte, error) {
	r.peek()
	start := r.pos
	if r.pos < len(r.data) && r.data[r.pos] == '-' {
		r.pos++
	}
	if r.pos < len(r.data) && r.data[r.pos] == '0' {
		r.pos++
	} else if !r.digits() {
		return nil, r.errorf("expected a number")
	}
	if r.pos < len(r.data) && r.data[r.pos] == '.' {
		r.pos++
		if !r.digits() {
			return nil, r.errorf("expected a digit")
		}
	}
	if r.pos < len(r.data) && r.data[r.pos]|0x20 == 'e' {
		r.pos++
		if r.pos < len(r.data) && (r.data[r.pos] == '+' || r.data[r.pos] == '-') {
			r.pos++
		}
		if !r.digits() {
			return nil, r.errorf("expected a digit")
		}
	}
	return r.data[start:r.pos], nil
}

func (r *reader) digits() bool {
	start := r.pos
	for r.pos < len(r.data) && '0' <= r.data[r.pos] && r.data[r.pos] <= '9' {
		r.pos++
	}
	return r.pos > start
}

// str returns a string's value.
func (r *reader) str() (string, error) {
	quoted, plain, err := r.quoted()
	if err != nil {
		return "", err
	}
	if plain {
		return string(quoted[1 : len(quoted)-1]), nil
	}
	// The few strings that hold a backslash.
	var s string
	if err := json.Unmarshal(quoted, &s); err != nil {
		return "", r.errorf("bad escape in a string")
	}
	if strings.IndexByte(s, 0) >= 0 {
		return "", r.errorf("null bytes not supported in quoted strings")
	}
	return s, nil
}

// quoted passes over a string and returns its text, and whether that is plain:
// without escapes.
func (r *reader) quoted() (text []byte, plain bool, err error) {
	if err := r.expect('"'); err != nil {
		return nil, false, err
	}
	start := r.pos
	plain = true
	for ; r.pos < len(r.data); r.pos++ {
		switch c := r.data[r.pos]; {
		case c == '"':
			r.pos++
			text = r.data[start-1 : r.pos]
			if !utf8.Valid(text) {
				return nil, false, r.errorf("string is not valid UTF-8")
			}
			return text, plain, nil
		case c == '\\':
			plain = false
			r.pos++
		case c < 0x20:
			return nil, false, r.errorf("control character in a string")
		}
	}
	r.pos = len(r.data)
	return nil, false, r.errorf("string does not end")
}

// array calls element before each element, which it must read.
func (r *reader) array(element func() error) error {
	return r.list('[', ']', element)
}

// object calls member with each name; it must read the value.
func (r *reader) object(member func(name string) error) error {
	return r.list('{', '}', func() error {
		name, err := r.str()
		if err != nil {
			return err
		}
		if err := r.expect(':'); err != nil {
			return err
		}
		return member(name)
	})
}

func (r *reader) list(open, close byte, item func() error) error {
	if err := r.expect(open); err != nil {
		return err
	}
	if r.depth++; r.depth > maxDepth {
		return r.errorf("nested too deep")
	}
	defer func() { r.depth-- }()
	if r.peek() == close {
		r.pos++
		return nil
	}
	for {
		if err := item(); err != nil {
			return err
		}
		switch r.peek() {
		case ',':
			r.pos++
		case close:
			r.pos++
			return nil
		default:
			return r.errorf("expected ',' or %q", close)
		}
	}
}

// skip passes over one value of any kind.
func (r *reader) skip() error {
	c, start := r.peek(), r.pos
	switch {
	case c == '{':
		return r.object(func(string) error { return r.skip() })
	case c == '[':
		return r.array(r.skip)
	case c == '"':
		_, plain, err := r.quoted()
		if err == nil && !plain { // check the escapes
			r.pos = start
			_, err = r.str()
		}
		return err
	case r.word("true"), r.word("false"), r.word("null"):
		return nil
	}
	_, err := r.number()
	return err
}

// value passes over one value and returns its text.
func (r *reader) value() ([]byte, error) {
	r.peek()
	start := r.pos
	err := r.skip()
	return r.data[start:r.pos], err
}
