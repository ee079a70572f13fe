package store

import (
	"context"
	"encoding/json"
)

// Submission is a transaction that has its place in the order of transactions
// and may not be answered yet.
type Submission struct {
	loop *loop
	req  *request
}

// Submit is the first half of Transact: it returns when the transaction is in
// line, so that what one goroutine submits is executed in that order and yet
// committed together. Result has to be called.
func (db *DB) Submit(ctx context.Context, c Client, ops []json.RawMessage) *Submission {
	if ops == nil {
		ops = []json.RawMessage{}
	}
	s := &Submission{loop: db.loop, req: &request{ctx: ctx, client: c, ops: ops}}
	db.loop.hand(s.req)
	return s
}

// Result is the second half of Transact. It can be called once.
func (s *Submission) Result() (results []json.RawMessage, rev int64) {
	r := s.loop.await(s.req)
	if r.results == nil && r.err != nil {
		r.results = []json.RawMessage{ErrorJSON(r.err)}
	}
	return r.results, r.rev
}
