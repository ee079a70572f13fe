package store

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/weft-sdn/weft/schema"
)

// machine is the middle of a database: what becomes of requests, of etcd's
// verdicts and of what others write. It does no I/O, has no goroutine, and its
// clock is given: whoever drives it (the loop, a test's script) calls an event
// (submit, takeBack, cancel, landed, overdue, saw, loaded, tick), then next, and
// does what that asks for. Answers go into the requests' own channels, which
// have room for them.
type machine struct {
	cfg     *Config
	layout  *layout
	enc     encoder
	cluster schema.UUID // names the database as all servers on one etcd do
	name    stateName   // of the committed state
	clock   func() time.Time
	badBlob func(path string, err error)
	feed    *feed

	phase  phase
	why    string  // a full read is due, or is done: phases stale and loading
	flight *flight // what etcd decides on: phases flying and overdue

	committed *Snapshot
	pending   *state   // with everything in flight and open
	open      *batch   // being filled; nil if empty
	held      *request // does not fit into the open batch; nobody may overtake it
	parked    queue    // writes that came while etcd was silent
	waiting   waiters  // blocked by a wait
	dues      dues     // of what is parked and waits
	turns     int64    // how many requests came

	changed  map[*table]int64 // the last commit that changed each
	logRev   int64            // of the log key
	view     int64            // what was read or watched up to
	own      map[int64]bool   // revisions of ours that the watch has not shown
	ownRev   int64            // newest of our own commits
	deferred []watched
	behind   []*catchUp            // wait until the view is far enough
	dangling bool                  // the last full read left out something that more rows could mend
	shown    map[rowKey]schema.Row // columns that chassis own, as they show them; also of rows that are not there yet
	beside   map[rowKey]schema.Row // what lies beside them in tables that chassis own
	lastLoad time.Time

	mu       sync.Mutex // guards what follows
	problems []Problem
	left     map[rowKey]Problem // rows that were presented and are not shown
}

// phase is where a machine stands with etcd.
type phase uint8

const (
	idle    phase = iota // etcd takes what comes
	flying               // etcd decides on the batch in flight
	overdue              // so it does, but it takes so long that its members were told not to wait
	stale                // what is in etcd is not what is committed: a full read is due
	loading              // everything is being read again
)

func (p phase) String() string {
	return [...]string{"idle", "flying", "overdue", "stale", "loading"}[p]
}

// silent tells whether writes have to wait for etcd to answer again.
func (p phase) silent() bool { return p >= overdue }

// orders are what the machine wants to have done.
type orders struct {
	fly  *flight // to be put to etcd; landed tells of it
	read bool    // everything is to be read; loaded tells of it
}

// flight is a batch on its way.
type flight struct {
	*batch
	txn etcdTxn
}

// newMachine begins with what was read.
func newMachine(cfg *Config, l *layout, badBlob func(string, error), clock func() time.Time, res *loadResult) *machine {
	m := &machine{
		cfg: cfg, layout: l, enc: encoder{prefix: cfg.Prefix, layout: l}, clock: clock, badBlob: badBlob,
		waiting: newWaiters(), changed: map[*table]int64{}, own: map[int64]bool{},
		shown: map[rowKey]schema.Row{}, beside: map[rowKey]schema.Row{}, left: map[rowKey]Problem{},
	}
	h := fnv.New64a()
	fmt.Fprintf(h, "%d %s%s", res.cluster, cfg.Prefix, cfg.Epoch)
	m.name.salt = h.Sum64()
	m.cluster = schema.NameUUID("cluster", strconv.FormatUint(res.cluster, 10), cfg.Prefix)
	m.pending = m.build(res, newState(l))
	m.view, m.logRev = res.rev, res.logRev
	m.found(res.problems)
	first := &Snapshot{layout: l, log: badBlob, state: m.pending, Rev: res.rev}
	m.recognise(res, m.pending)
	first.TxnID = m.name.id()
	m.committed = first
	m.feed = newFeed(first, cfg.History, cfg.HistoryBytes)
	return m
}

