package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/weft-sdn/weft/schema"
)

// maxRecord bounds what the log key says about one commit.
const maxRecord = 4 << 10

// send puts the open batch on its way if nothing else is.
func (l *loop) send(ctx context.Context) {
	for l.flight == nil && !l.silent() {
		l.unpark()
		if l.open == nil && l.held != nil {
			r := l.held
			l.held = nil
			l.apply(r)
		}
		if l.open == nil {
			return
		}
		l.flight, l.open = l.open, nil
		if !l.flight.empty() {
			l.workers.Add(1)
			go l.fly(ctx, l.flight, l.transaction(l.flight))
			return
		}
		// Nothing of it lies in etcd.
		l.landed(flown{verdict: accepted, logRev: l.logRev})
	}
}

func (l *loop) transaction(b *batch) etcdTxn {
	holds := l.census(b.next)
	return etcdTxn{
		guard: l.guard(), logKey: l.cfg.LogKey, logRev: l.logRev, ops: b.ops.list, maxOps: l.cfg.Limits.TxnOps,
		rec: record{
			Nonce: newNonce(), Time: l.cfg.Now(),
			Client: clip(strings.Join(b.clients, ", ")), Comment: clip(strings.Join(b.comment, "\n")), Holds: &holds,
		},
	}
}

func clip(s string) string {
	if len(s) > maxRecord {
		return strings.ToValidUTF8(s[:maxRecord], "") + "…"
	}
	return s
}

// fly asks etcd, and goes on asking until the outcome is known.
func (l *loop) fly(ctx context.Context, b *batch, t etcdTxn) {
	defer l.workers.Done()
	deadline := time.Now().Add(l.cfg.CommitTimeout)
	var f flown
	if b.pieces == nil {
		f = l.put(ctx, &t, deadline)
	}
	var before []int64
	whole := t.rec.Holds
	for i, piece := range b.pieces {
		t.ops, t.rec.Holds = piece, nil
		if i == len(b.pieces)-1 {
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
	v, rev, err := t.try(first, l.cfg.Client)
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

// landed takes in what became of the batch in flight.
func (l *loop) landed(f flown) {
	b := l.flight
	if f.late {
		l.late = true
		err := Errorf(ErrIO, "etcd does not answer (%v): it is not known whether the transaction was committed", f.err)
		for _, m := range b.members {
			m.req.answer <- m.req.refuse(m.answer.results, err)
		}
		return
	}
	late := l.late
	l.flight, l.late = nil, false
	for _, rev := range f.before {
		l.own[rev] = true
	}
	if f.logRev != 0 {
		l.logRev = f.logRev
	}
	if f.verdict == accepted {
		l.accept(b, f, late)
		return
	}
	l.reject(b, f, late)
}

// accept publishes a committed batch and answers its clients.
func (l *loop) accept(b *batch, f flown, late bool) {
	if f.rev != 0 {
		l.own[f.rev] = true
		l.ownRev = f.rev
	}
	l.publish(b, f.rev)
	if !late {
		for _, m := range b.members {
			if m.writes && f.rev != 0 {
				m.answer.rev = f.rev
			}
			m.req.answer <- m.answer
		}
	}
}

// publish makes a batch's state the committed one. rev is 0 if etcd was not
// asked.
func (l *loop) publish(b *batch, rev int64) {
	changes := b.changes.net()
	if len(changes) == 0 && len(b.blobs) == 0 {
		next := *l.committed
		next.state = b.next
		l.committed = &next
		return
	}
	c := &Commit{
		Seq: l.committed.Seq + 1, Rev: rev, Changes: changes, Blobs: b.blobs,
		Client: strings.Join(b.clients, ", "), Comment: strings.Join(b.comment, "\n"),
	}
	if rev != 0 {
		c.TxnID = txnID(l.salt, rev)
	} else {
		// The state cannot be found again after a restart, so it needs no name
		// that can.
		c.Rev, c.TxnID = max(b.rev, l.committed.Rev), schema.NewUUID()
	}
	if !b.loaded {
		stamp(changes, rev, c.Seq)
	}
	l.committed = &Snapshot{layout: l.db.layout, log: l.db.badBlob, state: b.next, Seq: c.Seq, Rev: c.Rev, TxnID: c.TxnID}
	l.db.feed.publish(l.committed, c)
	l.told(c)
}

// stamp gives changed rows their new version.
func stamp(changes []Change, rev, seq int64) {
	if rev != 0 {
		seq = 0 // the same after a restart
	}
	for i := range changes {
		if row := changes[i].New; row != nil {
			h := schema.HeaderOf(row)
			h.Version = rowVersion(h.UUID, rev, seq)
		}
	}
}

// told has the requests try again that wait for something that a commit
// changed.
func (l *loop) told(c *Commit) {
	for i := range c.Changes {
		l.changed[l.db.layout.byName[c.Changes[i].Table.Name]] = c.Seq
	}
	for _, t := range l.db.layout.tables {
		if t.virtual != nil && touches(c, t) {
			l.changed[t] = c.Seq
		}
	}
	l.rouse(l.waiting.concerned(l.db.layout, c))
}

// reject forgets what etcd did not take: the pending state is the committed
// one again, and what was applied on top is applied anew.
func (l *loop) reject(b *batch, f flown, late bool) {
	again := l.rollback()
	var err *schema.Error
	switch {
	case f.partly:
		err = Errorf(ErrIO, "only a part of a split write was accepted: %s", reason(f))
		l.stale = "a split write was accepted in part"
	case f.settled:
		err = Errorf(ErrIO, "etcd did not answer in time (%v), and the transaction was not committed", f.err)
		if f.verdict == overtaken {
			err = Errorf(ErrIO, "etcd did not answer in time (%v), and another server has written since: it is not known whether the transaction was committed", f.err)
			l.stale = "another server has written"
		}
	case f.verdict == notLeader:
		err = errNotLeader()
	case f.verdict == overtaken:
		l.stale = "another server has written"
	default:
		err = Errorf(ErrIO, "etcd refused the transaction: %v", f.err)
	}
	l.cfg.Log.Warn("store: batch was not committed", "why", reason(f), "transactions", len(b.members))
	if err == nil {
		// Nothing was written and nothing can be: execute again on what the
		// other server wrote.
		for _, m := range b.members {
			l.parked = append(l.parked, m.req)
		}
	} else if !late {
		for _, m := range b.members {
			if m.writes {
				m.req.answer <- m.req.refuse(m.answer.results, err)
			} else {
				again = append(again, m.req)
			}
		}
	}
	l.parked = append(l.parked, again...)
	l.unpark()
}

func reason(f flown) string {
	switch f.verdict {
	case notLeader:
		return "not leader"
	case overtaken:
		return "another server has written"
	}
	return fmt.Sprint(f.err)
}

// rollback makes the committed state the pending one. It returns the requests
// of the open batch, which have to be executed again; so have those that wait,
// which may have seen what is taken back.
func (l *loop) rollback() []*request {
	l.pending = l.committed.state
	l.rouse(inOrder(l.waiting.all))
	var again []*request
	if l.open != nil {
		for _, m := range l.open.members {
			again = append(again, m.req)
		}
		l.open = nil
	}
	return again
}
