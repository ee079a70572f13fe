package chassisd

import (
	goruntime "runtime/metrics"
	"time"
)

// releaser finds out when memory is to be given back to the system: when the
// first state is in the switch, and when the agent has done much and has come
// to rest since. What such work leaves behind is several times what stays; the
// runtime would keep most of it for the next time, which may be never.
type releaser struct {
	change    time.Time // the last
	allocated uint64    // by the process, when memory was last given back
}

const (
	// rest is how long nothing must have changed.
	rest = time.Second
	// much is what must have been allocated, in bytes: several hundred changes
	// of a port, or a start with some hundred flows.
	much = 64 << 20
)

// worked notes that something changes.
func (r *releaser) worked(now time.Time) { r.change = now }

// started notes that the first state is in the switch, and memory given back.
func (r *releaser) started(allocated uint64) { r.allocated = allocated }

// due tells whether to give memory back now; then it is taken as done.
func (r *releaser) due(now time.Time, allocated uint64) bool {
	if r.change.IsZero() || now.Sub(r.change) < rest || allocated-r.allocated < much {
		return false
	}
	r.allocated = allocated
	return true
}

// allocated is what the process has allocated since its start, in bytes.
func allocated() uint64 {
	s := []goruntime.Sample{{Name: "/gc/heap/allocs:bytes"}}
	goruntime.Read(s)
	return s[0].Value.Uint64()
}

// release gives memory back where that is due. It is done beside the agent,
// which need not wait for it.
func (a *Agent) release() {
	if a.cfg.Release == nil || !a.ready || len(a.pending) > 0 || !a.releaser.due(a.cfg.Now(), allocated()) {
		return
	}
	a.group.Go(a.cfg.Release)
}

// releaseFirst gives back what only the start needed.
func (a *Agent) releaseFirst() {
	if a.cfg.Release == nil {
		return
	}
	a.releaser.started(allocated())
	a.group.Go(a.cfg.Release)
}
