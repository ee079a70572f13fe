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
