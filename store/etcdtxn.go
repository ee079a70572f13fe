package store

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/weft-sdn/weft/schema"
)

// record is the value of the log key: what one etcd transaction was about.
// Nonce tells it from every other, so that a transaction whose answer got lost
// is recognised.
type record struct {
	Nonce   string    `json:"nonce"`
	Time    time.Time `json:"time"`
	Client  string    `json:"client,omitempty"`
	Comment string    `json:"comment,omitempty"`
	Fence   bool      `json:"fence,omitempty"` // wrote nothing else
	Holds   *census   `json:"holds,omitempty"` // the state with it; not in parts of one
}

// verdict is what became of an etcd transaction.
type verdict uint8

const (
	accepted  verdict = iota
	notLeader         // the guard failed: written nothing
	overtaken         // somebody else has written the log key: written nothing
	refused           // etcd has refused it for good: written nothing
	unknown           // no answer: may have been written, may still be
)

// etcdTxn is one transaction to put.
type etcdTxn struct {
	guard  clientv3.Cmp // empty key: none
	logKey string
	logRev int64 // that the log key must still have
	rec    record
	ops    []keyOp
	maxOps int // that etcd allows in one transaction
}

// maxNested is how many operations fit into one etcd transaction that may have
// max. A transaction within one counts as one operation, and may itself have as
// many as its parent has left: half of them above and half below make the most
// of that.
func maxNested(max int) int { return (max / 2) * (max - max/2) }

// nest makes operations at most max, by transactions within the transaction.
func nest(ops []clientv3.Op, max int) []clientv3.Op {
	if len(ops) <= max {
		return ops
	}
	var outer []clientv3.Op
	for part := range slices.Chunk(ops, max-max/2) {
		outer = append(outer, clientv3.OpTxn(nil, part, nil))
	}
	return outer
}

// try puts the transaction. rev is the revision it was accepted at.
func (t *etcdTxn) try(ctx context.Context, c *clientv3.Client) (v verdict, rev int64, err error) {
	data, err := json.Marshal(t.rec)
	if err != nil {
		return refused, 0, err
	}
	ops := make([]clientv3.Op, 0, len(t.ops)+1)
	for i := range t.ops {
		ops = append(ops, t.ops[i].etcd())
	}
	ops = append(ops, clientv3.OpPut(t.logKey, string(data)))
	r, err := c.Txn(ctx).If(t.conditions()...).Then(nest(ops, t.maxOps)...).Else(clientv3.OpGet(t.logKey)).Commit()
	if err != nil {
		if definite(err) {
			return refused, 0, err
		}
		return unknown, 0, err
	}
	if r.Succeeded {
		return accepted, r.Header.Revision, nil
	}
	if kvs := r.Responses[0].GetResponseRange().Kvs; len(kvs) > 0 {
		var rec record
		if json.Unmarshal(kvs[0].Value, &rec) == nil && rec.Nonce == t.rec.Nonce {
			// Its own earlier try, whose answer was lost.
			return accepted, kvs[0].ModRevision, nil
		}
		if kvs[0].ModRevision != t.logRev {
			return overtaken, 0, nil
		}
	} else if t.logRev != 0 {
		return overtaken, 0, nil
	}
	return notLeader, 0, nil
}

func (t *etcdTxn) conditions() []clientv3.Cmp {
	cmps := []clientv3.Cmp{clientv3.Compare(clientv3.ModRevision(t.logKey), "=", t.logRev)}
	if len(t.guard.KeyBytes()) > 0 {
		cmps = append(cmps, t.guard)
	}
	return cmps
}

// definite tells whether an error means that etcd has not and will not do it.
func definite(err error) bool {
	var e rpctypes.EtcdError
	code := status.Code(err)
	if errors.As(err, &e) {
		code = e.Code()
	}
	switch code {
	case codes.InvalidArgument, codes.ResourceExhausted, codes.PermissionDenied, codes.Unauthenticated, codes.FailedPrecondition, codes.OutOfRange, codes.NotFound:
		return true
	}
	return false
}

// settle finds out what became of a transaction without an answer, and makes
// sure that it cannot happen any more if it has not: it moves the log key on,
// under the same conditions. It returns unknown while etcd does not answer.
func (t *etcdTxn) settle(ctx context.Context, c *clientv3.Client, fence string) (v verdict, rev int64, err error) {
	f := *t
	f.ops = nil
	f.rec = record{Nonce: fence, Time: t.rec.Time, Fence: true}
	v, rev, err = f.try(ctx, c)
	switch v {
	case accepted:
		// The log key is past the transaction's condition.
		return refused, rev, nil
	case overtaken, notLeader:
		// Either it was accepted, or its conditions can never hold again: the
		// log key does not come back to a revision, nor the leader to a term.
		return t.lookBack(ctx, c, v)
	}
	return unknown, 0, err
}

func (t *etcdTxn) lookBack(ctx context.Context, c *clientv3.Client, v verdict) (verdict, int64, error) {
	r, err := c.Get(ctx, t.logKey)
	if err != nil {
		return unknown, 0, err
	}
	if len(r.Kvs) > 0 {
		var rec record
		if json.Unmarshal(r.Kvs[0].Value, &rec) == nil && rec.Nonce == t.rec.Nonce {
			return accepted, r.Kvs[0].ModRevision, nil
		}
	}
	return v, 0, nil
}

func newNonce() string { return schema.NewUUID().String() }
