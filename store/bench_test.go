package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
	"github.com/weft-sdn/weft/store/etcd"
)

// addPort is what ovn-nbctl lsp-add sends, without its verification of the
// whole set of ports.
func addPort(ls schema.UUID, name string) []json.RawMessage {
	return []json.RawMessage{
		json.RawMessage(`{"op":"insert","table":"Logical_Switch_Port","uuid-name":"p","row":{"name":"` + name + `","addresses":"40:44:00:00:00:01 192.168.0.11"}}`),
		json.RawMessage(`{"op":"mutate","table":"Logical_Switch","where":[["_uuid","==",["uuid","` + ls.String() + `"]]],"mutations":[["ports","insert",["named-uuid","p"]]]}`),
	}
}

// switchWith makes a switch of n ports.
func switchWith(t testing.TB, db *DB, n int) schema.UUID {
	t.Helper()
	nbdb := db.Schema()
	ls := &nb.LogicalSwitch{Header: schema.Header{UUID: schema.NewUUID()}, Name: fmt.Sprint("sw", n)}
	w := Write{Rows: []Change{}}
	var keys []schema.Atom
	for i := range n {
		p := &nb.LogicalSwitchPort{Header: schema.Header{UUID: schema.NewUUID()}, Name: fmt.Sprintf("sw%d-p%d", n, i)}
		keys = append(keys, schema.UUIDAtom(p.UUID))
		w.Rows = append(w.Rows, Change{Table: nbdb.Table("Logical_Switch_Port"), UUID: p.UUID, New: p})
	}
	if err := nbdb.Table("Logical_Switch").Column("ports").Set(ls, schema.SetDatum(keys...)); err != nil {
		t.Fatal(err)
	}
	w.Rows = append(w.Rows, Change{Table: nbdb.Table("Logical_Switch"), UUID: ls.UUID, New: ls})
	if _, err := db.Write(context.Background(), w); err != nil {
		t.Fatal(err)
	}
	return ls.UUID
}

func nbConfig(t testing.TB, o etcd.Options) Config {
	t.Helper()
	o.Dir = t.TempDir()
	s, err := etcd.Start(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return Config{Schema: nb.Schema(), Client: s.Client, Prefix: "/weft/nb/", Limits: embeddedLimits()}
}

// Adding a port writes two keys beside the log, of bounded size whatever that of
// the switch: its own, and the bucket that it lies in. Where the bucket is full,
// it goes and two take its place, which one in so many additions meets.
func TestAddPortWritesTwoKeys(t *testing.T) {
	cfg := nbConfig(t, etcd.Options{NoSync: true})
	db := openDB(t, cfg)
	defer db.Close()
	ls := switchWith(t, db, 3000)
	divided := 0
	const ports = 1000
	for i := range ports {
		e := &executor{txn: newTxn(db.layout, db.Snapshot().state), cfg: &db.cfg, client: &Client{}}
		out := e.execute(addPort(ls, fmt.Sprint("new", i)))
		ops := db.loop.m.encode(out)
		if sizeOf(ops) > 3<<10 {
			t.Fatalf("%d operations of %d bytes: %q", len(ops), sizeOf(ops), ops)
		}
		switch len(ops) {
		case 2:
		case 4:
			divided++
		default:
			t.Fatalf("%d operations: %q", len(ops), ops)
		}
	}
	if divided > ports/10 {
		t.Errorf("%d of %d ports divide a bucket", divided, ports)
	}
}

// A port more that a load balancer forwards writes one key beside the log, the bucket of
// its VIPs that it lies in, of bounded size beside a thousand. A full bucket is divided.
func TestForwardingAPortWritesOneKey(t *testing.T) {
	cfg := nbConfig(t, etcd.Options{NoSync: true})
	db := openDB(t, cfg)
	defer db.Close()
	lb := &nb.LoadBalancer{Header: schema.Header{UUID: schema.NewUUID()}, Name: "pf-floatingip-x-tcp", VIPs: map[string]string{}}
	for i := range 1000 {
		lb.VIPs[fmt.Sprintf("172.16.0.111:%d", 1000+i)] = fmt.Sprintf("10.0.%d.%d:22", i>>8, i&255)
	}
	if _, err := db.Write(context.Background(), Write{Rows: []Change{{Table: db.Schema().Table("Load_Balancer"), UUID: lb.UUID, New: lb}}}); err != nil {
		t.Fatal(err)
	}
	divided, most := 0, 0
	const ports = 1000
	for i := range ports {
		e := &executor{txn: newTxn(db.layout, db.Snapshot().state), cfg: &db.cfg, client: &Client{}}
		ops := db.loop.m.encode(e.execute([]json.RawMessage{json.RawMessage(fmt.Sprintf(
			`{"op":"mutate","table":"Load_Balancer","where":[["_uuid","==",["uuid",%q]]],"mutations":[["vips","insert",["map",[["172.16.0.111:%d","10.0.9.9:22"]]]]]}`, lb.UUID, 10000+i))}))
		most = max(most, sizeOf(ops))
		switch len(ops) {
		case 1:
		case 3:
			divided++
		default:
			t.Fatalf("%d operations: %q", len(ops), ops)
		}
	}
	t.Logf("at most %d bytes, %d of %d divide a bucket", most, divided, ports)
	if most > 6<<10 || divided > ports/10 {
		t.Errorf("%d bytes, %d of %d ports divide a bucket", most, divided, ports)
	}
}

func BenchmarkAddPort(b *testing.B) {
	for _, n := range []int{100, 10000} {
		b.Run(fmt.Sprintf("memory/ports=%d", n), func(b *testing.B) {
			db := openDB(b, nbConfig(b, etcd.Options{NoSync: true}))
			ls := switchWith(b, db, n)
			base := db.Snapshot().state
			ops := addPort(ls, "new")
			b.ReportAllocs()
			for b.Loop() {
				e := &executor{txn: newTxn(db.layout, base), cfg: &db.cfg, client: &Client{}}
				out := e.execute(ops)
				if out.failed || len(db.loop.m.encode(out)) < 2 { // more where a bucket is divided
					b.Fatal(text(out.results))
				}
			}
		})
		for _, sync := range []bool{false, true} {
			b.Run(fmt.Sprintf("etcd/fsync=%v/ports=%d", sync, n), func(b *testing.B) {
				db := openDB(b, nbConfig(b, etcd.Options{NoSync: !sync}))
				ls := switchWith(b, db, n)
				b.ReportAllocs()
				i := 0
				for b.Loop() {
					i++
					r, rev := db.Transact(context.Background(), Client{}, addPort(ls, fmt.Sprint("new", i)))
					if rev == 0 {
						b.Fatal(text(r))
					}
				}
			})
		}
	}
}

// Group commit: 64 clients at once.
func BenchmarkParallelInsert(b *testing.B) {
	db := openDB(b, nbConfig(b, etcd.Options{}))
	b.SetParallelism(32)
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			ops := []json.RawMessage{json.RawMessage(`{"op":"insert","table":"Logical_Switch","row":{"name":"x"}}`)}
			if r, rev := db.Transact(context.Background(), Client{}, ops); rev == 0 {
				b.Error(text(r))
			}
		}
	})
}

