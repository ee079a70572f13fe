package schema

import (
	"maps"
	"slices"
)

// mapping is a field of type map[K]V, nil when empty.
type mapping[K, V scalar] struct {
	key   codec[K]
	value codec[V]
}

func (s mapping[K, V]) typ() (Type, bool) {
	return Type{Key: NewBaseType(s.key.kind), Value: NewBaseType(s.value.kind), Min: 0, Max: Unlimited}, true
}

func (s mapping[K, V]) keys(m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, s.key.compare)
	return keys
}

func (s mapping[K, V]) get(p place) Datum {
	m := *(*map[K]V)(p)
	if len(m) == 0 {
		return Datum{}
	}
	d := Datum{Keys: make([]Atom, 0, len(m)), Values: make([]Atom, 0, len(m))}
	for _, k := range s.keys(m) {
		d.Keys = append(d.Keys, s.key.box(k))
		d.Values = append(d.Values, s.value.box(m[k]))
	}
	return d
}

func (s mapping[K, V]) set(p place, d Datum) {
	var m map[K]V
	if d.Len() > 0 {
		m = make(map[K]V, d.Len())
		for i, k := range d.Keys {
			m[s.key.unbox(k)] = s.value.unbox(d.Values[i])
		}
	}
	*(*map[K]V)(p) = m
}

func (s mapping[K, V]) copy(to, from place) { *(*map[K]V)(to) = *(*map[K]V)(from) }
func (s mapping[K, V]) clear(p place)       { *(*map[K]V)(p) = nil }

func (s mapping[K, V]) size(p place) int { return len(*(*map[K]V)(p)) }

func (s mapping[K, V]) has(p place, key Atom) bool {
	_, ok := (*(*map[K]V)(p))[s.key.unbox(key)]
	return ok
}

func (s mapping[K, V]) equal(p, q place) bool { return maps.Equal(*(*map[K]V)(p), *(*map[K]V)(q)) }
func (s mapping[K, V]) isZero(p place) bool   { return len(*(*map[K]V)(p)) == 0 }

func (s mapping[K, V]) each(p place, yield func(k, v Atom) bool) {
	m := *(*map[K]V)(p)
	for _, k := range s.keys(m) {
		if !yield(s.key.box(k), s.value.box(m[k])) {
			return
		}
	}
}

func (s mapping[K, V]) insert(p place, d Datum) Datum {
	old := *(*map[K]V)(p)
	var added Datum
	var m map[K]V
	for i, a := range d.Keys {
		k := s.key.unbox(a)
		if _, ok := old[k]; ok {
			continue
		}
		if m == nil {
			if m = maps.Clone(old); m == nil {
				m = make(map[K]V, len(d.Keys))
			}
		}
		m[k] = s.value.unbox(d.Values[i])
		added.Keys = append(added.Keys, a)
		added.Values = append(added.Values, d.Values[i])
	}
	if m != nil {
		*(*map[K]V)(p) = m
	}
	return added
}

func (s mapping[K, V]) remove(p place, d Datum) Datum {
	old := *(*map[K]V)(p)
	var removed Datum
	var m map[K]V
	for i, a := range d.Keys {
		k := s.key.unbox(a)
		v, ok := old[k]
		if !ok || d.Values != nil && s.value.unbox(d.Values[i]) != v {
			continue
		}
		if m == nil {
			m = maps.Clone(old)
		}
		delete(m, k)
		removed.Keys = append(removed.Keys, a)
		removed.Values = append(removed.Values, s.value.box(v))
	}
	if m != nil {
		if len(m) == 0 {
			m = nil
		}
		*(*map[K]V)(p) = m
	}
	return removed
}

func (s mapping[K, V]) diff(p, q place) (gone, come Datum) {
	a, b := *(*map[K]V)(p), *(*map[K]V)(q)
	return s.minus(a, b), s.minus(b, a)
}

// minus returns the pairs of a that b lacks or holds another value for.
func (s mapping[K, V]) minus(a, b map[K]V) Datum {
	var keys []K
	for k, v := range a {
		if w, ok := b[k]; !ok || v != w {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, s.key.compare)
	var d Datum
	for _, k := range keys {
		d.Keys = append(d.Keys, s.key.box(k))
		d.Values = append(d.Values, s.value.box(a[k]))
	}
	return d
}

func (s mapping[K, V]) appendJSON(b []byte, p place) []byte {
	m := *(*map[K]V)(p)
	b = append(b, '{')
	for i, k := range s.keys(m) {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, s.key.name(k))
		b = append(b, ':')
		b = s.value.append(b, m[k])
	}
	return append(b, '}')
}

func (s mapping[K, V]) appendWire(b []byte, p place) []byte {
	m := *(*map[K]V)(p)
	b = append(b, openMap...)
	for i, k := range s.keys(m) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(s.key.box(k).AppendJSON(append(b, '[')), ',')
		b = append(s.value.box(m[k]).AppendJSON(b), ']')
	}
	return append(b, "]]"...)
}

func (s mapping[K, V]) readJSON(r *reader, p place) error {
	var m map[K]V
	err := r.object(func(name string) error {
		k, err := s.key.parse(name)
		if err != nil {
			return err
		}
		v, err := s.value.read(r)
		if err != nil {
			return err
		}
		if m == nil {
			m = map[K]V{}
		}
		m[k] = v
		return nil
	})
	if err == nil {
		*(*map[K]V)(p) = m
	}
	return err
}

func (s mapping[K, V]) ordered(p place) (int, func(int) (k, v Atom)) {
	m := *(*map[K]V)(p)
	keys := s.keys(m)
	return len(keys), func(i int) (Atom, Atom) { return s.key.box(keys[i]), s.value.box(m[keys[i]]) }
}

func (s mapping[K, V]) appendElement(b []byte, k, v Atom) []byte {
	b = append(appendString(b, s.key.name(s.key.unbox(k))), ':')
	return s.value.append(b, s.value.unbox(v))
}

func (mapping[K, V]) appendRun(b []byte, _ place, _, _ int) ([]byte, bool) { return b, false }

func (s mapping[K, V]) readElements(data []byte) (Datum, error) {
	return readElements[map[K]V](s, data)
}

func (s mapping[K, V]) parseMember(name string, value []byte) (k, v Atom, err error) {
	x, err := s.key.parse(name)
	if err != nil {
		return Atom{}, Atom{}, err
	}
	if s.key.name(x) != name {
		return Atom{}, Atom{}, errNotCanonical
	}
	r := reader{data: value}
	y, err := s.value.read(&r)
	if err == nil {
		err = r.end()
	}
	if err != nil {
		return Atom{}, Atom{}, err
	}
	return s.key.box(x), s.value.box(y), nil
}
