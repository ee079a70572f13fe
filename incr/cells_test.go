package incr

import (
	"math/rand/v2"
	"testing"
)

// TestCells: cells finds what a map finds, whatever hashes are like: good ones,
// ones of which many are alike, and ones that lie across the end of the slots.
func TestCells(t *testing.T) {
	for name, hash := range map[string]func(k int) uint64{
		"good":  nil,
		"alike": func(k int) uint64 { return uint64(k%7) << 32 },
		"end":   func(k int) uint64 { return 1<<64 - 1 - uint64(k%3)<<32 },
		"one":   func(int) uint64 { return 0 },
	} {
		t.Run(name, func(t *testing.T) {
			var keys []int
			s := newCells(func(c uint32) int { return keys[c] })
			if hash != nil {
				s.hash = hash
			}
			want := map[int]uint32{}
			rnd := rand.New(rand.NewPCG(1, 2))
			for step := range 3000 {
				k := rnd.IntN(100)
				if c, there := want[k]; there {
					s.remove(k)
					keys[c] = -1
					delete(want, k)
				} else {
					keys = append(keys, k)
					want[k] = uint32(len(keys) - 1)
					s.add(k, want[k])
				}
				if s.n != len(want) {
					t.Fatalf("step %d: %d keys, want %d", step, s.n, len(want))
				}
				for k := range 100 {
					got, ok := s.get(k)
					if c, there := want[k]; ok != there || there && got != c {
						t.Fatalf("step %d: key %d: cell %d, %v; want %d, %v", step, k, got, ok, c, there)
					}
				}
			}
		})
	}
}
