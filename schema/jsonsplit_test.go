package schema_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/weft-sdn/weft/schema"
)

// splits are texts, JSON and not.
var splits = []string{
	`{}`, `[]`, ` { "a" : 1 , "b":[1,{"c":"}]\""}], "a":null} `, `[1, "x\\" ,true,[],{},-1.5e3]`, `{"\u0061\n":1,"é":2}`,
	`{"a":}`, `{"a"}`, `{:1}`, `{1:2}`, `[,]`, `[1,]`, `[1 2]`, `{"a":1}}`, `[[]`, `"x`, ``, `1`, `{"a":"`, `{"a":"\`, `[1]x`, `{"a":1,}`,
}

// TestSplit: what is JSON is split as by encoding/json.
func TestSplit(t *testing.T) {
	for _, text := range splits {
		checkSplit(t, []byte(text))
	}
}

func FuzzSplit(f *testing.F) {
	for _, text := range splits {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) { checkSplit(t, text) })
}

func checkSplit(t *testing.T, text []byte) {
	t.Helper()
	var members map[string]json.RawMessage
	var elements []json.RawMessage
	trimmed := bytes.TrimLeft(text, " \t\r\n")
	isObject := json.Unmarshal(text, &members) == nil && trimmed[0] == '{'
	isArray := json.Unmarshal(text, &elements) == nil && trimmed[0] == '['
	got, ok := schema.Members(text)
	if isObject && !ok || ok && json.Valid(text) && !isObject {
		t.Errorf("%q: an object: %v", text, ok)
	}
	for name, v := range members {
		if isObject && !bytes.Equal(got[name], v) {
			t.Errorf("%q: member %q is %q, want %q", text, name, got[name], v)
		}
	}
	if isObject && len(got) != len(members) {
		t.Errorf("%q: %d members, want %d", text, len(got), len(members))
	}
	list, ok := schema.Elements(text)
	if isArray && !ok || ok && json.Valid(text) && !isArray {
		t.Errorf("%q: an array: %v", text, ok)
	}
	if !isArray {
		return
	}
	for i := range elements {
		if len(list) != len(elements) || !bytes.Equal(list[i], elements[i]) {
			t.Fatalf("%q: elements %q, want %q", text, list, elements)
		}
	}
}
