package schema

import (
	"errors"
	"slices"
)

// set is a field of type []T: sorted and unique, nil when empty.
type set[T scalar] struct{ codec[T] }

func (s set[T]) typ() (Type, bool) {
	return Type{Key: NewBaseType(s.kind), Min: 0, Max: Unlimited}, true
}

func (s set[T]) get(p place) Datum {
	v := *(*[]T)(p)
	if len(v) == 0 {
		return Datum{}
	}
	keys := make([]Atom, len(v))
	for i, x := range v {
		keys[i] = s.box(x)
	}
	return Datum{Keys: keys}
}

func (s set[T]) set(p place, d Datum) {
	var v []T
	if d.Len() > 0 {
		v = make([]T, d.Len())
		for i, k := range d.Keys {
			v[i] = s.unbox(k)
		}
	}
	*(*[]T)(p) = v
}

func (s set[T]) copy(to, from place) { *(*[]T)(to) = *(*[]T)(from) }
func (s set[T]) clear(p place)       { *(*[]T)(p) = nil }

func (s set[T]) size(p place) int { return len(*(*[]T)(p)) }

func (s set[T]) has(p place, key Atom) bool {
	_, ok := slices.BinarySearchFunc(*(*[]T)(p), s.unbox(key), s.compare)
	return ok
}

func (s set[T]) equal(p, q place) bool {
	a, b := *(*[]T)(p), *(*[]T)(q)
	if len(a) == len(b) && len(a) > 0 && &a[0] == &b[0] {
		return true // shared by Clone
	}
	return slices.Equal(a, b)
}

func (s set[T]) isZero(p place) bool { return len(*(*[]T)(p)) == 0 }

func (s set[T]) each(p place, yield func(k, v Atom) bool) {
	for _, x := range *(*[]T)(p) {
		if !yield(s.box(x), Atom{}) {
			return
		}
	}
}

// insert copies the old slice once, in as many runs as there are new keys.
// Hot path: one allocation of the set's size beside the result's.
func (s set[T]) insert(p place, d Datum) Datum {
	old := *(*[]T)(p)
	var added []Atom
	var out []T
	from := 0
	for _, k := range d.Keys {
		x := s.unbox(k)
		n, ok := slices.BinarySearchFunc(old[from:], x, s.compare)
		if ok {
			continue
		}
		if out == nil {
			out = make([]T, 0, len(old)+len(d.Keys))
		}
		out = append(append(out, old[from:from+n]...), x)
		added = append(added, k)
		from += n
	}
	if added != nil {
		*(*[]T)(p) = append(out, old[from:]...)
	}
	return Datum{Keys: added}
}

func (s set[T]) remove(p place, d Datum) Datum {
	old := *(*[]T)(p)
	var removed []Atom
	var out []T
	from, kept := 0, 0
	for _, k := range d.Keys {
		n, ok := slices.BinarySearchFunc(old[from:], s.unbox(k), s.compare)
		from += n
		if !ok {
			continue
		}
		if out == nil {
			out = make([]T, 0, len(old)-1)
		}
		out = append(out, old[kept:from]...)
		removed = append(removed, k)
		from++
		kept = from
	}
	if removed != nil {
		out = append(out, old[kept:]...)
		if len(out) == 0 {
			out = nil
		}
		*(*[]T)(p) = out
	}
	return Datum{Keys: removed}
}

func (s set[T]) diff(p, q place) (gone, come Datum) {
	if s.equal(p, q) {
		return Datum{}, Datum{}
	}
	a, b := *(*[]T)(p), *(*[]T)(q)
	// Most often little changed: pass over what is equal at both ends.
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	for len(a) > 0 || len(b) > 0 {
		c := 0
		switch {
		case len(b) == 0:
			c = -1
		case len(a) == 0:
			c = 1
		default:
			c = s.compare(a[0], b[0])
		}
		if c < 0 {
			gone.Keys = append(gone.Keys, s.box(a[0]))
		} else if c > 0 {
			come.Keys = append(come.Keys, s.box(b[0]))
		}
		if c <= 0 {
			a = a[1:]
		}
		if c >= 0 {
			b = b[1:]
		}
	}
	return gone, come
}

func (s set[T]) appendJSON(b []byte, p place) []byte {
	b = append(b, '[')
	for i, x := range *(*[]T)(p) {
		if i > 0 {
			b = append(b, ',')
		}
		b = s.append(b, x)
	}
	return append(b, ']')
}

func (s set[T]) appendWire(b []byte, p place) []byte {
	v := *(*[]T)(p)
	if len(v) == 1 {
		return s.box(v[0]).AppendJSON(b)
	}
	b = append(b, openSet...)
	for i, x := range v {
		if i > 0 {
			b = append(b, ',')
		}
		b = s.box(x).AppendJSON(b)
	}
	return append(b, "]]"...)
}

func (s set[T]) readJSON(r *reader, p place) error {
	var v []T
	sorted := true
	err := r.array(func() error {
		x, err := s.read(r)
		if err != nil {
			return err
		}
		sorted = sorted && (len(v) == 0 || s.compare(v[len(v)-1], x) < 0)
		v = append(v, x)
		return nil
	})
	if err != nil {
		return err
	}
	if !sorted {
		slices.SortFunc(v, s.compare)
		v = slices.Compact(v)
	}
	*(*[]T)(p) = v
	return nil
}

func (s set[T]) ordered(p place) (int, func(int) (k, v Atom)) {
	v := *(*[]T)(p)
	return len(v), func(i int) (Atom, Atom) { return s.box(v[i]), Atom{} }
}

func (s set[T]) appendElement(b []byte, k, _ Atom) []byte { return s.append(b, s.unbox(k)) }

func (s set[T]) appendRun(b []byte, p place, lo, hi int) ([]byte, bool) {
	for i, v := range (*(*[]T)(p))[lo:hi] {
		if i > 0 {
			b = append(b, ',')
		}
		b = s.append(b, v)
	}
	return b, true
}

func (s set[T]) readElements(data []byte) (Datum, error) { return readElements[[]T](s, data) }

func (s set[T]) parseMember(name string, value []byte) (k, v Atom, err error) {
	if len(value) > 0 {
		return Atom{}, Atom{}, errors.New("schema: a set's member has a value")
	}
	x, err := s.parse(name)
	if err != nil {
		return Atom{}, Atom{}, err
	}
	if s.name(x) != name {
		return Atom{}, Atom{}, errNotCanonical
	}
	return s.box(x), Atom{}, nil
}