// recognise names what was read as the last commit did, if nobody has written
// since.
func (m *machine) recognise(res *loadResult, s *state) {
	if h := res.log.Holds; h != nil && *h == m.census(s) && res.newest <= res.logRev {
		m.name.stored = uint64(res.logRev)
	} else {
		m.name.forget()
	}
}

// census is what lies in etcd for a state.
func (m *machine) census(s *state) census {
	c := s.census(m.layout)
	m.mu.Lock()
	defer m.mu.Unlock()
	c.LeftOut = len(m.problems)
	return c
}

// next says what there is to do after an event.
func (m *machine) next() orders {
	m.follow()
	m.caughtUp()
	if m.phase == stale && !m.clock().Before(m.mayLoad()) {
		m.phase = loading
		m.cfg.Log.Info("store: reading everything again", "why", m.why)
		return orders{read: true}
	}
	return orders{fly: m.send()}
}

// reloadPause is the least time between the ends and starts of full reads.
const reloadPause = 100 * time.Millisecond

func (m *machine) mayLoad() time.Time { return m.lastLoad.Add(reloadPause) }

// deadline is when tick is due though nothing else happens; the zero Time is
// never.
func (m *machine) deadline() time.Time {
	var t time.Time
	if len(m.dues) > 0 {
		t = m.dues[0].due
	}
	if may := m.mayLoad(); m.phase == stale && (t.IsZero() || may.Before(t)) {
		t = may
	}
	return t
}

// tick looks at the clock.
func (m *machine) tick() {
	var late []*request
	for now := m.clock(); len(m.dues) > 0 && !m.dues[0].due.After(now); {
		late = append(late, m.dues[0])
		m.dues.remove(m.dues[0])
	}
	m.rouse(late)
	for _, r := range late {
		if m.parked.remove(r) {
			r.answer <- r.fail(Errorf(ErrIO, "etcd does not answer: the transaction was not executed"))
		}
	}
}

// distrust has everything read again. Until then what is committed is all that
// there is.
func (m *machine) distrust(why string) {
	m.phase, m.why = stale, why
	m.applyAll(m.rollback())
}

// full tells that no request may come: one is held that nobody may overtake.
func (m *machine) full() bool { return m.held != nil }

// submit takes a request that comes.
func (m *machine) submit(r *request) {
	m.turns++
	r.turn = m.turns
	m.apply(r)
}

// apply executes a request on the pending state.
func (m *machine) apply(r *request) {
	if r.ctx.Err() != nil {
		r.answer <- r.fail(Errorf(ErrTimedOut, "canceled before it was executed: %v", r.ctx.Err()))
		return
	}
	if r.read {
		m.answer(r, m.stateFor(m.readable()))
		return
	}
	out, err := m.execute(r)
	switch {
	case err != nil:
		m.answer(r, r.fail(err))
	case out.blocked != nil:
		m.wait(r, out.blocked, m.committed.Seq)
	case out.failed || out.next == nil:
		m.answer(r, reply{results: out.results})
	default:
		m.join(r, out)
	}
}

// applyAll applies requests in order, as far as the open batch takes them.
func (m *machine) applyAll(list []*request) {
	for _, r := range list {
		if m.held != nil {
			m.park(r)
			continue
		}
		m.apply(r)
	}
}

// answer replies now, or when what the answer may rest on is committed.
func (m *machine) answer(r *request, a reply) {
	if m.open == nil && m.flight == nil || m.phase == overdue {
		r.answer <- a
		return
	}
	b := m.openBatch()
	b.members = append(b.members, &member{req: r, answer: a})
}

func (m *machine) openBatch() *batch {
	if m.open == nil {
		m.open = &batch{next: m.pending}
	}
	return m.open
}

