package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// Error is an error as OVSDB answers it (RFC 7047 section 5.2): its standard
// name, details for people, and for a value that could not be read its text.
type Error struct {
	Name    string // "constraint violation", "syntax error", …
	Details string
	Syntax  string // the JSON that was refused, "" where there is none
}

// The names of errors that reading and checking a value can give.
const (
	ErrConstraint = "constraint violation"
	ErrSyntax     = "syntax error"
	ErrOVSDB      = "ovsdb error" // a set or map with duplicates
)

// Error returns the text as ovsdb-server logs it.
func (e *Error) Error() string {
	s := e.Name
	if e.Details != "" {
		s += ": " + e.Details
	}
	if e.Syntax != "" {
		s = fmt.Sprintf("syntax %q: %s", e.Syntax, s)
	}
	return s
}

func violation(format string, args ...any) *Error {
	return &Error{Name: ErrConstraint, Details: fmt.Sprintf(format, args...)}
}

func syntaxError(text []byte, format string, args ...any) *Error {
	return &Error{Name: ErrSyntax, Details: fmt.Sprintf(format, args...), Syntax: string(CanonicalJSON(text))}
}

// CanonicalJSON is text as ovsdb-server prints JSON: no spaces, members of
// objects sorted. What is not JSON stays as it is.
func CanonicalJSON(text []byte) []byte {
	if !json.Valid(text) {
		return text
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return text
	}
	return EncodeJSON(v)
}

// EncodeJSON encodes what cannot fail to encode, without escaping for HTML.
func EncodeJSON(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(fmt.Sprintf("schema: encode %T: %v", v, err))
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// ErrForm says that a database is stored in a form that this program does not
// know.
var ErrForm = errors.New("schema: unknown form of what is stored")

// errNoMembers says that a column is neither set nor map.
var errNoMembers = errors.New("schema: column is not a set or map")

// errNotCanonical says that a key of form 1 is another spelling of an element's.
var errNotCanonical = errors.New("not in its canonical form")
