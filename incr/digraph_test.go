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

// ways is a graph, some of its vertices, and what is reached from them and reaches
// them.
type ways struct {
	e        *incr.Engine
	edges    *incr.Input[int, pair]
	roots    *incr.Input[int, struct{}]
	g        *incr.Digraph[int, pair, int]
	from, to *incr.Table[int, struct{}]
}

func newWays() *ways { return newShifted(new(int)) }

// newShifted adds what shift is to the ends of each edge.
func newShifted(shift *int) *ways {
	w := &ways{e: incr.New(incr.Workers(1))}
	w.edges = incr.NewInput[int](w.e, "edges", incr.Eq[pair])
	w.roots = incr.NewInput[int](w.e, "roots", incr.Eq[struct{}])
	w.g = incr.NewDigraph(w.edges, "graph", func(_ int, p pair) (from, to int) { return p.a + *shift, p.b + *shift })
	w.from, w.to = w.g.From("from", &w.roots.Table).Feed(), w.g.To("to", &w.roots.Table).Feed()
	return w
}

// reference are the vertices to which edges lead from roots, by a search.
func reference(edges map[int]pair, roots map[int]bool, back bool) map[int]struct{} {
	next := map[int][]int{}
	for _, p := range edges {
		if back {
			p.a, p.b = p.b, p.a
		}
		next[p.a] = append(next[p.a], p.b)
	}
	of := map[int]struct{}{}
	todo := slices.Collect(maps.Keys(roots))
	for ; len(todo) > 0; todo = todo[1:] {
		if _, known := of[todo[0]]; !known {
			of[todo[0]] = struct{}{}
			todo = append(todo, next[todo[0]]...)
		}
	}
	return of
}

// follower is what the changes of a table lead to.
type follower map[int]struct{}

func (f follower) take(t *rapid.T, of *incr.Table[int, struct{}]) {
	for _, c := range of.Changes() {
		if _, had := f[c.Key]; had != c.Had || c.Had == c.Has {
			t.Fatalf("%d was there %v: %+v", c.Key, had, c)
		}
		f[c.Key] = c.New
		if !c.Has {
			delete(f, c.Key)
		}
	}
}

// TestReachIsThatOfASearch: after each commit of whatever edges and roots came, went
// and moved, what is reached is what a search from nothing finds, the changes lead to
// it, and nothing is left when all are gone.
func TestReachIsThatOfASearch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWays()
		vertex := rapid.IntRange(0, rapid.SampledFrom([]int{5, 12, 30}).Draw(t, "vertices"))
		key := rapid.IntRange(0, rapid.SampledFrom([]int{4, 12, 40}).Draw(t, "edges"))
		edges, roots := map[int]pair{}, map[int]bool{}
		from, to := follower{}, follower{}
		set := func() {
			k, p := key.Draw(t, "edge"), pair{vertex.Draw(t, "a"), vertex.Draw(t, "b")}
			w.edges.Set(k, p)
			edges[k] = p
		}
		check := func() {
			if err := w.e.Check(); err != nil {
				t.Fatal(err)
			}
			from.take(t, w.from)
			to.take(t, w.to)
			for _, c := range []struct {
				of       *incr.Table[int, struct{}]
				followed follower
				back     bool
			}{{w.from, from, false}, {w.to, to, true}} {
				want := reference(edges, roots, c.back)
				if got := maps.Collect(c.of.All()); !maps.Equal(got, want) {
					t.Fatalf("%v from %v, %v back: %v, want %v", edges, roots, c.back, got, want)
				}
				if !maps.Equal(c.followed, want) {
					t.Fatalf("changes lead to %v, not to %v", c.followed, want)
				}
			}
			v := vertex.Draw(t, "searched from")
			want := slices.Sorted(maps.Keys(reference(edges, map[int]bool{v: true}, false)))
			if got := w.g.Search(v); !slices.Equal(slices.Sorted(slices.Values(got)), want) {
				t.Fatalf("%v: a search from %d finds %v, want %v", edges, v, got, want)
			}
		}
		for range rapid.IntRange(1, 15).Draw(t, "commits") {
			for range rapid.IntRange(0, 8).Draw(t, "mutations") {
				switch rapid.IntRange(0, 15).Draw(t, "op") {
				case 0:
					w.edges.Reset()
					kept := map[int]pair{}
					for k, p := range edges {
						if rapid.Bool().Draw(t, "kept") {
							w.edges.Set(k, p)
							kept[k] = p
						}
					}
					edges = kept
					set()
					w.edges.EndReset()
				case 1, 2, 3, 4, 5:
					k := key.Draw(t, "edge")
					w.edges.Delete(k)
					delete(edges, k)
				case 6, 7:
					v := vertex.Draw(t, "root")
					w.roots.Set(v, struct{}{})
					roots[v] = true
				case 8:
					v := vertex.Draw(t, "root")
					w.roots.Delete(v)
					delete(roots, v)
				default:
					set()
				}
			}
			w.e.Commit()
			check()
			if rapid.IntRange(0, 5).Draw(t, "recompute") == 0 {
				if s := w.e.Recompute(); s.Changed != 0 {
					t.Fatalf("recompute changed %d rows", s.Changed)
				}
				check()
			}
		}
		for k := range edges {
			w.edges.Delete(k)
		}
		for v := range roots {
			w.roots.Delete(v)
		}
		clear(edges)
		clear(roots)
		w.e.Commit()
		check()
		if cells, edges := w.e.Held(); cells != 0 || edges != 0 {
			t.Fatalf("%d cells, %d edges left", cells, edges)
		}
	})
}

