package ofctrl

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// Numbers come from the content alone, are shared by owners and free when the
// last has given them back.
func TestIDs(t *testing.T) {
	a, b := NewIDs(MaxGroupID), NewIDs(MaxGroupID)
	for i := range 1000 {
		x, y := a.Take("o", fmt.Sprint(i)), b.Take("p", fmt.Sprint(999-i))
		if x == 0 || x > MaxGroupID || x != b.Take("q", fmt.Sprint(i)) || y != a.Take("o", fmt.Sprint(999-i)) {
			t.Errorf("content %d: number %d is not the same for others", i, x)
		}
	}
	x := a.Take("o", "5")
	a.Take("o2", "5")
	a.Keep("o", x)
	if a.Len() != 1 || a.Take("o", "5") != x {
		t.Errorf("%d numbers kept, 5 has %d, before %d", a.Len(), a.Take("o", "5"), x)
	}
	a.Keep("o")
	if a.Len() != 1 {
		t.Error("a number went while an owner uses it")
	}
	a.Keep("o2")
	if a.Len() != 0 || len(a.owners) != 0 {
		t.Errorf("left: %d numbers, owners %v", a.Len(), a.owners)
	}
}

// All numbers up to the limit can be had; a number given back goes to the next.
func TestIDsFull(t *testing.T) {
	small := NewIDs(3)
	seen := map[uint32]string{}
	for _, content := range []string{"a", "b", "c"} {
		id := small.Take(content, content)
		if id < 1 || id > 3 || seen[id] != "" {
			t.Errorf("number %d of 3", id)
		}
		seen[id] = content
	}
	if id := small.Take("x", "x"); id != 0 {
		t.Errorf("a fourth number of three: %d", id)
	}
	if id := small.Take("x", "b"); seen[id] != "b" {
		t.Errorf("number %d for b, which has another", id)
	}
	small.Keep("c")
	if id := small.Take("x", "x"); seen[id] != "c" {
		t.Errorf("number %d for x, that of c is free", id)
	}
}

// At any time different contents in use have different numbers, and a content
// keeps its number while an owner uses it.
func TestIDsSticky(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := NewIDs(8) // so few that they collide
		held := map[string]map[string]uint32{}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			owner := rapid.SampledFrom([]string{"o", "p", "q"}).Draw(t, "owner")
			if held[owner] == nil {
				held[owner] = map[string]uint32{}
			}
			if rapid.Bool().Draw(t, "keep") {
				var ids []uint32
				for _, c := range slices.Sorted(maps.Keys(held[owner])) {
					id := held[owner][c]
					if rapid.Bool().Draw(t, "c"+c) {
						ids = append(ids, id)
					} else {
						delete(held[owner], c)
					}
				}
				a.Keep(owner, ids...)
			} else {
				c := rapid.StringMatching("[a-l]").Draw(t, "content")
				if id := a.Take(owner, c); id != 0 {
					held[owner][c] = id
				}
			}
			byID, byContent := map[uint32]string{}, map[string]uint32{}
			for _, h := range held {
				for c, id := range h {
					if was, ok := byID[id]; ok && was != c {
						t.Fatalf("number %d for %s and %s", id, was, c)
					}
					if was, ok := byContent[c]; ok && was != id {
						t.Fatalf("%s has numbers %d and %d", c, was, id)
					}
					byID[id], byContent[c] = c, id
				}
			}
			if a.Len() != len(byID) {
				t.Fatalf("%d numbers in use, want %d", a.Len(), len(byID))
			}
		}
	})
}

// Row functions ask from several goroutines.
func TestIDsConcurrent(t *testing.T) {
	a := NewIDs(MaxMeterID)
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			owner := fmt.Sprint(g)
			for i := range 500 {
				if id := a.Take(owner, fmt.Sprint(i)); id != a.Take(owner, fmt.Sprint(i)) {
					t.Errorf("content %d has two numbers", i)
				}
			}
			a.Keep(owner)
		})
	}
	wg.Wait()
	if a.Len() != 0 {
		t.Errorf("%d numbers are left", a.Len())
	}
}
