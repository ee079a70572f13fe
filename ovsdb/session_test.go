package ovsdb

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weft-sdn/weft/schema/nb"
)

const northbound = `"OVN_Northbound"`

func insertSet(name string) string {
	return fmt.Sprintf(`[%s,{"op":"insert","table":"Address_Set","row":{"name":%q}}]`, northbound, name)
}

// A malformed message closes its own connection and no other.
func TestMalformed(t *testing.T) {
	w := startWeft(t, nb.Schema(), func(c *Config) { c.MaxMessage = 100000 })
	other := dial(t, "unix", w.unix)
	for _, text := range []string{
		`[`, `x`, `"a"`, `}`, `{]`, `{"a":}`, `{} `, `{"id":1}`, `{"method":"echo","id":1}`,
		`{"method":"echo","params":{},"id":1}`, `{"method":5,"params":[],"id":1}`,
		`{"method":"echo","params":[],"id":1,"extra":1}`, `{"method":"echo","params":["\ud800"],"id":1}`,
		`{"method":"echo","params":["\u0000"],"id":1}`, "{\"method\":\"echo\",\"params\":[\"\xff\"],\"id\":1}",
		`{"id":1,"result":[],"error":null}`, `{"method":"echo","params":[` + strings.Repeat("[", 1001),
		`{"method":"echo","params":["` + strings.Repeat("x", 100000) + `"],"id":1}`,
	} {
		p := dial(t, "unix", w.unix)
		p.conn.Write([]byte(text)) // The server may hang up while this is written.
		p.closed()
		other.send(`{"method":"echo","params":["\\u0000 \ud83d\ude00"],"id":1}`)
		other.expect(`{"id":1,"result":["\\u0000 😀"],"error":null}`)
	}
}

// A message may come in pieces, and several in one.
func TestFraming(t *testing.T) {
	w := startWeft(t, nb.Schema())
	p := dial(t, "tcp", w.tcp)
	text := ` {"method":"echo","params":["}\"]{\\"],"id":1}` + "\n" + `{"method":"echo","params":[2],"id":2}`
	for i := range len(text) {
		p.send(text[i : i+1])
	}
	p.expect(`{"id":1,"result":["}\"]{\\"],"error":null}`)
	p.expect(`{"id":2,"result":[2],"error":null}`)
	p.send(text + text)
	for _, id := range []int{1, 2, 1, 2} {
		if got := p.recv(); !strings.Contains(got, fmt.Sprintf(`"id":%d`, id)) {
			t.Fatalf("reply %s, want id %d", got, id)
		}
	}
}

// Pipelined transactions are executed and answered in order, and the update
// of each comes before its reply.
func TestPipelined(t *testing.T) {
	w := startWeft(t, nb.Schema())
	p := dial(t, "unix", w.unix)
	p.call("monitor_cond", `[`+northbound+`,"m",{"NB_Global":[{"columns":["nb_cfg"]}]}]`)
	p.call("transact", `[`+northbound+`,{"op":"insert","table":"NB_Global","row":{}}]`)
	const n = 500
	var all strings.Builder
	for i := 1; i <= n; i++ {
		fmt.Fprintf(&all, `{"method":"transact","params":[%s,{"op":"mutate","table":"NB_Global","where":[],"mutations":[["nb_cfg","+=",1]]},{"op":"select","table":"NB_Global","where":[],"columns":["nb_cfg"]}],"id":%d}`, northbound, i)
	}
	go p.conn.Write([]byte(all.String()))
	told := 0
	for i := 1; i <= n; {
		var m struct {
			ID     *int
			Params []json.RawMessage
			Result []struct{ Rows []struct{ Nb_cfg int } }
		}
		text := p.recv()
		if err := json.Unmarshal([]byte(text), &m); err != nil {
			t.Fatal(err)
		}
		if m.ID == nil {
			_, rest, _ := strings.Cut(string(m.Params[1]), `"nb_cfg":`)
			if _, err := fmt.Sscanf(rest, "%d", &told); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			continue
		}
		if *m.ID != i || m.Result[1].Rows[0].Nb_cfg != i || told < i {
			t.Fatalf("reply %s, want %d; last update told %d", text, i, told)
		}
		i++
	}
}

