package store

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"
	"pgregory.net/rapid"

	"github.com/weft-sdn/weft/schema"
)

// content is a state by table and UUID.
func content(s *Snapshot) map[rowKey]schema.Row {
	all := map[rowKey]schema.Row{}
	for _, t := range s.layout.tables {
		for row := range s.Rows(t.Name) {
			all[rowKey{t, row.RowUUID()}] = row
		}
	}
	return all
}

// TestSinceLeadsBack: from every state that is remembered to every later one,
// what Since gives leads, and nothing else is in it.
func TestSinceLeadsBack(t *testing.T) {
	c := testEtcd(t)
	rapid.Check(t, func(rt *rapid.T) {
		if _, err := c.Delete(t.Context(), "\x00", clientv3.WithFromKey()); err != nil {
			rt.Fatal(err)
		}
		db := openDB(t, testConfig(c))
		defer db.Close()
		states := []*Snapshot{db.Snapshot()}
		name := rapid.IntRange(0, 4)
		for range rapid.IntRange(1, 12).Draw(rt, "commits") {
			var ops []string
			for range rapid.IntRange(1, 3).Draw(rt, "operations") {
				n, k := name.Draw(rt, "root"), name.Draw(rt, "kid")
				ops = append(ops, rapid.SampledFrom([]string{
					fmt.Sprintf(`{"op":"insert","table":"Root","row":{"name":"r%d-%d","i":%d}}`, n, rapid.Uint16().Draw(rt, "unique"), k),
					fmt.Sprintf(`{"op":"update","table":"Root","where":[["i","==",%d]],"row":{"i":%d}}`, k, n),
					fmt.Sprintf(`{"op":"delete","table":"Root","where":[["i","==",%d]]}`, k),
					fmt.Sprintf(`{"op":"insert","table":"Kid","uuid-name":"k%d","row":{"name":"k%d"}},{"op":"mutate","table":"Root","where":[["i","==",%d]],"mutations":[["kids","insert",["named-uuid","k%d"]]]}`, len(ops), k, n, len(ops)),
					fmt.Sprintf(`{"op":"update","table":"Root","where":[["i","==",%d]],"row":{"kids":["set",[]]}}`, n),
					fmt.Sprintf(`{"op":"mutate","table":"Root","where":[["i","==",%d]],"mutations":[["mi","delete",["set",["a%d"]]],["mi","insert",["map",[["a%d",%d]]]]]}`, n, k, k, rapid.IntRange(0, 9).Draw(rt, "value")),
				}).Draw(rt, "operation"))
			}
			transact(db, strings.Join(ops, ","))
			states = append(states, db.Snapshot())
		}
		for i, from := range states {
			for _, to := range states[i:] {
				commits, ok := db.Since(from.TxnID, to)
				if !ok || len(commits) > 1 {
					rt.Fatalf("%d commits, %v", len(commits), ok)
				}
				got := content(from)
				for _, commit := range commits {
					for _, ch := range commit.Changes {
						key := rowKey{db.layout.byName[ch.Table.Name], ch.UUID}
						if was := got[key]; (was == nil) != (ch.Old == nil) || was != nil && !ch.Table.Equal(was, ch.Old) {
							rt.Fatalf("%s %s was %+v, Since says %+v", ch.Table.Name, ch.UUID, was, ch.Old)
						}
						if ch.Old != nil && ch.New != nil && ch.Table.Equal(ch.Old, ch.New) {
							rt.Fatalf("%s %s does not differ", ch.Table.Name, ch.UUID)
						}
						if delete(got, key); ch.New != nil {
							got[key] = ch.New
						}
					}
				}
				if !maps.EqualFunc(got, content(to), func(a, b schema.Row) bool { return a == b || db.layout.db.TableOf(a).Equal(a, b) }) {
					rt.Fatalf("from state %d to %d: %v", from.Seq, to.Seq, commits)
				}
			}
		}
	})
}

