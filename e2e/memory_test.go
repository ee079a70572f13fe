package e2e

import (
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The clock goes with the work of this process, and only with that.
func TestProcessClock(t *testing.T) {
	read := func() time.Duration {
		var now unix.Timespec
		if err := unix.ClockGettime(processClock(os.Getpid()), &now); err != nil {
			t.Fatal(err)
		}
		return time.Duration(now.Nano())
	}
	own := func() time.Duration {
		var u unix.Rusage
		if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
			t.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	low, start := own(), read()
	for read()-start < 20*time.Millisecond {
	}
	got, high := read(), own()
	const tick = 10 * time.Millisecond // rusage may be as coarse as that
	if got < low-tick || got > high+tick {
		t.Errorf("the clock says %v, the process has used %v to %v", got, low, high)
	}
}