func BenchmarkOpen(b *testing.B) {
	cfg := nbConfig(b, etcd.Options{NoSync: true})
	db := openDB(b, cfg)
	if r, rev := db.Transact(context.Background(), Client{}, bulk(500, 20)); rev == 0 {
		b.Fatal(string(r[len(r)-1]))
	}
	db.Close()
	for b.Loop() {
		db, err := Open(context.Background(), cfg)
		if err != nil {
			b.Fatal(err)
		}
		db.Close()
	}
}

// bulk is one transaction that makes switches with ports.
func bulk(switches, ports int) []json.RawMessage {
	var ops []json.RawMessage
	for s := range switches {
		var names []string
		for p := range ports {
			ops = append(ops, json.RawMessage(fmt.Sprintf(`{"op":"insert","table":"Logical_Switch_Port","uuid-name":"p%d_%d","row":{"name":"s%d-p%d"}}`, s, p, s, p)))
			names = append(names, fmt.Sprintf(`["named-uuid","p%d_%d"]`, s, p))
		}
		ops = append(ops, json.RawMessage(fmt.Sprintf(`{"op":"insert","table":"Logical_Switch","row":{"name":"s%d","ports":["set",[%s]]}}`, s, strings.Join(names, ","))))
	}
	return ops
}

func TestLargeTransaction(t *testing.T) {
	cfg := nbConfig(t, etcd.Options{NoSync: true})
	db := openDB(t, cfg)
	r, rev := db.Transact(t.Context(), Client{}, bulk(500, 20))
	if rev == 0 || len(r) != 10500 {
		t.Fatalf("%d results, the last %s", len(r), r[len(r)-1])
	}
	db.Close()
	db = openDB(t, cfg)
	defer db.Close()
	if s := db.Snapshot(); s.Len("Logical_Switch") != 500 || s.Len("Logical_Switch_Port") != 10000 || len(db.Problems()) != 0 {
		t.Errorf("%d switches, %d ports, problems %v", s.Len("Logical_Switch"), s.Len("Logical_Switch_Port"), db.Problems())
	}
}

// Under the limits of a plain etcd what does not fit is refused, and says why.
func TestLimits(t *testing.T) {
	cfg := nbConfig(t, etcd.Options{NoSync: true})
	cfg.Limits = Limits{}
	db := openDB(t, cfg)
	defer db.Close()
	r, rev := db.Transact(t.Context(), Client{}, bulk(200, 20))
	if last := string(r[len(r)-1]); rev != 0 || len(r) != 4201 || !strings.Contains(last, ErrResources) || !strings.Contains(last, "--max-txn-ops") {
		t.Errorf("%d %s", len(r), last)
	}
	if _, rev := db.Transact(t.Context(), Client{}, bulk(2, 20)); rev == 0 {
		t.Error("what fits is refused")
	}
	long := []json.RawMessage{json.RawMessage(`{"op":"insert","table":"Logical_Switch","row":{"name":"` + strings.Repeat("x", 2<<20) + `"}}`)}
	if r, rev := db.Transact(t.Context(), Client{}, long); rev != 0 || !strings.Contains(string(r[len(r)-1]), "--max-request-bytes") {
		t.Error(string(r[len(r)-1]))
	}
	if n := db.Snapshot().Len("Logical_Switch_Port"); n != 40 {
		t.Errorf("%d ports", n)
	}
}
