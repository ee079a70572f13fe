package serve

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/weft-sdn/weft/store"
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

// limits are those of the embedded etcd, or what the cluster is found to
// allow. What is remembered is used at once and checked while leading; lose
// is called where it is not true any more. doubt, called where a write failed,
// brings the check forward.
func (s *Server) limits(ctx context.Context, c *clientv3.Client, guard func() clientv3.Cmp, lose context.CancelCauseFunc) (_ store.Limits, doubt func(), err error) {
	doubt = func() {}
	if s.cfg.Etcd == "embedded" || s.cfg.Etcd == "" {
		return store.Limits(etcd.EmbeddedLimits()), doubt, nil
	}
	rctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	r, err := c.Get(rctx, limitsKey)
	if err != nil {
		return store.Limits{}, doubt, err
	}
	var known etcd.Limits
	if len(r.Kvs) == 0 || json.Unmarshal(r.Kvs[0].Value, &known) != nil || known.TxnOps <= 0 || known.RequestBytes <= 0 {
		found, err := s.probe(ctx, c, guard, etcd.Limits{})
		return store.Limits(found), doubt, err
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
		if found, err := s.probe(ctx, c, guard, known); err == nil && found != known {
			lose(errLimits)
		}
	}()
	return store.Limits(known), sync.OnceFunc(func() { close(doubted) }), nil
}

// probe asks the cluster and remembers the answer where it is news.
func (s *Server) probe(ctx context.Context, c *clientv3.Client, guard func() clientv3.Cmp, known etcd.Limits) (etcd.Limits, error) {
	found, err := etcd.Probe(ctx, c)
	if err != nil {
		return found, err
	}
	s.log.Info("etcd's limits", "operations", found.TxnOps, "bytes", found.RequestBytes)
	if found == known {
		return found, nil
	}
	b, err := json.Marshal(found)
	if err != nil {
		return found, err
	}
	wctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	_, err = c.Txn(wctx).If(guard()).Then(clientv3.OpPut(limitsKey, string(b))).Commit()
	return found, err
}
