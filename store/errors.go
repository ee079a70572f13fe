package store

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/weft-sdn/weft/schema"
)

// The standard names of errors (RFC 7047 sections 3.1, 4.1.3 and 5.2, and
// those that ovsdb-server adds).
const (
	ErrConstraint    = "constraint violation"
	ErrReferential   = "referential integrity violation"
	ErrTimedOut      = "timed out"
	ErrAborted       = "aborted"
	ErrNotOwner      = "not owner"
	ErrSyntax        = "syntax error"
	ErrUnknownColumn = "unknown column"
	ErrUnknownFunc   = "unknown function"
	ErrUnknownMut    = "unknown mutator"
	ErrDomain        = "domain error"
	ErrRange         = "range error"
	ErrDuplicateName = "duplicate uuid-name"
	ErrDuplicateUUID = "duplicate uuid"
	ErrPermission    = "permission error"
	ErrResources     = "resources exhausted"
	ErrIO            = "I/O error"
	ErrCluster       = "cluster error" // details "not leader": try another server
	ErrInternal      = "internal error"
)

// ErrResync says that a subscription fell too far behind: its owner has to
// start again from a snapshot.
var ErrResync = errors.New("store: subscription fell behind, resync from a snapshot")

// ErrClosed says that the database was closed.
var ErrClosed = errors.New("store: database closed")

// Errorf makes an error as OVSDB answers it.
func Errorf(name, format string, args ...any) *schema.Error {
	return &schema.Error{Name: name, Details: fmt.Sprintf(format, args...)}
}

// syntaxError makes an error that quotes the JSON it is about.
func syntaxError(name string, raw json.RawMessage, format string, args ...any) *schema.Error {
	e := Errorf(name, format, args...)
	e.Syntax = string(schema.CanonicalJSON(raw))
	return e
}

// ErrorJSON is err as an element of a transaction's results.
func ErrorJSON(err error) json.RawMessage {
	var e *schema.Error
	if !errors.As(err, &e) {
		e = Errorf(ErrInternal, "%v", err)
	}
	return schema.EncodeJSON(struct {
		Details string `json:"details,omitempty"`
		Error   string `json:"error"`
		Syntax  string `json:"syntax,omitempty"`
	}{e.Details, e.Name, e.Syntax})
}
