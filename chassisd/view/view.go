package view

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// Config says what to view.
type Config struct {
	Client *clientv3.Client
	// Name is the chassis; its status key is read once with the rest.
	Name string
	Log  *slog.Logger
	// MaxBackoff bounds the pause between attempts to read; 0 is 2 s.
	MaxBackoff time.Duration
	// Probe is how often etcd is asked whether it is there; 0 is 5 s.
	Probe time.Duration
	// PageSize is the number of rows read at a time; 0 is 10,000. For each page
	// etcd counts all keys from there on.
	PageSize int64
}

// View follows etcd.
type View struct {
	cfg Config
	out chan *Batch

	// The fields below belong to Run.
	pending *Batch // told next
	held    *Batch // events of an unfinished change
	partial bool   // northd is in the middle of a split change
	whole   bool   // what was read last is told or is pending
	sbNext  int64  // revisions from which the watches go on
	chNext  int64
	cluster uint64
	flows   flows

	wake  chan struct{} // wanted is another
	mu    sync.Mutex
	state State
	want  Want
}

// New makes a View; Run works it.
func New(cfg Config) *View {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.MaxBackoff == 0 {
		cfg.MaxBackoff = 2 * time.Second
	}
	if cfg.Probe == 0 {
		cfg.Probe = 5 * time.Second
	}
	if cfg.PageSize == 0 {
		cfg.PageSize = 10_000
	}
	return &View{cfg: cfg, out: make(chan *Batch), wake: make(chan struct{}, 1), flows: newFlows()}
}

// Batches is the feed. It begins with a complete state (Reset), which may come
// in parts (More), and tells another, as a whole, after everything was read
// again. What is not received yet is merged into one batch.
func (v *View) Batches() <-chan *Batch { return v.out }

// State tells how the link to etcd is.
func (v *View) State() State {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.state
}

func (v *View) update(f func(*State)) {
	v.mu.Lock()
	defer v.mu.Unlock()
	f(&v.state)
}

// errReread asks for a complete reading.
var errReread = errors.New("view: the state must be read again")

// Run reads and follows until ctx ends.
func (v *View) Run(ctx context.Context) error {
	const first = 50 * time.Millisecond
	backoff := first
	reread := true
	for {
		var err error
		if reread {
			err = v.read(ctx)
			if err == nil {
				reread, backoff = false, first
			}
		}
		if err == nil {
			start := time.Now()
			err = v.follow(ctx)
			reread = errors.Is(err, errReread) || errors.Is(err, rpctypes.ErrCompacted)
			if time.Since(start) > 5*time.Second {
				backoff = first
			}
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		v.lost(err)
		if err := v.idle(ctx, backoff); err != nil {
			return err
		}
		backoff = min(2*backoff, v.cfg.MaxBackoff)
	}
}

func (v *View) lost(err error) {
	v.update(func(s *State) { s.Connected, s.Err = false, err })
	v.cfg.Log.Warn("etcd watch interrupted", "err", err)
}

// idle offers what is pending for d.
func (v *View) idle(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-t.C:
			return nil
		case v.offer() <- v.pending:
			v.told()
		}
	}
}

// offer is the channel to send v.pending on, nil when there is nothing.
func (v *View) offer() chan<- *Batch {
	if v.pending == nil {
		return nil
	}
	return v.out
}

func (v *View) told() {
	v.pending = nil
	v.update(func(s *State) { s.Synced = true })
}

func (v *View) fail(what string, err error) error { return fmt.Errorf("view: %s: %w", what, err) }
