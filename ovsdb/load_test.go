package ovsdb

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
	"github.com/weft-sdn/weft/schema/sb"
	"github.com/weft-sdn/weft/store"
	"github.com/weft-sdn/weft/store/etcd"
)

// BenchmarkClients measures how long transactions of 200 clients take, on two
// databases over one etcd, alone, beside one client that asks for all logical
// flows of 10,000 ports again and again, and beside 1,000 transactions that wait.
func BenchmarkClients(b *testing.B) {
	for _, beside := range []string{"nothing", "select", "monitor", "waits"} {
		b.Run("beside="+beside, func(b *testing.B) {
			northbound, southbound := startTwo(b, 10000, 20)
			stop := disturb(b, southbound, beside)
			var all []time.Duration
			for b.Loop() {
				all = append(all, transactAll(b, northbound, southbound, 200, 10)...)
			}
			stop()
			slices.Sort(all)
			b.ReportMetric(float64(all[len(all)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(all[len(all)*99/100].Microseconds())/1000, "p99-ms")
		})
	}
}

// startTwo serves both databases, the Southbound one with units of flows.
func startTwo(b *testing.B, units, flows int) (northbound, southbound string) {
	e, err := etcd.Start(context.Background(), etcd.Options{Dir: b.TempDir(), NoSync: true})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { e.Close() })
	open := func(cfg store.Config) (*store.DB, string) {
		cfg.Client, cfg.Limits = e.Client, store.Limits(etcd.EmbeddedLimits())
		db, err := store.Open(context.Background(), cfg)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(db.Close)
		srv, err := New(Config{Databases: []*store.DB{db}})
		if err != nil {
			b.Fatal(err)
		}
		path := filepath.Join(shortDir(b), "s")
		(&weft{Server: srv}).listen(b, "unix", path)
		return db, path
	}
	_, northbound = open(store.Config{Schema: nb.Schema(), Prefix: "/weft/nb/"})
	db, southbound := open(store.Config{Schema: sb.Schema(), Prefix: "/weft/sb/", Virtual: map[string]store.Virtual{
		"Logical_Flow": {Path: "flows/", Expand: unpackFlows},
	}})
	write := store.Write{Split: true}
	for i := range units {
		var list []sb.Flow
		for j := range flows {
			list = append(list, sb.Flow{Table: uint8(j), Priority: 100, Match: fmt.Sprintf(`inport == "port%d" && eth.src == 40:44:00:00:00:01 && ip4.src == 10.0.0.%d`, i, j), Actions: "next;"})
		}
		write.Blobs = append(write.Blobs, store.BlobChange{Path: fmt.Sprintf("flows/dp/port%d", i), New: sb.EncodeFlows(list)})
	}
	if _, err := db.Write(context.Background(), write); err != nil {
		b.Fatal(err)
	}
	return northbound, southbound
}

func unpackFlows(b store.Blob, _ bool, yield func(schema.Row) bool) error {
	more := true
	return sb.EachFlow(b.Data, func(f *sb.Flow) {
		more = more && yield(&sb.LogicalFlow{
			Header: schema.Header{UUID: f.UUID(b.Path)}, Pipeline: "ingress",
			TableID: int64(f.Table), Priority: int64(f.Priority), Match: f.Match, Actions: f.Actions,
		})
	})
}

// disturb does what is measured beside, until stop is called.
func disturb(b *testing.B, sock, what string) (stop func()) {
	if what == "nothing" {
		return func() {}
	}
	conn, err := net.Dial("unix", sock)
	if err != nil {
		b.Fatal(err)
	}
	var done sync.WaitGroup
	if what == "waits" {
		waits(b, conn)
	} else {
		done.Go(func() { ask(conn, what) })
	}
	return func() { conn.Close(); done.Wait() }
}

// ask asks for all logical flows until the connection is closed.
func ask(conn net.Conn, what string) {
	dec := json.NewDecoder(conn)
	for i := 0; ; i++ {
		replies := 1
		request := fmt.Sprintf(`{"method":"transact","params":["OVN_Southbound",{"op":"select","table":"Logical_Flow","where":[["match","==","none"]]}],"id":%d}`, i)
		if what == "monitor" {
			request = fmt.Sprintf(`{"method":"monitor_cond","params":["OVN_Southbound",%d,{"Logical_Flow":[{}]}],"id":0}{"method":"monitor_cancel","params":[%d],"id":0}`, i, i)
			replies = 2
		}
		if _, err := conn.Write([]byte(request)); err != nil {
			return
		}
		for range replies {
			var m json.RawMessage
			if dec.Decode(&m) != nil {
				return
			}
		}
	}
}

// waits begins 1,000 transactions that wait for a row that never comes, by an
// index and by another column in turn.
func waits(b *testing.B, conn net.Conn) {
	for i := range 1000 {
		where := `["chassis","==","none"]`
		if i%2 == 1 {
			where = `["variables","includes",["map",[["a","b"]]]]`
		}
		request := fmt.Sprintf(`{"method":"transact","params":["OVN_Southbound",{"op":"wait","table":"Chassis_Template_Var","where":[%s],"columns":["chassis"],"until":"==","rows":[{"chassis":"none"}]}],"id":%d}`, where, i)
		if _, err := conn.Write([]byte(request)); err != nil {
			b.Fatal(err)
		}
	}
}

// transactAll has clients make each transactions, by turns on two databases,
// and returns how long each took.
func transactAll(b *testing.B, northbound, southbound string, clients, each int) []time.Duration {
	var mu sync.Mutex
	var all []time.Duration
	var group sync.WaitGroup
	for c := range clients {
		sock, request := northbound, `{"method":"transact","params":["OVN_Northbound",{"op":"insert","table":"Logical_Switch","row":{"name":"x"}}],"id":0}`
		if c%2 == 1 {
			sock, request = southbound, `{"method":"transact","params":["OVN_Southbound",{"op":"insert","table":"Chassis_Template_Var","row":{"chassis":"%d-%d-%d"}}],"id":0}`
		}
		group.Go(func() {
			conn, err := net.Dial("unix", sock)
			if err != nil {
				b.Error(err)
				return
			}
			defer conn.Close()
			dec := json.NewDecoder(conn)
			for i := range each {
				text := request
				if c%2 == 1 {
					text = fmt.Sprintf(request, time.Now().UnixNano(), c, i)
				}
				began := time.Now()
				var reply struct{ Result []struct{ UUID []string } }
				if _, err = conn.Write([]byte(text)); err == nil {
					err = dec.Decode(&reply)
				}
				if err != nil || len(reply.Result) != 1 || len(reply.Result[0].UUID) != 2 {
					b.Errorf("%+v %v", reply, err)
					return
				}
				mu.Lock()
				all = append(all, time.Since(began))
				mu.Unlock()
			}
		})
	}
	group.Wait()
	return all
}
