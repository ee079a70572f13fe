package chassisd

import (
	"sync/atomic"
	"testing"
	"time"
)

// Memory is given back once after much work, when that is over.
func TestReleaser(t *testing.T) {
	var r releaser
	now := time.Unix(1, 0)
	steps := []struct {
		what      string
		after     time.Duration
		worked    bool
		allocated uint64
		want      bool
	}{
		{"nothing has happened", time.Minute, false, 2 * much, false},
		{"the start goes on", time.Millisecond, true, 3 * much, false},
		{"it has just ended", rest / 2, false, 4 * much, false},
		{"it has ended", rest / 2, false, 4 * much, true},
		{"it has been given back", time.Minute, false, 4*much + 1, false},
		{"one change", time.Millisecond, true, 4*much + 1<<18, false},
		{"little was done", time.Minute, false, 4*much + 1<<18, false},
		{"many changes", time.Millisecond, true, 5 * much, false},
		{"they are over", rest, false, 5 * much, true},
		{"and that was it", time.Hour, false, 5 * much, false},
	}
	for _, s := range steps {
		now = now.Add(s.after)
		if s.worked {
			r.worked(now)
		}
		if got := r.due(now, s.allocated); got != s.want {
			t.Errorf("%s: due %v, want %v", s.what, got, s.want)
		}
	}
	r.worked(now)
	if r.started(7 * much); r.due(now.Add(rest), 7*much) {
		t.Error("due twice at the start")
	}
}

// What only the start needs is given back when its flows are in, once.
func TestReleaseAtStart(t *testing.T) {
	f := newFabric(t)
	h := f.hv(1)
	h.stop()
	var released atomic.Int32
	h.clock.stop() // so that nothing else is due
	h.release = func() { released.Add(1) }
	h.start()
	f.network()
	f.sync(h)
	h.Eventually("memory is given back", func() bool { return released.Load() > 0 })
	f.sync(h)
	if n := released.Load(); n != 1 {
		t.Errorf("given back %d times", n)
	}
}
