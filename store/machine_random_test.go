package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"pgregory.net/rapid"

	"github.com/weft-sdn/weft/schema"
)

// model is etcd as far as machines see it: keys, a log key, and every revision.
type model struct {
	rev     int64
	logRev  int64
	keys    map[string]*mvccpb.KeyValue
	ever    map[string]bool // names of rows
	history []watched
}

// nameOf reads a row's name from what lies in etcd.
func nameOf(value []byte) string {
	_, rest, _ := strings.Cut(string(value), `"name":"`)
	name, _, _ := strings.Cut(rest, `"`)
	return name
}

// put applies operations of one transaction.
func (e *model) put(ops []keyOp, log bool) int64 {
	e.rev++
	if log {
		e.logRev = e.rev
	}
	w := watched{rev: e.rev}
	remove := func(key string) {
		if e.keys[key] != nil {
			delete(e.keys, key)
			w.events = append(w.events, &clientv3.Event{Type: clientv3.EventTypeDelete, Kv: &mvccpb.KeyValue{Key: []byte(key), ModRevision: e.rev}})
		}
	}
	for _, o := range ops {
		switch o.kind {
		case opPut:
			kv := &mvccpb.KeyValue{Key: []byte(o.key), Value: []byte(o.value), ModRevision: e.rev}
			e.keys[o.key] = kv
			e.ever[nameOf(kv.Value)] = true
			w.events = append(w.events, &clientv3.Event{Type: clientv3.EventTypePut, Kv: kv})
		case opDelete:
			remove(o.key)
		default:
			for _, key := range slices.Sorted(maps.Keys(e.keys)) {
				if strings.HasPrefix(key, o.key) {
					remove(key)
				}
			}
		}
	}
	if len(w.events) > 0 {
		e.history = append(e.history, w)
	}
	return e.rev
}

// read is a full read.
func (e *model) read(l *layout) loadResult {
	res := loadResult{rows: map[rowKey]*loadedRow{}, rev: e.rev, logRev: e.logRev}
	for _, key := range slices.Sorted(maps.Keys(e.keys)) {
		res.take(l, scriptPrefix, e.keys[key])
	}
	return res
}

// rig is one server on the model.
type rig struct {
	m        *machine
	fly      *flight
	tries    int    // how often the flight's transaction reached etcd: 0 or 1
	verdict  *flown // what the transaction became, if it reached etcd
	reading  bool
	seen     int // of model.history
	leads    bool
	inserted map[*request]string // unanswered inserts of a row of that name
	waits    map[*request]bool
}

// TestMachineRandom: two servers of which one leads at a time, an etcd whose
// answers get lost, late or refused, watches that lag and lose track, other
// writers. Whatever the order: what was acknowledged is there, what was refused
// is not, and in the end both servers have what etcd has.
func TestMachineRandom(t *testing.T) {
	for i := range 10 {
		t.Run(fmt.Sprint(i), func(t *testing.T) { rapid.Check(t, func(rt *rapid.T) { newChaos(rt).run(rt) }) })
	}
}

type chaos struct {
	etcd    *model
	rigs    []*rig
	layout  *layout
	now     time.Time
	n       int
	acked   map[string]bool
	refused map[string]bool
}

func newChaos(rt *rapid.T) *chaos {
	c := &chaos{
		etcd: &model{rev: 1, keys: map[string]*mvccpb.KeyValue{}, ever: map[string]bool{}}, layout: newLayout(testSchema(), nil, ""), now: time.Unix(1000, 0),
		acked: map[string]bool{}, refused: map[string]bool{},
	}
	for i := range 2 {
		r := &rig{inserted: map[*request]string{}, waits: map[*request]bool{}, leads: i == 0}
		cfg := Config{
			Schema: testSchema(), Client: &clientv3.Client{}, Prefix: scriptPrefix, Now: func() time.Time { return c.now },
			Limits: Limits{TxnOps: 6, RequestBytes: 1 << 20}, CommitTimeout: time.Second,
			Guard: func() clientv3.Cmp {
				if !r.leads {
					return clientv3.Cmp{}
				}
				return clientv3.Compare(clientv3.CreateRevision("/leader"), "=", 1)
			},
		}
		cfg, err := cfg.complete()
		if err != nil {
			rt.Fatal(err)
		}
		res := c.etcd.read(c.layout)
		r.m = newMachine(&cfg, c.layout, nil, func() time.Time { return c.now }, &res)
		c.rigs = append(c.rigs, r)
	}
	return c
}

