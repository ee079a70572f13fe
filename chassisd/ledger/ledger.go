package ledger

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// Config says where to write.
type Config struct {
	Client *clientv3.Client
	Log    *slog.Logger
	// Owns tells of a key that is not wished for whether it is to be deleted.
	Owns func(key string) bool
	// Counts says which keys' revisions a Result tells; nil is all.
	Counts func(key string) bool
	// MaxOps bounds a transaction; 0 is 100 (etcd's own limit is 128).
	MaxOps int
	// Timeout bounds a transaction; 0 is 5 s.
	Timeout time.Duration
	// MaxBackoff bounds the pause after a failure; 0 is 2 s.
	MaxBackoff time.Duration
	// Contested is the pause before a key is written again that somebody else
	// has changed; 0 is 1 s.
	Contested time.Duration
}

// Result says how far the wishes are in etcd.
type Result struct {
	// Seq: all wishes up to the call of Want that returned it are in etcd.
	Seq int64
	// Rev is the revision of the newest transaction with a key that counts.
	Rev int64
	// Err is why the last attempt failed, nil when it did not.
	Err error
	// Contested counts keys found changed by somebody else.
	Contested int
}

// Ledger writes keys.
type Ledger struct {
	cfg     Config
	wake    chan struct{}
	results chan Result

	mu       sync.Mutex
	want     map[string][]byte
	have     map[string]entry
	sent     map[string][]byte // of a transaction whose end is not known
	dirty    map[string]struct{}
	complete bool
	seq      int64
	result   Result
	quarrel  bool // a dirty key is one that somebody else changed
}

// entry is a key as etcd has it; a nil value is a key that is gone.
type entry struct {
	value []byte
	rev   int64
}

// New makes a Ledger; Run works it.
func New(cfg Config) *Ledger {
	if cfg.MaxOps == 0 {
		cfg.MaxOps = 100
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 5 * time.Second
	}
	if cfg.MaxBackoff == 0 {
		cfg.MaxBackoff = 2 * time.Second
	}
	if cfg.Contested == 0 {
		cfg.Contested = time.Second
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Ledger{
		cfg: cfg, wake: make(chan struct{}, 1), results: make(chan Result, 1),
		want: map[string][]byte{}, have: map[string]entry{}, sent: map[string][]byte{}, dirty: map[string]struct{}{},
	}
}

// Results tells the newest result; one that nobody took is replaced.
func (l *Ledger) Results() <-chan Result { return l.results }

// Want changes what the keys must be; a nil value wishes a key away. It
// returns the number that a Result will have when all wishes so far are met.
func (l *Ledger) Want(changes map[string][]byte) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seq++
	for k, v := range changes {
		if v == nil {
			delete(l.want, k)
		} else {
			l.want[k] = v
		}
		l.check(k)
	}
	l.kick()
	return l.seq
}

// Seen tells what etcd has; a nil value is a key that is gone.
func (l *Ledger) Seen(key string, value []byte, rev int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	old, known := l.have[key]
	if known && rev <= old.rev {
		return // older than what we wrote, or just that
	}
	if known && !bytes.Equal(old.value, value) && l.settled(key, old) && !l.ours(key, value) {
		l.quarrel = true
		l.result.Contested++
	}
	l.have[key] = entry{value, rev}
	l.check(key)
	l.kick()
}

// Complete says that all wishes are there: what is not among them goes.
func (l *Ledger) Complete() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.complete {
		return
	}
	l.complete = true
	for k := range l.have {
		l.check(k)
	}
	l.kick()
}

// ours tells whether the value may be of our own transaction: etcd's watch can
// be faster than its answer, and the answer can be lost.
func (l *Ledger) ours(key string, value []byte) bool {
	sent, ok := l.sent[key]
	return ok && bytes.Equal(sent, value)
}

// settled tells whether the key was as wished.
func (l *Ledger) settled(key string, e entry) bool {
	w, ok := l.want[key]
	return ok && bytes.Equal(w, e.value)
}

// check notes whether the key has to be written.
func (l *Ledger) check(key string) {
	delete(l.dirty, key)
	e := l.have[key]
	w, ok := l.want[key]
	switch {
	case ok && (e.value == nil || !bytes.Equal(e.value, w)),
		!ok && e.value != nil && l.complete && l.cfg.Owns(key):
		l.dirty[key] = struct{}{}
	}
}

func (l *Ledger) kick() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// Run writes until ctx ends.
func (l *Ledger) Run(ctx context.Context) error {
	const first = 50 * time.Millisecond
	backoff := first
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-l.wake:
		}
		if l.contested() {
			if err := pause(ctx, l.cfg.Contested); err != nil {
				return err
			}
		}
		for {
			more, err := l.flush(ctx)
			if err == nil {
				backoff = first
				if !more {
					break
				}
				continue
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
			l.cfg.Log.Warn("etcd write failed", "err", err)
			if err := pause(ctx, backoff); err != nil {
				return err
			}
			backoff = min(2*backoff, l.cfg.MaxBackoff)
		}
	}
}

func (l *Ledger) contested() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	q := l.quarrel
	l.quarrel = false
	return q
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// flush writes one transaction; more says that keys are left.
func (l *Ledger) flush(ctx context.Context) (more bool, err error) {
	keys, ops, seq := l.batch()
	if len(ops) > 0 {
		tctx, cancel := context.WithTimeout(ctx, l.cfg.Timeout)
		defer cancel()
		var res *clientv3.TxnResponse
		res, err = l.cfg.Client.Txn(tctx).Then(ops...).Commit()
		if err != nil {
			err = fmt.Errorf("ledger: %w", err)
		} else {
			l.wrote(keys, ops, res.Header.Revision)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.result.Err = err
	if err == nil && len(l.dirty) == 0 {
		l.result.Seq = max(l.result.Seq, seq)
	}
	l.publish()
	return len(l.dirty) > 0, err
}

// batch picks keys that are to be written, in order.
func (l *Ledger) batch() (keys []string, ops []clientv3.Op, seq int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	keys = slices.Sorted(maps.Keys(l.dirty))
	keys = keys[:min(len(keys), l.cfg.MaxOps)]
	for _, k := range keys {
		l.sent[k] = l.want[k]
		if w, ok := l.want[k]; ok {
			ops = append(ops, clientv3.OpPut(k, string(w)))
		} else {
			ops = append(ops, clientv3.OpDelete(k))
		}
	}
	return keys, ops, l.seq
}

func (l *Ledger) wrote(keys []string, ops []clientv3.Op, rev int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, k := range keys {
		e := entry{rev: rev}
		if ops[i].IsPut() {
			e.value = ops[i].ValueBytes()
		}
		if rev > l.have[k].rev {
			l.have[k] = e
		}
		delete(l.sent, k)
		l.check(k)
		if l.cfg.Counts == nil || l.cfg.Counts(k) {
			l.result.Rev = rev
		}
	}
}

// publish replaces the result in the channel.
func (l *Ledger) publish() {
	select {
	case <-l.results:
	default:
	}
	l.results <- l.result
}
