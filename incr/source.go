package incr

import (
	"iter"
	"slices"
)

// Source gives a derived table its keys: Keys, Values, Under, Union.
type Source[K comparable] interface {
	has(k K) bool // in the live tables
	hasShadow(k K) bool
	each(shadow bool) iter.Seq[K]
	subscribe(func(K)) // called with a key that came or went
}

// Keys are the keys of a table.
func Keys[K comparable, V any](rows Rows[K, V]) Source[K] { return keysOf[K, V]{rows.rowsOf()} }

// Values are the values of an index that some row has.
func Values[K comparable, V any, X comparable](ix *Index[K, V, X]) Source[X] {
	return valuesOf[K, V, X]{ix}
}

// Union has the keys of all its sources.
func Union[K comparable](sources ...Source[K]) Source[K] { return union[K](sources) }

type keysOf[K comparable, V any] struct{ t *Table[K, V] }

func (s keysOf[K, V]) has(k K) bool {
	_, ok := s.t.Get(k)
	return ok
}

func (s keysOf[K, V]) hasShadow(k K) bool {
	if s.t.input {
		return s.has(k)
	}
	_, ok := s.t.shadow[k]
	return ok
}

func (s keysOf[K, V]) each(shadow bool) iter.Seq[K] {
	return func(yield func(K) bool) {
		if shadow && !s.t.input {
			for k := range s.t.shadow {
				if !yield(k) {
					return
				}
			}
			return
		}
		for c := range s.t.rows.n {
			if r := s.t.rows.at(c); r.state&present != 0 && !yield(r.key) {
				return
			}
		}
	}
}

func (s keysOf[K, V]) subscribe(f func(K)) { s.t.keyed = append(s.t.keyed, f) }

type valuesOf[K comparable, V any, X comparable] struct{ ix *Index[K, V, X] }

func (s valuesOf[K, V, X]) has(x X) bool {
	c, ok := s.ix.ids.get(x)
	return ok && len(s.ix.cells.at(c).members) > 0
}

func (s valuesOf[K, V, X]) hasShadow(x X) bool { return len(s.ix.shadowOf()[x]) > 0 }

func (s valuesOf[K, V, X]) each(shadow bool) iter.Seq[X] {
	return func(yield func(X) bool) {
		if shadow {
			for x := range s.ix.shadowOf() {
				if !yield(x) {
					return
				}
			}
			return
		}
		for c := range s.ix.cells.n {
			if p := s.ix.cells.at(c); len(p.members) > 0 && !yield(p.value) {
				return
			}
		}
	}
}

func (s valuesOf[K, V, X]) subscribe(f func(X)) { s.ix.keyed = append(s.ix.keyed, f) }

// Under has the keys of the rows whose index value is a key of another source:
// the ports of these switches, the members of these groups. A row whose value
// is none costs nothing.
func Under[K comparable, V any, X comparable](ix *Index[K, V, X], of Source[X]) Source[K] {
	return under[K, V, X]{ix, of}
}

type under[K comparable, V any, X comparable] struct {
	ix *Index[K, V, X]
	of Source[X]
}

func (u under[K, V, X]) has(k K) bool {
	v, ok := u.ix.t.Get(k)
	return ok && slices.ContainsFunc(u.ix.of(k, v), u.of.has)
}

func (u under[K, V, X]) hasShadow(k K) bool {
	if u.ix.t.input {
		v, ok := u.ix.t.Get(k)
		return ok && slices.ContainsFunc(u.ix.of(k, v), u.of.hasShadow)
	}
	v, ok := u.ix.t.shadow[k]
	return ok && slices.ContainsFunc(u.ix.of(k, v), u.of.hasShadow)
}

// each gives a key twice where the row has two of the values.
func (u under[K, V, X]) each(shadow bool) iter.Seq[K] {
	return func(yield func(K) bool) {
		for x := range u.of.each(shadow) {
			keys := u.ix.shadow[x]
			if !shadow {
				keys = u.ix.Lookup(x)
			}
			for _, k := range keys {
				if !yield(k) {
					return
				}
			}
		}
	}
}

func (u under[K, V, X]) subscribe(f func(K)) {
	u.of.subscribe(func(x X) {
		for _, k := range u.ix.Lookup(x) {
			f(k)
		}
	})
	u.ix.moved = append(u.ix.moved, func(x X, k K) {
		if u.of.has(x) {
			f(k)
		}
	})
}

type union[K comparable] []Source[K]

func (u union[K]) has(k K) bool {
	for _, s := range u {
		if s.has(k) {
			return true
		}
	}
	return false
}

func (u union[K]) hasShadow(k K) bool {
	for _, s := range u {
		if s.hasShadow(k) {
			return true
		}
	}
	return false
}

func (u union[K]) each(shadow bool) iter.Seq[K] {
	return func(yield func(K) bool) {
		for i, s := range u {
			for k := range s.each(shadow) {
				if u[:i].holds(k, shadow) {
					continue // an earlier source gave it
				}
				if !yield(k) {
					return
				}
			}
		}
	}
}

func (u union[K]) holds(k K, shadow bool) bool {
	if shadow {
		return u.hasShadow(k)
	}
	return u.has(k)
}

func (u union[K]) subscribe(f func(K)) {
	for _, s := range u {
		s.subscribe(f)
	}
}
