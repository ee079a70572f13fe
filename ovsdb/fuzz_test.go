package ovsdb

import (
	"bytes"
	"encoding/json"
	"io"
	"testing"
	"testing/iotest"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
)

// FuzzFraming: what is read does not depend on how it comes in pieces, every
// message is one that can be taken apart, and what is sent on is sound.
func FuzzFraming(f *testing.F) {
	for _, s := range []string{
		`{"method":"echo","params":[],"id":1}{"id":null,"method":"cancel","params":[1]}`,
		` {"a":"\u00e9\ud83d\ude00\\\"}"} [`, `{"a":[[{}]]}x`, `{"id":"echo","result":[],"error":null}`, `{"a":"\ud800"}`, "{\"\xff\":1}",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		whole := newMessageReader(bytes.NewReader(data), 1<<16)
		bytewise := newMessageReader(iotest.OneByteReader(bytes.NewReader(data)), 1<<16)
		for {
			a, errA := whole.next()
			b, errB := bytewise.next()
			if (errA == nil) != (errB == nil) || !bytes.Equal(a, b) {
				t.Fatalf("at once %q, %v; in pieces %q, %v", a, errA, b, errB)
			}
			if errA != nil {
				if errA == io.EOF && errB != io.EOF {
					t.Fatalf("%v and %v", errA, errB)
				}
				return
			}
			if !json.Valid(a) {
				t.Fatalf("not JSON: %q", a)
			}
			m, err := parseMessage(a)
			if err != nil || m.isReply() || m.id == nil {
				continue
			}
			m.args()
			for _, reply := range [][]byte{appendReply(nil, m.id, m.params), appendFailure(nil, m.id, schema.EncodeJSON(m.method))} {
				if !json.Valid(reply) {
					t.Fatalf("reply is not JSON: %q", reply)
				}
			}
		}
	})
}

// FuzzMonitor: monitor requests are accepted or refused with an error that can
// be sent; what is accepted can be matched and shown.
func FuzzMonitor(f *testing.F) {
	for _, s := range []string{
		`{"Logical_Switch":{"columns":["name"],"select":{"initial":false}}}`,
		`{"Logical_Switch":[{"where":[["name","==","x"],["ports","includes",["set",[]]],true]}],"ACL":[{"where":[["priority","<",3]]}]}`,
		`{"Address_Set":[{"columns":[]}],"NB_Global":[{"where":[["options","excludes",["map",[["a","b"]]]]]}]}`,
	} {
		f.Add([]byte(s))
	}
	db := nb.Schema()
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) == 0 || checkText(data) != nil {
			return
		}
		data = schema.CanonicalJSON(data)
		for _, kind := range []monitorKind{plainMonitor, condMonitor} {
			watches, err := parseMonitor(db, data, kind)
			if err != nil {
				continue
			}
			m := &monitor{kind: kind, tables: watches, id: []byte("1")}
			var first textSink
			u := &tableUpdates{w: &first}
			for i, p := range m.parts() {
				w := watches[i]
				w.m = m
				row := w.table.New(schema.NameUUID(w.table.Name))
				ch := changeOf(w.table, nil, row)
				w.collect(ch)
				if err := u.add(&p, ch, initial); err != nil {
					t.Fatal(err)
				}
			}
			if err := u.end(true, nil); err != nil || !json.Valid(first) {
				t.Fatalf("first content is not JSON: %s (%v)", first, err)
			}
			if text := append(m.appendHead(nil, schema.UUID{}), m.body()...); !json.Valid(text) {
				t.Fatalf("updates are not JSON: %s", text)
			}
		}
	})
}

// FuzzSelf: any operation on _Server has a result that is JSON.
func FuzzSelf(f *testing.F) {
	for _, s := range []string{
		`{"op":"select","table":"Database","where":[["name","==","_Server"]],"columns":["name"]}`,
		`{"op":"wait","table":"Database","where":[],"columns":["name"],"until":"!=","rows":[{"name":"x"}],"timeout":0}`,
		`{"op":"assert","lock":"l"}`, `{"op":"comment","comment":"c"}`, `{"op":"abort"}`,
	} {
		f.Add([]byte(s))
	}
	src := newSelfSource()
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) == 0 || checkText(data) != nil {
			return
		}
		x := selfTxn{src: src}
		results, blocked := x.run([]json.RawMessage{schema.CanonicalJSON(data)})
		for _, r := range results {
			if !json.Valid(r) {
				t.Fatalf("result is not JSON: %s", r)
			}
		}
		if blocked == nil && len(results) == 0 {
			t.Fatal("no result")
		}
	})
}
