package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/weft-sdn/weft/schema"
)

// TestMachine runs the scripts of testdata/machine: what happens to a database
// between its clients, etcd and other writers, event by event. The commands:
//
//	start rev=N [ops=N] [timeout=D]   a database of the keys given (KEY VALUE a line, below the prefix)
//	guard on|off                      this server leads, or does not
//	submit NAME                       a transaction, as operations in JSON separated by commas
//	write NAME                        Roots of this process: UUID NAME a line, in pieces if need be
//	tried NAME                        what was roused is executed outside and handed in again
//	cancel NAME                       the client is gone
//	landed VERDICT [rev=N] [settled] [before=N]
//	overdue                           etcd takes too long to decide on the flight
//	watch rev=N                       events: put KEY VALUE, delete KEY a line
//	lost                              the watch has lost track
//	loaded rev=N | loaded failed      what a full read gave, as start's
//	clock D                           time goes by
//	end                               the database is closed
//
// Names like #1 stand for UUIDs. Each command prints what follows: answers, commits, orders, and the phase.
func TestMachine(t *testing.T) {
	datadriven.Walk(t, "testdata/machine", func(t *testing.T, file string) {
		d := &driver{t: t, requests: map[string]*request{}, now: time.Unix(1000, 0)}
		datadriven.RunTest(t, file, d.run)
	})
}

// driver runs one script.
type driver struct {
	t        *testing.T
	m        *machine
	layout   *layout
	sub      *Subscription
	now      time.Time
	guard    clientv3.Cmp
	requests map[string]*request
	cancels  map[string]context.CancelFunc
	states   map[string]reply // of those that were roused
	out      strings.Builder
}

const scriptPrefix = "/weft/t/"

func (d *driver) run(t *testing.T, c *datadriven.TestData) string {
	d.t = t
	d.out.Reset()
	c.Input = expandIDs(c.Input)
	switch c.Cmd {
	case "start":
		d.start(c)
	case "guard":
		d.guard = clientv3.Cmp{}
		if c.HasArg("on") {
			d.guard = clientv3.Compare(clientv3.CreateRevision("/leader"), "=", 1)
		}
		return ""
	case "submit":
		ops := rawOps(c.Input)
		d.m.submit(d.request(name(c), &request{ops: ops, read: readsOnly(ops)}))
	case "write":
		d.m.submit(d.request(name(c), &request{write: d.write(c)}))
	case "tried":
		d.tried(name(c))
	case "cancel":
		d.cancels[name(c)]()
		d.m.cancel(d.requests[name(c)])
	case "landed":
		d.m.landed(d.flown(c))
	case "overdue":
		d.m.overdue(errors.New("silence"))
	case "watch":
		w := watched{rev: d.number(c, "rev")}
		for _, l := range lines(c.Input) {
			verb, kv, _ := strings.Cut(l, " ")
			e := &clientv3.Event{Type: clientv3.EventTypePut, Kv: d.keyValue(kv, w.rev)}
			if verb == "delete" {
				e.Type = clientv3.EventTypeDelete
			}
			w.events = append(w.events, e)
		}
		d.m.saw(w)
	case "lost":
		d.m.saw(watched{lost: "compacted"})
	case "loaded":
		res := loadResult{err: errors.New("silence")}
		if !c.HasArg("failed") {
			res = d.content(c)
		}
		d.m.loaded(res)
	case "clock":
		step, err := time.ParseDuration(name(c))
		if err != nil {
			t.Fatal(err)
		}
		d.now = d.now.Add(step)
		if due := d.m.deadline(); !due.IsZero() && !due.After(d.now) {
			d.m.tick()
		}
	case "end":
		d.m.end()
		d.answers()
		return shortIDs(d.out.String())
	default:
		t.Fatalf("no command %q", c.Cmd)
	}
	d.obey(d.m.next())
	return shortIDs(d.out.String())
}

func name(c *datadriven.TestData) string { return c.CmdArgs[0].Key }

func lines(s string) []string {
	return slices.DeleteFunc(strings.Split(s, "\n"), func(l string) bool { return l == "" })
}

func (d *driver) number(c *datadriven.TestData, key string) int64 {
	if !c.HasArg(key) {
		return 0
	}
	var n int64
	c.ScanArgs(d.t, key, &n)
	return n
}

