package store

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// A blob of the tests is lines; each is presented as a Logical_Flow. A row that is
// not to be kept is spoilt once it has been looked at.
func expandLines(b Blob, keep bool, yield func(schema.Row) bool) error {
	if bytes.HasPrefix(b.Data, []byte("damaged")) {
		return errors.New("damaged")
	}
	for line := range strings.SplitSeq(string(b.Data), "\n") {
		owner, _, _ := strings.Cut(strings.TrimPrefix(b.Path, "flows/"), "/") // a line is the same in any of its blobs
		row := &sb.LogicalFlow{Header: schema.Header{UUID: schema.NameUUID(owner, line)}, Match: line, Pipeline: "ingress"}
		more := yield(row)
		if !keep {
			*row = sb.LogicalFlow{Match: "kept too long"}
		}
		if !more {
			break
		}
	}
	return nil
}

func sbConfig(c *clientv3.Client) Config {
	cfg := testConfig(c)
	cfg.Schema, cfg.Prefix = sb.Schema(), "/weft/sb/"
	cfg.Virtual = map[string]Virtual{"Logical_Flow": {Path: "flows/", Expand: expandLines}}
	return cfg
}

func row(db *DB, r schema.Row) Change {
	return Change{Table: db.Schema().TableOf(r), UUID: r.RowUUID(), New: r}
}

func id(name string) schema.Header { return schema.Header{UUID: schema.NameUUID(name)} }

