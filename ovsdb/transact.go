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
)

// transactions are those of one session that are not answered yet. They are
// answered in the order in which they came, but for those held up by their
// operation wait, which are answered when they are done.
type transactions struct {
	mu     sync.Mutex // guards what follows
	change sync.Cond  // something was answered or began to wait
	order  []*transaction
}

type transaction struct {
	id     json.RawMessage
	cancel context.CancelFunc

	// Guarded by transactions.mu:
	waits    bool
	canceled bool
	reply    []byte // nil: not done
}

// transact is RFC 7047 section 4.1.3.
func (s *session) transact(msg *message) error {
	args := msg.args()
	d, err := s.database(msg, args)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(s.ctx)
	t := &transaction{id: msg.id, cancel: cancel}
	if !s.txns.enter(t) {
		cancel()
		return store.Errorf(store.ErrResources, "%d transactions of this connection are waiting already", maxWaiting)
	}
	c := store.Client{
		Name:  s.name,
		Holds: func(lock string) bool { return s.srv.locks.owns(s, lock) },
		Waits: func() { s.txns.wait(t, s.out) },
	}
	result := d.src.submit(ctx, c, args[1:])
	s.workers.Go(func() {
		defer cancel()
		results := result()
		// Updates come before the reply.
		d.catchUp()
		b := []byte{'['}
		for i, r := range results {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(b, r...)
		}
		s.txns.done(t, s.out, appendReply(nil, t.id, append(b, ']')))
	})
	return nil
}

// enter puts a transaction in line; false if too many wait already.
func (q *transactions) enter(t *transaction) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for {
		waiting := 0
		for _, o := range q.order {
			if o.waits {
				waiting++
			}
		}
		if waiting >= maxWaiting {
			return false
		}
		if len(q.order)-waiting < maxRunning {
			q.order = append(q.order, t)
			return true
		}
		q.change.Wait()
	}
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
func (q *transactions) done(t *transaction, out *outbox, reply []byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	t.reply = reply
	if t.canceled {
		t.reply = appendFailure(nil, t.id, []byte(`"canceled"`))
	}
	q.answer(out)
}

// answer sends the replies that no earlier transaction holds back.
func (q *transactions) answer(out *outbox) {
	held := false
	q.order = slices.DeleteFunc(q.order, func(t *transaction) bool {
		if t.reply == nil {
			held = held || !t.waits
			return false
		}
		if held && !t.waits {
			return false
		}
		out.reply(t.reply)
		return true
	})
	q.change.Broadcast()
}

// settle waits until every transaction is answered or held up.
func (q *transactions) settle() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for slices.ContainsFunc(q.order, func(t *transaction) bool { return !t.waits }) {
		q.change.Wait()
	}
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