// A transaction that waits holds up nothing.
func TestWait(t *testing.T) {
	w := startWeft(t, nb.Schema())
	p := dial(t, "unix", w.unix)
	wait := func(name string, id, timeout int) string {
		return fmt.Sprintf(`{"method":"transact","params":[%s,{"op":"wait","timeout":%d,"table":"Address_Set","where":[["name","==",%q]],"columns":["name"],"until":"==","rows":[{"name":%q}]}],"id":%d}`, northbound, timeout, name, name, id)
	}
	p.send(wait("a", 1, 60000) + wait("b", 2, 60000) + wait("c", 3, 20) + `{"method":"echo","params":[],"id":4}`)
	p.expect(`{"id":4,"result":[],"error":null}`)
	if got := p.recv(); !strings.Contains(got, `"id":3`) || !strings.Contains(got, "timed out") {
		t.Fatalf("%s", got)
	}
	p.send(`{"method":"transact","params":` + insertSet("b") + `,"id":5}`)
	got := p.recv() + p.recv()
	if !strings.Contains(got, `"id":5`) || !strings.Contains(got, `"id":2`) {
		t.Fatalf("%s", got)
	}
	p.send(`{"method":"cancel","params":[1],"id":null}`)
	p.expect(`{"id":1,"error":"canceled"}`)
	// One that waits when its client goes away is given up; Serve returns.
	p.send(wait("never", 6, 600000))
	p.call("echo", `[]`)
}

// Locks are freed when their owner goes away.
func TestLockOfClosed(t *testing.T) {
	w := startWeft(t, nb.Schema())
	a, b := dial(t, "unix", w.unix), dial(t, "unix", w.unix)
	a.call("lock", `["l"]`)
	b.call("lock", `["l"]`)
	a.conn.Close()
	b.expect(`{"id":null,"method":"locked","params":["l"]}`)
}

// A client that does not read is dropped, and nobody else notices.
func TestSlowClient(t *testing.T) {
	var log syncBuffer
	w := startWeft(t, nb.Schema(), func(c *Config) {
		c.MaxBacklog = 1 << 20
		c.Log = slog.New(slog.NewTextHandler(&log, nil))
	})
	slow, quick := dial(t, "unix", w.unix), dial(t, "unix", w.unix)
	slow.call("monitor", `[`+northbound+`,"m",{"Address_Set":{}}]`)
	quick.call("transact", insertSet("a"))
	big := strings.Repeat("x", 100000)
	for i := 0; !strings.Contains(log.String(), "client is too slow"); i++ {
		if i > 500 {
			t.Fatalf("still connected; log: %s", log.String())
		}
		got := quick.call("transact", fmt.Sprintf(`[%s,{"op":"update","table":"Address_Set","where":[],"row":{"addresses":"%d%s"}}]`, northbound, i, big))
		if len(got) != 1 || !strings.Contains(got[0], `"count":1`) {
			t.Fatalf("%.300s", got)
		}
	}
	for {
		if _, err := slow.read(); err != nil {
			break
		}
	}
}

