package incr

import "iter"

// Reader is what a row function reads other tables through. It belongs to one
// call of the function.
type Reader struct {
	table  uint16 // the table being computed: only earlier ones can be read
	name   string
	shadow bool // Check: read the tables computed from nothing
	reads  []uint64
	absent []absent
}

// absent is a read of something that has no cell yet.
type absent struct {
	node uint16
	key  any
}

func (r *Reader) earlier(node uint16, name string) {
	if node >= r.table {
		panic("incr: " + r.name + " reads " + name + ", which is declared later")
	}
}

func (r *Reader) saw(node uint16, cell uint32) {
	r.reads = append(r.reads, uint64(node)<<32|uint64(cell))
}

// Get reads one row.
func Get[K comparable, V any](r *Reader, rows Rows[K, V], k K) (V, bool) {
	t := rows.rowsOf()
	r.earlier(t.id, t.name)
	if r.shadow && !t.input {
		v, ok := t.shadow[k]
		return v, ok
	}
	var zero V
	c, ok := t.ids.get(k)
	if !ok {
		if !r.shadow {
			r.absent = append(r.absent, absent{t.id, k})
		}
		return zero, false
	}
	if !r.shadow {
		r.saw(t.id, c)
	}
	if rw := t.rows.at(c); rw.state&present != 0 {
		return rw.val, true
	}
	return zero, false
}

// Has reads whether a row is there; it depends on the row like Get.
func Has[K comparable, V any](r *Reader, rows Rows[K, V], k K) bool {
	_, ok := Get(r, rows, k)
	return ok
}

// Lookup reads the keys of the rows whose index value is x, in their order.
// The values of these rows are not read by it.
func Lookup[K comparable, V any, X comparable](r *Reader, ix *Index[K, V, X], x X) []K {
	r.earlier(ix.id, ix.name)
	if r.shadow {
		return ix.shadowOf()[x]
	}
	c, ok := ix.read(r, x)
	if !ok {
		return nil
	}
	return ix.keys(c)
}

// read returns the cell of x, and notes that r depends on it.
func (ix *Index[K, V, X]) read(r *Reader, x X) (c uint32, ok bool) {
	if c, ok = ix.ids.get(x); ok {
		r.saw(ix.id, c)
	} else {
		r.absent = append(r.absent, absent{ix.id, x})
	}
	return c, ok
}

// Count reads how many rows have the index value x; it depends on the same as
// Lookup.
func Count[K comparable, V any, X comparable](r *Reader, ix *Index[K, V, X], x X) int {
	r.earlier(ix.id, ix.name)
	if r.shadow {
		return len(ix.shadowOf()[x])
	}
	c, ok := ix.read(r, x)
	if !ok {
		return 0
	}
	return len(ix.cells.at(c).members)
}

// One reads the first of the rows whose index value is x, for indexes that
// have one row per value.
func One[K comparable, V any, X comparable](r *Reader, ix *Index[K, V, X], x X) (K, V, bool) {
	k, ok := first(r, ix, x)
	if !ok {
		var v V
		return k, v, false
	}
	v, ok := Get(r, ix.t, k)
	return k, v, ok
}

// first reads the first key of Lookup, and makes no list of them.
func first[K comparable, V any, X comparable](r *Reader, ix *Index[K, V, X], x X) (k K, ok bool) {
	r.earlier(ix.id, ix.name)
	if r.shadow {
		keys := ix.shadowOf()[x]
		if len(keys) == 0 {
			return k, false
		}
		return keys[0], true
	}
	c, ok := ix.read(r, x)
	if !ok {
		return k, false
	}
	members := ix.cells.at(c).members
	if len(members) == 0 {
		return k, false
	}
	return ix.t.rows.at(members[0]).key, true
}

// Each reads the rows whose index value is x, keys and values.
func Each[K comparable, V any, X comparable](r *Reader, ix *Index[K, V, X], x X) iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		for _, k := range Lookup(r, ix, x) {
			if v, ok := Get(r, ix.t, k); ok && !yield(k, v) {
				return
			}
		}
	}
}
