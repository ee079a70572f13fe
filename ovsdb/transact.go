package ovsdb

import (
	"context"
	"encoding/json"
	"slices"
	"sync"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/store"
)

const (
	// maxRunning is how many transactions of a session may be on their way.
	maxRunning = 256
	// maxWaiting is how many of its transactions may be held up by a wait.
	maxWaiting = 1024
	// maxPending is how many bytes those of either sort may have. One
	// transaction may exceed it.
	maxPending = 16 << 20
)

// transactions are those of one session that are not answered yet. They are
// answered in the order in which they came, but for those held up by their
// operation wait, which are answered when they are done.
type transactions struct {
	maxResults int // bytes of results that lie in memory

	mu      sync.Mutex // guards what follows
	change  sync.Cond  // something was answered or began to wait
	order   []*transaction
	results int // bytes of those that are not answered
}

type transaction struct {
	id     json.RawMessage
	size   int // of the request
	cancel context.CancelFunc

	// Guarded by transactions.mu:
	waits    bool
	canceled bool
	results  int // bytes
	reply    outgoing
	done     bool
}

// transact is RFC 7047 section 4.1.3.
func (s *session) transact(msg *message) error {
	args := msg.args()
	d, err := s.database(msg, args)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(s.ctx)
	t := &transaction{id: msg.id, size: len(msg.params), cancel: cancel}
	if !s.txns.enter(t) {
		cancel()
		return store.Errorf(store.ErrResources, "%d transactions of this connection, or such of %d bytes, are waiting already", maxWaiting, maxPending)
	}
	c := store.Client{
		Name:  s.name,
		Holds: func(lock string) bool { return s.srv.locks.owns(s, lock) },
		Waits: func() { s.txns.wait(t, s.out) },
		Room:  func(bytes int) bool { return s.txns.room(t, bytes, s.out) },
	}
	result := d.src.submit(ctx, c, args[1:])
	s.workers.Go(func() {
		defer cancel()
		a := result()
		// Updates come before the reply.
		d.catchUp()
		s.txns.done(t, s.out, transactReply(t.id, a))
	})
	return nil
}

// transactReply is the reply with what a transaction gave.
func transactReply(id json.RawMessage, a answer) outgoing {
	write := func(w store.Sink) error {
		if _, err := w.Write(append(append([]byte(`{"id":`), id...), `,"result":`...)); err != nil {
			return err
		}
		if err := a.Write(w); err != nil {
			return err
		}
		_, err := w.Write([]byte(`,"error":null}`))
		return err
	}
	if a.Lazy() {
		return outgoing{stream: func(w *stream) error { return write(w) }}
	}
	var b textSink
	_ = write(&b) // which takes everything
	return outgoing{text: b}
}

// textSink keeps what it gets in memory.
type textSink []byte

func (t *textSink) Write(p []byte) (int, error) {
	*t = append(*t, p...)
	return len(p), nil
}

func (t *textSink) Step() error { return nil }

// enter puts a transaction in line, once there is room for it; false if too
// many wait already.
func (q *transactions) enter(t *transaction) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for {
		waiting, running := 0, 0
		waitingBytes, runningBytes := t.size, t.size
		for _, o := range q.order {
			if o.waits {
				waiting++
				waitingBytes += o.size
			} else {
				running++
				runningBytes += o.size
			}
		}
		if waiting >= maxWaiting || waiting > 0 && waitingBytes > maxPending {
			return false
		}
		if running < maxRunning && (running == 0 || runningBytes <= maxPending) {
			q.order = append(q.order, t)
			return true
		}
		q.change.Wait()
	}
}

// room tells whether so many bytes of results of a transaction may lie in
// memory, together with what is not sent yet.
func (q *transactions) room(t *transaction, bytes int, out *outbox) bool {
	queued := out.queued()
	q.mu.Lock()
	defer q.mu.Unlock()
	more := max(bytes-t.results, 0)
	if q.results+more+queued > q.maxResults {
		return false
	}
	q.results += more
	t.results += more
	return true
}

// wait marks a transaction as held up.
func (q *transactions) wait(t *transaction, out *outbox) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !t.waits {
		t.waits = true
		q.answer(out)
	}
}

// done takes the reply of a transaction and answers those whose turn it is.
func (q *transactions) done(t *transaction, out *outbox, reply outgoing) {
	q.mu.Lock()
	defer q.mu.Unlock()
	t.reply, t.done = reply, true
	if t.canceled {
		t.reply = outgoing{text: appendFailure(nil, t.id, []byte(`"canceled"`))}
	}
	q.answer(out)
}

// answer sends the replies that no earlier transaction holds back.
func (q *transactions) answer(out *outbox) {
	held := false
	q.order = slices.DeleteFunc(q.order, func(t *transaction) bool {
		if !t.done {
			held = held || !t.waits
			return false
		}
		if held && !t.waits {
			return false
		}
		out.push(t.reply)
		q.results -= t.results
		return true
	})
	q.change.Broadcast()
}

// settle waits until every transaction is answered or held up.
func (q *transactions) settle() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.runningLocked() {
		q.change.Wait()
	}
}

// running tells whether one is neither answered nor held up.
func (q *transactions) running() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.runningLocked()
}

func (q *transactions) runningLocked() bool {
	return slices.ContainsFunc(q.order, func(t *transaction) bool { return !t.waits })
}

// cancel is RFC 7047 section 4.1.4: a transaction that waits is given up.
func (q *transactions) cancel(id json.RawMessage) {
	key := string(schema.CanonicalJSON(id))
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, t := range q.order {
		if t.waits && !t.canceled && string(schema.CanonicalJSON(t.id)) == key {
			t.canceled = true
			t.cancel()
			return
		}
	}
}
