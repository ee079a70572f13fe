package incr

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Difference is what Check found: rows that differ from what computing from
// nothing gives.
type Difference struct {
	Rows []string // "table[key]: what", sorted, at most 20
	More int      // how many were left out
}

func (d *Difference) Error() string {
	s := "incremental differs from full: " + strings.Join(d.Rows, "; ")
	if d.More > 0 {
		s += fmt.Sprintf("; and %d more", d.More)
	}
	return s
}

// add notes what is wrong with a row.
func (d *Difference) add(name string, key any, what string) {
	if len(d.Rows) == 20 {
		d.More++
		return
	}
	d.Rows = append(d.Rows, fmt.Sprintf("%s[%s]: %s", name, keyText(key), what))
}

func (d *Difference) extra(name string, key any)   { d.add(name, key, "should not be there") }
func (d *Difference) missing(name string, key any) { d.add(name, key, "is missing") }
func (d *Difference) differs(name string, key, is, full any) {
	d.add(name, key, fmt.Sprintf("%v should be %v", is, full))
}

// Check computes all derived tables and indexes from nothing, beside the live
// ones, and compares. It returns nil or a *Difference. Rows set since the last
// commit would make a false difference: call it right after a commit.
func (e *Engine) Check() error {
	for _, n := range e.nodes {
		n.rebuild()
	}
	d := &Difference{}
	for _, n := range e.nodes {
		n.compare(d)
	}
	if len(d.Rows) == 0 {
		return nil
	}
	return d
}

func (t *Table[K, V]) rebuild() {
	keys := slices.Collect(t.derive.keys.each(true))
	t.sortKeys(keys)
	keys = slices.Compact(keys)
	vals := make([]V, len(keys))
	oks := make([]bool, len(keys))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(t.e.workers, len(keys)) {
		wg.Go(func() {
			rd := &Reader{table: t.id, name: t.name, shadow: true}
			for {
				i := int(next.Add(1)) - 1
				if i >= len(keys) {
					return
				}
				vals[i], oks[i], _ = t.call(rd, keys[i])
			}
		})
	}
	wg.Wait()
	t.shadow = make(map[K]V, len(keys))
	for i, k := range keys {
		if oks[i] {
			t.shadow[k] = vals[i]
		}
	}
}

func (t *Table[K, V]) compare(d *Difference) {
	for k, v := range t.All() {
		full, ok := t.shadow[k]
		switch {
		case !ok:
			d.extra(t.name, k)
		case t.equal != nil && !t.equal(v, full):
			d.differs(t.name, k, v, full)
		}
		delete(t.shadow, k)
	}
	for _, k := range t.sorted(t.shadow) {
		d.missing(t.name, k)
	}
	t.shadow = nil
}

// full returns the rows computed from nothing, or set, in the order of their
// keys.
func (t *Table[K, V]) full() iter.Seq2[K, V] {
	if t.input {
		return t.All()
	}
	return func(yield func(K, V) bool) {
		for _, k := range t.sorted(t.shadow) {
			if !yield(k, t.shadow[k]) {
				return
			}
		}
	}
}

// sorted returns the keys of rows in their order.
func (t *Table[K, V]) sorted(rows map[K]V) []K {
	keys := slices.Collect(maps.Keys(rows))
	t.sortKeys(keys)
	return keys
}

// shadowOf returns the index computed from nothing.
func (ix *Index[K, V, X]) shadowOf() map[X][]K { return ix.shadow }

func (ix *Index[K, V, X]) rebuild() {
	ix.shadow = map[X][]K{}
	add := func(k K, v V) {
		xs := ix.of(k, v)
		for i, x := range xs {
			if !slices.Contains(xs[:i], x) {
				ix.shadow[x] = append(ix.shadow[x], k)
			}
		}
	}
	for k, v := range ix.t.full() {
		add(k, v)
	}
}

func (ix *Index[K, V, X]) compare(d *Difference) {
	for c := range ix.cells.n {
		p := ix.cells.at(c)
		if len(p.members) == 0 {
			continue
		}
		if !slices.Equal(ix.keys(c), ix.shadow[p.value]) {
			d.differs(ix.name, p.value, ix.keys(c), ix.shadow[p.value])
		}
		delete(ix.shadow, p.value)
	}
	for x := range ix.shadow {
		d.missing(ix.name, x)
	}
	ix.shadow = nil
}
