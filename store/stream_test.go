package store

import (
	"context"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// TestStreamIsNotMisled: a watch is not told that it is further than what it has
// been told, however often others are asked.
func TestStreamIsNotMisled(t *testing.T) {
	c := testEtcd(t)
	other := c.Watch(clientv3.WithRequireLeader(t.Context()), "other")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var s Stream
	go func() {
		for range other {
		}
	}()
	go func() {
		for ctx.Err() == nil {
			_ = c.RequestProgress(clientv3.WithRequireLeader(ctx))
			s.Ask(ctx, c)
		}
	}()
	opened := 0
	for end := time.Now().Add(3 * time.Second); time.Now().Before(end); opened++ {
		r, err := c.Put(ctx, "k", "v")
		if err != nil {
			t.Fatal(err)
		}
		wctx, done := context.WithCancel(s.Open(ctx))
		for res := range c.Watch(wctx, "k", clientv3.WithRev(r.Header.Revision)) {
			if len(res.Events) > 0 {
				break
			}
			if res.IsProgressNotify() && res.Header.Revision >= r.Header.Revision {
				t.Fatalf("after %d watches one is told of all up to %d before what was written then", opened, res.Header.Revision)
			}
		}
		done()
	}
	if opened < 5 {
		t.Errorf("%d watches", opened)
	}
}
