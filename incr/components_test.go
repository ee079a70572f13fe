package incr_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/weft-sdn/weft/incr"
	"pgregory.net/rapid"
)

type pair struct{ a, b int }

// joined is a graph with its components, and what others make of them.
type joined struct {
	e     *incr.Engine
	edges *incr.Input[int, pair]
	of    *incr.Table[int, int]
	byRep *incr.Index[int, int, int]
	size  *incr.Table[int, int] // of the component, by vertex
}

func newGraph() *joined {
	j := &joined{e: incr.New(incr.Workers(1))}
	j.edges = incr.NewInput[int](j.e, "edges", incr.Eq[pair])
	return j
}

func (j *joined) declare(rows incr.Rows[int, pair]) {
	j.of = incr.NewComponents(rows, "components", func(_ int, p pair) (a, b int) { return p.a, p.b }).Feed()
}

// newJoined has components alone.
func newJoined() *joined {
	j := newGraph()
	j.declare(j.edges)
	return j
}

// newSized has the components of an input, or of a table derived from it, and
// their sizes.
func newSized(derived bool) *joined {
	j := newGraph()
	var rows incr.Rows[int, pair] = j.edges
	if derived {
		rows = incr.NewTable(j.e, "same edges", incr.Eq[pair], incr.Keys(j.edges), func(r *incr.Reader, k int) (pair, bool) {
			return incr.Get(r, j.edges, k)
		})
	}
	j.declare(rows)
	j.byRep = incr.NewIndex(j.of, "representative", func(_, rep int) []int { return []int{rep} })
	j.size = incr.NewTable(j.e, "size", incr.Eq[int], incr.Keys(j.of), func(r *incr.Reader, v int) (int, bool) {
		rep, _ := incr.Get(r, j.of, v)
		return incr.Count(r, j.byRep, rep), true
	})
	return j
}

// reference are the components of edges by a search from each vertex that has
// none yet, from the smallest on.
func reference(edges map[int]pair) map[int]int {
	next := map[int][]int{}
	for _, p := range edges {
		next[p.a] = append(next[p.a], p.b)
		next[p.b] = append(next[p.b], p.a)
	}
	of := map[int]int{}
	for _, rep := range slices.Sorted(maps.Keys(next)) {
		if _, known := of[rep]; known {
			continue
		}
		of[rep] = rep
		for todo := []int{rep}; len(todo) > 0; todo = todo[1:] {
			for _, w := range next[todo[0]] {
				if _, known := of[w]; !known {
					of[w] = rep
					todo = append(todo, w)
				}
			}
		}
	}
	return of
}

// TestComponentsAreThoseOfASearch: after each commit of whatever edges came,
// went and moved, the components are those that a search from nothing finds, the
// changes lead to them, and nothing is left when all edges are gone.
func TestComponentsAreThoseOfASearch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		j := newSized(rapid.Bool().Draw(t, "derived"))
		vertex := rapid.IntRange(0, rapid.SampledFrom([]int{5, 12, 30}).Draw(t, "vertices"))
		key := rapid.IntRange(0, rapid.SampledFrom([]int{4, 12, 40}).Draw(t, "edges"))
		edges, followed := map[int]pair{}, map[int]int{}
		set := func() {
			k, p := key.Draw(t, "edge"), pair{vertex.Draw(t, "a"), vertex.Draw(t, "b")}
			j.edges.Set(k, p)
			edges[k] = p
		}
		check := func() {
			if err := j.e.Check(); err != nil {
				t.Fatal(err)
			}
			want := reference(edges)
			if got := maps.Collect(j.of.All()); !maps.Equal(got, want) {
				t.Fatalf("%v: %v, want %v", edges, got, want)
			}
			for _, c := range j.of.Changes() {
				if old, had := followed[c.Key]; had != c.Had || old != c.Old || c.Had && c.Has && c.Old == c.New {
					t.Fatalf("%d was %d %v: %+v", c.Key, old, had, c)
				}
				followed[c.Key] = c.New
				if !c.Has {
					delete(followed, c.Key)
				}
			}
			if !maps.Equal(followed, want) {
				t.Fatalf("changes lead to %v, not to %v", followed, want)
			}
		}
		for range rapid.IntRange(1, 15).Draw(t, "commits") {
			for range rapid.IntRange(0, 8).Draw(t, "mutations") {
				switch rapid.IntRange(0, 12).Draw(t, "op") {
				case 0:
					j.edges.Reset()
					kept := map[int]pair{}
					for k, p := range edges {
						if rapid.Bool().Draw(t, "kept") {
							j.edges.Set(k, p)
							kept[k] = p
						}
					}
					edges = kept
					set()
					j.edges.EndReset()
				case 1, 2, 3, 4, 5:
					k := key.Draw(t, "edge")
					j.edges.Delete(k)
					delete(edges, k)
				default:
					set()
				}
			}
			j.e.Commit()
			check()
			if rapid.IntRange(0, 5).Draw(t, "recompute") == 0 {
				if s := j.e.Recompute(); s.Changed != 0 {
					t.Fatalf("recompute changed %d rows", s.Changed)
				}
				check()
			}
		}
		for k := range edges {
			j.edges.Delete(k)
		}
		clear(edges)
		j.e.Commit()
		check()
		if cells, edges := j.e.Held(); cells != 0 || edges != 0 {
			t.Fatalf("%d cells, %d edges left", cells, edges)
		}
	})
}

