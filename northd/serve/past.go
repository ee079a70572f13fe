package serve

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc"
)

const (
	// epochKey says which past etcd has: an epoch in JSON. Without the key it
	// is the first.
	epochKey = "/weft/epoch"
	// logPrefix is where the logs of both databases lie: store.Config.LogKey.
	logPrefix = "/weft/log/"
	// lookPause is how often it is looked whether etcd has still the past that
	// was read from it.
	lookPause = time.Second
)

// errPast ends all that was read: an etcd that was put back to a backup in place
// goes on as if nothing had been, and watches go on with it.
var errPast = errors.New("serve: etcd has another past than what was read from it: it was put back to an earlier state")

// epoch names a past of etcd: a new one begins when etcd was put back.
type epoch struct {
	// ID tells names of states from those of another past.
	ID string `json:"id,omitempty"`
	// After is added to the revisions of terms: clients take an index that goes
	// back for that of a server that has stale data.
	After int64 `json:"after"`
}

// past is what etcd was seen to hold. An etcd that was put back has a smaller
// revision, or did write something else at revisions that have been seen.
type past struct {
	etcd     *clientv3.Client
	answered atomic.Int64                   // when etcd did last, ns since the epoch
	mark     atomic.Pointer[clientv3.Event] // the newest event that was seen
	// kept are those that were the newest when the connection broke: an etcd that
	// was put back is behind a new one.
	kept atomic.Pointer[[]*clientv3.Event]

	mu      sync.Mutex
	now     epoch  // guarded by mu
	newest  int64  // index that clients were told; guarded by mu
	rev     int64  // revision of the last look, 0: none; guarded by mu
	cluster uint64 // etcd's; guarded by mu
	logs    []*mvccpb.KeyValue
}

// begin looks at the past and remembers it, before anything is read. Where it is
// another one than at the last look, it begins a new epoch.
func (p *past) begin(ctx context.Context) (epoch, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	err := p.lookLocked(ctx)
	if errors.Is(err, errPast) {
		if err := p.renew(ctx); err != nil {
			return epoch{}, err
		}
		p.rev = 0
		p.mark.Store(nil)
		p.kept.Store(nil)
		err = p.lookLocked(ctx)
	}
	return p.now, err
}

// silence is how long ago etcd answered.
func (p *past) silence() time.Duration {
	return time.Since(time.Unix(0, p.answered.Load()))
}

// saw is told of every event. Any goroutine may call it.
func (p *past) saw(e *clientv3.Event) {
	for {
		mark := p.mark.Load()
		if mark != nil && mark.Kv.ModRevision >= e.Kv.ModRevision || p.mark.CompareAndSwap(mark, e) {
			return
		}
	}
}

// look returns errPast if etcd's past is another than at the last look.
func (p *past) look(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lookLocked(ctx)
}

func (p *past) lookLocked(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	kept := p.kept.Load()
	marks := []*clientv3.Event{p.mark.Load()}
	if kept != nil {
		marks = append(marks, *kept...)
	}
	e, _, err := p.read(ctx)
	if err != nil {
		return err
	}
	r, err := p.etcd.Get(ctx, logPrefix, clientv3.WithPrefix())
	if err != nil {
		return err
	}
	if p.rev != 0 {
		if e != p.now || r.Header.ClusterId != p.cluster || r.Header.Revision < p.rev {
			return errPast
		}
		was, err := p.etcd.Get(ctx, logPrefix, clientv3.WithPrefix(), clientv3.WithRev(p.rev))
		switch {
		case errors.Is(err, rpctypes.ErrFutureRev):
			return errPast
		case errors.Is(err, rpctypes.ErrCompacted): // it is further; what was written then is not known any more
		case err != nil:
			return err
		case !slices.EqualFunc(was.Kvs, p.logs, sameValue):
			return errPast
		}
		for _, mark := range marks {
			if mark == nil || mark.Kv.ModRevision <= p.rev {
				continue
			}
			if err := p.happened(ctx, mark); err != nil {
				return err
			}
		}
	}
	p.kept.CompareAndSwap(kept, nil)
	p.answered.Store(time.Now().UnixNano())
	p.now, p.rev, p.cluster, p.logs = e, r.Header.Revision, r.Header.ClusterId, r.Kvs
	return nil
}

// maxKept bounds how many events are looked for after connections broke.
const maxKept = 16

// connection keeps the newest event each time that the connection breaks, until
// ctx ends.
func (p *past) connection(ctx context.Context, c *grpc.ClientConn) {
	for state := c.GetState(); c.WaitForStateChange(ctx, state); state = c.GetState() {
		mark, kept := p.mark.Load(), p.kept.Load()
		list := []*clientv3.Event{mark}
		if kept != nil {
			list = append(list, *kept...)
		}
		if mark != nil && (kept == nil || (*kept)[0] != mark) {
			list = list[:min(len(list), maxKept)]
			p.kept.Store(&list) // it is looked for at least once, if not now
		}
	}
}

// happened returns errPast if etcd knows nothing of an event.
func (p *past) happened(ctx context.Context, e *clientv3.Event) error {
	r, err := p.etcd.Get(ctx, string(e.Kv.Key), clientv3.WithRev(e.Kv.ModRevision))
	switch {
	case errors.Is(err, rpctypes.ErrFutureRev):
		return errPast
	case errors.Is(err, rpctypes.ErrCompacted):
		return nil
	case err != nil:
		return err
	case e.Type == clientv3.EventTypeDelete && len(r.Kvs) == 0:
		return nil
	case e.Type == clientv3.EventTypePut && len(r.Kvs) == 1 && sameValue(r.Kvs[0], e.Kv):
		return nil
	}
	return errPast
}

func sameValue(a, b *mvccpb.KeyValue) bool {
	return a.ModRevision == b.ModRevision && string(a.Key) == string(b.Key) && string(a.Value) == string(b.Value)
}

// read returns the epoch, and the revision of its key.
func (p *past) read(ctx context.Context) (e epoch, rev int64, err error) {
	r, err := p.etcd.Get(ctx, epochKey)
	if err != nil || len(r.Kvs) == 0 {
		return e, 0, err
	}
	if json.Unmarshal(r.Kvs[0].Value, &e) != nil { // not what a northd wrote: a name all the same
		e = epoch{ID: string(r.Kvs[0].Value)}
	}
	return e, r.Kvs[0].ModRevision, nil
}

// renew begins a new epoch, unless another northd has.
func (p *past) renew(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	e, rev, err := p.read(ctx)
	if err != nil || e != p.now && e.After >= p.newest {
		return err
	}
	b, err := json.Marshal(epoch{ID: rand.Text(), After: max(p.newest, e.After)})
	if err != nil {
		return err
	}
	_, err = p.etcd.Txn(ctx).If(clientv3.Compare(clientv3.ModRevision(epochKey), "=", rev)).Then(clientv3.OpPut(epochKey, string(b))).Commit()
	return err
}

// index is what clients are told of a term.
func (p *past) index(term int64) int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.newest = max(p.newest, p.now.After+term)
	return p.now.After + term
}

// guard looks again and again, until ctx ends or the past is another one.
func (p *past) guard(ctx context.Context, lose context.CancelCauseFunc) {
	tick := time.NewTicker(lookPause)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := p.look(ctx); errors.Is(err, errPast) {
			lose(err)
			return
		}
	}
}
