package incr_test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/incr"
	"pgregory.net/rapid"
)

// key has an order of its own.
type key struct{ n uint8 }

func (k key) Compare(o key) int { return cmp.Compare(k.n, o.n) }

type table = incr.Table[key, int]
type index = incr.Index[key, int, int]
type sum = incr.Sum[key, int, int]

// graph is a random graph of tables whose functions read what their own value
// of a hash says: rows, index values, absent ones, rows named by other rows.
type graph struct {
	e       *incr.Engine
	inputs  []*incr.Input[key, int]
	rows    []incr.Rows[key, int]
	derived []*table
	ixs     []*index
	sums    []*sum
}

func drawGraph(t *rapid.T, workers int) *graph {
	g := &graph{e: incr.New(incr.Workers(workers))}
	for i := range rapid.IntRange(1, 3).Draw(t, "inputs") {
		in := incr.NewInput[key](g.e, fmt.Sprintf("in%d", i), incr.Eq[int])
		g.inputs = append(g.inputs, in)
		g.rows = append(g.rows, in)
		g.index(t, in)
	}
	for i := range rapid.IntRange(1, 5).Draw(t, "tables") {
		g.derive(t, i)
		if rapid.IntRange(0, 3).Draw(t, "joined") == 0 {
			g.join(t, i)
		}
	}
	return g
}

func (g *graph) index(t *rapid.T, rows incr.Rows[key, int]) {
	if rapid.Bool().Draw(t, "summed") {
		mod := rapid.IntRange(1, 5).Draw(t, "sum of mod")
		g.sums = append(g.sums, incr.NewSum(rows, fmt.Sprint("sum of mod", mod), func(k key, v int) (int, int) { return (v/3 + int(k.n)) % mod, v % 4 }))
	}
	if !rapid.Bool().Draw(t, "indexed") {
		return
	}
	mod := rapid.IntRange(1, 5).Draw(t, "mod")
	g.ixs = append(g.ixs, incr.NewIndex(rows, fmt.Sprint("mod", mod), func(k key, v int) []int {
		return []int{v % mod, int(k.n) % mod}[:1+v%2]
	}))
}

// source draws the keys of a table: those of another one, or those under the
// values of an index.
func (g *graph) source(t *rapid.T) incr.Source[key] {
	if len(g.ixs) > 0 && rapid.Bool().Draw(t, "under") {
		of := rapid.SampledFrom(g.ixs).Draw(t, "of")
		return incr.Under(rapid.SampledFrom(g.ixs).Draw(t, "index"), incr.Values(of))
	}
	return incr.Keys(rapid.SampledFrom(g.rows).Draw(t, "source"))
}

// under reads an index in one of the ways that there are.
func under(r *incr.Reader, ix *index, x, way int) (sum int) {
	switch way % 3 {
	case 0:
		for _, k := range incr.Lookup(r, ix, x) {
			sum += int(k.n)
		}
	case 1:
		if k, v, ok := incr.One(r, ix, x); ok {
			sum = 1 + int(k.n) + v
		}
	default:
		sum = incr.Count(r, ix, x)
	}
	return sum
}

func (g *graph) derive(t *rapid.T, i int) {
	rows, ixs, sums := slices.Clone(g.rows), slices.Clone(g.ixs), slices.Clone(g.sums)
	seed := rapid.IntRange(0, 1000).Draw(t, "seed")
	var sources []incr.Source[key]
	for range rapid.IntRange(1, 2).Draw(t, "sources") {
		sources = append(sources, g.source(t))
	}
	fn := func(r *incr.Reader, k key) (int, bool) {
		sum := seed
		at := k
		for step := range 1 + (seed+int(k.n))%4 {
			pick := (seed/7 + step + sum) & 0xff
			if len(ixs) > 0 && pick%3 == 0 {
				sum += under(r, ixs[pick%len(ixs)], sum%6, pick/3)
				continue
			}
			if len(sums) > 0 && pick%5 == 0 {
				sum += incr.Total(r, sums[pick%len(sums)], sum%5)
				continue
			}
			v, ok := incr.Get(r, rows[pick%len(rows)], at)
			if ok {
				sum += v + 1
			}
			at = key{uint8(sum % 12)}
		}
		if sum%17 == 3 {
			panic("sum")
		}
		return sum % (5 + seed%40), sum%7 != 0
	}
	d := incr.NewTable(g.e, fmt.Sprintf("t%d", i), incr.Eq, incr.Union(sources...), fn).Feed()
	g.derived = append(g.derived, d)
	g.rows = append(g.rows, d)
	g.index(t, d)
}

