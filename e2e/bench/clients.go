package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/weft-sdn/weft/e2e"
)

// Figures of the databases as their clients see them.
//
//   - Among 10,000 ports: the initial contents of Logical_Flow for a monitor, and
//     what becomes of a transaction while somebody reads everything.
//   - 200 clients on each database, which monitor and write: what a transaction
//     takes, the memory of what serves them, and the latest update where the
//     processors are busy with other things.
const (
	monitorFlows = "sb-monitor-flows-10000-ports"
	besideDump   = "transaction-p99-beside-dump-10000-ports"

	clients     = 200
	writesEach  = 10
	clientsName = "clients-200-"
	dumpTime    = 5 * time.Second
)

func clientScenes() []scene {
	return []scene{
		{ports: many.ports, ips: 1, measure: (*cloud).reads, figures: []spec{
			{name: monitorFlows, goal: goal{ratio: 1}},
			{name: besideDump, goal: goal{limit: &figure{2, "x"}}},
		}},
		{ports: few.ports, ips: 1, measure: (*cloud).crowd, figures: []spec{
			{name: clientsName + "transaction-p50", goal: goal{ratio: 1}},
			{name: clientsName + "transaction-p99", goal: goal{ratio: 1}},
			{name: clientsName + "memory", goal: goal{ratio: 1.5}},
			{name: clientsName + "starved-latest-update", goal: goal{ratio: 1}},
		}},
	}
}

// servers are the daemons that serve the databases and compile, by system.
var servers = map[string][]string{"weft": {"northd"}, "ovn": {"northd", "nb-ovsdb", "sb-ovsdb"}}

// reads gives the figures of large replies.
func (c *cloud) reads(ctx context.Context) error {
	if err := c.nb.transactWait("sb_cfg"); err != nil {
		return err
	}
	took, err := c.median(ctx, 5, "Logical_Flow monitored", func() (time.Duration, error) {
		start := time.Now()
		m, err := c.member(ctx, "sb", "OVN_Southbound", "Logical_Flow", nil)
		if err != nil {
			return 0, err
		}
		defer m.conn.Close()
		return time.Since(start), nil
	})
	if err != nil {
		return err
	}
	c.give(monitorFlows, took)
	alone, err := c.answered(ctx)
	if err != nil {
		return err
	}
	dctx, stop := context.WithCancel(ctx)
	defer stop()
	var g errgroup.Group
	dumps := 0
	g.Go(func() error {
		for dctx.Err() == nil {
			m, err := c.member(dctx, "sb", "OVN_Southbound", "Logical_Flow", nil)
			if err != nil && dctx.Err() == nil {
				return err
			}
			if err == nil {
				dumps++
				m.conn.Close()
			}
		}
		return nil
	})
	beside, err := c.answered(ctx)
	stop()
	if err := errors.Join(err, g.Wait()); err != nil {
		return err
	}
	c.note("a transaction's p50 and p99 alone %v %v, beside %d dumps %v %v", quantile(alone, 0.5), quantile(alone, 0.99), dumps, quantile(beside, 0.5), quantile(beside, 0.99))
	c.give(besideDump, &figure{float64(quantile(beside, 0.99)) / float64(quantile(alone, 0.99)), "x"})
	return nil
}

