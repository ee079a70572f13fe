package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/weft-sdn/weft/schema"
)

// request is something to apply: a client's transaction, a write of this
// process, or rows to present.
type request struct {
	ctx    context.Context
	client Client
	ops    []json.RawMessage
	write  *Write
	rev    int64    // of presented rows
	show   []Change // presented rows
	came   time.Time
	answer chan reply // holds one
	// read: the operations change nothing, so that they are executed by who
	// asked, on a state that the loop names.
	read bool

	// Owned by the machine:
	turn    int64 // its place in the order in which requests came
	blocked *blocked
	due     time.Time // when something must have happened, while it is among machine.dues
	place   int       // there
}

// reply is the answer to a request.
type reply struct {
	results []json.RawMessage
	rev     int64
	err     error
	// state, if set, asks who waits to execute the request on it, and to hand
	// it in again if it is still blocked or writes. seq is that of the last
	// commit that is in it for sure.
	state *state
	seq   int64
}

// fail is the answer of a request that was executed and then refused.
func (r *request) fail(err error) reply {
	if r.ops == nil {
		return reply{err: err}
	}
	return reply{results: []json.RawMessage{ErrorJSON(err)}, err: err}
}

// refuse is fail with the results that the operations had by themselves: the
// error is then the extra element of RFC 7047 section 4.1.3.
func (r *request) refuse(results []json.RawMessage, err error) reply {
	a := r.fail(err)
	if r.ops != nil {
		a.results = append(results[:len(results):len(results)], ErrorJSON(err))
	}
	return a
}

func (l *loop) write(ctx context.Context, w Write) (int64, error) {
	r := l.do(&request{ctx: ctx, client: Client{Name: w.Client}, write: &w})
	return r.rev, r.err
}

// Presenter is the Commit.Client of what is presented.
const Presenter = "chassis"

func (l *loop) present(ctx context.Context, rev int64, changes []Change) error {
	return l.do(&request{ctx: ctx, client: Client{Name: Presenter}, rev: rev, show: changes}).err
}

// do hands a request to the loop and waits for its answer.
func (l *loop) do(r *request) reply {
	l.hand(r)
	return l.await(r)
}

// hand gives a request its place in the order in which requests are applied.
func (l *loop) hand(r *request) {
	r.came = time.Now()
	r.answer = make(chan reply, 1)
	select {
	case l.requests <- r:
	case <-r.ctx.Done():
		r.answer <- reply{err: Errorf(ErrTimedOut, "canceled before it was executed: %v", r.ctx.Err())}
	case <-l.done:
		r.answer <- reply{err: closedError()}
	}
}

// await waits for the answer. A request whose context ends is answered by the
// loop, so that no answer is lost while etcd is deciding.
func (l *loop) await(r *request) reply {
	select {
	case a := <-r.answer:
		return a
	case <-r.ctx.Done():
	case <-l.done:
	}
	select {
	case l.cancels <- r:
	case a := <-r.answer:
		return a
	case <-l.done:
	}
	select {
	case a := <-r.answer:
		return a
	case <-l.done:
	}
	select {
	case a := <-r.answer:
		return a
	default:
		return reply{err: closedError()}
	}
}

func closedError() *schema.Error { return Errorf(ErrIO, "the database is closed") }
