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
	var compact bytes.Buffer
	if json.Compact(&compact, text) == nil {
		text = compact.Bytes()
	}
	return &Error{Name: ErrSyntax, Details: fmt.Sprintf(format, args...), Syntax: string(text)}
}

// errNoMembers says that a column is neither set nor map.
var errNoMembers = errors.New("schema: column is not a set or map")
