package store

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/store/etcd"
)

const (
	rootA = "00000000-0000-4000-8000-00000000000a"
	kidA  = "00000000-0000-4000-8001-00000000000a"
)

func mustUUID(s string) schema.UUID {
	u, err := schema.ParseUUID(s)
	if err != nil {
		panic(err)
	}
	return u
}

// until takes commits from a feed until the condition holds.
func until(t *testing.T, s *Subscription, cond func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for !cond() {
		if _, err := s.Next(ctx); err != nil {
			t.Fatal(err)
		}
	}
}

func put(t *testing.T, c *clientv3.Client, kvs ...string) {
	t.Helper()
	var ops []clientv3.Op
	for i := 0; i < len(kvs); i += 2 {
		ops = append(ops, clientv3.OpPut(kvs[i], kvs[i+1]))
	}
	if _, err := c.Txn(t.Context()).Then(ops...).Commit(); err != nil {
		t.Fatal(err)
	}
}

func TestAdoptsOutsideWrites(t *testing.T) {
	c := testEtcd(t)
	db := openDB(t, testConfig(c))
	sub := db.Subscribe(0)
	root := func() *Root { r, _ := db.Get("Root", mustUUID(rootA)).(*Root); return r }
	put(t, c, "/weft/t/Root/"+rootA, `{"name":"a","i":3}`, "/weft/t/Root/"+rootA+"/kids/+", uuidBucket(kidA), "/weft/t/Root/"+rootA+"/mi/+", `{"k":7}`, "/weft/t/Kid/"+kidA, `{"name":"k"}`)
	until(t, sub, func() bool { return root() != nil })
	if r := root(); r.Name != "a" || r.I != 3 || len(r.Kids) != 1 || r.Mi["k"] != 7 {
		t.Fatalf("%+v", r)
	}
	put(t, c, "/weft/t/Root/"+rootA+"/mi/+", `{"k":8,"l":9}`)
	until(t, sub, func() bool { return root().Mi["l"] == 9 })
	if root().Mi["k"] != 8 || root().Name != "a" {
		t.Fatalf("%+v", root())
	}

	// A dropped reference leaves garbage, which goes, in etcd too.
	if _, err := c.Delete(t.Context(), "/weft/t/Root/"+rootA+"/kids/+"); err != nil {
		t.Fatal(err)
	}
	until(t, sub, func() bool { return db.Get("Kid", mustUUID(kidA)) == nil })
	transact(db, `{"op":"insert","table":"Root","row":{"name":"barrier","s":"barrier"}}`)
	if r, err := c.Get(t.Context(), "/weft/t/Kid/"+kidA); err != nil || len(r.Kvs) != 0 {
		t.Fatalf("the kid lies still in etcd: %v %v", r, err)
	}

	// What breaks a rule is reported and left out; the rest goes on.
	put(t, c, "/weft/t/Root/00000000-0000-4000-8000-00000000000b", `{"name":"a","s":"b"}`)
	put(t, c, "/weft/t/Root/00000000-0000-4000-8000-00000000000c", `{"name":`)
	put(t, c, "/weft/t/Kid/"+kidA, `{"name":"k"}`)
	put(t, c, "/weft/t/Nonsense/x", ``)
	put(t, c, "/weft/t/Root/00000000-0000-4000-8000-00000000000d", `{"name":"d","s":"d"}`)
	until(t, sub, func() bool {
		return db.Get("Root", mustUUID("00000000-0000-4000-8000-00000000000d")) != nil && len(db.Problems()) == 4
	})
	if r := transact(db, `{"op":"select","table":"Root","where":[["name","==","a"]],"columns":["_uuid"]}`); r != `[{"rows":[{"_uuid":["uuid","`+rootA+`"]}]}]` {
		t.Error(r)
	}
	// Mended, it is served.
	put(t, c, "/weft/t/Root/00000000-0000-4000-8000-00000000000c", `{"name":"c","s":"c"}`, "/weft/t/Root/"+rootA+"/kids/+", uuidBucket(kidA))
	until(t, sub, func() bool {
		return db.Get("Root", mustUUID("00000000-0000-4000-8000-00000000000c")) != nil && db.Get("Kid", mustUUID(kidA)) != nil
	})
	if p := db.Problems(); len(p) != 2 {
		t.Errorf("%v", p)
	}
}

// Two databases on one prefix: the one that did not write last notices, reads,
// and executes its transaction on what is there now.
func TestOvertaken(t *testing.T) {
	c := testEtcd(t)
	a, b := openDB(t, testConfig(c)), openDB(t, testConfig(c))
	for i := range 10 {
		if r := transact([]*DB{a, b}[i%2], fmt.Sprintf(`{"op":"insert","table":"Root","row":{"name":"%d","i":%d}}`, i, i)); strings.Contains(r, "error") {
			t.Fatal(r)
		}
		if r := transact([]*DB{b, a}[i%2], fmt.Sprintf(`{"op":"insert","table":"Root","row":{"name":"%d","i":%d,"s":"x"}}`, i, i)); !strings.Contains(r, "identical values") {
			t.Fatalf("both inserted %d: %s", i, r)
		}
	}
	sub := a.Subscribe(0)
	until(t, sub, func() bool { return a.Snapshot().Len("Root") == 10 })
	if n := b.Snapshot().Len("Root"); n != 10 {
		t.Errorf("b has %d rows", n)
	}
}

