package incr

import (
	"cmp"
	"slices"
)

// Index finds the rows of a table by values computed from them.
type Index[K comparable, V any, X comparable] struct {
	t    *Table[K, V]
	e    *Engine
	id   uint16
	name string
	of   func(K, V) []X

	ids   cells[X]
	cells pages[cell[X]]
	ops   []op
	keyed []func(X)    // tables that have this index's values as keys
	moved []func(X, K) // tables that have the keys under some: a row came under a value or left it

	shadow map[X][]K
}

// cell is one value of an index and the rows that have it, by key.
type cell[X comparable] struct {
	value   X
	members []uint32
	readers uint32
	used    bool
}

// op adds a row to a cell or removes it.
type op struct {
	cell, row uint32
	add       bool
}

// NewIndex declares an index of a table: of returns the values by which a row
// is found. Declare indexes before the tables that read them.
func NewIndex[K comparable, V any, X comparable](rows Rows[K, V], name string, of func(k K, v V) []X) *Index[K, V, X] {
	t := rows.rowsOf()
	ix := &Index[K, V, X]{t: t, e: t.e, name: t.name + "/" + name, of: of}
	ix.ids = newCells(func(c uint32) X { return ix.cells.at(c).value })
	ix.id = t.e.declare(ix)
	t.indexes = append(t.indexes, ix)
	return ix
}

// Lookup returns the keys of the rows whose index value is x; row functions
// use the function Lookup instead.
func (ix *Index[K, V, X]) Lookup(x X) []K {
	if c, ok := ix.ids.get(x); ok {
		return ix.keys(c)
	}
	return nil
}

func (ix *Index[K, V, X]) keys(c uint32) []K {
	members := ix.cells.at(c).members
	if len(members) == 0 {
		return nil
	}
	keys := make([]K, len(members))
	for i, m := range members {
		keys[i] = ix.t.rows.at(m).key
	}
	return keys
}

// update notes what one changed row changes.
func (ix *Index[K, V, X]) update(row uint32, k K, had bool, old V, has bool, val V) {
	var before, after []X
	if had {
		before = ix.of(k, old)
	}
	if has {
		after = ix.of(k, val)
	}
	allBefore, allAfter := before, after
	// Of a long sorted list that gained or lost a member, only that is left.
	for len(before) > 0 && len(after) > 0 && before[0] == after[0] {
		before, after = before[1:], after[1:]
	}
	for len(before) > 0 && len(after) > 0 && before[len(before)-1] == after[len(after)-1] {
		before, after = before[:len(before)-1], after[:len(after)-1]
	}
	switch {
	case len(before)+len(after) == 0:
	case len(before) <= 1 && len(after) <= 1:
		if len(before) > 0 && !slices.Contains(allAfter, before[0]) {
			ix.ops = append(ix.ops, op{ix.cell(before[0]), row, false})
		}
		if len(after) > 0 && !slices.Contains(allBefore, after[0]) {
			ix.ops = append(ix.ops, op{ix.cell(after[0]), row, true})
		}
	default:
		ix.updateMany(row, allBefore, allAfter)
	}
}

// updateMany is update for values that differ in more than one place, or that
// may hold one twice.
func (ix *Index[K, V, X]) updateMany(row uint32, before, after []X) {
	const gone, same, come = 1, 2, 3
	state := make(map[X]int, len(before)+len(after))
	values := make([]X, 0, len(before)+len(after)) // each once, in order
	for _, x := range before {
		if state[x] == 0 {
			values = append(values, x)
			state[x] = gone
		}
	}
	for _, x := range after {
		switch state[x] {
		case 0:
			values = append(values, x)
			state[x] = come
		case gone:
			state[x] = same
		}
	}
	for _, x := range values {
		if state[x] != same {
			ix.ops = append(ix.ops, op{ix.cell(x), row, state[x] == come})
		}
	}
}

// settle applies the ops of a commit, cell by cell, and marks the readers.
func (ix *Index[K, V, X]) settle() {
	slices.SortStableFunc(ix.ops, func(a, b op) int { return cmp.Compare(a.cell, b.cell) })
	for lo := 0; lo < len(ix.ops); {
		hi := lo + 1
		for hi < len(ix.ops) && ix.ops[hi].cell == ix.ops[lo].cell {
			hi++
		}
		c := ix.cells.at(ix.ops[lo].cell)
		for _, f := range ix.moved {
			for _, o := range ix.ops[lo:hi] {
				f(c.value, ix.t.rows.at(o.row).key)
			}
		}
		had := len(c.members) > 0
		c.members = apply(c.members, ix.ops[lo:hi], ix.t.byKey)
		ix.e.markReaders(c.readers)
		if has := len(c.members) > 0; had != has {
			for _, f := range ix.keyed {
				f(c.value)
			}
		}
		ix.release(ix.ops[lo].cell)
		lo = hi
	}
	ix.ops = trim(ix.ops)
}

// apply returns members with the ops of one cell: few by insertion, many by
// sorting.
func apply(members []uint32, ops []op, byKey func(a, b uint32) int) []uint32 {
	if len(ops) <= 8 {
		for _, o := range ops {
			at, found := slices.BinarySearchFunc(members, o.row, byKey)
			switch {
			case o.add && !found:
				members = slices.Insert(members, at, o.row)
			case !o.add && found:
				members = slices.Delete(members, at, at+1)
			}
		}
		return members
	}
	gone := map[uint32]bool{}
	for _, o := range ops {
		if !o.add {
			gone[o.row] = true
		}
	}
	if len(gone) > 0 {
		members = slices.DeleteFunc(members, func(m uint32) bool { return gone[m] })
	}
	for _, o := range ops {
		if o.add {
			members = append(members, o.row)
		}
	}
	slices.SortFunc(members, byKey)
	return slices.Clip(members)
}

func (ix *Index[K, V, X]) cell(x X) uint32 {
	if c, ok := ix.ids.get(x); ok {
		return c
	}
	c := ix.cells.take()
	*ix.cells.at(c) = cell[X]{value: x, used: true}
	ix.ids.add(x, c)
	return c
}

func (ix *Index[K, V, X]) label() string { return ix.name }

func (ix *Index[K, V, X]) commit() {} // its table does it

func (ix *Index[K, V, X]) readers(c uint32) *uint32 { return &ix.cells.at(c).readers }

func (ix *Index[K, V, X]) cellOf(key any) uint32 { return ix.cell(key.(X)) }

func (ix *Index[K, V, X]) release(c uint32) {
	p := ix.cells.at(c)
	if !p.used || len(p.members) > 0 || p.readers != 0 {
		return
	}
	ix.ids.remove(p.value)
	ix.cells.give(c)
}

func (ix *Index[K, V, X]) mark(uint32) { panic("incr: an index is not computed") }

func (ix *Index[K, V, X]) markAll() {}

func (ix *Index[K, V, X]) deps(uint32) *uint32 { panic("incr: an index reads nothing") }

func (ix *Index[K, V, X]) failures() []*RowError { return nil }
