package ovsdb

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/weft-sdn/weft/schema"
)

// object takes a JSON object apart and words what is wrong with it as
// ovsdb-server does. Only the first error counts.
type object struct {
	raw     json.RawMessage
	what    string // "table NB_Global"
	members map[string]json.RawMessage
	used    []string
	err     *schema.Error
}

func parseObject(raw json.RawMessage, what string) *object {
	o := &object{raw: raw, what: what}
	var ok bool
	if o.members, ok = schema.Members(raw); !ok {
		o.err = &schema.Error{Name: schema.ErrSyntax, Details: fmt.Sprintf("Parsing %s failed: Object expected.", what)}
	}
	return o
}

// member returns a member that may be there; it has to begin with one of the
// bytes in first.
func (o *object) member(name, first string) json.RawMessage {
	v, ok := o.members[name]
	if !ok {
		return nil
	}
	o.used = append(o.used, name)
	if !slices.Contains([]byte(first), v[0]) {
		o.raise("Type mismatch for member '%s'.", name)
		return nil
	}
	return v
}

// required is member for one that has to be there.
func (o *object) required(name, first string) json.RawMessage {
	if _, ok := o.members[name]; !ok {
		o.raise("Required '%s' member is missing.", name)
	}
	return o.member(name, first)
}

func (o *object) raise(format string, args ...any) {
	if o.err == nil {
		o.err = syntaxError(o.raw, "Parsing %s failed: %s", o.what, fmt.Sprintf(format, args...))
	}
}

// finish returns the first error; a member that nobody asked for is one.
func (o *object) finish() error {
	var extra []string
	for name := range o.members {
		if !slices.Contains(o.used, name) {
			extra = append(extra, name)
		}
	}
	if len(extra) > 0 {
		o.raise("Member '%s' is present but not allowed here.", slices.Min(extra))
	}
	if o.err != nil {
		return o.err
	}
	return nil
}
