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
	last     last
	complete bool
	seq      int64
	result   Result
	quarrel  bool // a dirty key is one that somebody else changed
}

// last is a key that waits for all others. It is due until it is written as
// wished.
type last struct {
	key   string
	value func(counted int64, with bool) []byte
	n     int // how many times it was wished for
	due   bool
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

// Last wishes for a key that is written in the transaction with which all other
// wishes are met, or after it. value makes it then: with says that the
// transaction has a key that counts, counted is the revision of the newest one
// before it that had. A later call replaces an earlier one.
func (l *Ledger) Last(key string, value func(counted int64, with bool) []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = last{key, value, l.last.n + 1, true}
	delete(l.dirty, key)
	l.kick()
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
	l.know(key, value, rev)
}

// Read tells what a complete reading of etcd found, which is what etcd has: of an
// etcd that was restored from a backup the revisions may be older than those that
// are known. What was written after the reading is written once more.
func (l *Ledger) Read(key string, value []byte, rev int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.know(key, value, rev)
}

// know takes what etcd has of a key.
func (l *Ledger) know(key string, value []byte, rev int64) {
	l.have[key] = entry{value, rev}
	l.count(key, rev)
	l.check(key)
	l.kick()
}

// ReadAll says that a reading has been told as a whole, and as of which revision:
// no result is of a later one.
func (l *Ledger) ReadAll(rev int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.result.Rev = min(l.result.Rev, rev)
	l.publish()
}

// count notes the revision of a key that counts.
func (l *Ledger) count(key string, rev int64) {
	if l.counts(key) {
		l.result.Rev = max(l.result.Rev, rev)
	}
}

func (l *Ledger) counts(key string) bool { return l.cfg.Counts == nil || l.cfg.Counts(key) }

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
		if key == l.last.key {
			l.last.due = true
			return
		}
		l.dirty[key] = struct{}{}
	}
}

// left tells whether something is to be written.
func (l *Ledger) left() bool { return len(l.dirty) > 0 || l.last.due }

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
	b := l.batch()
	if len(b.ops) > 0 {
		tctx, cancel := context.WithTimeout(ctx, l.cfg.Timeout)
		defer cancel()
		var res *clientv3.TxnResponse
		res, err = l.cfg.Client.Txn(tctx).Then(b.ops...).Commit()
		if err != nil {
			err = fmt.Errorf("ledger: %w", err)
		} else {
			l.wrote(b, res.Header.Revision)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.result.Err = err
	if err == nil && !l.left() {
		l.result.Seq = max(l.result.Seq, b.seq)
	}
	l.publish()
	return l.left(), err
}

// batch is what one transaction writes.
type batch struct {
	keys []string // in order
	ops  []clientv3.Op
	seq  int64
	last int // which wish for the last key is among them; 0: none
}

// batch picks keys that are to be written.
func (l *Ledger) batch() batch {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := batch{seq: l.seq}
	b.keys = slices.Sorted(maps.Keys(l.dirty))
	if l.last.due && len(b.keys) < l.cfg.MaxOps {
		b.last = l.last.n
		l.want[l.last.key] = l.last.value(l.result.Rev, slices.ContainsFunc(b.keys, l.counts))
		b.keys = append(b.keys, l.last.key)
	}
	b.keys = b.keys[:min(len(b.keys), l.cfg.MaxOps)]
	for _, k := range b.keys {
		l.sent[k] = l.want[k]
		if w, ok := l.want[k]; ok {
			b.ops = append(b.ops, clientv3.OpPut(k, string(w)))
		} else {
			b.ops = append(b.ops, clientv3.OpDelete(k))
		}
	}
	return b
}

func (l *Ledger) wrote(b batch, rev int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last.n == b.last {
		l.last.due = false
	}
	for i, k := range b.keys {
		e := entry{rev: rev}
		if b.ops[i].IsPut() {
			e.value = b.ops[i].ValueBytes()
		}
		if rev > l.have[k].rev {
			l.have[k] = e
		}
		delete(l.sent, k)
		l.check(k)
		l.count(k, rev)
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