func (c *chaos) run(rt *rapid.T) {
	for range rapid.IntRange(1, 120).Draw(rt, "steps") {
		r := c.rigs[rapid.IntRange(0, 1).Draw(rt, "server")]
		c.step(rt, r, rapid.IntRange(0, 17).Draw(rt, "event"))
		c.pass(r, rapid.IntRange(0, 300).Draw(rt, "ms"))
		c.settle(rt, r)
	}
	// Everything comes to rest: etcd answers, watches catch up.
	for range 40 {
		for _, r := range c.rigs {
			for _, event := range []int{4, 5, 8, 8, 10} {
				c.step(rt, r, event)
				c.pass(r, 50)
				c.settle(rt, r)
			}
		}
	}
	c.compare(rt)
}

// step is one event at one server.
func (c *chaos) step(rt *rapid.T, r *rig, event int) {
	switch event {
	case 0, 1, 2, 3: // a client
		c.client(rt, r)
	case 4: // etcd takes the flight
		c.reach(rt, r)
	case 5: // and says so
		if r.fly != nil && r.verdict != nil {
			c.land(r, *r.verdict)
		}
	case 6: // or is silent until the clients are told
		if r.fly != nil && r.m.phase == flying {
			r.m.overdue(errors.New("silence"))
		}
	case 7: // the answer was lost: what became of it is found out by a fence
		if r.fly != nil {
			c.fence(r)
		}
	case 8, 9: // the watch shows a revision
		if r.seen < len(c.etcd.history) {
			r.m.saw(c.etcd.history[r.seen])
			r.seen++
		}
	case 10: // a full read ends
		if r.reading {
			r.reading = false
			r.m.loaded(c.etcd.read(c.layout))
		}
	case 11: // or fails
		if r.reading {
			r.reading = false
			r.m.loaded(loadResult{err: errors.New("silence")})
		}
	case 12: // the watch loses track
		r.seen = len(c.etcd.history)
		r.m.saw(watched{lost: "compacted"})
	case 13: // another one leads; its guard holds from now on, that of a flight does not
		for _, other := range c.rigs {
			other.leads = other == r
			if other != r && other.fly != nil && other.verdict == nil {
				other.tries = 1
				other.verdict = &flown{verdict: notLeader}
			}
		}
	case 14: // another process writes
		c.n++
		n := rapid.IntRange(max(1, c.n-5), c.n).Draw(rt, "row")
		if key := scriptPrefix + "Root/" + testUUID("Root", n); n == c.n || c.etcd.keys[key] != nil {
			name := fmt.Sprintf("f%d", n)
			if kv := c.etcd.keys[key]; kv != nil {
				name = nameOf(kv.Value)
			}
			c.etcd.put([]keyOp{{key: key, value: fmt.Sprintf(`{"name":"%s","i":%d,"s":"%d"}`, name, n, c.n)}}, false)
		}
	case 15: // etcd refuses
		if r.fly != nil && r.tries == 0 {
			c.land(r, flown{verdict: refused, err: errors.New("too large")})
		}
	case 16, 17: // another process writes members
		c.scribble(rt)
	}
}

// scribble is what another process may write of a row's members: what follows
// from them, something else, or form 1.
func (c *chaos) scribble(rt *rapid.T) {
	var rows []string
	for key := range c.etcd.keys {
		if strings.Count(key, "/") == strings.Count(scriptPrefix, "/")+1 {
			rows = append(rows, key)
		}
	}
	if len(rows) == 0 {
		return
	}
	slices.Sort(rows)
	c.n++
	below, member := rows[len(rows)-1-rapid.IntRange(0, min(1, len(rows)-1)).Draw(rt, "row")]+"/mi/", fmt.Sprint("m", c.n%4)
	bucket := fmt.Sprintf(`{"%s":%d}`, member, c.n)
	ops := [][]keyOp{
		{{key: below + "+", value: bucket}},
		{{key: below + member, value: fmt.Sprint(c.n)}},
		{{key: below + "m+", value: bucket}},
		{{key: below + "+", kind: opDelete}},
		{{key: below + member, kind: opDelete}, {key: below + "m+", kind: opDelete}},
	}
	c.etcd.put(rapid.SampledFrom(ops).Draw(rt, "members"), false)
}

// pass lets time go by.
func (c *chaos) pass(r *rig, ms int) {
	c.now = c.now.Add(time.Duration(ms) * time.Millisecond)
	if due := r.m.deadline(); !due.IsZero() && !due.After(c.now) {
		r.m.tick()
	}
}

