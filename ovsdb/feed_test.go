package ovsdb

import (
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
	"github.com/weft-sdn/weft/store"
)

func changeOf(t *schema.Table, old, new schema.Row) *store.Change {
	ch := &store.Change{Table: t, Old: old, New: new}
	if new != nil {
		ch.UUID = new.RowUUID()
	} else {
		ch.UUID = old.RowUUID()
	}
	return ch
}

// benchSource has no transactions and no commits but those handed out by hand.
type benchSource struct{ storeSource }

func (benchSource) schema() *schema.Database   { return nb.Schema() }
func (benchSource) virtual(*schema.Table) bool { return false }
func (benchSource) follow() (feed, int64)      { return &selfFeed{src: newSelfSource()}, 0 }
func (benchSource) now() view                  { return view{rows: noRows} }
func noRows(string) iter.Seq[schema.Row]       { return func(func(schema.Row) bool) {} }
func (benchSource) changes(c *store.Commit, t *schema.Table) []store.Change {
	return c.Changes
}

// feedWith makes a database with n monitors on the tables that requests ask
// for; what they send is thrown away.
func feedWith(tb testing.TB, n int, requests string) *served {
	d := newServed(benchSource{})
	d.open()
	for i := range n {
		s := &session{out: newOutbox(1<<40, &budget{max: 1 << 40}), srv: &Server{}}
		m := &monitor{kind: condMonitor, db: d, s: s, id: fmt.Appendf(nil, "%d", i)}
		var err error
		if m.tables, err = parseMonitor(nb.Schema(), []byte(requests), condMonitor); err != nil {
			tb.Fatal(err)
		}
		for _, w := range m.tables {
			w.m = m
		}
		d.begin(m, func(view) {})
	}
	return d
}

// switchWith is a switch with n ports, before and after one more comes.
func switchWith(tb testing.TB, n int) *store.Commit {
	t := nb.Schema().Table("Logical_Switch")
	ports := t.Column("ports")
	old := t.New(schema.NameUUID("switch"))
	keys := make([]schema.Atom, n)
	for i := range keys {
		keys[i] = schema.UUIDAtom(schema.NameUUID(fmt.Sprint(i)))
	}
	if err := ports.Set(old, schema.SetDatum(keys...)); err != nil {
		tb.Fatal(err)
	}
	new := t.Clone(old)
	if _, err := ports.InsertKeys(new, schema.SetDatum(schema.UUIDAtom(schema.NameUUID("new")))); err != nil {
		tb.Fatal(err)
	}
	return &store.Commit{Seq: 1, Changes: []store.Change{*changeOf(t, old, new)}}
}

// The text of a change is made once for monitors that show it alike, and
// monitors of other tables cost nothing.
func TestHandOutShares(t *testing.T) {
	commit := switchWith(t, 10)
	d := feedWith(t, 50, `{"Logical_Switch":[{"columns":["ports"]}]}`)
	if n := len(d.shared); n != 1 {
		t.Errorf("%d projections for equal monitors", n)
	}
	idle := feedWith(t, 50, `{"ACL":[{}]}`)
	if n := testing.AllocsPerRun(100, func() { idle.handOut(commit) }); n > 0 {
		t.Errorf("%.0f allocations for monitors of another table", n)
	}
	d.handOut(commit)
	var first []byte
	for i, w := range d.byTable[commit.Changes[0].Table] {
		out := w.m.s.out.take()
		if len(out) != 1 || strings.Count(string(out[0].body), schema.NameUUID("new").String()) != 1 || !json.Valid(slices.Concat(out[0].text, out[0].body)) {
			t.Fatalf("%d messages, the first: %s%s", len(out), out[0].text, out[0].body)
		}
		if first == nil {
			first = out[0].body
		}
		if &out[0].body[0] != &first[0] {
			t.Errorf("monitor %d has a text of its own", i)
		}
	}
}

// A monitor with a condition has its own updates, beside equal ones without.
func TestHandOutConditions(t *testing.T) {
	commit := switchWith(t, 10)
	d := feedWith(t, 3, `{"Logical_Switch":[{"columns":["ports"]}]}`)
	watches := d.byTable[commit.Changes[0].Table]
	none, err := parseCondition(watches[1].table, []byte(`[["name","==","another"]]`))
	if err != nil {
		t.Fatal(err)
	}
	watches[1].cond = none
	d.handOut(commit)
	for i, want := range []int{1, 0, 1} {
		if out := watches[i].m.s.out.take(); len(out) != want {
			t.Errorf("monitor %d got %d messages", i, len(out))
		}
	}
}

// What a condition costs does not grow with the number of values it lists.
func BenchmarkCondition(b *testing.B) {
	t := nb.Schema().Table("Logical_Switch_Port")
	for _, n := range []int{10, 10000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var where strings.Builder
			for i := range n {
				if i > 0 {
					where.WriteByte(',')
				}
				fmt.Fprintf(&where, `["name","==","p%d"]`, i)
			}
			c, err := parseCondition(t, []byte("["+where.String()+"]"))
			if err != nil {
				b.Fatal(err)
			}
			row := t.New(schema.NameUUID("x"))
			b.ReportAllocs()
			for b.Loop() {
				if c.match(row) {
					b.Fatal("matches")
				}
			}
		})
	}
}

// What a commit costs with many monitors, and with large rows.
func BenchmarkHandOut(b *testing.B) {
	for _, monitors := range []int{1, 100} {
		for _, ports := range []int{10, 10000} {
			b.Run(fmt.Sprintf("monitors=%d/ports=%d", monitors, ports), func(b *testing.B) {
				d := feedWith(b, monitors, `{"Logical_Switch":[{"columns":["name","ports"]}]}`)
				commit := switchWith(b, ports)
				b.ReportAllocs()
				for b.Loop() {
					d.handOut(commit)
					for _, w := range d.byTable[commit.Changes[0].Table] {
						w.m.s.out.take()
						w.proj.change = nil
					}
				}
			})
		}
	}
}