// A client that asks much and does not read is not read from either.
func TestNoReadAhead(t *testing.T) {
	w := startWeft(t, nb.Schema())
	p := dial(t, "unix", w.unix)
	request := `{"method":"echo","params":["` + strings.Repeat("x", 100000) + `"],"id":1}`
	sent := 0
	for ; sent < 1000; sent++ {
		p.conn.SetWriteDeadline(time.Now().Add(300 * time.Millisecond))
		if _, err := p.conn.Write([]byte(request)); err != nil {
			break
		}
	}
	if sent > 100 {
		t.Fatalf("the server took %d requests of 100 kB without an answer being read", sent)
	}
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// A silent client is asked for a sign of life, and dropped without one.
func TestProbe(t *testing.T) {
	w := startWeft(t, nb.Schema(), func(c *Config) { c.Probe = 50 * time.Millisecond })
	p := dial(t, "tcp", w.tcp)
	for range 3 {
		p.expect(`{"id":"echo","method":"echo","params":[]}`)
		p.send(`{"id":"echo","result":[],"error":null}`)
	}
	for {
		if _, err := p.read(); err != nil {
			return
		}
	}
}

// _Server tells of what SetStatus says.
func TestSetStatus(t *testing.T) {
	w := startWeft(t, nb.Schema())
	p := dial(t, "unix", w.unix)
	p.call("monitor_cond", `["_Server","s",{"Database":[{"columns":["leader","index","model"],"where":[["name","==",`+northbound+`]]}]}]`)
	index := int64(7)
	st := Status{Model: "clustered", Connected: true, Leader: true, Index: &index}
	for range 2 {
		if err := w.SetStatus("OVN_Northbound", st); err != nil {
			t.Fatal(err)
		}
	}
	if got := p.recv(); !strings.Contains(got, `"modify":{"index":7,"model":"clustered"}`) {
		t.Fatal(got)
	}
	st.Leader = false
	if err := w.SetStatus("OVN_Northbound", st); err != nil {
		t.Fatal(err)
	}
	if got := p.recv(); !strings.Contains(got, `"modify":{"leader":false}`) {
		t.Fatal(got)
	}
	if w.SetStatus("none", st) == nil {
		t.Error("no error for an unknown database")
	}
}

// The monitors of a database that is closed are cut off.
func TestStoreClosed(t *testing.T) {
	w := startWeft(t, nb.Schema())
	p := dial(t, "unix", w.unix)
	p.call("monitor", `[`+northbound+`,"m",{"Address_Set":{}}]`)
	w.db.Close()
	p.closed()
	q := dial(t, "unix", w.unix)
	if got := q.call("transact", insertSet("a")); !strings.Contains(got[0], "closed") {
		t.Errorf("transact: %s", got)
	}
	if got := q.call("monitor", `[`+northbound+`,"m",{"Address_Set":{}}]`); got[len(got)-1] != "closed" {
		t.Errorf("monitor: %s", got)
	}
}

// Whatever the moment at which a monitor begins, resumes or changes its
// condition, it ends up with what is there.
func TestMonitorsConverge(t *testing.T) {
	w := startWeft(t, nb.Schema())
	stop := make(chan struct{})
	var writers, readers sync.WaitGroup
	for i := range 3 {
		p := dial(t, "unix", w.unix)
		writers.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				name := fmt.Sprintf("%d-%d", i, n%20)
				ops := fmt.Sprintf(`[%s,{"op":"delete","table":"Address_Set","where":[["name","==",%q]]},{"op":"insert","table":"Address_Set","row":{"name":%q,"addresses":"%d"}},{"op":"mutate","table":"Address_Set","where":[["name","!=","x"]],"mutations":[["external_ids","insert",["map",[["n","%d"]]]]]}]`, northbound, name, name, n, n)
				if got := p.call("transact", ops); strings.Contains(got[0], `"error":"`) {
					t.Errorf("%s", got)
					return
				}
			}
		})
	}
	replicas := make([]*replica, 6)
	for i := range replicas {
		replicas[i] = &replica{p: dial(t, "tcp", w.tcp), rows: map[string]map[string]string{}}
		readers.Go(func() {
			if err := replicas[i].follow(i%2 == 1); err != nil {
				t.Errorf("replica %d: %v", i, err)
			}
		})
	}
	readers.Wait()
	close(stop)
	writers.Wait()
	want := map[string]map[string]string{}
	table := nb.Schema().Table("Address_Set")
	for row := range w.db.Rows("Address_Set") {
		id := row.RowUUID().String()
		want[id] = map[string]string{}
		for _, c := range table.Columns {
			if d := c.Get(row); c.Name != "options" && d.Len() > 0 {
				want[id][c.Name] = string(d.AppendJSON(nil, &c.Type))
			}
		}
	}
	for i, r := range replicas {
		if err := r.settle(); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(r.rows); got != fmt.Sprint(want) {
			t.Errorf("replica %d\n has %s\nwant %v", i, got, want)
		}
	}
}

