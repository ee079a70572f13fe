package leader

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// Config says who runs for what. Client and Name are required.
type Config struct {
	Client *clientv3.Client
	Name   string // shown to people: the value of the leader key
	// Key is the leader key; "" means "/weft/leader". Key+"-last" remembers the
	// candidate that led last.
	Key string
	// TTL is the life of the lease without renewal, in whole seconds; 0 means 3 s.
	TTL time.Duration
	// Observe, if set, is called by Campaign with the name of whoever leads
	// while this candidate waits, and the revision that its term began with.
	Observe func(leader string, term int64)
	Log     *slog.Logger // nil: no log
}

const (
	defaultKey = "/weft/leader"
	defaultTTL = 3 * time.Second
	// callTimeout bounds one call of etcd; retryDelay is the pause after a
	// failed one.
	callTimeout = 2 * time.Second
	retryDelay  = 200 * time.Millisecond
)

// Candidate is one process that may lead, any number of terms.
type Candidate struct {
	cfg Config
	// id tells candidates of the same name apart, also one from its own
	// predecessor before a restart.
	id string
}

// NewCandidate checks the configuration and touches nothing.
func NewCandidate(cfg Config) (*Candidate, error) {
	if cfg.Client == nil || cfg.Name == "" || strings.Contains(cfg.Name, "\n") {
		return nil, errors.New("leader: a candidate needs a client and a name of one line")
	}
	if cfg.Key == "" {
		cfg.Key = defaultKey
	}
	if cfg.TTL == 0 {
		cfg.TTL = defaultTTL
	}
	if cfg.TTL < time.Second {
		return nil, fmt.Errorf("leader: lease of %s is shorter than a second", cfg.TTL)
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Candidate{cfg: cfg, id: rand.Text()}, nil
}

// Term is one time of leading. It ends when the leader key is known to be
// gone, not when etcd cannot be reached: until then nobody can write, guard or
// not, and mostly the same leader goes on.
type Term struct {
	c       *Candidate
	lease   clientv3.LeaseID
	rev     int64
	alone   bool
	lost    chan struct{}
	renewed atomic.Int64 // unix nanoseconds of the last answer of etcd
	cancel  context.CancelFunc
	done    chan struct{}
}

// Campaign waits until this candidate leads, through outages of etcd and the
// terms of others, or until ctx ends. ctx ends the term too.
func (c *Candidate) Campaign(ctx context.Context) (*Term, error) {
	for {
		t, err := c.try(ctx)
		if t != nil {
			return t, nil
		}
		if ctx.Err() != nil {
			return nil, fmt.Errorf("leader: campaign of %s: %w", c.cfg.Name, ctx.Err())
		}
		if err != nil {
			c.cfg.Log.Warn("leader: cannot campaign", "name", c.cfg.Name, "err", err)
			if !pause(ctx, retryDelay) {
				return nil, fmt.Errorf("leader: campaign of %s: %w", c.cfg.Name, ctx.Err())
			}
		}
	}
}

// try takes the key if it is free, else waits until it is. It returns nil and
// nil when it is worth another try at once.
func (c *Candidate) try(ctx context.Context) (*Term, error) {
	rctx, cancel := context.WithTimeout(ctx, callTimeout)
	r, err := c.cfg.Client.Get(rctx, c.cfg.Key)
	cancel()
	if err != nil {
		return nil, err
	}
	if len(r.Kvs) > 0 {
		return nil, c.waitFree(ctx, string(r.Kvs[0].Value), r.Kvs[0].CreateRevision, r.Header.Revision)
	}
	return c.take(ctx)
}

// waitFree returns when the key, which has been there since term, has been
// deleted after rev.
func (c *Candidate) waitFree(ctx context.Context, leader string, term, rev int64) error {
	if c.cfg.Observe != nil {
		c.cfg.Observe(leader, term)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for r := range c.cfg.Client.Watch(ctx, c.cfg.Key, clientv3.WithRev(rev+1)) {
		if err := r.Err(); err != nil {
			return err
		}
		for _, e := range r.Events {
			if e.Type == clientv3.EventTypeDelete {
				return nil
			}
		}
	}
	return ctx.Err()
}

// take creates the key on a new lease if it does not exist.
func (c *Candidate) take(ctx context.Context) (*Term, error) {
	rctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	lease, err := c.cfg.Client.Grant(rctx, int64(c.cfg.TTL/time.Second))
	if err != nil {
		return nil, err
	}
	key, last := c.cfg.Key, c.cfg.Key+"-last"
	r, err := c.cfg.Client.Txn(rctx).
		If(clientv3.Compare(clientv3.CreateRevision(key), "=", 0)).
		Then(clientv3.OpGet(last), clientv3.OpPut(key, c.cfg.Name, clientv3.WithLease(lease.ID)), clientv3.OpPut(last, c.id)).
		Commit()
	if err != nil || !r.Succeeded {
		// Also after an unknown outcome: without its lease the key goes.
		c.revoke(lease.ID)
		return nil, err
	}
	before := r.Responses[0].GetResponseRange().Kvs
	t := &Term{
		c: c, lease: lease.ID, rev: r.Header.Revision,
		alone: len(before) > 0 && string(before[0].Value) == c.id,
		lost:  make(chan struct{}), done: make(chan struct{}),
	}
	t.renewed.Store(time.Now().UnixNano())
	ctx, t.cancel = context.WithCancel(ctx)
	go t.keep(ctx)
	c.cfg.Log.Info("leader: leading", "name", c.cfg.Name, "term", t.rev)
	return t, nil
}

func (c *Candidate) revoke(id clientv3.LeaseID) {
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	if _, err := c.cfg.Client.Revoke(ctx, id); err != nil && !errors.Is(err, rpctypes.ErrLeaseNotFound) {
		c.cfg.Log.Warn("leader: cannot give back the lease, it will run out", "err", err)
	}
}

// keep renews the lease and watches the key until the term is over.
func (t *Term) keep(ctx context.Context) {
	defer close(t.done)
	defer close(t.lost)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	watch := t.watch(ctx)
	tick := time.NewTicker(t.c.cfg.TTL / 3)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case r, ok := <-watch:
			if ctx.Err() != nil {
				return
			}
			if len(r.Events) > 0 {
				t.c.cfg.Log.Warn("leader: the leader key was taken away", "name", t.c.cfg.Name, "term", t.rev)
				return
			}
			if !ok || r.Err() != nil {
				// Compacted or broken: the key itself tells whether the term goes on.
				if !t.still(ctx) {
					return
				}
				watch = t.watch(ctx)
			}
		case <-tick.C:
			if !t.renew(ctx) {
				return
			}
		}
	}
}

