package ovsdb

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// readBuffer is what each of thousands of idle connections holds, in bytes.
const readBuffer = 4 << 10

// maxDepth is how deep arrays and objects may nest, as in ovsdb-server.
const maxDepth = 1000

var (
	errTooLarge = errors.New("ovsdb: message too large")
	errTooDeep  = errors.New("ovsdb: message nests too deep")
	errFraming  = errors.New("ovsdb: not a JSON object")
)

// messageReader cuts a stream into JSON objects, which follow one another with
// nothing or white space between them (RFC 7047 section 4).
type messageReader struct {
	r   *bufio.Reader
	max int
}

func newMessageReader(r io.Reader, max int) *messageReader {
	return &messageReader{r: bufio.NewReaderSize(r, readBuffer), max: max}
}

// next returns the next object. It is valid JSON in valid UTF-8. The error is
// io.EOF only between two objects.
func (m *messageReader) next() (json.RawMessage, error) {
	if err := m.skipSpace(); err != nil {
		return nil, err
	}
	var s scanner
	var msg []byte
	for {
		if _, err := m.r.Peek(1); err != nil {
			return nil, errors.Join(io.ErrUnexpectedEOF, err)
		}
		chunk, _ := m.r.Peek(m.r.Buffered())
		n, done, err := s.scan(chunk)
		if err != nil {
			return nil, err
		}
		if len(msg)+n > m.max {
			return nil, errTooLarge
		}
		msg = append(msg, chunk[:n]...)
		if _, err := m.r.Discard(n); err != nil {
			return nil, err
		}
		if done {
			return msg, checkText(msg)
		}
	}
}

// skipSpace reads up to the beginning of an object.
func (m *messageReader) skipSpace() error {
	for {
		c, err := m.r.ReadByte()
		switch {
		case err != nil:
			return err
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
		case c == '{':
			return m.r.UnreadByte()
		default:
			return errFraming
		}
	}
}

// scanner finds the end of an object.
type scanner struct {
	depth  int
	quoted bool
	escape bool
}

// scan looks at the next bytes of an object; done tells that it ends after n
// of them.
func (s *scanner) scan(b []byte) (n int, done bool, err error) {
	for i, c := range b {
		switch {
		case s.escape:
			s.escape = false
		case s.quoted:
			switch c {
			case '\\':
				s.escape = true
			case '"':
				s.quoted = false
			}
		case c == '"':
			s.quoted = true
		case c == '{' || c == '[':
			if s.depth++; s.depth > maxDepth {
				return 0, false, errTooDeep
			}
		case c == '}' || c == ']':
			if s.depth--; s.depth == 0 {
				return i + 1, true, nil
			}
		}
	}
	return len(b), false, nil
}

// checkText refuses what is not JSON, and the strings that OVSDB cannot hold:
// NUL, halves of surrogate pairs, bytes that are not UTF-8.
func checkText(msg []byte) error {
	if !json.Valid(msg) {
		return fmt.Errorf("%w: syntax error", errFraming)
	}
	if !utf8.Valid(msg) {
		return fmt.Errorf("%w: not UTF-8", errFraming)
	}
	if bytes.Contains(msg, []byte(`\u`)) && !goodEscapes(msg) {
		return fmt.Errorf("%w: a string has a NUL or half a surrogate pair", errFraming)
	}
	return nil
}

// goodEscapes looks at each \u of valid JSON.
func goodEscapes(msg []byte) bool {
	for i := 0; i < len(msg); i++ {
		if msg[i] != '\\' {
			continue
		}
		if i++; msg[i] != 'u' {
			continue
		}
		c := hex4(msg[i+1:])
		i += 4
		switch {
		case c == 0, 0xdc00 <= c && c < 0xe000:
			return false
		case 0xd800 <= c && c < 0xdc00:
			// A string that is valid JSON has at least a quote after this.
			if rest := msg[i+1:]; len(rest) < 6 || rest[0] != '\\' || rest[1] != 'u' || hex4(rest[2:])&0xfc00 != 0xdc00 {
				return false
			}
			i += 6
		}
	}
	return true
}

// hex4 reads four hexadecimal digits, which are known to be there.
func hex4(b []byte) (v rune) {
	for _, c := range b[:4] {
		switch {
		case c <= '9':
			v = v<<4 | rune(c-'0')
		default:
			v = v<<4 | rune(c&^0x20-'A'+10)
		}
	}
	return v
}