// answered makes transactions one after another for a while and returns what
// each took.
func (c *cloud) answered(ctx context.Context) ([]time.Duration, error) {
	var all []time.Duration
	for i, end := 0, time.Now().Add(dumpTime); time.Now().Before(end); i++ {
		start := time.Now()
		if _, err := c.nb.transact(op{"op": "update", "table": "Logical_Switch", "where": []any{[]any{"name", "==", "sw0"}},
			"row": map[string]any{"external_ids": []any{"map", []any{[]any{"n", strconv.Itoa(i)}}}}}); err != nil {
			return nil, err
		}
		all = append(all, time.Since(start))
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	return all, nil
}

func quantile(all []time.Duration, q float64) time.Duration {
	all = slices.Sorted(slices.Values(all))
	return all[min(len(all)-1, int(q*float64(len(all))))]
}

// crowd gives the figures of many clients.
func (c *cloud) crowd(ctx context.Context) error {
	if err := c.nb.transactWait("sb_cfg"); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	late := &latest{}
	var north, all []*member
	for i := range clients {
		n, err := c.member(ctx, "nb", "OVN_Northbound", "Logical_Switch", late)
		if err != nil {
			return fmt.Errorf("client %d: %w", i, err)
		}
		s, err := c.member(ctx, "sb", "OVN_Southbound", "Datapath_Binding", nil)
		if err != nil {
			return fmt.Errorf("client %d: %w", i, err)
		}
		north, all = append(north, n), append(all, n, s)
	}
	var g errgroup.Group
	for _, m := range all {
		g.Go(func() error { return m.follow(ctx) })
	}
	took, err := writeAll(ctx, north)
	if err != nil {
		return err
	}
	c.give(clientsName+"transaction-p50", seconds(quantile(took, 0.5)))
	c.give(clientsName+"transaction-p99", seconds(quantile(took, 0.99)))
	if err := c.nb.transactWait("sb_cfg"); err != nil {
		return err
	}
	var memory, own int64
	for _, name := range servers[c.s.Backend.Name()] {
		m, err := c.s.Memory(name)
		if err != nil {
			return err
		}
		o, err := c.s.OwnMemory(name)
		if err != nil {
			return err
		}
		memory, own = memory+m, own+o
	}
	c.note("%.1f MB resident, of it %.1f MB no file's", float64(memory)/1e6, float64(own)/1e6)
	c.give(clientsName+"memory", &figure{float64(memory) / 1e6, "MB"})
	c.note("the latest update %v", late.take())
	rest, err := e2e.Load(4)
	if err != nil {
		return err
	}
	took, err = writeAll(ctx, north)
	rest()
	if err != nil {
		return err
	}
	if err := c.nb.transactWait("sb_cfg"); err != nil {
		return err
	}
	latest := late.take()
	c.note("starved: a transaction's p50 %v, p99 %v; the latest update %v", quantile(took, 0.5), quantile(took, 0.99), latest)
	c.give(clientsName+"starved-latest-update", seconds(latest))
	stop()
	g.Wait() // each ends with its closed connection
	return nil
}

// writeAll has every client insert its rows, one after another, all at once.
func writeAll(ctx context.Context, all []*member) ([]time.Duration, error) {
	var g errgroup.Group
	var mu sync.Mutex
	var took []time.Duration
	for _, m := range all {
		g.Go(func() error {
			for range writesEach {
				start := time.Now()
				if err := m.insert(ctx, stampPrefix+strconv.FormatInt(start.UnixNano(), 10)); err != nil {
					return err
				}
				mu.Lock()
				took = append(took, time.Since(start))
				mu.Unlock()
			}
			return nil
		})
	}
	return took, g.Wait()
}

// latest is the longest time from the writing of a row until a client was told
// of it.
type latest struct {
	mu sync.Mutex
	d  time.Duration // guarded by mu
}

// take returns it and begins anew.
func (l *latest) take() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	d := l.d
	l.d = 0
	return d
}

// stampPrefix begins the names of rows that tell when they were written.
const stampPrefix = "written-"

// see looks for the rows that an update tells of.
func (l *latest) see(update []byte) {
	now := time.Now()
	for {
		_, rest, ok := bytes.Cut(update, []byte(`"`+stampPrefix))
		if !ok {
			return
		}
		text, rest, _ := bytes.Cut(rest, []byte(`"`))
		update = rest
		if at, err := strconv.ParseInt(string(text), 10, 64); err == nil {
			l.mu.Lock()
			l.d = max(l.d, now.Sub(time.Unix(0, at)))
			l.mu.Unlock()
		}
	}
}

// member is one of many clients: it monitors a table, and writes.
type member struct {
	conn net.Conn
	r    *bufio.Reader
	buf  []byte  // the message that is read
	late *latest // nil: updates are not looked at

	mu      sync.Mutex // guards writing to conn
	answers chan message
}