func (c *chaos) client(rt *rapid.T, r *rig) {
	c.n++
	name := fmt.Sprintf("c%d", c.n)
	req := &request{ctx: context.Background(), client: Client{Name: name}, came: c.now, answer: make(chan reply, 1)}
	switch rapid.IntRange(0, 9).Draw(rt, "client") {
	case 0:
		req.ops = rawOps(`{"op":"select","table":"Root","where":[]}`)
	case 1:
		req.ops = rawOps(fmt.Sprintf(`{"op":"wait","table":"Root","where":[["name","==","c%d"]],"columns":["b"],"until":"==","rows":[{"b":false}],"timeout":%d}`,
			max(1, c.n-rapid.IntRange(0, 9).Draw(rt, "back")), rapid.IntRange(1, 2000).Draw(rt, "timeout")))
	case 2:
		req.ops = rawOps(fmt.Sprintf(`{"op":"delete","table":"Root","where":[["name","==","gone"]]}, {"op":"insert","table":"Root","row":{"name":"gone","i":%d}}`, c.n))
	case 3:
		req.ops = rawOps(fmt.Sprintf(`{"op":"update","table":"Root","where":[["i",">=",%d]],"row":{"s":"%s"}}`, max(1, c.n-3), name))
	case 8, 9: // more members than a bucket takes, or less
		var pairs, keys []string
		for range rapid.SampledFrom([]int{1, 2, 70}).Draw(rt, "members") {
			n := rapid.IntRange(0, 99).Draw(rt, "member")
			pairs, keys = append(pairs, fmt.Sprintf(`["m%d",%d]`, n, c.n)), append(keys, fmt.Sprintf(`"m%d"`, n))
		}
		slices.Sort(pairs)
		slices.Sort(keys)
		of := func(kind string, list []string) string {
			return `["` + kind + `",[` + strings.Join(slices.Compact(list), ",") + `]]`
		}
		mutations := `["mi","delete",` + of("set", keys) + `]`
		if rapid.IntRange(0, 2).Draw(rt, "insert") > 0 {
			mutations += `,["mi","insert",` + of("map", pairs) + `]`
		}
		req.ops = rawOps(fmt.Sprintf(`{"op":"mutate","table":"Root","where":[["i",">=",%d]],"mutations":[%s]}`, max(1, c.n-2), mutations))
	case 4: // more than etcd takes at once
		req.write = &Write{Split: true}
		for range 9 {
			c.n++
			u := mustUUID(testUUID("Root", c.n))
			req.write.Rows = append(req.write.Rows, Change{Table: c.layout.byName["Root"].Table, UUID: u, New: &Root{Header: schema.Header{UUID: u}, Name: fmt.Sprintf("w%d", c.n), I: int64(c.n)}})
		}
	default:
		req.ops = rawOps(fmt.Sprintf(`{"op":"insert","table":"Root","uuid":"%s","row":{"name":"%s","i":%d}}`, testUUID("Root", c.n), name, c.n))
		r.inserted[req] = name
	}
	req.read = req.write == nil && readsOnly(req.ops)
	r.waits[req] = true
	if r.m.full() {
		req.answer <- reply{err: errors.New("not handed in")}
		return
	}
	r.m.submit(req)
}

// reach has the flight's transaction decided on by etcd.
func (c *chaos) reach(rt *rapid.T, r *rig) {
	if r.fly == nil || r.tries > 0 {
		return
	}
	r.tries++
	f := flown{}
	switch {
	case !r.leads:
		f.verdict = notLeader
	case r.fly.txn.logRev != c.etcd.logRev:
		f.verdict = overtaken
	default:
		pieces := r.fly.pieces
		if pieces == nil {
			pieces = [][]keyOp{r.fly.txn.ops}
		}
		for i, ops := range pieces {
			if i > 0 && rapid.IntRange(0, 9).Draw(rt, "piece") == 0 {
				f.verdict, f.partly, f.err = refused, true, errors.New("too large")
				f.before = append(f.before, f.rev)
				break
			}
			if f.rev != 0 {
				f.before = append(f.before, f.rev)
			}
			f.rev = c.etcd.put(ops, true)
		}
		f.logRev = f.rev
	}
	r.verdict = &f
}

