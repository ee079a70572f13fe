package schema

import "encoding/json"

// Members splits a JSON object into the text of its members; of those with one
// name the last counts, as with encoding/json. ok is false where text is no object.
// The members are parts of text, told apart by brackets and quotes and not looked
// into: who must know that they are JSON has asked json.Valid before.
//
// Hot path: one pass, at some 700 MB/s.
func Members(text []byte) (members map[string]json.RawMessage, ok bool) {
	s := splitter{text: text}
	if !s.open('{') {
		return nil, false
	}
	members = map[string]json.RawMessage{}
	if s.closes('}') {
		return members, s.end()
	}
	for {
		key, ok := s.value()
		if !ok || key[0] != '"' || !s.open(':') {
			return nil, false
		}
		var name string
		if plain := key[1 : len(key)-1]; isPlain(plain) {
			name = string(plain)
		} else if json.Unmarshal(key, &name) != nil {
			return nil, false
		}
		if members[name], ok = s.value(); !ok {
			return nil, false
		}
		if s.closes('}') {
			return members, s.end()
		}
		if !s.open(',') {
			return nil, false
		}
	}
}

// Elements splits a JSON array into the text of its elements, as Members does with
// an object.
func Elements(text []byte) (elements []json.RawMessage, ok bool) {
	s := splitter{text: text}
	if !s.open('[') {
		return nil, false
	}
	elements = []json.RawMessage{}
	if s.closes(']') {
		return elements, s.end()
	}
	for {
		v, ok := s.value()
		if !ok {
			return nil, false
		}
		elements = append(elements, v)
		if s.closes(']') {
			return elements, s.end()
		}
		if !s.open(',') {
			return nil, false
		}
	}
}

// splitter tells the values of JSON text apart.
type splitter struct {
	text []byte
	pos  int
}

func (s *splitter) space() {
	for s.pos < len(s.text) {
		switch s.text[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return
		}
	}
}

// open passes over c, with white space around it, and tells whether it was there.
func (s *splitter) open(c byte) bool {
	if !s.closes(c) {
		return false
	}
	s.space()
	return true
}

// closes is open without the white space behind.
func (s *splitter) closes(c byte) bool {
	s.space()
	if s.pos == len(s.text) || s.text[s.pos] != c {
		return false
	}
	s.pos++
	return true
}

func (s *splitter) end() bool {
	s.space()
	return s.pos == len(s.text)
}

// value passes over a value and returns its text, which is not empty; ok is false
// where there is none, or no end of it.
func (s *splitter) value() (v json.RawMessage, ok bool) {
	s.space()
	start, depth := s.pos, 0
	for s.pos < len(s.text) {
		switch s.text[s.pos] {
		case '"':
			if !s.quoted() {
				return nil, false
			}
		case '{', '[':
			s.pos++
			depth++
			continue
		case '}', ']':
			if depth == 0 {
				return nil, false
			}
			s.pos++
			depth--
		case ',', ':', ' ', '\t', '\n', '\r':
			if depth == 0 {
				return nil, false
			}
			s.pos++
			continue
		default:
			s.word()
		}
		if depth == 0 {
			return s.text[start:s.pos:s.pos], true
		}
	}
	return nil, false
}

// quoted passes over a string.
func (s *splitter) quoted() bool {
	for s.pos++; s.pos < len(s.text); s.pos++ {
		switch s.text[s.pos] {
		case '"':
			s.pos++
			return true
		case '\\':
			s.pos++
		}
	}
	return false
}

// word passes over a number, or a name.
func (s *splitter) word() {
	for ; s.pos < len(s.text); s.pos++ {
		switch s.text[s.pos] {
		case ',', ':', '}', ']', '{', '[', '"', ' ', '\t', '\n', '\r':
			return
		}
	}
}

// isPlain tells whether a string's text is its value.
func isPlain(text []byte) bool {
	for _, c := range text {
		if c == '\\' || c < ' ' || c >= 0x80 {
			return false
		}
	}
	return true
}