// join declares what is reached in a graph whose edges are the rows of a table, and a
// table that reads it.
func (g *graph) join(t *rapid.T, i int) {
	mod := rapid.IntRange(1, 12).Draw(t, "mod")
	d := incr.NewDigraph(rapid.SampledFrom(g.rows).Draw(t, "edges"), fmt.Sprintf("g%d", i), func(k key, v int) (from, to key) {
		return k, key{uint8(v % mod)}
	})
	of := rapid.SampledFrom(g.rows).Draw(t, "of")
	roots := incr.NewTable(g.e, fmt.Sprintf("r%d", i), incr.Eq[struct{}], incr.Keys(of), func(r *incr.Reader, k key) (_ struct{}, ok bool) {
		v, ok := incr.Get(r, of, k)
		return struct{}{}, ok && v%5 == 0
	})
	from, to := d.From(fmt.Sprintf("f%d", i), roots), d.To(fmt.Sprintf("o%d", i), roots)
	j := incr.NewTable(g.e, fmt.Sprintf("j%d", i), incr.Eq[int], incr.Union(incr.Keys(from), incr.Keys(of)), func(r *incr.Reader, k key) (int, bool) {
		n := int(k.n)
		if incr.Has(r, to, k) {
			n++
		}
		return n, incr.Has(r, from, k)
	}).Feed()
	g.derived = append(g.derived, j)
	g.rows = append(g.rows, j)
	g.index(t, j)
}

func (g *graph) String() string {
	var b strings.Builder
	for _, d := range g.derived {
		fmt.Fprintln(&b, d.Name(), maps.Collect(d.All()))
	}
	for _, err := range g.e.Errors() {
		fmt.Fprintln(&b, err)
	}
	return b.String()
}

// TestIncrementalIsFull: after every commit of random mutations of a random
// graph, the tables are what computing from nothing gives, and the changes
// lead from the old tables to the new ones.
func TestIncrementalIsFull(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := drawGraph(t, rapid.SampledFrom([]int{1, 3}).Draw(t, "workers"))
		shadow := make([]map[key]int, len(g.derived))
		for i := range shadow {
			shadow[i] = map[key]int{}
		}
		for range rapid.IntRange(1, 12).Draw(t, "commits") {
			for range rapid.IntRange(0, 12).Draw(t, "mutations") {
				in := rapid.SampledFrom(g.inputs).Draw(t, "input")
				k := key{uint8(rapid.IntRange(0, 11).Draw(t, "key"))}
				switch rapid.IntRange(0, 12).Draw(t, "op") {
				case 0, 1, 2:
					in.Delete(k)
				case 3:
					in.Reset()
					for range rapid.IntRange(0, 5).Draw(t, "rows") {
						in.Set(key{uint8(rapid.IntRange(0, 11).Draw(t, "key"))}, rapid.IntRange(0, 50).Draw(t, "value"))
					}
					in.EndReset()
				default:
					in.Set(k, rapid.IntRange(0, 50).Draw(t, "value"))
				}
			}
			g.e.Commit()
			if err := g.e.Check(); err != nil {
				t.Fatal(err)
			}
			for i, d := range g.derived {
				follow(t, shadow[i], d)
			}
		}
		before := g.String()
		if s := g.e.Recompute(); s.Changed != 0 || g.String() != before {
			t.Fatalf("recompute changed %d rows", s.Changed)
		}
	})
}

func follow(t *rapid.T, rows map[key]int, d *table) {
	var last *key
	for _, c := range d.Changes() {
		if last != nil && last.Compare(c.Key) >= 0 {
			t.Fatalf("%s: changes out of order at %v", d.Name(), c.Key)
		}
		last = &c.Key
		if old, had := rows[c.Key]; had != c.Had || old != c.Old {
			t.Fatalf("%s[%v]: was %d %v, change says %d %v", d.Name(), c.Key, old, had, c.Old, c.Had)
		}
		if c.Has {
			rows[c.Key] = c.New
		} else {
			delete(rows, c.Key)
		}
	}
	if !maps.Equal(rows, maps.Collect(d.All())) {
		t.Fatalf("%s: changes lead to %v, not to %v", d.Name(), rows, maps.Collect(d.All()))
	}
}

// TestNothingIsLeftBehind: when all inputs are gone, so are cells and edges.
func TestNothingIsLeftBehind(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := drawGraph(t, 2)
		for range 3 {
			for _, in := range g.inputs {
				for n := range uint8(12) {
					in.Set(key{n}, rapid.IntRange(0, 50).Draw(t, "value"))
				}
			}
			g.e.Commit()
		}
		for _, in := range g.inputs {
			for n := range uint8(12) {
				in.Delete(key{n})
			}
		}
		g.e.Commit()
		if cells, edges := g.e.Held(); cells != 0 || edges != 0 {
			t.Fatalf("%d cells, %d edges left", cells, edges)
		}
	})
}
