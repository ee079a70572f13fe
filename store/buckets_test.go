package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"
	"pgregory.net/rapid"

	"github.com/weft-sdn/weft/schema"
)

// wave is a transaction over few rows with sets and maps that grow and shrink by
// some or by many.
func wave(t *rapid.T) string {
	var ops []string
	for range rapid.IntRange(1, 3).Draw(t, "ops") {
		name := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "row")
		where := `"where":[["name","==","` + name + `"]]`
		from, n := rapid.IntRange(0, 250).Draw(t, "from"), rapid.SampledFrom([]int{1, 1, 2, 30, 200}).Draw(t, "n")
		var kids, inserts, refs, pairs, keys []string
		for i := from; i < from+n; i++ {
			kids = append(kids, fmt.Sprintf(`["named-uuid","k%d"]`, i))
			inserts = append(inserts, fmt.Sprintf(`{"op":"insert","table":"Kid","uuid-name":"k%d","row":{"name":"%d"}}`, i, i))
			refs = append(refs, `["uuid","`+testUUID("Root", i%3)+`"]`)
			pairs = append(pairs, fmt.Sprintf(`["10.0.%d.%d",%d]`, i%3, i, rapid.IntRange(0, 2).Draw(t, "value")))
			keys = append(keys, fmt.Sprintf(`"10.0.%d.%d"`, i%3, i))
		}
		set := func(list []string) string { return `["set",[` + strings.Join(list, ",") + `]]` }
		mutate := func(column, mutator, value string) string {
			return `{"op":"mutate","table":"Root",` + where + `,"mutations":[["` + column + `","` + mutator + `",` + value + `]]}`
		}
		switch rapid.IntRange(0, 8).Draw(t, "op") {
		case 0, 1:
			i := strings.Index("abc", name)
			ops = append(ops, fmt.Sprintf(`{"op":"insert","table":"Root","uuid":"%s","row":{"name":"%s","i":%d}}`, testUUID("Root", i), name, i))
		case 2:
			ops = append(append(ops, inserts...), mutate("kids", "insert", set(kids)))
		case 3:
			ops = append(ops, `{"op":"update","table":"Root",`+where+`,"row":{"kids":["set",[]]}}`)
		case 4, 5:
			ops = append(ops, mutate("mi", "delete", set(keys)), mutate("mi", "insert", `["map",[`+strings.Join(pairs, ",")+`]]`))
		case 6:
			ops = append(ops, mutate("mi", "delete", set(keys)))
		case 7:
			ops = append(ops, mutate("weak", "insert", set(slices.Compact(refs[:min(3, len(refs))]))))
		default:
			ops = append(ops, `{"op":"delete","table":"Root",`+where+`}`)
		}
	}
	return strings.Join(ops, ",")
}

// scribble is what another process may write of members: something else than
// follows from them, or the same in another form.
func scribble(t *rapid.T, c *clientv3.Client, prefix string) []clientv3.Op {
	key := prefix + "Root/" + testUUID("Root", rapid.IntRange(0, 2).Draw(t, "row"))
	r, err := c.Get(context.Background(), key, clientv3.WithPrefix())
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Kvs) == 0 {
		return nil
	}
	switch rapid.IntRange(0, 3).Draw(t, "scribble") {
	case 0:
		return []clientv3.Op{clientv3.OpPut(key+"/mi/10.0.0.0", "7")}
	case 1:
		return []clientv3.Op{clientv3.OpPut(key+"/mi/10.0.+", `{"10.0.1.1":5,"10.0.9.9":9}`)}
	case 2:
		if last := r.Kvs[len(r.Kvs)-1]; strings.Contains(string(last.Key), "/mi/") {
			return []clientv3.Op{clientv3.OpDelete(string(last.Key))}
		}
	}
	return []clientv3.Op{clientv3.OpPut(key+"/mi/x+", `{"x1":5}`)}
}