// fence is what settle of a transaction without an answer finds out.
func (c *chaos) fence(r *rig) {
	f := flown{verdict: refused, settled: true, err: errors.New("silence")}
	switch {
	case r.verdict != nil && r.verdict.verdict == accepted && r.verdict.rev == c.etcd.logRev:
		f = *r.verdict
		f.settled = true
	case r.fly.txn.logRev != c.etcd.logRev:
		f.verdict = overtaken
	case !r.leads || r.verdict != nil && r.verdict.verdict == notLeader:
		f.verdict = notLeader
	default:
		f.rev = c.etcd.put(nil, true)
		f.logRev = f.rev
	}
	c.land(r, f)
}

func (c *chaos) land(r *rig, f flown) {
	r.fly, r.verdict, r.tries = nil, nil, 0
	r.m.landed(f)
}

// settle does what the machine asks for, and takes its answers.
func (c *chaos) settle(rt *rapid.T, r *rig) {
	for again := true; again; {
		o := r.m.next()
		if o.fly != nil {
			if r.fly != nil {
				rt.Fatal("two flights at once")
			}
			r.fly = o.fly
			r.m.ahead()
		}
		r.reading = r.reading || o.read
		again = false
		for req := range r.waits {
			select {
			case a := <-req.answer:
				if a.state == nil {
					c.answered(rt, r, req, a)
					break
				}
				for _, e := range a.state.tables[c.layout.byName["Root"].n].rows.all() {
					if name := e.row.(*Root).Name; !c.etcd.ever[name] {
						rt.Fatalf("a client sees %s, which etcd never took", name)
					}
				}
				e := &executor{txn: newTxn(c.layout, a.state), cfg: r.m.cfg, client: &req.client, elapsed: c.now.Sub(req.came), dry: true}
				if out := e.execute(req.ops); out.blocked != nil || !req.read {
					r.m.takeBack(tried{req, out.blocked, a.seq})
					again = true
				} else {
					delete(r.waits, req)
				}
			default:
			}
		}
	}
	m := r.m
	if (m.flight != nil) != (m.phase == flying || m.phase == overdue) || m.phase.silent() && (m.open != nil || m.held != nil) {
		rt.Fatalf("phase %s", m.phase)
	}
	if m.flight == nil && m.open == nil && m.pending != m.committed.state {
		rt.Fatal("something is pending that nobody will commit")
	}
}

func (c *chaos) answered(rt *rapid.T, r *rig, req *request, a reply) {
	delete(r.waits, req)
	name := r.inserted[req]
	delete(r.inserted, req)
	if name == "" {
		return
	}
	if result := text(a.results); !strings.Contains(result, "error") && a.err == nil {
		c.acked[name] = true
	} else if !strings.Contains(result, "not known") {
		c.refused[name] = true
	}
}

// compare holds servers, etcd and what clients were told against each other.
func (c *chaos) compare(rt *rapid.T) {
	in := map[string]bool{}
	for _, kv := range c.etcd.keys {
		in[nameOf(kv.Value)] = true
	}
	for name := range c.acked {
		if !in[name] {
			rt.Errorf("%s was acknowledged and is not there", name)
		}
	}
	for name := range c.refused {
		if in[name] {
			rt.Errorf("%s was refused and is there", name)
		}
	}
	for i, r := range c.rigs {
		if n := len(r.waits); r.m.phase != idle || len(r.inserted) != 0 || len(r.m.waiting.all) != n || len(r.m.own) != 0 || len(r.m.dues) != 0 && n == 0 {
			rt.Errorf("server %d: phase %s, %d unanswered, %d wait, %d own, %d due", i, r.m.phase, n, len(r.m.waiting.all), len(r.m.own), len(r.m.dues))
		}
		res := c.etcd.read(c.layout)
		fresh := newMachine(r.m.cfg, c.layout, nil, r.m.clock, &res)
		if d := r.m.differences(r.m.committed.state, fresh.committed.state); len(d) > 0 {
			rt.Errorf("server %d differs from etcd in %d rows, as %+v, %+v", i, len(d), d[0].Old, d[0].New)
		}
		if got, want := oddParts(r.m.committed.state), oddParts(fresh.committed.state); !maps.EqualFunc(got, want, slices.Equal) {
			rt.Errorf("server %d takes for odd %v, and %v are", i, got, want)
		}
	}
}

// oddParts are the keys of columns that are not as they follow from the members.
func oddParts(s *state) map[rowKey][]string {
	all := map[rowKey][]string{}
	for _, odd := range s.odd.all() {
		all[odd.key] = append(all[odd.key], odd.parts...)
	}
	return all
}
