package model

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestDistinct(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rapid.IntRange(0, 20), 0, 40).Draw(t, "list")
		var want []int
		groups := map[int]int{}
		for _, v := range list {
			if groups[v]++; groups[v] == 1 {
				want = append(want, v)
			}
		}
		before := slices.Clone(list)
		if got := Distinct(list); !slices.Equal(got, want) || !slices.Equal(list, before) {
			t.Fatalf("got %v, want %v; the list is %v, was %v", got, want, list, before)
		}
		var keys []int
		for _, same := range GroupBy(list, func(v int) int { return v }) {
			keys = append(keys, same[0])
			if len(same) != groups[same[0]] {
				t.Fatalf("%d of %d, want %d", len(same), same[0], groups[same[0]])
			}
		}
		if !slices.Equal(keys, want) {
			t.Fatalf("groups of %v, want %v", keys, want)
		}
	})
}

// TestDistinctCostsWhatTheListIs: a port may have a hundred thousand addresses.
func TestDistinctCostsWhatTheListIs(t *testing.T) {
	each := func(n int) time.Duration {
		list := make([]int, n)
		for i := range list {
			list[i] = i
		}
		best := time.Hour
		for range 3 {
			start := time.Now()
			if len(Distinct(list)) != n || len(GroupBy(list, func(v int) int { return v })) != n {
				t.Fatal("some are lost")
			}
			best = min(best, time.Since(start)/time.Duration(n))
		}
		return best
	}
	if few, many := each(1000), each(200_000); many > 20*few+time.Microsecond {
		t.Errorf("%v an element of 1,000, %v of 200,000", few, many)
	}
}