// star has a hub, 0, with n leaves, each by two edges, as the two ports of a
// link are.
func star(n int) *joined {
	j := newJoined()
	for i := 1; i <= n; i++ {
		j.leaf(i)
	}
	j.e.Commit()
	return j
}

func (j *joined) leaf(v int) {
	j.edges.Set(2*v, pair{0, v})
	j.edges.Set(2*v+1, pair{v, 0})
}

func (j *joined) without(v int) {
	j.edges.Delete(2 * v)
	j.edges.Delete(2*v + 1)
}

// TestLeafCostsALeaf: what a leaf costs that comes or goes does not depend on
// what it is a leaf of.
func TestLeafCostsALeaf(t *testing.T) {
	for _, n := range []int{10, 10_000} {
		j := star(n)
		for _, step := range []struct {
			what           string
			do             func()
			looked, change int
		}{
			{"a leaf comes", func() { j.leaf(n + 1) }, 1, 1},
			{"one of its two edges goes", func() { j.edges.Delete(2*n + 2) }, 3, 0},
			{"and the other", func() { j.edges.Delete(2*n + 3) }, 3, 1},
			{"a leaf gets one of its own", func() { j.edges.Set(2*n+2, pair{n, n + 1}) }, 1, 1},
			{"and comes off with it", func() { j.without(n) }, 5, 2},
			{"nothing", func() {}, 0, 0},
		} {
			step.do()
			if got := j.e.Commit(); got.Evaluated > step.looked || got.Changed != step.change {
				t.Errorf("%d leaves: %s: %+v, want %d vertices looked at, %d changed", n, step.what, got, step.looked, step.change)
			}
			if err := j.e.Check(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestManyEdgesAtOnce: a commit that makes, moves or takes away a whole graph
// looks at each vertex a few times, in whatever order the edges come.
func TestManyEdgesAtOnce(t *testing.T) {
	const n = 5000
	path := func(j *joined, from int) {
		for i := range n {
			j.edges.Set(i, pair{from - i, from - i - 1})
		}
	}
	ring := func(j *joined) {
		path(j, 2*n)
		j.edges.Set(n, pair{2 * n, n})
	}
	for _, c := range []struct {
		what     string
		from     func(*joined)
		to       func(*joined)
		vertices int
	}{
		{"a path comes from its end", func(*joined) {}, func(j *joined) { path(j, 2*n) }, n},
		{"a path goes", func(j *joined) { path(j, 2*n) }, func(j *joined) { j.edges.Reset(); j.edges.EndReset() }, n},
		{"a path moves", func(j *joined) { path(j, 2*n) }, func(j *joined) { path(j, 2*n-1) }, n},
		{"a ring is cut everywhere", ring, func(j *joined) {
			for i := 0; i < n; i += 2 {
				j.edges.Delete(i)
			}
		}, n},
		{"a ring loses a vertex", ring, func(j *joined) { j.edges.Delete(7); j.edges.Delete(8) }, n}, // the long way round
		{"a star goes", func(j *joined) {
			for i := 1; i <= n; i++ {
				j.leaf(i)
			}
		}, func(j *joined) { j.edges.Reset(); j.edges.EndReset() }, n},
		{"a star gets a smaller hub", func(j *joined) {
			for i := 1; i <= n; i++ {
				j.leaf(i)
			}
		}, func(j *joined) {
			for i := 1; i <= n; i++ {
				j.edges.Set(2*i, pair{-1, i})
				j.edges.Delete(2*i + 1)
			}
		}, n},
	} {
		j := newJoined()
		c.from(j)
		j.e.Commit()
		c.to(j)
		if got := j.e.Commit().Evaluated; got > 3*c.vertices {
			t.Errorf("%s: looked at %d vertices of %d", c.what, got, n)
		}
		if err := j.e.Check(); err != nil {
			t.Error(err)
		}
	}
}

// BenchmarkLeaf adds a leaf to a star and takes it away again.
func BenchmarkLeaf(b *testing.B) {
	for _, n := range []int{1000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			j := star(n)
			for b.Loop() {
				j.leaf(n + 1)
				j.e.Commit()
				j.without(n + 1)
				j.e.Commit()
			}
		})
	}
}

// TestRecomputeComponents: Recompute asks for the ends of all edges anew.
func TestRecomputeComponents(t *testing.T) {
	j, shift := newGraph(), 0
	j.of = incr.NewComponents(j.edges, "components", func(_ int, p pair) (a, b int) { return p.a + shift, p.b + shift })
	j.edges.Set(1, pair{1, 2})
	j.edges.Set(2, pair{2, 3})
	j.e.Commit()
	shift = 10
	if s := j.e.Commit(); s.Changed != 0 {
		t.Errorf("a commit of nothing changed %d rows", s.Changed)
	}
	j.e.Recompute()
	if got, want := maps.Collect(j.of.All()), (map[int]int{11: 11, 12: 11, 13: 11}); !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
