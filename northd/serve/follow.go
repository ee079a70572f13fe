package serve

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/weft-sdn/weft/store"
)

// keyEvent is a key's value after a change.
type keyEvent struct {
	key     string
	value   []byte // nil: the key is gone
	rev     int64  // the revision that wrote the value
	created int64  // the revision that made the key, 0 where it is gone
}

// keyBatch is what changed below a prefix, or, if whole, all that there is.
// Nothing else has changed up to rev; there may be no events.
type keyBatch struct {
	prefix string
	whole  bool
	rev    int64
	events []keyEvent
}

const (
	readTimeout = 5 * time.Second
	rereadDelay = 200 * time.Millisecond
	pageKeys    = 2000
)

// follow tells out all keys below prefix and then every change, until ctx
// ends. After a lost watch it tells the whole again; while etcd is away it
// tells nothing. saw is called with the newest event of each answer.
func follow(ctx context.Context, c *clientv3.Client, stream *store.Stream, prefix string, out chan<- keyBatch, saw func(*clientv3.Event), log *slog.Logger) {
	for ctx.Err() == nil {
		err := followOnce(ctx, c, stream, prefix, out, saw)
		if ctx.Err() != nil {
			return
		}
		log.Warn("etcd watch interrupted, reading again", "prefix", prefix, "err", err)
		select {
		case <-ctx.Done():
		case <-time.After(rereadDelay):
		}
	}
}

func followOnce(ctx context.Context, c *clientv3.Client, stream *store.Stream, prefix string, out chan<- keyBatch, saw func(*clientv3.Event)) error {
	whole, rev, err := readAll(ctx, c, prefix)
	if err != nil {
		return err
	}
	if !send(ctx, out, whole) {
		return ctx.Err()
	}
	ctx, cancel := context.WithCancel(stream.Open(ctx))
	defer cancel()
	for r := range c.Watch(ctx, prefix, clientv3.WithPrefix(), clientv3.WithRev(rev+1)) {
		if err := r.Err(); err != nil {
			return err
		}
		b := keyBatch{prefix: prefix, rev: r.Header.Revision, events: make([]keyEvent, 0, len(r.Events))}
		for _, e := range r.Events {
			k := keyEvent{key: string(e.Kv.Key), rev: e.Kv.ModRevision}
			if e.Type == clientv3.EventTypePut {
				k.value, k.created = notNil(e.Kv.Value), e.Kv.CreateRevision
			}
			b.events = append(b.events, k)
		}
		if n := len(b.events); n > 0 {
			saw(r.Events[n-1])
			b.rev = b.events[n-1].rev // the server may be further, and have more to tell
		}
		if (len(b.events) > 0 || r.IsProgressNotify()) && !send(ctx, out, b) {
			return ctx.Err()
		}
	}
	return fmt.Errorf("the watch of %s ended", prefix)
}

// readAll reads everything below prefix at one revision.
func readAll(ctx context.Context, c *clientv3.Client, prefix string) (keyBatch, int64, error) {
	b := keyBatch{prefix: prefix, whole: true}
	end := clientv3.GetPrefixRangeEnd(prefix)
	var rev int64
	for from := prefix; ; {
		rctx, cancel := context.WithTimeout(ctx, readTimeout)
		r, err := c.Get(rctx, from, clientv3.WithRange(end), clientv3.WithRev(rev), clientv3.WithLimit(pageKeys))
		cancel()
		if err != nil {
			return b, 0, fmt.Errorf("read %s: %w", prefix, err)
		}
		if rev == 0 {
			rev, b.rev = r.Header.Revision, r.Header.Revision
		}
		for _, kv := range r.Kvs {
			b.events = append(b.events, keyEvent{string(kv.Key), notNil(kv.Value), kv.ModRevision, kv.CreateRevision})
		}
		if !r.More || len(r.Kvs) == 0 {
			return b, rev, nil
		}
		from = string(r.Kvs[len(r.Kvs)-1].Key) + "\x00"
	}
}

func send[T any](ctx context.Context, out chan<- T, v T) bool {
	select {
	case out <- v:
		return true
	case <-ctx.Done():
		return false
	}
}

// notNil keeps an empty value apart from a key that is gone.
func notNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