func mustWrite(t *testing.T, db *DB, w Write) int64 {
	t.Helper()
	rev, err := db.Write(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	return rev
}

func TestWriteAndPresent(t *testing.T) {
	c := testEtcd(t)
	cfg := sbConfig(c)
	db := openDB(t, cfg)
	dp := &sb.DatapathBinding{Header: id("dp"), TunnelKey: 1}
	pb := &sb.PortBinding{Header: id("pb"), LogicalPort: "vm1", Datapath: dp.UUID, TunnelKey: 1}
	ch := &sb.Chassis{Header: id("ch"), Name: "hv1", Encaps: []schema.UUID{schema.NameUUID("enc")}}
	enc := &sb.Encap{Header: id("enc"), Type: "geneve", IP: "10.0.0.1", ChassisName: "hv1"}
	claimed := *pb
	claimed.Chassis, claimed.LogicalPort = &ch.UUID, "not the chassis' to say"

	// A claim may be seen before the port that it claims.
	if err := db.Present(t.Context(), 5, []Change{row(db, ch), row(db, enc), row(db, &claimed)}); err != nil {
		t.Fatal(err)
	}
	sub := db.Subscribe(0)
	rev := mustWrite(t, db, Write{Rows: []Change{row(db, dp), row(db, pb)}, Client: "northd", Comment: "compiled"})
	got := db.Get("Port_Binding", pb.UUID).(*sb.PortBinding)
	if got.Chassis == nil || *got.Chassis != ch.UUID || got.LogicalPort != "vm1" {
		t.Fatalf("%+v", got)
	}
	commits, err := sub.Take()
	if err != nil || len(commits) != 1 || commits[0].Rev != rev || commits[0].Client != "northd" || commits[0].Comment != "compiled" || len(commits[0].Changes) != 2 {
		t.Fatalf("%+v, %v", commits, err)
	}
	r, err := c.Get(t.Context(), "/weft/sb/", clientv3.WithPrefix())
	if err != nil || len(r.Kvs) != 2 || bytes.Contains(r.Kvs[1].Value, []byte("chassis\"")) {
		t.Fatalf("in etcd: %v", r.Kvs)
	}
	// Written again without the chassis, the chassis stays.
	next := *pb
	next.TunnelKey = 2
	mustWrite(t, db, Write{Rows: []Change{row(db, &next)}})
	if got := db.Get("Port_Binding", pb.UUID).(*sb.PortBinding); got.Chassis == nil || got.TunnelKey != 2 {
		t.Fatalf("%+v", got)
	}
	if rev := mustWrite(t, db, Write{Rows: []Change{row(db, &next)}}); rev != 0 {
		t.Error("an unchanged row was written")
	}
	// Only the columns that the writer changed, on the row as it is.
	older := next
	older.MAC = []string{"x"}
	mustWrite(t, db, Write{Rows: []Change{{Table: db.Schema().TableOf(pb), UUID: pb.UUID, Old: pb, New: &older}, {Table: db.Schema().TableOf(pb), UUID: schema.NameUUID("gone"), Old: pb, New: &sb.PortBinding{Header: id("gone")}}}})
	// Clients cannot write what chassis own.
	for _, op := range []string{
		`{"op":"delete","table":"Chassis","where":[]}`,
		`{"op":"update","table":"Port_Binding","where":[],"row":{"chassis":["set",[]]}}`,
		`{"op":"insert","table":"Logical_Flow","row":{}}`,
	} {
		if r := transact(db, op); !strings.Contains(r, "error") {
			t.Errorf("%s: %s", op, r)
		}
	}
	// The chassis goes; references to it go too.
	if err := db.Present(t.Context(), 6, []Change{{Table: db.Schema().TableOf(ch), UUID: ch.UUID}}); err != nil {
		t.Fatal(err)
	}
	if got := db.Get("Port_Binding", pb.UUID).(*sb.PortBinding); got.Chassis != nil || db.Snapshot().Len("Encap") != 0 {
		t.Fatalf("%+v, %d encaps", got, db.Snapshot().Len("Encap"))
	}
	mustWrite(t, db, Write{Rows: []Change{{Table: db.Schema().TableOf(pb), UUID: pb.UUID}, {Table: db.Schema().TableOf(dp), UUID: dp.UUID}}})
	if r, err := c.Get(t.Context(), "/weft/sb/", clientv3.WithPrefix()); err != nil || len(r.Kvs) != 0 {
		t.Fatalf("left in etcd: %v", r.Kvs)
	}
}

func TestPresentLeavesOutBadRows(t *testing.T) {
	db := openDB(t, sbConfig(testEtcd(t)))
	one := &sb.Chassis{Header: id("1"), Name: "same", Encaps: []schema.UUID{schema.NameUUID("e1")}}
	two := &sb.Chassis{Header: id("2"), Name: "same", Encaps: []schema.UUID{schema.NameUUID("e2")}}
	e1 := &sb.Encap{Header: id("e1"), Type: "geneve", IP: "1"}
	e2 := &sb.Encap{Header: id("e2"), Type: "geneve", IP: "2"}
	if err := db.Present(t.Context(), 5, []Change{row(db, e1), row(db, e2), row(db, one), row(db, two)}); err != nil {
		t.Fatal(err)
	}
	if n := db.Snapshot().Len("Chassis"); n != 1 || len(db.Problems()) == 0 {
		t.Errorf("%d chassis, problems %v", n, db.Problems())
	}
	// It is looked at again when it is presented again, and what kept it out is gone.
	if err := db.Present(t.Context(), 6, []Change{{Table: db.Schema().TableOf(one), UUID: one.UUID}, row(db, e2), row(db, two)}); err != nil {
		t.Fatal(err)
	}
	if db.Get("Chassis", two.UUID) == nil || len(db.LeftOut()) != 0 {
		t.Errorf("left out: %v", db.LeftOut())
	}
}

// TestPresentFindsOffenders: of many rows those that break a rule are left out,
// with what depends on them, and no others; and finding them costs little more
// than presenting all.
func TestPresentFindsOffenders(t *testing.T) {
	const chassis, ports = 300, 3000
	present := func(doubles int) (*DB, time.Duration) {
		db := openDB(t, sbConfig(testEtcd(t)))
		dp := &sb.DatapathBinding{Header: id("dp"), TunnelKey: 1}
		w, show := Write{Rows: []Change{row(db, dp)}}, []Change(nil)
		for n := range chassis {
			e := &sb.Encap{Header: id(fmt.Sprint("e", n)), Type: "geneve", IP: fmt.Sprint(n), ChassisName: fmt.Sprint(n)}
			if n < doubles {
				e.IP = fmt.Sprint(n + doubles) // of one that comes later in the list
			}
			// Before the Encap that it needs.
			show = append(show, row(db, &sb.Chassis{Header: id(fmt.Sprint("c", n)), Name: fmt.Sprint(n), Encaps: []schema.UUID{e.UUID}}), row(db, e))
		}
		for n := range ports {
			p := &sb.PortBinding{Header: id(fmt.Sprint("p", n)), LogicalPort: fmt.Sprint(n), Datapath: dp.UUID, TunnelKey: int64(n + 1)}
			w.Rows = append(w.Rows, row(db, p))
			claimed := *p
			host := schema.NameUUID(fmt.Sprint("c", n%chassis))
			claimed.Chassis = &host
			show = append(show, Change{Table: db.Schema().TableOf(p), UUID: p.UUID, Old: p, New: &claimed})
		}
		mustWrite(t, db, w)
		start := time.Now()
		if err := db.Present(t.Context(), 5, show); err != nil {
			t.Fatal(err)
		}
		return db, time.Since(start)
	}
	_, all := present(0)
	db, took := present(50)
	claimed := 0
	for p := range db.Rows("Port_Binding") {
		if p.(*sb.PortBinding).Chassis != nil {
			claimed++
		}
	}
	if n := db.Snapshot().Len("Chassis"); n != chassis-50 || claimed != ports-50*ports/chassis {
		t.Errorf("%d chassis, %d claimed ports", n, claimed)
	}
	if n := len(db.LeftOut()); n != 100 {
		t.Errorf("%d rows are left out, want 50 chassis and their encaps", n)
	}
	if took > 20*all+time.Second {
		t.Errorf("%v with offenders, %v without", took, all)
	}
}

func TestSplit(t *testing.T) {
	c := testEtcd(t)
	cfg := sbConfig(c)
	cfg.Limits = Limits{TxnOps: 9, RequestBytes: 1 << 20} // 4 times 5
	db := openDB(t, cfg)
	w := Write{Split: true, Each: func(last bool) []BlobChange {
		return []BlobChange{{Path: "compiled", New: fmt.Appendf(nil, "last=%v", last)}}
	}}
	for i := range 100 {
		w.Rows = append(w.Rows, row(db, &sb.DatapathBinding{Header: id(fmt.Sprint(i)), TunnelKey: int64(i + 1)}))
	}
	seen := make(chan string, 100)
	ctx := t.Context()
	watch := c.Watch(ctx, "/weft/sb/compiled")
	sub := db.Subscribe(0)
	rev := mustWrite(t, db, w)
	for r := range watch {
		for _, e := range r.Events {
			seen <- string(e.Kv.Value)
			if e.Kv.ModRevision == rev && string(e.Kv.Value) != "last=true" {
				t.Errorf("the last says %s", e.Kv.Value)
			}
		}
		if len(r.Events) > 0 && r.Events[len(r.Events)-1].Kv.ModRevision == rev {
			break
		}
	}
	if len(seen) != 6 {
		t.Errorf("%d transactions", len(seen))
	}
	if commits, _ := sub.Take(); len(commits) != 1 || len(commits[0].Changes) != 100 {
		t.Errorf("%d commits", len(commits))
	}
	if r := transact(db, `{"op":"insert","table":"DNS","row":{"datapaths":["uuid","`+schema.NameUUID("7").String()+`"]}}`); strings.Contains(r, "error") {
		t.Error(r)
	}
	w.Split = false
	w.Rows[0].UUID, w.Rows[0].New = schema.NameUUID("x"), &sb.DatapathBinding{Header: id("x"), TunnelKey: 1000}
	for i := range w.Rows[1:] {
		w.Rows[i+1] = row(db, &sb.DatapathBinding{Header: id(fmt.Sprint("y", i)), TunnelKey: int64(i + 2000)})
	}
	if _, err := db.Write(t.Context(), w); err == nil || !strings.Contains(err.Error(), ErrResources) {
		t.Errorf("too large: %v", err)
	}
	db.Close()
	db = openDB(t, cfg)
	if n := db.Snapshot().Len("Datapath_Binding"); n != 100 || len(db.Problems()) != 0 || string(db.Snapshot().Blob("compiled")) != "last=true" {
		t.Errorf("after reload %d rows, problems %v", n, db.Problems())
	}
}

func TestVirtual(t *testing.T) {
	cfg := sbConfig(testEtcd(t))
	db := openDB(t, cfg)
	sub := db.Subscribe(0)
	mustWrite(t, db, Write{Blobs: []BlobChange{{Path: "flows/a/base", New: []byte("one\ntwo")}, {Path: "flows/b/base", New: []byte("damaged")}}})
	mustWrite(t, db, Write{Blobs: []BlobChange{{Path: "flows/a/base", New: []byte("two\nthree")}, {Path: "flows/b/base"}}})
	// What moves from one blob to others is as it was.
	mustWrite(t, db, Write{Blobs: []BlobChange{{Path: "flows/a/base"}, {Path: "flows/a/1", New: []byte("two")}, {Path: "flows/a/2", New: []byte("three\nfour")}}})
	mustWrite(t, db, Write{Blobs: []BlobChange{{Path: "flows/a/0", New: []byte("two\nthree")}, {Path: "flows/a/1"}, {Path: "flows/a/2"}}})
	table := db.Schema().Table("Logical_Flow")
	commits, _ := sub.Take()
	var text []string
	for _, c := range commits {
		for _, ch := range db.Changes(c, table) {
			s := ""
			if ch.Old != nil {
				s += "-" + ch.Old.(*sb.LogicalFlow).Match
			}
			if ch.New != nil {
				s += "+" + ch.New.(*sb.LogicalFlow).Match
			}
			text = append(text, s)
		}
	}
	if got := strings.Join(text, " "); got != "+one +two -one +three +four -four" {
		t.Errorf("changes %s", got)
	}
	if r := transact(db, `{"op":"select","table":"Logical_Flow","where":[["match","==","three"]],"columns":["match"]}`); r != `[{"rows":[{"match":"three"}]}]` {
		t.Error(r)
	}
	one := `{"op":"select","table":"Logical_Flow","where":[["_uuid","==",["uuid","` + schema.NameUUID("a", "two").String() + `"]]],"columns":["match"]}`
	if r := transact(db, one); r != `[{"rows":[{"match":"two"}]}]` {
		t.Errorf("by its UUID: %s", r)
	}
	n := 0
	for range db.Rows("Logical_Flow") {
		n++
	}
	if n != 2 || !db.Virtual(table) {
		t.Errorf("%d rows", n)
	}
	// A group that only flows refer to stays.
	mustWrite(t, db, Write{Rows: []Change{row(db, &sb.LogicalDPGroup{Header: id("group")})}})
	if db.Snapshot().Len("Logical_DP_Group") != 1 {
		t.Error("the group was collected")
	}
}

func TestFeedAndHistory(t *testing.T) {
	cfg := testConfig(testEtcd(t))
	cfg.History = 5
	db := openDB(t, cfg)
	slow := db.Subscribe(3)
	first := db.Snapshot().TxnID
	var ids []schema.UUID
	for i := range 20 {
		transact(db, fmt.Sprintf(`{"op":"insert","table":"Root","row":{"name":"%d","i":%d}},{"op":"comment","comment":"c%d"}`, i, i, i))
		ids = append(ids, db.Snapshot().TxnID)
	}
	if _, err := slow.Take(); !errors.Is(err, ErrResync) {
		t.Errorf("slow subscriber: %v", err)
	}
	s := db.Snapshot()
	if c, ok := db.Since(ids[17], s); !ok || len(c) != 1 || c[0].TxnID != ids[19] || len(c[0].Changes) != 2 {
		t.Errorf("since: %v, %v", c, ok)
	}
	if c, ok := db.Since(ids[19], s); !ok || len(c) != 0 {
		t.Errorf("since now: %v, %v", c, ok)
	}
	if _, ok := db.Since(first, s); ok {
		t.Error("forgotten history is known")
	}
	db.Close()
	if _, err := slow.Take(); err == nil {
		t.Error("a closed subscription gives no error")
	}
	if r := transact(db, `{"op":"comment","comment":"x"}`); !strings.Contains(r, "closed") {
		t.Error(r)
	}
	// The name of the last state outlives the process.
	db = openDB(t, cfg)
	if c, ok := db.Since(ids[19], db.Snapshot()); !ok || len(c) != 0 {
		t.Errorf("after restart: %v, %v", c, ok)
	}
}

func TestWaitUntil(t *testing.T) {
	db := openDB(t, testConfig(testEtcd(t)))
	waiting := make(chan struct{}, 8)
	answer := make(chan string, 1)
	client := Client{Name: "waiter", Waits: func() { waiting <- struct{}{} }}
	ops := rawOps(`{"op":"wait","table":"Root","where":[["name","==","a"]],"columns":["i"],"until":"==","rows":[{"i":2}],"timeout":20000},{"op":"mutate","table":"Root","where":[["name","==","a"]],"mutations":[["i","+=",1]]}`)
	go func() { r, _ := db.Transact(t.Context(), client, ops); answer <- text(r) }()
	<-waiting
	transact(db, `{"op":"insert","table":"Root","row":{"name":"a","i":1}}`)
	<-waiting
	transact(db, `{"op":"update","table":"Root","where":[],"row":{"i":2}}`)
	if r := <-answer; r != `[{},{"count":1}]` {
		t.Error(r)
	}
	if r := transact(db, `{"op":"select","table":"Root","where":[],"columns":["i"]}`); r != `[{"rows":[{"i":3}]}]` {
		t.Error(r)
	}
	start := time.Now()
	if r := transact(db, `{"op":"wait","table":"Root","where":[],"columns":["i"],"until":"==","rows":[{"i":9}],"timeout":100}`); r != `[{"details":"\"wait\" timed out after 100 ms","error":"timed out"}]` || time.Since(start) < 100*time.Millisecond {
		t.Error(r)
	}
}

// TestNestedTransactions: etcd with its default limits takes thousands of
// operations at once, and the error for more names the flag.
func TestNestedTransactions(t *testing.T) {
	cfg := testConfig(testEtcd(t))
	cfg.Limits = Limits{} // those of a server without flags
	db := openDB(t, cfg)
	kids := func(n int) string {
		var ops, ids []string
		for i := range n {
			ops = append(ops, fmt.Sprintf(`{"op":"insert","table":"Kid","uuid-name":"k%d","row":{"name":"k%d"}}`, i, i))
			ids = append(ids, fmt.Sprintf(`["named-uuid","k%d"]`, i))
		}
		return strings.Join(ops, ",") + `,{"op":"insert","table":"Root","row":{"name":"sw","kids":["set",[` + strings.Join(ids, ",") + `]]}}`
	}
	rev := db.Snapshot().Rev
	if r := transact(db, kids(3900)); strings.Contains(r, "error") {
		t.Fatal(r)
	}
	if now := db.Snapshot().Rev; now != rev+1 {
		t.Errorf("%d revisions for one transaction", now-rev)
	}
	if r := transact(db, `{"op":"delete","table":"Root","where":[]}`); strings.Contains(r, "error") || db.Snapshot().Len("Kid") != 0 {
		t.Fatal(r)
	}
	if r := transact(db, kids(4200)); !strings.Contains(r, " etcd operations, and 4094 fit") || !strings.Contains(r, "--max-txn-ops") {
		t.Error(r)
	}
}
