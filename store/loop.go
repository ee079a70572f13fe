package store

import (
	"context"
	"slices"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/weft-sdn/weft/schema"
)

// loop is the goroutine that owns the database: it applies requests in order,
// commits them in batches, and follows what others write.
type loop struct {
	db       *DB
	cfg      *Config
	enc      encoder
	requests chan *request
	cancels  chan *request
	tried    chan tried
	wake     chan *request // timers of waiting requests
	flown    chan flown
	events   chan watched
	loaded   chan loadResult
	stop     context.CancelFunc
	done     chan struct{}
	workers  sync.WaitGroup
	salt     uint64

	// Owned by run:
	committed *Snapshot
	pending   *state // with everything in flight and open
	open      *batch // being filled; nil if empty
	flight    *batch // etcd is deciding; nil if none
	late      bool   // the flight's members were answered, etcd still is silent
	held      *request
	parked    []*request       // writes that came while etcd was silent
	waiting   waiters          // blocked by a wait
	changed   map[*table]int64 // the last commit that changed each
	loading   bool
	stale     string // why a full read is due; "" if none is
	logRev    int64  // of the log key
	view      int64  // what was read or watched up to
	own       map[int64]bool
	ownRev    int64 // newest of our own commits
	deferred  []watched
	dangling  bool                  // the last full read left out something that more rows could mend
	aside     map[rowKey]schema.Row // halves of rows whose other half is not there yet
	lastLoad  time.Time

	mu       sync.Mutex // guards what follows
	problems []Problem
	left     map[rowKey]Problem // rows that were presented and are not shown
}

// flown is what became of a batch.
type flown struct {
	verdict verdict
	rev     int64
	err     error
	logRev  int64   // where the log key is now, if the loop can know
	late    bool    // only tells that the members have waited long enough
	partly  bool    // some pieces of a split write were accepted
	settled bool    // found out after the answer was lost
	before  []int64 // revisions of earlier pieces
}

func newLoop(db *DB) *loop {
	return &loop{
		db: db, cfg: &db.cfg, enc: encoder{prefix: db.cfg.Prefix, layout: db.layout},
		requests: make(chan *request), cancels: make(chan *request), tried: make(chan tried), wake: make(chan *request),
		waiting: newWaiters(), changed: map[*table]int64{},
		flown: make(chan flown), events: make(chan watched), loaded: make(chan loadResult),
		done: make(chan struct{}), own: map[int64]bool{}, aside: map[rowKey]schema.Row{}, left: map[rowKey]Problem{},
	}
}

func (l *loop) close() {
	l.stop()
	<-l.done
	l.workers.Wait()
}

// maxDrain bounds how many requests join a batch before it is sent.
const maxDrain = 512

func (l *loop) run(ctx context.Context) {
	defer l.shut()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		requests := l.requests
		if l.held != nil {
			requests = nil
		}
		select {
		case <-ctx.Done():
			return
		case r := <-requests:
			l.apply(r)
			l.drain()
		case r := <-l.cancels:
			l.cancel(r)
		case t := <-l.tried:
			l.takeBack(t)
		case r := <-l.wake:
			l.rouse([]*request{r})
		case f := <-l.flown:
			l.landed(f)
		case w := <-l.events:
			l.deferred = append(l.deferred, w)
		case r := <-l.loaded:
			l.adoptLoad(r)
		case <-tick.C:
			l.expireParked()
		}
		l.follow()
		l.reload(ctx)
		l.send(ctx)
	}
}

// drain applies what else is there, so that it shares one etcd transaction.
func (l *loop) drain() {
	for range maxDrain {
		if l.held != nil {
			return
		}
		select {
		case r := <-l.requests:
			l.apply(r)
		default:
			return
		}
	}
}

// silent tells whether writes have to wait for etcd to answer again.
func (l *loop) silent() bool { return l.late || l.loading || l.stale != "" }

// apply executes a request on the pending state.
func (l *loop) apply(r *request) {
	if r.ctx.Err() != nil {
		r.answer <- r.fail(Errorf(ErrTimedOut, "canceled before it was executed: %v", r.ctx.Err()))
		return
	}
	if r.read {
		l.answer(r, l.stateFor(l.readable()))
		return
	}
	out, err := l.execute(r)
	switch {
	case err != nil:
		l.answer(r, r.fail(err))
	case out.blocked != nil:
		l.wait(r, out.blocked, l.committed.Seq)
	case out.failed || out.next == nil:
		l.answer(r, reply{results: out.results})
	default:
		l.join(r, out)
	}
}

// answer replies now, or when what the answer may rest on is committed.
func (l *loop) answer(r *request, a reply) {
	r.unblock()
	if l.open == nil && l.flight == nil || l.late {
		r.answer <- a
		return
	}
	b := l.openBatch()
	b.members = append(b.members, &member{req: r, answer: a})
}

func (l *loop) openBatch() *batch {
	if l.open == nil {
		l.open = &batch{next: l.pending}
	}
	return l.open
}

// execute runs a request of any sort.
func (l *loop) execute(r *request) (outcome, error) {
	switch {
	case r.write != nil:
		return l.executeWrite(r.write)
	case r.ops == nil:
		return l.executePresent(r)
	}
	e := &executor{txn: newTxn(l.db.layout, l.readable()), cfg: l.cfg, client: &r.client, elapsed: time.Since(r.came), maxLooked: l.cfg.MaxLooked}
	return e.execute(r.ops), nil
}

// readable is the state that a transaction that comes now is executed on.
func (l *loop) readable() *state {
	if l.late {
		// Nobody may see what etcd has not confirmed. What writes is parked.
		return l.committed.state
	}
	return l.pending
}