// replica follows a table with monitor_cond_since. It takes only columns whose
// difference is their new value, or can be applied by replacing.
type replica struct {
	p    *peer
	rows map[string]map[string]string
	last string
}

const replicaColumns = `"columns":["name","addresses","external_ids"]`

// follow reads some hundred updates, coming back or changing the condition now
// and then.
func (r *replica) follow(changes bool) error {
	r.last = "00000000-0000-0000-0000-000000000000"
	for round := range 5 {
		id := fmt.Sprintf(`"m%d"`, round)
		r.p.send(fmt.Sprintf(`{"method":"monitor_cond_since","params":[%s,%s,{"Address_Set":[{%s}]},%q],"id":0}`, northbound, id, replicaColumns, r.last))
		if err := r.read(20); err != nil {
			return err
		}
		if changes {
			for _, where := range []string{`[["name","==","0-1"],["name","includes","1-2"]]`, `[false]`, `[true]`} {
				r.p.send(fmt.Sprintf(`{"method":"monitor_cond_change","params":[%s,%s,{"Address_Set":[{"where":%s}]}],"id":0}`, id, id, where))
				if err := r.read(0); err != nil {
					return err
				}
			}
		}
		if round < 4 {
			r.p.send(fmt.Sprintf(`{"method":"monitor_cancel","params":[%s],"id":0}`, id))
			if err := r.read(0); err != nil {
				return err
			}
		}
	}
	return nil
}

// settle reads what is still on its way.
func (r *replica) settle() error {
	r.p.send(`{"method":"transact","params":[` + northbound + `],"id":0}`)
	return r.read(0)
}

// read reads up to the reply, and then some more updates.
func (r *replica) read(more int) error {
	replied := false
	for n := 0; !replied || n < more; n++ {
		text, err := r.p.read()
		if err != nil {
			return err
		}
		var m struct {
			ID     *int
			Error  json.RawMessage
			Result json.RawMessage
			Method string
			Params []json.RawMessage
		}
		if err := json.Unmarshal(text, &m); err != nil {
			return err
		}
		var updates json.RawMessage
		switch {
		case m.Method == "echo":
			r.p.send(`{"id":"echo","result":[],"error":null}`)
			continue
		case m.Method == "update3":
			json.Unmarshal(m.Params[1], &r.last)
			updates = m.Params[2]
		case len(m.Error) > 0 && string(m.Error) != "null":
			return errors.New(string(text))
		default:
			replied, n = true, 0
			var since []json.RawMessage
			if json.Unmarshal(m.Result, &since) == nil && len(since) == 3 {
				if string(since[0]) == "false" {
					clear(r.rows)
				}
				json.Unmarshal(since[1], &r.last)
				updates = since[2]
			}
		}
		if err := r.apply(updates); err != nil {
			return fmt.Errorf("%w: %s", err, text)
		}
	}
	return nil
}

func (r *replica) apply(updates json.RawMessage) error {
	var tables map[string]map[string]map[string]map[string]json.RawMessage
	if updates == nil {
		return nil
	}
	if err := json.Unmarshal(updates, &tables); err != nil {
		return err
	}
	for id, update := range tables["Address_Set"] {
		for kind, columns := range update {
			row, have := r.rows[id]
			if have != (kind == "delete" || kind == "modify") {
				return fmt.Errorf("%s of a row that is there: %t", kind, have)
			}
			if kind == "delete" {
				delete(r.rows, id)
				continue
			}
			if !have {
				row = map[string]string{}
				r.rows[id] = row
			}
			for c, v := range columns {
				row[c] = string(v)
			}
		}
	}
	return nil
}