// execute runs a request of any sort.
func (m *machine) execute(r *request) (outcome, error) {
	switch {
	case r.write != nil:
		return m.executeWrite(r.write)
	case r.ops == nil:
		return m.executePresent(r)
	}
	e := &executor{txn: newTxn(m.layout, m.readable()), cfg: m.cfg, client: &r.client, elapsed: m.clock().Sub(r.came), maxLooked: m.cfg.MaxLooked}
	e.shown = m.shown
	return e.execute(r.ops), nil
}

// readable is the state that a transaction that comes now is executed on.
func (m *machine) readable() *state {
	if m.phase == overdue {
		// Nobody may see what etcd has not confirmed. What writes is parked.
		return m.committed.state
	}
	return m.pending
}

// stateFor is the reply that has a request executed by who waits for it.
func (m *machine) stateFor(s *state) reply { return reply{state: s, seq: m.committed.Seq} }

// join puts an executed request into the open batch.
func (m *machine) join(r *request, out outcome) {
	ops := m.encode(out)
	if len(ops) > 0 || r.write != nil && r.write.Each != nil {
		if err := m.mayCommit(); err != nil && r.show == nil {
			m.answer(r, r.refuse(out.results, err))
			return
		} else if err != nil {
			ops = nil // what follows from it, the leader writes
		}
	}
	if m.phase.silent() {
		m.park(r)
		return
	}
	var pieces [][]keyOp
	if r.write != nil {
		var err error
		if ops, pieces, err = m.split(r.write, ops); err != nil {
			m.answer(r, r.fail(err))
			return
		}
	} else if size := sizeOf(ops); !within(len(ops), size, m.cfg.Limits) {
		m.answer(r, r.refuse(out.results, tooLarge(len(ops), size, m.cfg.Limits)))
		return
	}
	if m.open != nil && (pieces != nil && len(m.open.members) > 0 || !m.open.fits(ops, out.changes, m.cfg.Limits)) {
		m.held = r
		return
	}
	b := m.openBatch()
	b.pieces = pieces
	b.ops.add(ops)
	b.changes.add(out.changes)
	b.blobs = append(b.blobs, out.blobs...)
	b.next = out.next.state
	b.rev = max(b.rev, r.rev)
	if r.client.Name != "" && !slices.Contains(b.clients, r.client.Name) {
		b.clients = append(b.clients, r.client.Name)
	}
	b.comment = append(b.comment, out.comment...)
	b.members = append(b.members, &member{req: r, answer: reply{results: out.results}, writes: true})
	m.pending = b.next
}

func (m *machine) encode(out outcome) []keyOp {
	ops := make([]keyOp, 0, 2*len(out.changes)+len(out.blobs))
	ops = append(ops, out.ops...)
	for i := range out.changes {
		ops = m.enc.change(ops, &out.changes[i], out.next)
	}
	for _, b := range out.blobs {
		ops = m.enc.blob(ops, b)
	}
	return ops
}

func sizeOf(ops []keyOp) int {
	n := 0
	for i := range ops {
		n += ops[i].size()
	}
	return n
}

// mayCommit refuses at once while somebody else leads.
func (m *machine) mayCommit() error {
	if m.cfg.Guard != nil {
		if g := m.cfg.Guard(); len(g.KeyBytes()) == 0 {
			return errNotLeader()
		}
	}
	return nil
}

func errNotLeader() *schema.Error { return Errorf(ErrCluster, "not leader") }

// wait keeps a blocked request until something that it reads changes. seq is
// the last commit that it has seen for sure.
func (m *machine) wait(r *request, b *blocked, seq int64) {
	r.blocked = b
	if r.client.Waits != nil {
		r.client.Waits()
	}
	m.waiting.set(r, true)
	if slices.ContainsFunc(b.on, func(on reading) bool { return m.changed[on.t] > seq }) {
		m.rouse([]*request{r})
	} else if b.timeout > 0 {
		m.dues.add(r, r.came.Add(b.timeout))
	}
}

