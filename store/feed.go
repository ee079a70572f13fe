package store

import (
	"context"
	"slices"
	"sync"

	"github.com/weft-sdn/weft/schema"
)

// defaultQueue is how many commits wait for a subscriber that does not say.
const defaultQueue = 1000

// Subscription is an ordered feed of commits. Its queue is bounded: a
// subscriber that falls behind gets ErrResync and starts again.
type Subscription struct {
	// Snapshot is the database as it was before the first commit of the feed.
	Snapshot *Snapshot

	feed  *feed
	max   int
	ready chan struct{}

	mu     sync.Mutex // guards what follows
	queue  []*Commit
	closed error
}

// Ready returns a channel that holds a token whenever Take may have something.
func (s *Subscription) Ready() <-chan struct{} { return s.ready }

// Take returns the commits that are there, in order, without waiting. The
// error is ErrResync or ErrClosed; then the subscription is over.
func (s *Subscription) Take() ([]*Commit, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.queue
	s.queue = nil
	return q, s.closed
}

// Next waits for commits.
func (s *Subscription) Next(ctx context.Context) ([]*Commit, error) {
	for {
		if q, err := s.Take(); len(q) > 0 || err != nil {
			return q, err
		}
		select {
		case <-s.ready:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Close ends the subscription.
func (s *Subscription) Close() {
	s.feed.remove(s)
	s.end(ErrClosed)
}

func (s *Subscription) end(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed == nil {
		s.closed = err
		s.queue = nil
	}
	s.wake()
}

func (s *Subscription) wake() {
	select {
	case s.ready <- struct{}{}:
	default:
	}
}

// push queues a commit; false when the subscription is over.
func (s *Subscription) push(c *Commit) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed == nil && len(s.queue) >= s.max {
		s.closed, s.queue = ErrResync, nil
	}
	if s.closed == nil {
		s.queue = append(s.queue, c)
	}
	s.wake()
	return s.closed == nil
}

// feed keeps the newest commits and hands each to the subscribers.
type feed struct {
	mu      sync.Mutex // guards what follows
	current *Snapshot
	history []*past
	size    int // of history, in bytes
	// base is the state before the first commit of history.
	base schema.UUID
	// keep and keepBytes bound history: between one and two times as much is
	// there.
	keep, keepBytes int
	subs            map[*Subscription]struct{}
	done            bool
}

func newFeed(first *Snapshot, keep, keepBytes int) *feed {
	return &feed{current: first, base: first.TxnID, keep: keep, keepBytes: keepBytes, subs: map[*Subscription]struct{}{}}
}

func (f *feed) snapshot() *Snapshot {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.current
}

// publish makes next the current state and c the newest commit.
func (f *feed) publish(next *Snapshot, c *Commit) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.current = next
	f.remember(newPast(next.layout, c))
	for s := range f.subs {
		if !s.push(c) {
			delete(f.subs, s)
		}
	}
}

// remember adds to the history and lets go of the oldest where that is too much.
func (f *feed) remember(p *past) {
	f.history = append(f.history, p)
	f.size += p.size
	if len(f.history) < 2*f.keep && f.size < 2*f.keepBytes {
		return
	}
	drop := 0
	for len(f.history)-drop > f.keep || drop < len(f.history) && f.size > f.keepBytes {
		f.size -= f.history[drop].size
		f.base = f.history[drop].txn
		drop++
	}
	f.history = slices.Clone(f.history[drop:])
}

func (f *feed) subscribe(max int) *Subscription {
	if max <= 0 {
		max = defaultQueue
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	s := &Subscription{Snapshot: f.current, feed: f, max: max, ready: make(chan struct{}, 1)}
	if f.done {
		s.end(ErrClosed)
	} else {
		f.subs[s] = struct{}{}
	}
	return s
}

func (f *feed) remove(s *Subscription) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.subs, s)
}

func (f *feed) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.done = true
	for s := range f.subs {
		s.end(ErrClosed)
	}
	clear(f.subs)
}

// since returns what is remembered of the commits after the state named id up
// to seq, false if that state is not.
func (f *feed) since(id schema.UUID, seq int64) ([]*past, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	from := -1
	if id == f.base {
		from = 0
	}
	for i := len(f.history) - 1; i >= 0 && from < 0; i-- {
		if f.history[i].txn == id {
			from = i + 1
		}
	}
	if from < 0 {
		return nil, false
	}
	to := from
	for to < len(f.history) && f.history[to].seq <= seq {
		to++
	}
	return slices.Clone(f.history[from:to]), true
}