// star has a hub, 0, with n leaves, each by two edges, as the two ports of a link
// are; the first is a root.
func star(n int) *ways {
	w := newWays()
	w.roots.Set(1, struct{}{})
	for i := 1; i <= n; i++ {
		w.leaf(i)
	}
	w.e.Commit()
	return w
}

func (w *ways) leaf(v int) {
	w.edges.Set(2*v, pair{0, v})
	w.edges.Set(2*v+1, pair{v, 0})
}

func (w *ways) without(v int) {
	w.edges.Delete(2 * v)
	w.edges.Delete(2*v + 1)
}

// TestLeafCostsALeaf: what a leaf costs that comes or goes does not depend on what it
// is a leaf of. Each is in two tables.
func TestLeafCostsALeaf(t *testing.T) {
	for _, n := range []int{10, 10_000} {
		w := star(n)
		for _, step := range []struct {
			what           string
			do             func()
			looked, change int
		}{
			{"a leaf comes", func() { w.leaf(n + 1) }, 2, 2},
			{"the edge back goes", func() { w.edges.Delete(2*n + 3) }, 2, 1},
			{"and the other", func() { w.edges.Delete(2*n + 2) }, 2, 1},
			{"a leaf gets one of its own", func() { w.edges.Set(2*n+2, pair{n, n + 1}) }, 1, 1},
			{"and comes off with it", func() { w.without(n) }, 6, 3},
			{"a leaf becomes a root", func() { w.roots.Set(2, struct{}{}) }, 0, 0},
			{"and is none any more", func() { w.roots.Delete(2) }, 6, 0},
			{"nothing", func() {}, 0, 0},
		} {
			step.do()
			if got := w.e.Commit(); got.Evaluated > step.looked || got.Changed != step.change {
				t.Errorf("%d leaves: %s: %+v, want %d vertices looked at, %d changed", n, step.what, got, step.looked, step.change)
			}
			if err := w.e.Check(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestManyEdgesAtOnce: a commit that makes, moves or takes away a whole graph looks at
// each vertex a few times, in whatever order the edges come.
func TestManyEdgesAtOnce(t *testing.T) {
	const n = 5000
	path := func(w *ways, from int) {
		for i := range n {
			w.edges.Set(i, pair{from - i, from - i - 1})
		}
	}
	none := func(w *ways) { w.edges.Reset(); w.edges.EndReset() }
	for _, c := range []struct {
		what     string
		from, to func(*ways)
	}{
		{"a path comes", none, func(w *ways) { path(w, 2*n) }},
		{"a path goes", func(w *ways) { path(w, 2*n) }, none},
		{"a path moves", func(w *ways) { path(w, 2*n) }, func(w *ways) { path(w, 2*n-1) }},
		{"a path turns", func(w *ways) { path(w, 2*n) }, func(w *ways) {
			for i := range n {
				w.edges.Set(i, pair{2*n - i - 1, 2*n - i})
			}
		}},
		{"the root moves", func(w *ways) { path(w, 2*n) }, func(w *ways) {
			w.roots.Delete(2 * n)
			w.roots.Set(n+n/2, struct{}{})
		}},
		{"a ring loses an edge", func(w *ways) { path(w, 2*n); w.edges.Set(n, pair{n, 2 * n}) }, func(w *ways) { w.edges.Delete(7) }},
	} {
		w := newWays()
		w.roots.Set(2*n, struct{}{})
		c.from(w)
		w.e.Commit()
		c.to(w)
		if got := w.e.Commit().Evaluated; got > 2*3*(n+1) {
			t.Errorf("%s: looked at %d vertices of %d", c.what, got, n)
		}
		if err := w.e.Check(); err != nil {
			t.Error(err)
		}
	}
}

// BenchmarkLeaf adds a leaf to a star and takes it away again.
func BenchmarkLeaf(b *testing.B) {
	for _, n := range []int{1000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			w := star(n)
			for b.Loop() {
				w.leaf(n + 1)
				w.e.Commit()
				w.without(n + 1)
				w.e.Commit()
			}
		})
	}
}

// TestRecomputeReach: Recompute asks for the ends of all edges anew.
func TestRecomputeReach(t *testing.T) {
	shift := 0
	w := newShifted(&shift)
	w.roots.Set(12, struct{}{})
	w.edges.Set(1, pair{1, 2})
	w.edges.Set(2, pair{2, 3})
	w.e.Commit()
	shift = 10
	if s := w.e.Commit(); s.Changed != 0 {
		t.Errorf("a commit of nothing changed %d rows", s.Changed)
	}
	w.e.Recompute()
	if got := slices.Collect(maps.Keys(maps.Collect(w.from.All()))); len(got) != 2 {
		t.Errorf("%v are reached, want 12 and 13", got)
	}
	if got := slices.Collect(maps.Keys(maps.Collect(w.to.All()))); len(got) != 2 {
		t.Errorf("%v reach it, want 11 and 12", got)
	}
}
