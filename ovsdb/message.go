package ovsdb

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/weft-sdn/weft/schema"
)

// message is a JSON-RPC 1.0 message: RFC 7047 section 4. A request has an id,
// a notification has none; a reply has no method.
type message struct {
	method string
	params json.RawMessage // an array; nil in a reply
	id     json.RawMessage // nil if null or absent
}

func (m *message) isReply() bool { return m.params == nil }

var errMessage = errors.New("ovsdb: not a JSON-RPC message")

// parseMessage reads a message. What ovsdb-server takes for a protocol error
// is an error.
func parseMessage(raw json.RawMessage) (*message, error) {
	members, ok := schema.Members(bytes.Clone(raw)) // the next message takes its place
	if !ok {
		return nil, fmt.Errorf("%w: not an object", errMessage)
	}
	for name, v := range members {
		switch name {
		case "method", "params", "result", "error", "id":
		default:
			return nil, fmt.Errorf("%w: unexpected member %q", errMessage, name)
		}
		if bytes.Equal(v, []byte("null")) {
			delete(members, name)
		}
	}
	m := &message{id: bytes.Clone(members["id"])} // may be kept for long
	method, result, failure := members["method"], members["result"], members["error"]
	if method == nil {
		if m.id == nil || (result == nil) == (failure == nil) || members["params"] != nil {
			return nil, fmt.Errorf("%w: neither request nor reply", errMessage)
		}
		return m, nil
	}
	if result != nil || failure != nil {
		return nil, fmt.Errorf("%w: a request with a result", errMessage)
	}
	if method[0] != '"' || json.Unmarshal(method, &m.method) != nil {
		return nil, fmt.Errorf("%w: method is not a string", errMessage)
	}
	if m.params = members["params"]; m.params == nil || m.params[0] != '[' {
		return nil, fmt.Errorf("%w: params is not an array", errMessage)
	}
	return m, nil
}

// args splits the parameters.
func (m *message) args() []json.RawMessage { return splitArray(m.params) }

// appendReply appends the reply with a result, which is JSON.
func appendReply(b []byte, id json.RawMessage, result []byte) []byte {
	b = append(append(b, `{"id":`...), id...)
	b = append(append(b, `,"result":`...), result...)
	return append(b, `,"error":null}`...)
}

// appendFailure appends the reply with an error, which is JSON.
func appendFailure(b []byte, id json.RawMessage, failure []byte) []byte {
	b = append(append(b, `{"id":`...), id...)
	b = append(append(b, `,"error":`...), failure...)
	return append(b, '}')
}

// appendNotification appends a notification up to its parameters; the caller
// adds those and "]}".
func appendNotification(b []byte, method string) []byte {
	b = append(append(b, `{"id":null,"method":"`...), method...)
	return append(b, `","params":[`...)
}

// syntaxError is an error that quotes the JSON it is about.
func syntaxError(raw json.RawMessage, format string, args ...any) *schema.Error {
	return &schema.Error{Name: schema.ErrSyntax, Details: fmt.Sprintf(format, args...), Syntax: string(schema.CanonicalJSON(raw))}
}

// splitArray returns the elements of an array, nil if raw is something else.
func splitArray(raw json.RawMessage) []json.RawMessage {
	out, _ := schema.Elements(raw)
	return out
}

// stringOf returns a string, false if raw is something else.
func stringOf(raw json.RawMessage) (string, bool) {
	var s string
	if len(raw) == 0 || raw[0] != '"' || json.Unmarshal(raw, &s) != nil {
		return "", false
	}
	return s, true
}
