package lower

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/weft-sdn/weft/ofctrl/ofp"
)

func madeBuckets(g *groupSpec, n int) {
	for i := range n {
		var b ofp.ActionBuilder
		b.Output(uint32(i + 1))
		g.bucket(lbWeight, b.Actions())
	}
}

// TestBucketNumbers: a bucket has its number whatever others there are.
func TestBucketNumbers(t *testing.T) {
	numbers := func(keep func(i int) bool) map[ofp.Actions]uint32 {
		g := selectGroup("")
		madeBuckets(g, 100)
		var kept []ofp.Bucket
		for i, b := range g.Bucket {
			if keep(i) {
				kept = append(kept, b)
			}
		}
		g.Bucket = kept
		g.number()
		out := map[ofp.Actions]uint32{}
		for _, b := range g.Bucket {
			if b.ID >= ofp.MaxBucketID {
				t.Errorf("number %#x", b.ID)
			}
			out[b.Actions] = b.ID
		}
		return out
	}
	all := numbers(func(int) bool { return true })
	if len(all) != 100 {
		t.Fatalf("%d buckets", len(all))
	}
	for drop := range 10 {
		for as, id := range numbers(func(i int) bool { return i%10 != drop }) {
			if all[as] != id {
				t.Errorf("%s: number %d, before %d", as, id, all[as])
			}
		}
	}
}

// TestDistinctBuckets: buckets whose numbers meet get others, the same ones in
// whatever order they are; equal buckets too.
func TestDistinctBuckets(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 500 {
		var g groupSpec
		madeBuckets(&g, 2+r.IntN(6))
		for i := range g.Bucket {
			g.Bucket[i].ID = (ofp.MaxBucketID - 3 + r.Uint32N(5)) % ofp.MaxBucketID
		}
		g.Bucket = append(g.Bucket, g.Bucket[0])
		want := ""
		for range 3 {
			r.Shuffle(len(g.Bucket), func(i, j int) { g.Bucket[i], g.Bucket[j] = g.Bucket[j], g.Bucket[i] })
			buckets := slices.Clone(g.Bucket)
			distinct(buckets)
			ids := map[uint32]bool{}
			var lines []string
			for _, b := range buckets {
				ids[b.ID] = true
				lines = append(lines, fmt.Sprint(b.ID, b.Actions))
			}
			slices.Sort(lines)
			got := fmt.Sprint(lines)
			if len(ids) != len(buckets) || slices.Max(slices.Collect(maps.Keys(ids))) >= ofp.MaxBucketID {
				t.Fatalf("numbers %v", ids)
			}
			if want == "" {
				want = got
			} else if got != want {
				t.Fatalf("another order: %s, before %s", got, want)
			}
		}
	}
}

// places deals out a select group's places as a switch does: to whom has the fewest for
// its weight, by Webster's method.
func places(buckets []ofp.Bucket) (of map[ofp.Actions]int, all int) {
	total, lightest := 0, lbWeight
	for _, b := range buckets {
		total += int(b.Weight)
		lightest = min(lightest, int(b.Weight))
	}
	all = max(16, powerOfTwo((total+lightest-1)/lightest))
	of, has := map[ofp.Actions]int{}, make([]int, len(buckets))
	for range all {
		best := 0
		for i, b := range buckets {
			if int(b.Weight)*(2*has[best]+1) > int(buckets[best].Weight)*(2*has[i]+1) {
				best = i
			}
		}
		has[best]++
		of[buckets[best].Actions]++
	}
	return of, all
}

// TestEvenShares: all backends have about the same share, of up to 256 places.
func TestEvenShares(t *testing.T) {
	for n := 1; n <= maxPlaces; n++ {
		g := selectGroup("")
		madeBuckets(g, n)
		g.even()
		weights := map[ofp.Actions]int{}
		for _, b := range g.Bucket {
			weights[b.Actions] += int(b.Weight)
		}
		of, all := places(g.Bucket)
		if all > maxPlaces || len(g.Bucket) > n+1 || len(weights) != n {
			t.Fatalf("%d backends: %d buckets, %d places", n, len(g.Bucket), all)
		}
		for as, w := range weights {
			if w != lbWeight {
				t.Errorf("%d backends: %s has weight %d", n, as, w)
			}
			if share := float64(of[as]*n) / float64(all); n <= 64 && (share < 0.74 || share > 1.26) {
				t.Errorf("%d backends: one has %d of %d places", n, of[as], all)
			}
		}
	}
	none := selectGroup("")
	if none.even(); len(none.Bucket) > 0 {
		t.Error("buckets from nothing")
	}
	hashes := selectGroup("ip_src")
	madeBuckets(hashes, 10)
	if hashes.even(); len(hashes.Bucket) != 10 {
		t.Error("a group that hashes fields is even already")
	}
}