// TestStateIsWhatLiesInEtcd: after any transactions, and whatever others wrote in
// between, a database that reads everything has the same rows, and nothing else
// lies there than follows from them but where others wrote. A transaction writes
// no more than some buckets for each element that it touches.
func TestStateIsWhatLiesInEtcd(t *testing.T) {
	c := testEtcd(t)
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		cfg := testConfig(c)
		cfg.Prefix, cfg.LogKey = fmt.Sprintf("/weft/b%d/", n), fmt.Sprintf("/weft/log/b%d", n)
		db, err := Open(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		clean := true
		for range rapid.IntRange(1, 12).Draw(rt, "steps") {
			if rapid.IntRange(0, 5).Draw(rt, "another") == 0 {
				if ops := scribble(rt, c, cfg.Prefix); ops != nil {
					if _, err := c.Txn(t.Context()).Then(ops...).Commit(); err != nil {
						t.Fatal(err)
					}
					clean = false
				}
			}
			before, err := c.Get(t.Context(), cfg.LogKey)
			if err != nil {
				t.Fatal(err)
			}
			ops := wave(rt)
			result := transact(db, ops)
			if strings.Contains(result, "error") || !clean {
				continue
			}
			if keys, size := written(t, c, cfg.Prefix, before.Header.Revision); size > 300*len(ops)+20_000 || keys > len(ops)/10+20 {
				rt.Fatalf("%d keys of %d bytes written for %s", keys, size, ops)
			}
		}
		// Its view of others' writes is not behind what it answers last.
		transact(db, `{"op":"insert","table":"One","row":{"x":1}}`)
		again, err := Open(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer again.Close()
		if clean {
			if got, want := allRows(again), allRows(db); got != want || len(again.Problems()) > 0 {
				rt.Fatalf("read again: %s\nproblems %v\nwant %s", got, again.Problems(), want)
			}
			if odd := again.Snapshot().state.odd.n; odd > 0 {
				rt.Fatalf("%d columns are not as they follow from the rows", odd)
			}
		}
		// Whatever there was: what is carried forward follows from the rows.
		want := allRows(again)
		if err := again.CarryForward(t.Context(), "test"); err != nil {
			rt.Fatal(err)
		}
		third, err := Open(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer third.Close()
		if got := allRows(third); got != want || third.Snapshot().state.odd.n > 0 {
			rt.Fatalf("carried forward: %s\nwant %s", got, want)
		}
	})
}

// written is how much lies below a prefix that was written after a revision.
func written(t *testing.T, c *clientv3.Client, prefix string, rev int64) (keys, size int) {
	t.Helper()
	r, err := c.Get(t.Context(), prefix, clientv3.WithPrefix(), clientv3.WithMinModRev(rev+1))
	if err != nil {
		t.Fatal(err)
	}
	for _, kv := range r.Kvs {
		keys, size = keys+1, size+len(kv.Key)+len(kv.Value)
	}
	return keys, size
}

// TestOtherFormsFromOutside: members that another process writes in another form
// are served, are there once, and are written in this form with the next change
// of their column.
func TestOtherFormsFromOutside(t *testing.T) {
	c := testEtcd(t)
	db := openDB(t, testConfig(c))
	sub := db.Subscribe(0)
	root := func() *Root { r, _ := db.Get("Root", mustUUID(rootA)).(*Root); return r }
	mi := "/weft/t/Root/" + rootA + "/mi/"
	put(t, c, "/weft/t/Root/"+rootA, `{"name":"a","i":3}`, mi+"old", "1", mi+"+", `{"a":2}`)
	until(t, sub, func() bool { return root() != nil && len(root().Mi) == 2 })
	// Both hold it: it goes with the second.
	put(t, c, mi+"+", `{"a":2,"old":4}`)
	until(t, sub, func() bool { return root().Mi["old"] == 4 })
	if _, err := c.Delete(t.Context(), mi+"old"); err != nil {
		t.Fatal(err)
	}
	put(t, c, mi+"+", `{"a":3,"old":4}`)
	until(t, sub, func() bool { return root().Mi["a"] == 3 })
	if len(root().Mi) != 2 {
		t.Errorf("%v", root().Mi)
	}
	put(t, c, mi+"b", "5", mi+"6+", `{"6":6}`)
	until(t, sub, func() bool { return len(root().Mi) == 4 })
	if r := transact(db, `{"op":"mutate","table":"Root","where":[],"mutations":[["mi","insert",["map",[["c",7]]]]]}`); strings.Contains(r, "error") {
		t.Fatal(r)
	}
	want := []string{"/weft/t/Root/" + rootA + "\t" + `{"name":"a","i":3}`, mi + "+\t" + `{"6":6,"a":3,"b":5,"c":7,"old":4}`}
	if got := dump(t, c); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	// What is no bucket is refused, and said.
	put(t, c, mi+"b+", `{"c":1}`)
	until(t, sub, func() bool {
		transact(db, `{"op":"insert","table":"Wmap","row":{}}`)
		return len(db.Problems()) == 1
	})
	if p := db.Problems()[0]; p.Column != "mi" || p.Key != mi+"b+" || !strings.Contains(p.Reason, "does not belong") {
		t.Errorf("%+v", p)
	}
}

// dying is etcd for a process that is killed after some transactions.
type dying struct {
	clientv3.KV
	left int
}

var errDead = errors.New("killed")

type dyingTxn struct {
	clientv3.Txn
	kv *dying
}

func (d *dying) Txn(ctx context.Context) clientv3.Txn  { return &dyingTxn{d.KV.Txn(ctx), d} }
func (t *dyingTxn) If(c ...clientv3.Cmp) clientv3.Txn  { t.Txn = t.Txn.If(c...); return t }
func (t *dyingTxn) Then(o ...clientv3.Op) clientv3.Txn { t.Txn = t.Txn.Then(o...); return t }
func (t *dyingTxn) Else(o ...clientv3.Op) clientv3.Txn { t.Txn = t.Txn.Else(o...); return t }
func (t *dyingTxn) Commit() (*clientv3.TxnResponse, error) {
	if t.kv.left--; t.kv.left < 0 {
		return nil, errDead
	}
	return t.Txn.Commit()
}

// TestCarriedForwardInPieces: who is killed in between leaves what means the same,
// which no older program touches, and the next goes on from there.
func TestCarriedForwardInPieces(t *testing.T) {
	fresh := openDB(t, testConfig(testEtcd(t)))
	transact(fresh, formRows())
	want := allRows(fresh)
	cut := 0
	for txns := 0; ; txns++ {
		c := testEtcd(t)
		putLines(t, c, readFixture(t, 1))
		cfg := testConfig(c)
		cfg.Limits = Limits{TxnOps: 12} // 34 operations at once, for some 250
		real := c.KV
		c.KV = &dying{real, txns}
		cfg.CommitTimeout = 50e6
		db := openDB(t, cfg)
		err := db.CarryForward(t.Context(), "test")
		db.Close()
		c.KV = real
		if got := dump(t, c); slices.Equal(got, readFixture(t, schema.CurrentForm)) {
			if err != nil || cut < 5 {
				t.Errorf("after %d pieces: %v", cut, err)
			}
			return
		}
		cut++
		if err == nil {
			t.Fatalf("killed after %d transactions: no error", txns)
		}
		if r, err := c.Get(t.Context(), "/weft/t/form"); txns > 0 {
			if err != nil || len(r.Kvs) != 1 {
				t.Fatal(r, err)
			}
			if f, err := schema.ParseForm("", r.Kvs[0].Value); err != nil || f.Form != schema.CurrentForm || f.From != 1 {
				t.Errorf("killed after %d transactions: %+v, %v", txns, f, err)
			}
		}
		db = openDB(t, cfg)
		if got := allRows(db); got != want || len(db.Problems()) > 0 {
			t.Fatalf("killed after %d transactions: %s\nproblems %v\nwant %s", txns, got, db.Problems(), want)
		}
		if err := db.CarryForward(t.Context(), "test"); err != nil {
			t.Fatal(err)
		}
		if got := dump(t, c); !slices.Equal(got, readFixture(t, schema.CurrentForm)) {
			t.Fatalf("killed after %d transactions, carried forward it is\n%s", txns, strings.Join(got, "\n"))
		}
	}
}
