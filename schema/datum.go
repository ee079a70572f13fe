package schema

import (
	"slices"
	"sort"
)

// Datum is the value of a column in general form: a set of keys, or a map
// from keys to values. It is canonical: keys sorted and unique. A set has nil
// Values. Data are immutable once made.
type Datum struct{ Keys, Values []Atom }

// SetDatum makes a set of the given atoms, in any order, duplicates dropped.
func SetDatum(keys ...Atom) Datum {
	if len(keys) == 0 {
		return Datum{}
	}
	keys = slices.Clone(keys)
	slices.SortFunc(keys, Atom.Compare)
	return Datum{Keys: slices.Compact(keys)}
}

// MapDatum makes a map. The keys may be in any order; of equal keys the first
// stays.
func MapDatum(keys, values []Atom) Datum {
	if len(keys) == 0 {
		return Datum{}
	}
	d := Datum{Keys: slices.Clone(keys), Values: slices.Clone(values)}
	sort.Stable(byKey(d))
	n := 1
	for i := 1; i < len(d.Keys); i++ {
		if d.Keys[i] != d.Keys[n-1] {
			d.Keys[n], d.Values[n] = d.Keys[i], d.Values[i]
			n++
		}
	}
	d.Keys, d.Values = d.Keys[:n], d.Values[:n]
	return d
}

type byKey Datum

func (d byKey) Len() int           { return len(d.Keys) }
func (d byKey) Less(i, j int) bool { return d.Keys[i].Compare(d.Keys[j]) < 0 }
func (d byKey) Swap(i, j int) {
	d.Keys[i], d.Keys[j] = d.Keys[j], d.Keys[i]
	if d.Values != nil {
		d.Values[i], d.Values[j] = d.Values[j], d.Values[i]
	}
}

// Len returns the number of elements.
func (d Datum) Len() int { return len(d.Keys) }

// Find returns the position of key, and whether it is there.
func (d Datum) Find(key Atom) (int, bool) {
	return slices.BinarySearchFunc(d.Keys, key, Atom.Compare)
}

// Has tells whether key is in the set or map.
func (d Datum) Has(key Atom) bool {
	_, ok := d.Find(key)
	return ok
}

// Value returns a map's value for key.
func (d Datum) Value(key Atom) (Atom, bool) {
	if i, ok := d.Find(key); ok && d.Values != nil {
		return d.Values[i], true
	}
	return Atom{}, false
}

// Equal tells whether both hold the same elements.
func (d Datum) Equal(e Datum) bool {
	return slices.Equal(d.Keys, e.Keys) && slices.Equal(d.Values, e.Values)
}

// Compare orders data: by number of elements, then keys, then values.
func (d Datum) Compare(e Datum) int {
	if len(d.Keys) != len(e.Keys) {
		if len(d.Keys) < len(e.Keys) {
			return -1
		}
		return 1
	}
	if c := slices.CompareFunc(d.Keys, e.Keys, Atom.Compare); c != 0 {
		return c
	}
	return slices.CompareFunc(d.Values, e.Values, Atom.Compare)
}

// Includes tells whether every element of e is in d: the function "includes"
// of RFC 7047 section 5.1. A pair of a map is there if key and value are.
func (d Datum) Includes(e Datum) bool {
	for i, k := range e.Keys {
		j, ok := d.Find(k)
		if !ok || e.Values != nil && (d.Values == nil || d.Values[j] != e.Values[i]) {
			return false
		}
	}
	return true
}

// Excludes tells whether no element of e is in d: the function "excludes".
func (d Datum) Excludes(e Datum) bool {
	for i, k := range e.Keys {
		j, ok := d.Find(k)
		if ok && (e.Values == nil || d.Values != nil && d.Values[j] == e.Values[i]) {
			return false
		}
	}
	return true
}

// Minus returns the elements of d that e lacks or holds another value for.
func (d Datum) Minus(e Datum) Datum {
	var m Datum
	for i, k := range d.Keys {
		j, ok := e.Find(k)
		if ok && (d.Values == nil || d.Values[i] == e.Values[j]) {
			continue
		}
		m.Keys = append(m.Keys, k)
		if d.Values != nil {
			m.Values = append(m.Values, d.Values[i])
		}
	}
	return m
}

// common counts the elements of e that are in d, as DeleteKeys matches them.
func (d Datum) common(e Datum) int {
	n := 0
	for i, k := range e.Keys {
		j, ok := d.Find(k)
		if ok && (e.Values == nil || d.Values != nil && d.Values[j] == e.Values[i]) {
			n++
		}
	}
	return n
}
