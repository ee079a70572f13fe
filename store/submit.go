package store

import (
	"context"
	"encoding/json"
	"time"
)

// Submission is a transaction that has its place in the order of transactions
// and may not be answered yet.
type Submission struct {
	db  *DB
	req *request
}

// Submit is the first half of Transact: it returns when the transaction is in
// line, so that what one goroutine submits is executed in that order and yet
// committed together. Answer or Result has to be called, once.
func (db *DB) Submit(ctx context.Context, c Client, ops []json.RawMessage) *Submission {
	if ops == nil {
		ops = []json.RawMessage{}
	}
	s := &Submission{db, &request{ctx: ctx, client: c, ops: ops, read: readsOnly(ops)}}
	db.loop.hand(s.req)
	return s
}

// readsOnly tells whether no operation can change anything.
func readsOnly(ops []json.RawMessage) bool {
	for i, raw := range ops {
		switch op, _ := parseOp(raw, i+1, len(ops)).text("op", isID); op {
		case "insert", "update", "mutate", "delete":
			return false
		}
	}
	return true
}

// Answer is what a transaction gave. That of one that only reads is not worked
// out yet: its rows are looked up in the state that belongs to it as Write asks
// for them, however long that takes.
type Answer struct {
	// Rev is the etcd revision that holds the change, 0 if there is none.
	Rev int64

	db      *DB
	req     *request
	results []json.RawMessage // of one that wrote, or failed
	state   *state            // of one that reads; nil: results are there
	elapsed time.Duration
}

// Lazy tells whether Write has rows to look up.
func (a *Answer) Lazy() bool { return a.state != nil }

// Sink takes the results of a transaction piece by piece. Step is called for
// each row that is looked at; its error, and that of Write, ends the search.
type Sink interface {
	Write(p []byte) (int, error)
	Step() error
}

// Write writes the JSON array of results.
func (a *Answer) Write(w Sink) error {
	if a.state != nil {
		return a.executor(w).stream(a.req.ops, w)
	}
	b := []byte{'['}
	for i, r := range a.results {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, r...)
	}
	_, err := w.Write(append(b, ']'))
	return err
}

func (a *Answer) executor(w Sink) *executor {
	return &executor{txn: newTxn(a.db.layout, a.state), cfg: &a.db.cfg, client: &a.req.client, elapsed: a.elapsed, sink: w}
}

// Answer waits until it is known what the transaction gave.
func (s *Submission) Answer() *Answer {
	for {
		r := s.db.loop.await(s.req)
		if r.state == nil {
			if r.results == nil && r.err != nil {
				r.results = []json.RawMessage{ErrorJSON(r.err)}
			}
			return &Answer{Rev: r.rev, results: r.results}
		}
		a := &Answer{db: s.db, req: s.req, state: r.state, elapsed: time.Since(s.req.came)}
		blocked, err := a.try()
		switch {
		case err != nil:
			return &Answer{results: s.req.fail(Errorf(ErrTimedOut, "canceled")).results}
		case blocked == nil && s.req.read:
			return a
		}
		s.db.loop.giveBack(tried{s.req, blocked, r.seq})
	}
}

// try finds out whether the transaction is blocked on its state.
func (a *Answer) try() (*blocked, error) {
	if err := a.req.ctx.Err(); err != nil || !waits(a.req.ops) {
		return nil, err
	}
	turn, err := a.db.cfg.Readers.Begin(a.req.ctx, nil)
	if err != nil {
		return nil, err
	}
	defer turn.End()
	e := a.executor(discard{turn})
	e.dry = true
	out := e.execute(a.req.ops)
	return out.blocked, a.req.ctx.Err()
}

// waits tells whether a transaction has an operation wait.
func waits(ops []json.RawMessage) bool {
	for i, raw := range ops {
		if op, _ := parseOp(raw, i+1, len(ops)).text("op", isID); op == "wait" {
			return true
		}
	}
	return false
}

// discard is a Sink for who wants to know only how it ends.
type discard struct{ *Turn }

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// giveBack hands a request in again that was executed outside.
func (l *loop) giveBack(t tried) {
	select {
	case l.tried <- t:
	case <-l.done:
	}
}

// Result is the second half of Transact, with all results in memory.
func (s *Submission) Result() (results []json.RawMessage, rev int64) {
	a := s.Answer()
	if !a.Lazy() {
		return a.results, a.Rev
	}
	turn, err := s.db.cfg.Readers.Begin(s.req.ctx, nil)
	if err == nil {
		defer turn.End()
		out := a.executor(discard{turn}).execute(s.req.ops)
		if err = s.req.ctx.Err(); err == nil {
			return out.results, 0
		}
	}
	return s.req.fail(Errorf(ErrTimedOut, "canceled: %v", err)).results, 0
}