func (d *driver) start(c *datadriven.TestData) {
	cfg := Config{
		Schema: testSchema(), Client: &clientv3.Client{}, Prefix: scriptPrefix, Now: func() time.Time { return d.now },
		Guard: func() clientv3.Cmp { return d.guard }, Limits: Limits{TxnOps: int(d.number(c, "ops"))}, CommitTimeout: time.Second,
	}
	if c.HasArg("ops") {
		cfg.Limits.RequestBytes = 1 << 20
	}
	cfg, err := cfg.complete()
	if err != nil {
		d.t.Fatal(err)
	}
	if testing.Verbose() {
		cfg.Log = slog.New(slog.NewTextHandler(d.t.Output(), nil))
	}
	d.guard = clientv3.Compare(clientv3.CreateRevision("/leader"), "=", 1)
	d.requests, d.cancels, d.states = map[string]*request{}, map[string]context.CancelFunc{}, map[string]reply{}
	d.layout = newLayout(cfg.Schema, nil, "")
	res := d.content(c)
	d.m = newMachine(&cfg, d.layout, nil, func() time.Time { return d.now }, &res)
	d.sub = d.m.feed.subscribe(0)
}

// content is what a full read gives.
func (d *driver) content(c *datadriven.TestData) loadResult {
	res := loadResult{rows: map[rowKey]*loadedRow{}, rev: d.number(c, "rev"), logRev: d.number(c, "log")}
	for _, l := range lines(c.Input) {
		res.take(d.layout, scriptPrefix, d.keyValue(l, res.rev))
	}
	return res
}

func (d *driver) keyValue(text string, rev int64) *mvccpb.KeyValue {
	key, value, _ := strings.Cut(text, " ")
	return &mvccpb.KeyValue{Key: []byte(scriptPrefix + key), Value: []byte(readBucket(value)), ModRevision: rev}
}

