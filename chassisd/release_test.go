package chassisd

import (
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
}