// TestHistoryIsBounded: by bytes, and a large set does not count with each
// commit that changes it.
func TestHistoryIsBounded(t *testing.T) {
	const members = 10_000
	cfg := testConfig(testEtcd(t))
	cfg.HistoryBytes = 1 << 20
	db := openDB(t, cfg)
	var ops, ids []string
	for i := range members {
		ops = append(ops, fmt.Sprintf(`{"op":"insert","table":"Kid","uuid-name":"k%d","row":{"name":"k%d"}}`, i, i))
		ids = append(ids, fmt.Sprintf(`["named-uuid","k%d"]`, i))
	}
	transact(db, strings.Join(ops, ",")+`,{"op":"insert","table":"Root","row":{"name":"sw","kids":["set",[`+strings.Join(ids, ",")+`]]}}`)
	sized := func(c func(*past) int) (n int) {
		db.feed.mu.Lock()
		defer db.feed.mu.Unlock()
		for _, p := range db.feed.history {
			n += c(p)
		}
		return n
	}
	before := sized(func(p *past) int { return p.size })
	for i := range 100 {
		if r := transact(db, fmt.Sprintf(`{"op":"insert","table":"Kid","uuid-name":"k","row":{"name":"n%d"}},{"op":"mutate","table":"Root","where":[["name","==","sw"]],"mutations":[["kids","insert",["named-uuid","k"]]]}`, i)); strings.Contains(r, "error") {
			t.Fatal(r)
		}
	}
	if n := sized(func(p *past) int { return p.size }) - before; n > 100*2000 {
		t.Errorf("a commit that adds a member takes %d bytes", n/100)
	}
	held := sized(func(p *past) int {
		n := 0
		for _, r := range p.rows {
			if r.old != nil && r.t.Name == "Root" && r.updated {
				n += len(r.old.(*Root).Kids)
			}
		}
		return n
	})
	if held != 0 {
		t.Errorf("%d members of large sets are held", held)
	}
	oldest := db.Snapshot().TxnID
	for range 100 {
		transact(db, fmt.Sprintf(`{"op":"insert","table":"Root","row":{"name":%q}}`, strings.Repeat("x", 50)+schema.NewUUID().String()))
		transact(db, fmt.Sprintf(`{"op":"update","table":"Root","where":[["name","==","sw"]],"row":{"s":%q}}`, strings.Repeat("y", 40_000)+schema.NewUUID().String()))
	}
	if n := sized(func(p *past) int { return p.size }); n > 2<<20 {
		t.Errorf("the history has %d bytes", n)
	}
	if _, ok := db.Since(oldest, db.Snapshot()); ok {
		t.Error("more is remembered than there is room for")
	}
	if _, ok := db.Since(slices.Clone(db.feed.history)[0].txn, db.Snapshot()); !ok {
		t.Error("what is remembered is not found")
	}
}

// TestNameOfTheStateAfterARestart: it is that of the last commit if nobody has
// written since, and no name that a client knows if somebody has, were it only
// that a key was deleted.
func TestNameOfTheStateAfterARestart(t *testing.T) {
	c := testEtcd(t)
	cfg := testConfig(c)
	db := openDB(t, cfg)
	transact(db, `{"op":"insert","table":"Root","row":{"name":"a","mi":["map",[["x",1],["y",2]]]}}`)
	transact(db, `{"op":"insert","table":"Root","row":{"name":"b","i":1}}`)
	var a schema.Row
	for row := range db.Rows("Root") {
		if row.(*Root).Name == "a" {
			a = row
		}
	}
	restart := func(what string, known bool, outside func()) {
		t.Helper()
		id := db.Snapshot().TxnID
		db.Close()
		outside()
		db = openDB(t, cfg)
		commits, ok := db.Since(id, db.Snapshot())
		if ok != known || len(commits) > 0 {
			t.Errorf("%s: %d commits, %v", what, len(commits), ok)
		}
		transact(db, `{"op":"update","table":"Root","where":[["name","==","b"]],"row":{"i":`+fmt.Sprint(db.Snapshot().Rev)+`}}`)
	}
	key := func(row schema.Row, more string) string { return cfg.Prefix + "Root/" + row.RowUUID().String() + more }
	restart("nothing", true, func() {})
	restart("a row that came", false, func() {
		row := &Root{Name: "c", I: 900_000}
		row.UUID = schema.NewUUID()
		value := schema.EncodeRow(testSchema().Table("Root"), row, func(*schema.Column) bool { return true })
		if _, err := c.Put(t.Context(), key(row, ""), string(value)); err != nil {
			t.Fatal(err)
		}
	})
	restart("members that went", false, func() {
		if r, err := c.Delete(t.Context(), key(a, "/mi/"), clientv3.WithPrefix()); err != nil || r.Deleted != 1 {
			t.Fatal(r, err)
		}
	})
	restart("a row that went", false, func() {
		if r, err := c.Delete(t.Context(), key(a, "")); err != nil || r.Deleted != 1 {
			t.Fatal(r, err)
		}
	})
	restart("nothing again", true, func() {})
}