// stateFor is the reply that has a request executed by who waits for it.
func (l *loop) stateFor(s *state) reply { return reply{state: s, seq: l.committed.Seq} }

// join puts an executed request into the open batch.
func (l *loop) join(r *request, out outcome) {
	ops := l.encode(out)
	if len(ops) > 0 || r.write != nil && r.write.Each != nil {
		if err := l.mayCommit(); err != nil {
			l.answer(r, r.refuse(out.results, err))
			return
		}
	}
	if l.silent() {
		l.parked = append(l.parked, r)
		return
	}
	var pieces [][]keyOp
	if r.write != nil {
		var err error
		if ops, pieces, err = l.split(r.write, ops); err != nil {
			l.answer(r, r.fail(err))
			return
		}
	} else if size := sizeOf(ops); !within(len(ops), size, l.cfg.Limits) {
		l.answer(r, r.refuse(out.results, tooLarge(len(ops), size, l.cfg.Limits)))
		return
	}
	if l.open != nil && (pieces != nil && len(l.open.members) > 0 || !l.open.fits(ops, out.changes, l.cfg.Limits)) {
		l.held = r
		return
	}
	r.unblock()
	b := l.openBatch()
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
	l.pending = b.next
}

func (l *loop) encode(out outcome) []keyOp {
	ops := make([]keyOp, 0, 2*len(out.changes)+len(out.blobs))
	ops = append(ops, out.ops...)
	for i := range out.changes {
		ops = l.enc.change(ops, &out.changes[i], out.next)
	}
	for _, b := range out.blobs {
		ops = l.enc.blob(ops, b)
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
func (l *loop) mayCommit() error {
	if l.cfg.Guard != nil {
		if g := l.cfg.Guard(); len(g.KeyBytes()) == 0 {
			return errNotLeader()
		}
	}
	return nil
}

func errNotLeader() *schema.Error { return Errorf(ErrCluster, "not leader") }

// wait keeps a blocked request until something that it reads changes. seq is
// the last commit that it has seen for sure.
func (l *loop) wait(r *request, b *blocked, seq int64) {
	r.blocked = b
	if r.client.Waits != nil {
		r.client.Waits()
	}
	l.waiting.add(r)
	if slices.ContainsFunc(b.on, func(on reading) bool { return l.changed[on.t] > seq }) {
		l.rouse([]*request{r})
		return
	}
	if b.timeout <= 0 {
		return
	}
	left := b.timeout - time.Since(r.came)
	if r.timer != nil {
		r.timer.Reset(left)
		return
	}
	r.timer = time.AfterFunc(left, func() {
		select {
		case l.wake <- r:
		case <-l.done:
		}
	})
}

func (r *request) unblock() {
	if r.timer != nil {
		r.timer.Stop()
		r.timer = nil // it may have to wait again
	}
	r.blocked = nil
}

// rouse has waiting requests try again, each where it is waited for.
func (l *loop) rouse(list []*request) {
	for _, r := range list {
		if l.waiting.remove(r) {
			r.answer <- l.stateFor(l.committed.state)
		}
	}
}

// tried is a request that was executed outside, and has to be handed in again.
type tried struct {
	req     *request
	blocked *blocked // nil: it can go on, and writes
	seq     int64    // as it came with the state
}

func (l *loop) takeBack(t tried) {
	switch {
	case t.req.ctx.Err() != nil:
		l.answer(t.req, t.req.fail(Errorf(ErrTimedOut, "canceled")))
	case t.blocked != nil:
		l.wait(t.req, t.blocked, t.seq)
	default:
		l.applyAll([]*request{t.req})
	}
}

// applyAll applies requests in order, as far as the open batch takes them.
func (l *loop) applyAll(list []*request) {
	for _, r := range list {
		if l.held != nil {
			l.parked = append(l.parked, r)
			continue
		}
		l.apply(r)
	}
}

// cancel answers a request whose client went away, unless etcd is deciding.
func (l *loop) cancel(r *request) {
	gone := func(w *request) bool { return w == r }
	waits := l.waiting.remove(r) || l.held == r || slices.ContainsFunc(l.parked, gone)
	if !waits {
		return
	}
	l.parked = slices.DeleteFunc(l.parked, gone)
	if l.held == r {
		l.held = nil
	}
	r.unblock()
	r.answer <- r.fail(Errorf(ErrTimedOut, "canceled"))
}

// expireParked refuses writes that have waited for etcd long enough.
func (l *loop) expireParked() {
	l.parked = slices.DeleteFunc(l.parked, func(r *request) bool {
		if time.Since(r.came) < l.cfg.CommitTimeout {
			return false
		}
		r.unblock()
		r.answer <- r.fail(Errorf(ErrIO, "etcd does not answer: the transaction was not executed"))
		return true
	})
}

// unpark applies the writes that waited.
func (l *loop) unpark() {
	if l.silent() || l.held != nil || len(l.parked) == 0 {
		return
	}
	list := l.parked
	l.parked = nil
	l.applyAll(list)
}

// shut answers everything that is left.
func (l *loop) shut() {
	var left []*request
	for _, b := range []*batch{l.flight, l.open} {
		if b != nil && !(b == l.flight && l.late) {
			for _, m := range b.members {
				left = append(left, m.req)
			}
		}
	}
	left = append(append(left, inOrder(l.waiting.all)...), l.parked...)
	if l.held != nil {
		left = append(left, l.held)
	}
	for _, r := range left {
		r.unblock()
		r.answer <- r.fail(closedError())
	}
	l.db.feed.close()
	close(l.done)
}

// guard returns the leader's comparison.
func (l *loop) guard() clientv3.Cmp {
	if l.cfg.Guard == nil {
		return clientv3.Cmp{}
	}
	return l.cfg.Guard()
}
