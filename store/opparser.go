package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/weft-sdn/weft/schema"
)

// jsonKind is a set of types that a member may have.
type jsonKind uint8

const (
	isObject jsonKind = 1 << iota
	isArray
	isString
	isID // a string of RFC 7047 section 3.1 <id>
	isInteger
	isBool
	optional
)

// opParser takes one operation of a transaction apart and words what is wrong
// with it as ovsdb-server does. Only the first error counts.
type opParser struct {
	raw     json.RawMessage
	i, n    int // operation i of n, from 1
	members map[string]json.RawMessage
	used    []string
	err     *schema.Error
}

func parseOp(raw json.RawMessage, i, n int) *opParser {
	p := &opParser{raw: raw, i: i, n: n}
	var ok bool
	if p.members, ok = schema.Members(raw); !ok {
		p.err = Errorf(ErrSyntax, "Parsing ovsdb operation %d of %d failed: Object expected.", i, n)
	}
	return p
}

func (p *opParser) raise(format string, args ...any) {
	if p.err == nil {
		p.err = syntaxError(ErrSyntax, p.raw, "Parsing ovsdb operation %d of %d failed: %s", p.i, p.n, fmt.Sprintf(format, args...))
	}
}

// member returns a member's value, nil if it is not there or of another type.
func (p *opParser) member(name string, kinds jsonKind) json.RawMessage {
	if p.members == nil {
		return nil
	}
	v, ok := p.members[name]
	if !ok {
		if kinds&optional == 0 {
			p.raise("Required '%s' member is missing.", name)
		}
		return nil
	}
	p.used = append(p.used, name)
	if kindOf(v)&kinds&^optional == 0 {
		p.raise("Type mismatch for member '%s'.", name)
		return nil
	}
	return v
}

// text returns a string member's value.
func (p *opParser) text(name string, kinds jsonKind) (string, bool) {
	raw := p.member(name, kinds)
	if raw == nil {
		return "", false
	}
	return jsonString(raw), true
}

// finish returns the first error; a member that nobody asked for is one.
func (p *opParser) finish() *schema.Error {
	if p.err == nil {
		var extra []string
		for name := range p.members {
			if !slices.Contains(p.used, name) {
				extra = append(extra, name)
			}
		}
		if len(extra) > 0 {
			p.raise("Member '%s' is present but not allowed here.", slices.Min(extra))
		}
	}
	return p.err
}

// kindOf tells what raw, which is valid JSON, is.
func kindOf(raw json.RawMessage) jsonKind {
	raw = bytes.TrimLeft(raw, " \t\r\n")
	if len(raw) == 0 {
		return 0
	}
	switch c := raw[0]; {
	case c == '{':
		return isObject
	case c == '[':
		return isArray
	case c == 't' || c == 'f':
		return isBool
	case c == '"':
		if schema.IsID(jsonString(raw)) {
			return isString | isID
		}
		return isString
	case c == 'n':
		return 0
	}
	if _, ok := jsonInteger(raw); ok {
		return isInteger
	}
	return 0
}

func jsonString(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// jsonInteger reads a number that is an integer, also when written as 1.0.
func jsonInteger(raw json.RawMessage) (int64, bool) {
	raw = bytes.TrimSpace(raw)
	if v, err := strconv.ParseInt(string(raw), 10, 64); err == nil {
		return v, true
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) >= 1<<63 {
		return 0, false
	}
	return int64(f), true
}
