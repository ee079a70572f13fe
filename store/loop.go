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
	parked    []*request // writes that came while etcd was silent
	waiting   []*request // blocked by a wait
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
		requests: make(chan *request), cancels: make(chan *request), wake: make(chan *request),
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
		case r := <-l.wake:
			l.retryWaiting(func(w *request) bool { return w == r })
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
	out, err := l.execute(r)
	switch {
	case err != nil:
		l.answer(r, r.fail(err))
	case out.blocked != nil:
		l.wait(r, out.blocked)
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
	base := l.pending
	if l.late {
		// Nobody may see what etcd has not confirmed. What writes is parked.
		base = l.committed.state
	}
	e := &executor{txn: newTxn(l.db.layout, base), cfg: l.cfg, client: &r.client, elapsed: time.Since(r.came)}
	return e.execute(r.ops), nil
}

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
	for i := range out.changes {
		ops = l.enc.change(ops, &out.changes[i])
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

// wait keeps a blocked request until something that it reads changes.
func (l *loop) wait(r *request, b *blocked) {
	r.blocked = b
	if b.timeout > 0 && r.timer == nil {
		r.timer = time.AfterFunc(b.timeout-time.Since(r.came), func() {
			select {
			case l.wake <- r:
			case <-l.done:
			}
		})
	}
	if !slices.Contains(l.waiting, r) {
		l.waiting = append(l.waiting, r)
	}
	if r.client.Waits != nil {
		r.client.Waits()
	}
}

func (r *request) unblock() {
	if r.timer != nil {
		r.timer.Stop()
		r.timer = nil // it may have to wait again
	}
	r.blocked = nil
}

// retryWaiting executes again the waiting requests that worth says.
func (l *loop) retryWaiting(worth func(*request) bool) {
	var again []*request
	l.waiting = slices.DeleteFunc(l.waiting, func(r *request) bool {
		if !worth(r) {
			return false
		}
		again = append(again, r)
		return true
	})
	l.applyAll(again)
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
	waits := l.held == r || slices.ContainsFunc(l.waiting, gone) || slices.ContainsFunc(l.parked, gone)
	if !waits {
		return
	}
	l.waiting = slices.DeleteFunc(l.waiting, gone)
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
	left = append(append(left, l.waiting...), l.parked...)
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
