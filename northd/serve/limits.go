package serve

import (
	"context"
	"encoding/json"
	"errors"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/weft-sdn/weft/store/etcd"
)

// limitsKey remembers what the cluster was found to allow. Asking takes a
// third of a second where it allows much, which a restart need not wait for.
const limitsKey = "/weft/limits"

// errLimits ends a term that began with limits that are not the cluster's.
var errLimits = errors.New("serve: etcd's limits are not what they were")

// limitsPause is how long a term goes by limits that are remembered before it
// asks whether they still hold: not while everything is compiled and clients
// come back. Where etcd refuses a write it is asked at once.
const limitsPause = 10 * time.Second

// limits are those of the embedded etcd, those that are remembered, or what the
// cluster is found to allow.
func (s *Server) limits(ctx context.Context, c *clientv3.Client) (l etcd.Limits, remembered bool, err error) {
	if s.cfg.Etcd == "embedded" || s.cfg.Etcd == "" {
		return etcd.EmbeddedLimits(), true, nil
	}
	rctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	r, err := c.Get(rctx, limitsKey)
	if err != nil {
		return l, false, err
	}
	if len(r.Kvs) == 0 || json.Unmarshal(r.Kvs[0].Value, &l) != nil || l.TxnOps <= 0 || l.RequestBytes <= 0 {
		l, err = etcd.Probe(ctx, c)
		return l, false, err
	}
	return l, true, nil
}

// doubt begins to check, for a term, whether the limits still hold; lose is
// called where they do not. What it returns, called where a write failed, brings
// the check forward. Limits that are not remembered were found right now, and
// are remembered.
func (s *Server) doubt(ctx context.Context, c *clientv3.Client, guard func() clientv3.Cmp, known etcd.Limits, remembered bool, lose context.CancelCauseFunc) func() {
	if s.cfg.Etcd == "embedded" || s.cfg.Etcd == "" {
		return func() {}
	}
	if !remembered {
		if err := s.remember(ctx, c, guard, known); err != nil {
			s.log.Warn("cannot remember etcd's limits", "err", err)
		}
		return func() {}
	}
	doubted := make(chan struct{})
	go func() {
		pause := time.NewTimer(limitsPause)
		defer pause.Stop()
		select {
		case <-pause.C:
		case <-doubted:
		case <-ctx.Done():
			return
		}
		found, err := etcd.Probe(ctx, c)
		// It has sent as much as etcd allows, from a buffer that gRPC keeps until the
		// second collection.
		runtime.GC()
		debug.FreeOSMemory()
		if err != nil || found == known {
			return
		}
		if err := s.remember(ctx, c, guard, found); err == nil {
			lose(errLimits)
		}
	}()
	return sync.OnceFunc(func() { close(doubted) })
}

// remember keeps what the cluster was found to allow.
func (s *Server) remember(ctx context.Context, c *clientv3.Client, guard func() clientv3.Cmp, found etcd.Limits) error {
	s.log.Info("etcd's limits", "operations", found.TxnOps, "bytes", found.RequestBytes)
	b, err := json.Marshal(found)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	_, err = c.Txn(ctx).If(guard()).Then(clientv3.OpPut(limitsKey, string(b))).Commit()
	return err
}
