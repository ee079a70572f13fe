package chassisd

import (
	"testing"
	"time"
)

// TestPendingIsBounded: a switch that is away costs no memory with each change,
// and when it is back nothing is forgotten.
func TestPendingIsBounded(t *testing.T) {
	var u updates
	start := time.Unix(1000, 0)
	for i := range 10 * maxPending {
		u.since = start.Add(time.Duration(i) * time.Second)
		u.open()
		u.close(u.since)
		u.give(generation{nbRev: int64(i + 1), chassis: i == 5*maxPending}, i >= 2*maxPending)
	}
	if len(u.pending) > maxPending {
		t.Errorf("%d generations are pending", len(u.pending))
	}
	u.in(3, start)
	if u.done.nbRev != 3 || u.idle() {
		t.Errorf("the third is in: %+v", u.done)
	}
	end := start.Add(10 * maxPending * time.Second)
	u.in(u.gen, end)
	if u.done.nbRev != 10*maxPending || !u.done.chassis || !u.idle() {
		t.Errorf("all are in: %+v", u.done)
	}
	if c := u.changes; c.n != 1 || c.took != 8*maxPending*time.Second {
		t.Errorf("the first of the flows took %v of %d changes", c.took, c.n)
	}
}
