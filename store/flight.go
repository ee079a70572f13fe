package store

import (
	"context"
	"strings"
	"time"
)

// maxRecord bounds what the log key says about one commit.
const maxRecord = 4 << 10

// transaction is what etcd is asked for a batch; false if nobody may ask.
func (m *machine) transaction(b *batch) (etcdTxn, bool) {
	t := etcdTxn{logKey: m.cfg.LogKey, logRev: m.logRev, ops: b.ops.list, maxOps: m.cfg.Limits.TxnOps}
	if m.cfg.Guard != nil {
		if t.guard = m.cfg.Guard(); len(t.guard.KeyBytes()) == 0 {
			return t, false
		}
	}
	holds := m.census(b.next)
	t.rec = record{
		Nonce: newNonce(), Time: m.cfg.Now(),
		Client: clip(strings.Join(b.clients, ", ")), Comment: clip(strings.Join(b.comment, "\n")), Holds: &holds,
	}
	return t, true
}

func clip(s string) string {
	if len(s) > maxRecord {
		return strings.ToValidUTF8(s[:maxRecord], "") + "…"
	}
	return s
}

// fly asks etcd, and goes on asking until the outcome is known.
func (l *loop) fly(ctx context.Context, t etcdTxn, pieces [][]keyOp) {
	deadline := time.Now().Add(l.cfg.CommitTimeout)
	var f flown
	if pieces == nil {
		f = l.put(ctx, &t, deadline)
	}
	var before []int64
	whole := t.rec.Holds
	for i, piece := range pieces {
		t.ops, t.rec.Holds = piece, nil
		if i == len(pieces)-1 {
			t.rec.Holds = whole
		}
		t.rec.Nonce = newNonce()
		f = l.put(ctx, &t, time.Now().Add(l.cfg.CommitTimeout))
		f.before = before
		f.partly = len(before) > 0 && f.verdict != accepted
		if f.verdict != accepted {
			break
		}
		t.logRev = f.rev
		before = append(before, f.rev)
	}
	l.report(ctx, f)
}

// put asks etcd for one transaction, until the outcome is known or the
// database closes. Past the deadline the clients are told not to wait.
func (l *loop) put(ctx context.Context, t *etcdTxn, deadline time.Time) flown {
	first, cancel := context.WithDeadline(ctx, deadline.Add(-l.cfg.CommitTimeout/3))
	l.cfg.Readers.writing.Add(1)
	v, rev, err := t.try(first, l.cfg.Client)
	l.cfg.Readers.writing.Add(-1)
	cancel()
	told := false
	fence := newNonce()
	f := flown{verdict: v, rev: rev, err: err}
	for pause := 50 * time.Millisecond; f.verdict == unknown && ctx.Err() == nil; pause = min(2*pause, time.Second) {
		if !told && time.Now().After(deadline) {
			told = true
			l.cfg.Log.Error("store: etcd does not answer", "err", err)
			l.report(ctx, flown{late: true, err: err})
		}
		limit := deadline
		if told {
			limit = time.Now().Add(l.cfg.CommitTimeout)
		}
		next, cancel := context.WithDeadline(ctx, limit)
		v, rev, err = t.settle(next, l.cfg.Client, fence)
		cancel()
		f = flown{verdict: v, rev: rev, err: f.err, settled: true}
		if v == unknown {
			sleep(ctx, pause)
		} else {
			l.cfg.Log.Warn("store: etcd answers again", "accepted", v == accepted)
		}
	}
	f.logRev = f.rev
	return f
}

// flown is what became of a batch.
type flown struct {
	verdict verdict
	rev     int64
	err     error
	logRev  int64   // where the log key is now, if the loop can know
	late    bool    // only tells that the members have waited long enough
	partly  bool    // some pieces of a split write were accepted
	settled bool    // found out after the answer was lost
	before  []int64 // revisions of earlier pieces
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

func (l *loop) report(ctx context.Context, f flown) {
	select {
	case l.flown <- f:
	case <-ctx.Done():
	}
}
