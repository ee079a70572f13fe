package ovsdb

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"runtime/metrics"
	"strings"
	"testing"
	"time"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
	"github.com/weft-sdn/weft/store"
)

// fill makes n address sets of size bytes each.
func fill(t testing.TB, w *weft, n, size int) {
	t.Helper()
	table := nb.Schema().Table("Address_Set")
	write := store.Write{Split: true}
	for i := range n {
		row := &nb.AddressSet{Header: schema.Header{UUID: schema.NewUUID()}, Name: fmt.Sprint("as", i), Addresses: []string{strings.Repeat("x", size)}}
		write.Rows = append(write.Rows, store.Change{Table: table, UUID: row.UUID, New: row})
	}
	if _, err := w.db.Write(t.Context(), write); err != nil {
		t.Fatal(err)
	}
}

// A client behind a slow link gets a long reply, though it has no time to
// answer the inactivity probe.
func TestSlowLink(t *testing.T) {
	const probe = 200 * time.Millisecond
	w := startWeft(t, nb.Schema(), func(c *Config) { c.Probe = probe })
	fill(t, w, 1000, 20000)
	p := dial(t, "tcp", w.tcp)
	if err := p.conn.(*net.TCPConn).SetReadBuffer(64 << 10); err != nil {
		t.Fatal(err)
	}
	p.send(`{"method":"monitor","params":[` + northbound + `,"m",{"Address_Set":{}}],"id":7}`)
	link := time.NewTicker(5 * time.Millisecond) // 64 kB each: 12 MB/s
	defer link.Stop()
	began := time.Now()
	buf := make([]byte, 64<<10)
	n := 0
	for tail := ""; !strings.Contains(tail, `"error":null}`); {
		<-link.C
		k, err := p.conn.Read(buf)
		if err != nil {
			t.Fatalf("after %s and %d bytes: %v", time.Since(began), n, err)
		}
		n += k
		tail = tail[max(0, len(tail)-100):] + string(buf[max(0, k-200):k])
	}
	if took := time.Since(began); took < 3*probe {
		t.Fatalf("the link was not slow: %s", took)
	}
}

// A client that takes nothing of what is sent to it is given up.
func TestTakesNothing(t *testing.T) {
	w := startWeft(t, nb.Schema(), func(c *Config) { c.Probe = 50 * time.Millisecond })
	fill(t, w, 1000, 20000)
	for _, network := range []string{"tcp", "unix"} {
		address := w.tcp
		if network == "unix" {
			address = w.unix
		}
		p := dial(t, network, address)
		p.send(`{"method":"monitor","params":[` + northbound + `,"m",{"Address_Set":{}}],"id":7}`)
		eventually(t, network+": it is served", func() bool { return w.connections() == 1 })
		eventually(t, network+": it is given up", func() bool { return w.connections() == 0 })
		n, _ := io.Copy(io.Discard, p.conn)
		if n > 18<<20 {
			t.Errorf("%s: %d bytes were sent", network, n)
		}
	}
}

func (s *Server) connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open
}