func TestGuard(t *testing.T) {
	c := testEtcd(t)
	cfg := testConfig(c)
	leading := make(chan clientv3.Cmp, 1)
	var guard clientv3.Cmp
	cfg.Guard = func() clientv3.Cmp {
		select {
		case guard = <-leading:
		default:
		}
		return guard
	}
	db := openDB(t, cfg)
	insert := func(name string) string {
		return transact(db, `{"op":"insert","table":"Root","row":{"name":"`+name+`","s":"`+name+`"}}`)
	}
	if r := insert("a"); !strings.Contains(r, `"not leader"`) {
		t.Error(r)
	}
	put(t, c, "/weft/leader", "me")
	r, err := c.Get(t.Context(), "/weft/leader")
	if err != nil {
		t.Fatal(err)
	}
	leading <- clientv3.Compare(clientv3.CreateRevision("/weft/leader"), "=", r.Kvs[0].CreateRevision)
	if r := insert("b"); strings.Contains(r, "error") {
		t.Error(r)
	}
	if _, err := c.Delete(t.Context(), "/weft/leader"); err != nil {
		t.Fatal(err)
	}
	put(t, c, "/weft/leader", "other")
	if r := insert("c"); !strings.Contains(r, `"not leader"`) {
		t.Error(r)
	}
	if n := db.Snapshot().Len("Root"); n != 1 {
		t.Errorf("%d rows", n)
	}
	if r := transact(db, `{"op":"select","table":"Root","where":[],"columns":["name"]}`); r != `[{"rows":[{"name":"b"}]}]` {
		t.Error(r)
	}
}

// With etcd away, writes fail in bounded time, reads go on, and it resumes.
func TestOutage(t *testing.T) {
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o := etcd.Options{Dir: t.TempDir(), NoSync: true, Listen: []string{"http://" + lis.Addr().String()}}
	lis.Close()
	s, err := etcd.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	c, err := etcd.Dial(o.Listen, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	cfg := testConfig(c)
	cfg.CommitTimeout = 900 * time.Millisecond
	db := openDB(t, cfg)
	defer db.Close()
	insert := func(name string) string {
		return transact(db, `{"op":"insert","table":"Root","row":{"name":"`+name+`","s":"`+name+`"}}`)
	}
	insert("a")
	s.Close()
	for _, name := range []string{"b", "c"} {
		start := time.Now()
		if r := insert(name); !strings.Contains(r, ErrIO) || !strings.Contains(r, "etcd does not answer") {
			t.Errorf("%s: %s", name, r)
		}
		if d := time.Since(start); d > 3*time.Second {
			t.Errorf("%s: refused after %s", name, d)
		}
		if r := transact(db, `{"op":"select","table":"Root","where":[],"columns":["name"]}`); r != `[{"rows":[{"name":"a"}]}]` {
			t.Errorf("read: %s", r)
		}
	}
	if s, err = etcd.Start(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ok := ""
	for i := range 20 {
		name := fmt.Sprintf("back%d", i)
		if r := insert(name); !strings.Contains(r, "error") {
			ok = name
			break
		}
	}
	if ok == "" {
		t.Fatal("does not resume")
	}
	// Memory and etcd agree, whatever became of b.
	again := openDB(t, cfg)
	defer again.Close()
	names := func(db *DB) []string {
		var out []string
		for row := range db.Rows("Root") {
			out = append(out, row.(*Root).Name)
		}
		slices.Sort(out)
		return out
	}
	if a, b := names(db), names(again); !slices.Equal(a, b) || !slices.Contains(a, "a") || !slices.Contains(a, ok) || slices.Contains(a, "c") {
		t.Errorf("memory %v, etcd %v", a, b)
	}
}

// lossy loses the answers of transactions, after or instead of doing them.
type lossy struct {
	clientv3.KV
	lose func() (before, after bool)
}

type lossyTxn struct {
	clientv3.Txn
	kv *lossy
}

func (l *lossy) Txn(ctx context.Context) clientv3.Txn { return &lossyTxn{l.KV.Txn(ctx), l} }

func (t *lossyTxn) If(c ...clientv3.Cmp) clientv3.Txn  { t.Txn = t.Txn.If(c...); return t }
func (t *lossyTxn) Then(o ...clientv3.Op) clientv3.Txn { t.Txn = t.Txn.Then(o...); return t }
func (t *lossyTxn) Else(o ...clientv3.Op) clientv3.Txn { t.Txn = t.Txn.Else(o...); return t }
func (t *lossyTxn) Commit() (*clientv3.TxnResponse, error) {
	before, after := t.kv.lose()
	if before {
		return nil, context.DeadlineExceeded
	}
	r, err := t.Txn.Commit()
	if after {
		return nil, context.DeadlineExceeded
	}
	return r, err
}

// An answer that got lost is found out before anything else happens.
func TestLostAnswers(t *testing.T) {
	c := testEtcd(t)
	real := c.KV
	n := 0
	c.KV = &lossy{real, func() (bool, bool) { n++; return n%5 == 0, n%3 == 0 }}
	cfg := testConfig(c)
	db := openDB(t, cfg)
	defer db.Close()
	want := map[string]bool{}
	for i := range 60 {
		name := fmt.Sprintf("n%d", i)
		r := transact(db, fmt.Sprintf(`{"op":"insert","table":"Root","row":{"name":"%s","i":%d}}`, name, i))
		switch {
		case !strings.Contains(r, "error"):
			want[name] = true
		case !strings.Contains(r, "was not committed"):
			t.Errorf("%s: %s", name, r)
		}
	}
	c.KV = real
	again := openDB(t, cfg)
	defer again.Close()
	for _, db := range []*DB{db, again} {
		have := map[string]bool{}
		for row := range db.Rows("Root") {
			have[row.(*Root).Name] = true
		}
		if len(have) != len(want) {
			t.Errorf("%d rows, %d acknowledged", len(have), len(want))
		}
	}
	if len(want) < 20 || len(want) == 60 {
		t.Errorf("%d of 60 acknowledged: nothing was tested", len(want))
	}
}
