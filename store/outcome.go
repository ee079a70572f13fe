package store

import (
	"fmt"
	"strings"

	"github.com/weft-sdn/weft/schema"
)

// overdue tells the members of the flight that etcd takes too long. Nobody may
// see what it holds, so what came after it is executed on what is committed,
// and waits with the other writes if it is one.
func (m *machine) overdue(err error) {
	m.phase = overdue
	again := m.reopen()
	m.pending = m.flight.next
	m.applyAll(again)
	unknown := Errorf(ErrIO, "etcd does not answer (%v): it is not known whether the transaction was committed", err)
	for _, mem := range m.flight.members {
		mem.req.answer <- mem.req.refuse(mem.answer.results, unknown)
	}
}

// ahead does, while etcd decides, what would be done once it has.
func (m *machine) ahead() {
	if m.flight != nil && !m.flight.stamped {
		stamp(m.layout, m.flight.changes.net())
		m.flight.stamped = true
	}
}

// landed takes in what became of the batch in flight.
func (m *machine) landed(f flown) {
	b, late := m.flight.batch, m.phase == overdue
	m.flight, m.phase = nil, idle
	for _, rev := range f.before {
		m.own[rev] = true
	}
	if f.logRev != 0 {
		m.logRev = f.logRev
	}
	if f.verdict == accepted {
		m.accept(b, f, late)
		return
	}
	m.reject(b, f, late)
}

// accept publishes a committed batch and answers its clients.
func (m *machine) accept(b *batch, f flown, late bool) {
	if f.rev != 0 {
		m.own[f.rev] = true
		m.ownRev = f.rev
	}
	m.publish(b, f.rev)
	if !late {
		for _, mem := range b.members {
			if mem.writes && f.rev != 0 {
				mem.answer.rev = f.rev
			}
			mem.req.answer <- mem.answer
		}
	}
}

// publish makes a batch's state the committed one. rev is 0 if etcd was not
// asked.
func (m *machine) publish(b *batch, rev int64) {
	changes, blobs := b.changes.net(), netBlobs(b.blobs)
	if len(changes) == 0 && len(blobs) == 0 {
		next := *m.committed
		next.state = b.next
		m.committed = &next
		return
	}
	c := &Commit{
		Seq: m.committed.Seq + 1, Rev: rev, Changes: changes, Blobs: blobs, after: b.next,
		Client: strings.Join(b.clients, ", "), Comment: strings.Join(b.comment, "\n"),
	}
	for _, ch := range changes {
		if ch.New == nil && ch.Table.Owner != "" { // what lay beside it is gone with it
			delete(m.beside, rowKey{m.layout.byName[ch.Table.Name], ch.UUID})
		}
	}
	if m.name.take(m.layout, changes, rev); rev == 0 {
		c.Rev = max(b.rev, m.committed.Rev)
	}
	if b.loaded != nil {
		m.recognise(b.loaded, b.next)
	}
	c.TxnID = m.name.id()
	if b.loaded == nil && !b.stamped {
		stamp(m.layout, changes)
	}
	m.committed = &Snapshot{layout: m.layout, log: m.badBlob, state: b.next, Seq: c.Seq, Rev: c.Rev, TxnID: c.TxnID}
	m.feed.publish(m.committed, c)
	m.told(c)
}

// told has the requests try again that wait for something that a commit
// changed.
func (m *machine) told(c *Commit) {
	for i := range c.Changes {
		m.changed[m.layout.byName[c.Changes[i].Table.Name]] = c.Seq
	}
	for _, t := range m.layout.tables {
		if t.virtual != nil && touches(c, t) {
			m.changed[t] = c.Seq
		}
	}
	m.rouse(m.waiting.concerned(m.layout, c))
}

// reject forgets what etcd did not take: the pending state is the committed
// one again, and what was applied on top is applied anew.
func (m *machine) reject(b *batch, f flown, late bool) {
	again := m.rollback()
	var err *schema.Error
	switch {
	case f.partly:
		err = Errorf(ErrIO, "only a part of a split write was accepted: %s", reason(f))
		m.distrust("a split write was accepted in part")
	case f.settled:
		err = Errorf(ErrIO, "etcd did not answer in time (%v), and the transaction was not committed", f.err)
		if f.verdict == overtaken {
			err = Errorf(ErrIO, "etcd did not answer in time (%v), and another server has written since: it is not known whether the transaction was committed", f.err)
			m.distrust("another server has written")
		}
	case f.verdict == notLeader:
		err = errNotLeader()
	case f.verdict == overtaken:
		m.distrust("another server has written")
	default:
		err = Errorf(ErrIO, "etcd refused the transaction: %v", f.err)
	}
	m.cfg.Log.Warn("store: batch was not committed", "why", reason(f), "transactions", len(b.members))
	if err == nil {
		// Nothing was written and nothing can be: execute again on what the
		// other server wrote.
		again = append(again, b.requests()...)
	} else if !late {
		for _, mem := range b.members {
			if mem.writes {
				mem.req.answer <- mem.req.refuse(mem.answer.results, err)
			} else {
				again = append(again, mem.req)
			}
		}
	}
	m.applyAll(again)
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
// that have to be executed again; so have those that wait, which may have seen
// what is taken back.
func (m *machine) rollback() []*request {
	m.pending = m.committed.state
	m.rouse(inOrder(m.waiting.all))
	return m.reopen()
}

// reopen returns what was to be asked for next.
func (m *machine) reopen() (list []*request) {
	if m.open != nil {
		list, m.open = m.open.requests(), nil
	}
	if m.held != nil {
		list, m.held = append(list, m.held), nil
	}
	return list
}
