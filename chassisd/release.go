package chassisd

import (
	goruntime "runtime/metrics"
	"time"
)

// releaser finds out when memory is to be given back to the system: when the
// first state is in the switch, and when there is much to give and the agent has
// come to rest. What much work leaves behind is several times what stays; the
// runtime would keep most of it for the next time, which may be never.
type releaser struct {
	change   time.Time // the last
	released time.Time // when memory was last given back
}

const (
	// rest is how long nothing must have changed.
	rest = time.Second
	// pause is the least time between two releases.
	pause = 10 * time.Second
	// much is what must be there to be given back, in bytes, if it is also a
	// quarter of what is in use.
	much = 8 << 20
)

// worked notes that something changes.
func (r *releaser) worked(now time.Time) { r.change = now }

// started notes that the first state is in the switch, and memory given back.
func (r *releaser) started(now time.Time) { r.released = now }

// due tells whether to give memory back now; then it is taken as done.
func (r *releaser) due(now time.Time, m heap) bool {
	if !r.change.After(r.released) || now.Sub(r.change) < rest || now.Sub(r.released) < pause || m.spare < max(much, m.live/4) {
		return false
	}
	r.released = now
	return true
}

// heap is how much memory is in use, as the last collection of garbage has
// found, and how much the process has beside that, in bytes.
type heap struct{ live, spare uint64 }

func readHeap() heap {
	s := []goruntime.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/free:bytes"}}
	goruntime.Read(s)
	live, objects, free := s[0].Value.Uint64(), s[1].Value.Uint64(), s[2].Value.Uint64()
	return heap{live, free + objects - min(live, objects)}
}

// release gives memory back where that is due. It is done beside the agent,
// which need not wait for it.
func (a *Agent) release() {
	if a.cfg.Release == nil || a.phase != running || !a.updates.idle() || !a.releaser.due(a.cfg.Now(), readHeap()) {
		return
	}
	a.group.Go(a.cfg.Release)
}

// releaseFirst gives back what only the start needed.
func (a *Agent) releaseFirst() {
	if a.cfg.Release == nil {
		return
	}
	a.releaser.started(a.cfg.Now())
	a.group.Go(a.cfg.Release)
}
