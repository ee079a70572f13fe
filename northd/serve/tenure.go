package serve

import (
	"context"
	"sync/atomic"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/weft-sdn/weft/store/leader"
)

// tenure is the part that a northd has in the leadership while its databases
// are open: none until it has won a term and begins it.
type tenure struct {
	won  chan *leader.Term // has the term that was won
	done chan struct{}     // closed when the campaign is over
	held *leader.Term      // nil: none was won; to be read after done
	term atomic.Pointer[leader.Term]
}

// campaign runs for leadership until ctx ends, which ends the term too.
func campaign(ctx context.Context, c *leader.Candidate) *tenure {
	t := &tenure{won: make(chan *leader.Term, 1), done: make(chan struct{})}
	go func() {
		defer close(t.done)
		if term, err := c.Campaign(ctx); err == nil { // else ctx has ended
			t.held = term
			t.won <- term
		}
	}()
	return t
}

// begin lets the databases write.
func (t *tenure) begin(term *leader.Term) { t.term.Store(term) }

// guard is the databases' store.Config.Guard.
func (t *tenure) guard() clientv3.Cmp {
	if term := t.term.Load(); term != nil {
		return term.Guard()
	}
	return clientv3.Cmp{}
}

// end gives a term back. The context of the campaign has ended.
func (t *tenure) end() {
	if <-t.done; t.held != nil {
		t.held.Resign()
	}
}
