package ofctrl

import (
	"fmt"
	"testing"
)

func TestIDs(t *testing.T) {
	a, b := NewIDs(MaxGroupID), NewIDs(MaxGroupID)
	for i := range 1000 {
		x, fresh, ok := a.Acquire(fmt.Sprint(i))
		if !fresh || !ok {
			t.Fatalf("%d: fresh %v ok %v", i, fresh, ok)
		}
		if y, _, _ := b.Acquire(fmt.Sprint(i)); x != y || x == 0 {
			t.Errorf("%d: %d and %d", i, x, y)
		}
	}
	x, _, _ := a.Acquire("5")
	if y, fresh, _ := a.Acquire("5"); x != y || fresh {
		t.Errorf("same content, %d and %d", x, y)
	}
	for n := range 3 {
		if id, last := a.Release("5"); id != x || last != (n == 2) {
			t.Errorf("release %d: %d %v", n, id, last)
		}
	}
	small := NewIDs(3)
	seen := map[uint32]bool{}
	for i := range 3 {
		id, _, ok := small.Acquire(fmt.Sprint(i))
		if !ok || id < 1 || id > 3 || seen[id] {
			t.Errorf("id %d of 3, ok %v", id, ok)
		}
		seen[id] = true
	}
	if _, _, ok := small.Acquire("x"); ok {
		t.Error("a fourth of three")
	}
}