var (
	shortID = regexp.MustCompile(`#(\d)`)
	longID  = regexp.MustCompile(`00000000-0000-4000-8000-00000000000(\d)`)
	anyID   = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}`)
)

func expandIDs(s string) string {
	return shortID.ReplaceAllString(s, "00000000-0000-4000-8000-00000000000$1")
}

func shortIDs(s string) string {
	return anyID.ReplaceAllString(longID.ReplaceAllString(s, "#$1"), "#new")
}

// request makes a request ready to be handed in.
func (d *driver) request(name string, r *request) *request {
	r.ctx, d.cancels[name] = context.WithCancel(context.Background())
	r.client.Name, r.came, r.answer = name, d.now, make(chan reply, 1)
	d.requests[name] = r
	return r
}

func (d *driver) write(c *datadriven.TestData) *Write {
	w := &Write{Split: true, Client: "northd"}
	for _, l := range lines(c.Input) {
		text, rowName, _ := strings.Cut(l, " ")
		id := mustUUID(text)
		w.Rows = append(w.Rows, Change{Table: d.layout.byName["Root"].Table, UUID: id, New: &Root{Header: schema.Header{UUID: id}, Name: rowName, S: rowName}})
	}
	return w
}

// tried does what Submission.Answer does with a state.
func (d *driver) tried(name string) {
	r, a := d.requests[name], d.states[name]
	if a.state == nil {
		d.t.Fatalf("%s was not roused", name)
	}
	delete(d.states, name)
	e := &executor{txn: newTxn(d.layout, a.state), cfg: d.m.cfg, client: &r.client, elapsed: d.now.Sub(r.came), dry: true}
	out := e.execute(r.ops)
	if out.blocked == nil && r.read {
		fmt.Fprintf(&d.out, "%s: %s\n", name, text(out.results))
		return
	}
	d.m.takeBack(tried{r, out.blocked, a.seq})
}

func (d *driver) flown(c *datadriven.TestData) flown {
	f := flown{rev: d.number(c, "rev"), settled: c.HasArg("settled"), err: errors.New("silence")}
	f.logRev = f.rev
	if n := d.number(c, "before"); n > 0 {
		f.before, f.partly = []int64{n}, true
	}
	if d.m.flight == nil {
		d.t.Fatalf("%s: nothing is in flight", c.Pos)
	}
	switch name(c) {
	case "accepted":
		f.partly = false
	case "not-leader":
		f.verdict = notLeader
	case "overtaken":
		f.verdict = overtaken
	case "refused":
		f.verdict = refused
	default:
		d.t.Fatalf("no verdict %q", name(c))
	}
	return f
}

// obey prints what the machine asks for, and all else that can be seen of it.
func (d *driver) obey(o orders) {
	d.answers()
	commits, err := d.sub.Take()
	if err != nil {
		d.t.Fatal(err)
	}
	for _, c := range commits {
		fmt.Fprintf(&d.out, "commit rev=%d by %s:", c.Rev, c.Client)
		slices.SortFunc(c.Changes, func(a, b Change) int { return a.UUID.Compare(b.UUID) })
		for _, ch := range c.Changes {
			sign := "~"
			if ch.Old == nil {
				sign = "+"
			} else if ch.New == nil {
				sign = "-"
			}
			fmt.Fprintf(&d.out, " %s%s/%s", sign, ch.Table.Name, ch.UUID)
		}
		d.out.WriteString("\n")
	}
	if o.fly != nil {
		pieces := o.fly.pieces
		if pieces == nil {
			pieces = [][]keyOp{o.fly.txn.ops}
		}
		for _, ops := range pieces {
			fmt.Fprintf(&d.out, "etcd, if the log is at %d:\n", o.fly.txn.logRev)
			for _, op := range ops {
				verb := [...]string{"put", "delete", "delete below"}[op.kind]
				d.out.WriteString(strings.TrimRight(fmt.Sprintf("  %s %s %s", verb, strings.TrimPrefix(op.key, scriptPrefix), showBucket(op.value)), " ") + "\n")
			}
		}
	}
	if o.read {
		d.out.WriteString("read everything\n")
	}
	fmt.Fprintf(&d.out, "%s%s", d.m.phase, d.counts())
	if due := d.m.deadline(); !due.IsZero() {
		fmt.Fprintf(&d.out, ", tick in %s", due.Sub(d.now))
	}
	d.out.WriteString("\n")
	d.check()
}

func (d *driver) counts() (text string) {
	for _, c := range []struct {
		what string
		n    int
	}{{"waiting", len(d.m.waiting.all)}, {"parked", len(d.m.parked)}, {"unseen", len(d.m.own)}} {
		if c.n > 0 {
			text += ", " + strconv.Itoa(c.n) + " " + c.what
		}
	}
	if d.m.held != nil {
		text += ", one held"
	}
	return text
}

func (d *driver) answers() {
	for _, name := range slices.Sorted(maps.Keys(d.requests)) {
		r := d.requests[name]
		select {
		case a := <-r.answer:
			switch {
			case a.state != nil && r.read:
				e := &executor{txn: newTxn(d.layout, a.state), cfg: d.m.cfg, client: &r.client, elapsed: d.now.Sub(r.came)}
				if out := e.execute(r.ops); out.blocked == nil {
					fmt.Fprintf(&d.out, "%s: %s\n", name, text(out.results))
					break
				}
				fallthrough
			case a.state != nil:
				d.states[name] = a
				fmt.Fprintf(&d.out, "%s: try again on commit %d\n", name, a.seq)
			case r.ops == nil:
				fmt.Fprintf(&d.out, "%s: rev=%d, %v\n", name, a.rev, a.err)
			default:
				fmt.Fprintf(&d.out, "%s: %s\n", name, text(a.results))
			}
		default:
		}
	}
}

// check holds what is always so.
func (d *driver) check() {
	m := d.m
	if (m.flight != nil) != (m.phase == flying || m.phase == overdue) {
		d.t.Errorf("phase %s, flight %v", m.phase, m.flight != nil)
	}
	if m.phase.silent() && (m.open != nil || m.held != nil) {
		d.t.Errorf("phase %s, and a batch is open or a request held", m.phase)
	}
	if m.flight == nil && m.open == nil && m.pending != m.committed.state {
		d.t.Error("something is pending that nobody will commit")
	}
	if len(m.dues) < len(m.parked) {
		d.t.Errorf("%d parked, %d of them have a time", len(m.parked), len(m.dues))
	}
}
