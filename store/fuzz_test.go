package store

import (
	"encoding/json"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"
)

// Whatever a client sends, executing it neither panics nor changes the state
// that it started from, and gives at least one result per operation.
func FuzzExecute(f *testing.F) {
	data, err := os.ReadFile("testdata/statements.txt")
	if err != nil {
		f.Fatal(err)
	}
	l := newLayout(testSchema(), nil, "")
	start := newState(l)
	for line := range strings.SplitSeq(strings.TrimSpace(string(data)), "\n") {
		f.Add(line)
		if out := fuzzExecute(l, start, line); !out.failed && out.next != nil {
			start = out.next.state
		}
	}
	rows := 0
	for _, t := range start.tables {
		rows += t.rows.n
	}
	f.Fuzz(func(t *testing.T, ops string) {
		out := fuzzExecute(l, start, ops)
		n := 0
		for _, ts := range start.tables {
			n += ts.rows.n
		}
		if n != rows {
			t.Fatal("the old state changed")
		}
		for _, r := range out.results {
			if !json.Valid(r) {
				t.Fatalf("result is not JSON: %s", r)
			}
		}
	})
}

func fuzzExecute(l *layout, s *state, ops string) outcome {
	var list []json.RawMessage
	if json.Unmarshal([]byte("["+ops+"]"), &list) != nil {
		return outcome{failed: true}
	}
	e := &executor{txn: newTxn(l, s), cfg: &Config{}, client: &Client{}, elapsed: time.Second}
	out := e.execute(list)
	if out.blocked == nil && len(out.results) < len(list) {
		panic("fewer results than operations")
	}
	return out
}

// Whatever lies in etcd, reading it does not panic, and what is served keeps
// the rules.
func FuzzLoad(f *testing.F) {
	f.Add("Root/"+rootA, `{"name":"a"}`, "Root/"+rootA+"/kids/"+kidA, "", "Kid/"+kidA, `{}`)
	f.Add("Root/"+rootA+"/mi/x", `1`, "Root/"+rootA, `{"friend":"`+rootA+`"}`, "flows/x", `x`)
	f.Add("Root/x", ``, "Need/"+rootA, `{"n":["`+rootA+`"]}`, "One/"+kidA, `{"x":3}`)
	f.Fuzz(func(t *testing.T, k1, v1, k2, v2, k3, v3 string) {
		layout := newLayout(testSchema(), nil, "")
		res := loadResult{rows: map[rowKey]*loadedRow{}}
		for _, kv := range [][2]string{{k1, v1}, {k2, v2}, {k3, v3}} {
			res.take(layout, "/x/", keyValue("/x/"+kv[0], kv[1]))
		}
		s := newMachine(&Config{Prefix: "/x/", Log: slog.New(slog.DiscardHandler)}, layout, nil, time.Now, &res).committed.state
		x := newTxn(layout, s)
		for _, tab := range layout.tables {
			for id := range s.tables[tab.n].rows.all() {
				x.touch(tab, id)
			}
		}
		for _, r := range x.order {
			if r.t.collected() && r.strong == 0 {
				t.Fatalf("garbage is served: %s %s", r.t.Name, r.id)
			}
		}
	})
}