// member connects a client and reads the initial contents of its table.
func (c *cloud) member(ctx context.Context, socket, db, table string, late *latest) (*member, error) {
	conn, err := net.Dial("unix", c.s.Dir+"/"+socket+".sock")
	if err != nil {
		return nil, err
	}
	m := &member{conn: conn, r: bufio.NewReaderSize(conn, 1<<14), late: late, answers: make(chan message, 1)}
	context.AfterFunc(ctx, func() { conn.Close() })
	if err := m.send("monitor", "monitor_cond_since", db, "m", map[string]any{table: []any{map[string]any{}}}, "00000000-0000-0000-0000-000000000000"); err != nil {
		return nil, err
	}
	for {
		r, err := m.next()
		if err != nil {
			return nil, err
		}
		if string(r.ID) == `"monitor"` {
			return m, answerError(r)
		}
	}
}

// next reads a message. What is long, or an update, is not decoded: a client's
// own work shall not be what is measured.
func (m *member) next() (message, error) {
	m.buf = m.buf[:0]
	for depth, quoted, escaped := 0, false, false; ; {
		if _, err := m.r.Peek(1); err != nil {
			return message{}, err
		}
		chunk, _ := m.r.Peek(m.r.Buffered())
		n := 0
		for done := false; n < len(chunk) && !done; n++ {
			switch b := chunk[n]; {
			case escaped:
				escaped = false
			case quoted && b == '\\':
				escaped = true
			case b == '"':
				quoted = !quoted
			case quoted:
			case b == '{' || b == '[':
				depth++
			case b == '}' || b == ']':
				depth--
				done = depth == 0
			}
		}
		if len(m.buf) < longMessage {
			m.buf = append(m.buf, chunk[:n]...)
		}
		m.r.Discard(n)
		if depth > 0 {
			continue
		}
		var r message
		switch {
		case bytes.Contains(m.buf, []byte(`"update3"`)):
			return message{Method: "update3", Params: m.buf}, nil
		case len(m.buf) >= longMessage:
			return message{ID: json.RawMessage(`"monitor"`)}, nil // the only long replies
		}
		return r, json.Unmarshal(m.buf, &r)
	}
}

// longMessage is from how many bytes on a message is not kept.
const longMessage = 1 << 20

func answerError(r message) error {
	if len(r.Error) > 0 && string(r.Error) != "null" {
		return fmt.Errorf("bench: %s", r.Error)
	}
	return nil
}

func (m *member) send(id, method string, params ...any) error {
	b, err := json.Marshal(map[string]any{"id": id, "method": method, "params": params})
	if err != nil {
		return err
	}
	return m.write(b)
}

func (m *member) write(b []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, err := m.conn.Write(b)
	return err
}

// follow reads until the connection ends.
func (m *member) follow(ctx context.Context) error {
	for {
		r, err := m.next()
		if err != nil {
			close(m.answers)
			if ctx.Err() != nil || errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		switch {
		case r.Method == "echo":
			b, _ := json.Marshal(map[string]any{"id": r.ID, "result": r.Params, "error": nil})
			if err := m.write(b); err != nil {
				return err
			}
		case r.Method != "":
			if m.late != nil {
				m.late.see(r.Params)
			}
		case string(r.ID) == `"insert"`:
			m.answers <- r
		}
	}
}

// insert writes a switch of that name, and waits for the answer.
func (m *member) insert(ctx context.Context, name string) error {
	if err := m.send("insert", "transact", "OVN_Northbound", op{"op": "insert", "table": "Logical_Switch", "row": map[string]any{"name": name}}); err != nil {
		return err
	}
	select {
	case r, ok := <-m.answers:
		if !ok {
			return errors.New("bench: the server has closed a client's connection")
		}
		if err := answerError(r); err != nil {
			return err
		}
		if bytes.Contains(r.Result, []byte(`"error"`)) {
			return fmt.Errorf("bench: insert: %s", r.Result)
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
