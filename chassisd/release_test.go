package chassisd

import (
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"testing"
	"time"
)

// Memory is given back after work that has left much behind, when that is over.
func TestReleaser(t *testing.T) {
	var r releaser
	now := time.Unix(1, 0)
	for _, s := range []struct {
		what   string
		after  time.Duration
		worked bool
		heap   heap
		want   bool
	}{
		{"nothing has happened", time.Minute, false, heap{1, 2 * much}, false},
		{"the start goes on", time.Millisecond, true, heap{1, 2 * much}, false},
		{"it has just ended", rest / 2, false, heap{1, 2 * much}, false},
		{"it has ended", rest / 2, false, heap{1, 2 * much}, true},
		{"not all of it could be given back", time.Minute, false, heap{1, much}, false},
		{"one change", time.Millisecond, true, heap{1, much}, false},
		{"it leaves much behind", rest, false, heap{1, much}, true},
		{"one more", time.Millisecond, true, heap{1, much}, false},
		{"it is too soon", rest, false, heap{1, much}, false},
		{"it is time", pause, false, heap{1, much}, true},
		{"a change", pause, true, heap{1, much}, false},
		{"little is left", rest, false, heap{1, much - 1}, false},
		{"little of what is in use", rest, false, heap{5 * much, much}, false},
		{"a quarter of it", rest, false, heap{4 * much, much}, true},
	} {
		now = now.Add(s.after)
		if s.worked {
			r.worked(now)
		}
		if got := r.due(now, s.heap); got != s.want {
			t.Errorf("%s: due %v, want %v", s.what, got, s.want)
		}
	}
	r.worked(now)
	if r.started(now); r.due(now.Add(pause), heap{1, much}) {
		t.Error("due twice at the start")
	}
}

// TestHeap: what is let go of is spare, before it is collected and after.
func TestHeap(t *testing.T) {
	const size = 64 << 20
	debug.FreeOSMemory()
	before := readHeap()
	b := make([]byte, size)
	runtime.GC()
	held := readHeap()
	runtime.KeepAlive(b)
	runtime.GC()
	after := readHeap()
	if held.live < before.live+size/2 || held.spare > before.spare+size/4 || after.live > before.live+size/4 || after.spare < before.spare+size/2 {
		t.Errorf("before %+v, held %+v, after %+v", before, held, after)
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