// rouse has those of the requests that wait try again, each where it is waited
// for.
func (m *machine) rouse(list []*request) {
	for _, r := range list {
		if m.waiting.has(r) {
			m.waiting.set(r, false)
			m.dues.remove(r)
			r.answer <- m.stateFor(m.committed.state)
		}
	}
}

// tried is a request that was executed outside, and has to be handed in again.
type tried struct {
	req     *request
	blocked *blocked // nil: it can go on, and writes
	seq     int64    // as it came with the state
}

// takeBack takes a request that was roused and tried.
func (m *machine) takeBack(t tried) {
	switch {
	case t.req.ctx.Err() != nil:
		m.answer(t.req, t.req.fail(Errorf(ErrTimedOut, "canceled")))
	case t.blocked != nil:
		m.wait(t.req, t.blocked, t.seq)
	default:
		m.applyAll([]*request{t.req})
	}
}

// cancel answers a request whose client went away, unless etcd is deciding.
func (m *machine) cancel(r *request) {
	switch {
	case m.held == r:
		m.held = nil
	case m.waiting.has(r):
		m.waiting.set(r, false)
		m.dues.remove(r)
	case m.parked.remove(r):
		m.dues.remove(r)
	default:
		return
	}
	r.answer <- r.fail(Errorf(ErrTimedOut, "canceled"))
}

// park has a write wait for etcd, as long as writes do.
func (m *machine) park(r *request) {
	m.parked.add(r)
	m.dues.add(r, m.clock().Add(m.cfg.CommitTimeout))
}

// unpark applies the writes that waited.
func (m *machine) unpark() {
	if m.phase.silent() || m.held != nil || len(m.parked) == 0 {
		return
	}
	list := m.parked
	m.parked = nil
	for _, r := range list {
		m.dues.remove(r)
	}
	m.applyAll(list)
}

// send is what etcd is to decide on next, or nil.
func (m *machine) send() *flight {
	for m.phase == idle {
		m.unpark()
		if m.open == nil && m.held != nil {
			r := m.held
			m.held = nil
			m.apply(r)
		}
		if m.open == nil {
			return nil
		}
		m.phase, m.flight, m.open = flying, &flight{batch: m.open}, nil
		if m.flight.empty() {
			m.landed(flown{verdict: accepted}) // nothing of it lies in etcd
			continue
		}
		var leads bool
		if m.flight.txn, leads = m.transaction(m.flight.batch); leads {
			return m.flight
		}
		m.landed(flown{verdict: notLeader})
	}
	return nil
}

// end answers everything that is there with an error, at the end.
func (m *machine) end() {
	var left []*request
	if m.phase == flying { // those of an overdue flight were answered
		left = m.flight.requests()
	}
	if m.open != nil {
		left = append(left, m.open.requests()...)
	}
	left = append(append(left, inOrder(m.waiting.all)...), m.parked...)
	if m.held != nil {
		left = append(left, m.held)
	}
	for _, r := range left {
		r.answer <- r.fail(closedError())
	}
	m.feed.close()
}

// found takes what a full read left out.
func (m *machine) found(problems []Problem) {
	m.mu.Lock()
	m.problems = problems
	m.mu.Unlock()
	for _, p := range problems {
		m.logProblem(p)
	}
}

func (m *machine) logProblem(p Problem) {
	m.cfg.Log.Warn("store: left out", "key", p.Key, "table", p.Table, "row", p.UUID, "column", p.Column, "reason", p.Reason)
}

// listProblems returns a copy of the problems. Any goroutine may call it.
func (m *machine) listProblems() []Problem {
	m.mu.Lock()
	problems := slices.Clone(m.problems)
	m.mu.Unlock()
	return append(problems, m.listLeft()...)
}

// listLeft returns the rows that were presented and left out, in order. Any
// goroutine may call it.
func (m *machine) listLeft() []Problem {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.SortedFunc(maps.Values(m.left), func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Table, b.Table), a.UUID.Compare(b.UUID))
	})
}