// While the server works out a reply it replies to echo requests, and asks
// nothing of the client.
func TestEchoWhileComposing(t *testing.T) {
	const probe = 50 * time.Millisecond
	readers := store.NewReaders(1)
	w := startWeft(t, nb.Schema(), func(c *Config) { c.Readers, c.Probe = readers, probe })
	turn, err := readers.Begin(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	p := dial(t, "tcp", w.tcp)
	p.send(`{"method":"monitor","params":[` + northbound + `,"m",{"NB_Global":{}}],"id":1}`)
	p.send(`{"method":"transact","params":[` + northbound + `,{"op":"select","table":"NB_Global","where":[]}],"id":2}`)
	p.send(`{"method":"echo","params":["x"],"id":3}`)
	p.expect(`{"id":3,"result":["x"],"error":null}`)
	<-time.After(5 * probe) // What is to be seen is that nothing happens.
	turn.End()
	p.expect(`{"id":1,"result":{},"error":null}`)
	p.expect(`{"id":2,"result":[{"rows":[]}],"error":null}`)
}

// Short requests with long replies take no memory, if the client reads them or
// not.
func TestLongReplies(t *testing.T) {
	w := startWeft(t, nb.Schema())
	fill(t, w, 1000, 10000)
	p := dial(t, "tcp", w.tcp)
	sel := `,{"op":"select","table":"Address_Set","where":[]}`
	monitors := make([]string, 30)
	for i := range monitors {
		monitors[i] = fmt.Sprintf(`{"method":"monitor","params":[%s,%d,{"Address_Set":{}}],"id":%d}`, northbound, i, i)
	}
	before := heap()
	go p.conn.Write([]byte(`{"method":"transact","params":[` + northbound + strings.Repeat(sel, 30) + `],"id":1000}` + strings.Join(monitors, "") + `{"method":"list_dbs","params":[],"id":1001}`))
	buf := make([]byte, 1<<20)
	n, most := 0, before
	for tail := ""; !strings.Contains(tail, `"id":1001`); n++ {
		k, err := p.conn.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		tail = tail[max(0, len(tail)-100):] + string(buf[max(0, k-300):k])
		if n%100 == 0 {
			most = max(most, heap())
		}
	}
	if grown := most - before; grown > 100<<20 {
		t.Errorf("600 MB of replies took %d MB of memory", grown>>20)
	}
}

// heap returns how many bytes of memory are in use or were not given back.
func heap() int64 {
	s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	return int64(s[0].Value.Uint64() - s[1].Value.Uint64())
}

// What a transaction that writes reads lies in memory, and is bounded.
func TestMaxResults(t *testing.T) {
	w := startWeft(t, nb.Schema(), func(c *Config) { c.MaxResults = 1 << 20 })
	fill(t, w, 10, 20000)
	p := dial(t, "unix", w.unix)
	sel := `,{"op":"select","table":"Address_Set","where":[]}`
	insert := `,{"op":"insert","table":"Address_Set","row":{"name":"b"}}`
	got := p.call("transact", `[`+northbound+strings.Repeat(sel, 10)+insert+`]`)
	if !strings.Contains(got[0], store.ErrResources) || len(got[0]) > 2<<20 {
		t.Errorf("%d bytes: %.300s", len(got[0]), got[0])
	}
	for range 10 {
		got := p.call("transact", `[`+northbound+sel+`,{"op":"update","table":"Address_Set","where":[["name","==","as1"]],"row":{"external_ids":["map",[["a","b"]]]}}]`)
		if strings.Contains(got[0], `"error":"`) {
			t.Fatalf("what is small is refused: %.300s", got[0])
		}
	}
	if got := p.call("transact", `[`+northbound+strings.Repeat(sel, 10)+`]`); len(got[0]) < 2000000 || strings.Contains(got[0], `"error":"`) {
		t.Errorf("one that only reads: %.300s", got[0])
	}
}

// A connection has so many monitors and locks, and no more of conditions and
// names than is reasonable.
func TestMaxMonitors(t *testing.T) {
	w := startWeft(t, nb.Schema(), func(c *Config) { c.MaxMonitors, c.MaxConditions = 3, 100000 })
	p := dial(t, "unix", w.unix)
	for i := range 2 {
		p.call("monitor", fmt.Sprintf(`[%s,%d,{"NB_Global":{}}]`, northbound, i))
	}
	p.call("lock", `["a"]`)
	for _, r := range []string{p.call("monitor", `[`+northbound+`,"m",{"NB_Global":{}}]`)[0], p.call("lock", `["b"]`)[0]} {
		if !strings.Contains(r, store.ErrResources) {
			t.Errorf("one too many: %s", r)
		}
	}
	p.call("unlock", `["a"]`)
	p.call("monitor_cancel", `[1]`)
	long := strings.Repeat("x", 100001)
	for _, r := range []string{p.call("lock", `["`+long+`"]`)[0], p.call("monitor_cond", `[`+northbound+`,1,{"NB_Global":[{"where":[["name","==","`+long+`"]]}]}]`)[0]} {
		if !strings.Contains(r, store.ErrResources) {
			t.Errorf("one too large: %.100s", r)
		}
	}
	if r := p.call("lock", `["b"]`)[0]; !strings.Contains(r, "true") {
		t.Error(r)
	}
	// A condition takes the place of the one before.
	p.call("monitor_cond", `[`+northbound+`,1,{"NB_Global":[{"where":[false]}]}]`)
	for range 5 {
		if r := p.call("monitor_cond_change", `[1,1,{"NB_Global":[{"where":[["name","==","`+long[:40000]+`"]]}]}]`)[0]; !strings.Contains(r, `"result":{}`) {
			t.Errorf("a new condition: %.100s", r)
		}
	}
}

// So many connections, and so many of one address, are served at a time.
func TestMaxConnections(t *testing.T) {
	w := startWeft(t, nb.Schema(), func(c *Config) { c.MaxConnections, c.MaxPerAddress = 5, 3 })
	local, err := net.ResolveTCPAddr("tcp", "127.0.0.9:0")
	if err != nil {
		t.Fatal(err)
	}
	served := func(p *peer) bool {
		got := p.call("list_dbs", `[]`)
		return strings.Contains(got[0], "OVN_Northbound")
	}
	for range 3 {
		if !served(dial(t, "tcp", w.tcp)) {
			t.Fatal("within the limits")
		}
	}
	dial(t, "tcp", w.tcp).closed()
	other, err := (&net.Dialer{LocalAddr: local}).Dial("tcp", w.tcp)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if !served(&peer{t, other, json.NewDecoder(other)}) {
		t.Error("another address")
	}
	u := dial(t, "unix", w.unix)
	if !served(u) {
		t.Error("a Unix socket")
	}
	dial(t, "unix", w.unix).closed()
	u.conn.Close()
	eventually(t, "a connection is gone", func() bool { return w.connections() == 4 })
	if !served(dial(t, "unix", w.unix)) {
		t.Error("in the place of another")
	}
}

// While a reply that has begun goes on slowly, white space between its rows
// tells the client that the server is alive.
func TestSlowReply(t *testing.T) {
	readers := store.NewReaders(1)
	w := startWeft(t, nb.Schema(), func(c *Config) { c.Readers = readers })
	fill(t, w, 1000, 20000)
	p := dial(t, "tcp", w.tcp)
	p.send(`{"method":"monitor","params":[` + northbound + `,"m",{"Address_Set":{}}],"id":7}`)
	buf := make([]byte, 1<<20)
	n, err := p.conn.Read(buf)
	all := append([]byte(nil), buf[:n]...)
	turn, terr := readers.Begin(t.Context(), nil) // between two pieces
	if err != nil || terr != nil {
		t.Fatal(err, terr)
	}
	for text := ""; text != "\n"; all = append(all, text...) {
		if err := p.conn.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
			t.Fatal(err)
		}
		n, err := p.conn.Read(buf)
		if err != nil {
			t.Fatalf("after %d bytes: %v", len(all), err)
		}
		text = string(buf[:n])
	}
	turn.End()
	for !strings.HasSuffix(string(all[len(all)-20:]), `"error":null}`) {
		n, err := p.conn.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, buf[:n]...)
	}
	if !json.Valid(all) {
		t.Error("the reply is not JSON")
	}
}