func (t *Term) watch(ctx context.Context) clientv3.WatchChan {
	return t.c.cfg.Client.Watch(ctx, t.c.cfg.Key, clientv3.WithRev(t.rev+1))
}

// renew tells whether the term may go on.
func (t *Term) renew(ctx context.Context) bool {
	rctx, cancel := context.WithTimeout(ctx, min(callTimeout, t.c.cfg.TTL/2))
	defer cancel()
	_, err := t.c.cfg.Client.KeepAliveOnce(rctx, t.lease)
	switch {
	case err == nil:
		t.renewed.Store(time.Now().UnixNano())
	case errors.Is(err, rpctypes.ErrLeaseNotFound):
		t.c.cfg.Log.Warn("leader: the lease has run out", "name", t.c.cfg.Name, "term", t.rev)
		return false
	default:
		t.c.cfg.Log.Debug("leader: cannot renew the lease", "err", err)
	}
	return true
}

// still reads, until etcd answers, whether the key is that of this term.
func (t *Term) still(ctx context.Context) bool {
	for ctx.Err() == nil {
		rctx, cancel := context.WithTimeout(ctx, callTimeout)
		r, err := t.c.cfg.Client.Get(rctx, t.c.cfg.Key)
		cancel()
		if err == nil {
			return len(r.Kvs) > 0 && r.Kvs[0].CreateRevision == t.rev
		}
		pause(ctx, retryDelay)
	}
	return false
}

// Guard is the comparison that must be part of every write of this term.
func (t *Term) Guard() clientv3.Cmp {
	return clientv3.Compare(clientv3.CreateRevision(t.c.cfg.Key), "=", t.rev)
}

// Rev is the revision that the term began with; a later term has a higher one.
func (t *Term) Rev() int64 { return t.rev }

// Uninterrupted tells whether this same candidate led the term before too, so
// that nobody else has written in between.
func (t *Term) Uninterrupted() bool { return t.alone }

// Lost is closed when the term is over.
func (t *Term) Lost() <-chan struct{} { return t.lost }

// Renewed is when etcd last confirmed the lease.
func (t *Term) Renewed() time.Time { return time.Unix(0, t.renewed.Load()) }

// Resign ends the term and frees the key, so that a standby need not wait for
// the lease to run out.
func (t *Term) Resign() {
	t.cancel()
	<-t.done
	t.c.revoke(t.lease)
}

// pause waits for d and tells whether ctx still lives.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
