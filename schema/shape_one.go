package schema

// one is a field of type T: exactly one key.
type one[T scalar] struct {
	codec[T]
	single
}

func (s one[T]) typ() (Type, bool) {
	return Type{Key: NewBaseType(s.kind), Min: 1, Max: 1}, false
}
func (s one[T]) get(p place) Datum     { return Datum{Keys: []Atom{s.box(*(*T)(p))}} }
func (s one[T]) set(p place, d Datum)  { *(*T)(p) = s.unbox(d.Keys[0]) }
func (s one[T]) copy(to, from place)   { *(*T)(to) = *(*T)(from) }
func (s one[T]) clear(p place)         { *(*T)(p) = *new(T) }
func (s one[T]) size(place) int        { return 1 }
func (s one[T]) equal(p, q place) bool { return *(*T)(p) == *(*T)(q) }
func (s one[T]) has(p place, key Atom) bool {
	return s.box(*(*T)(p)) == key
}
func (s one[T]) isZero(p place) bool {
	var zero T
	return *(*T)(p) == zero
}
func (s one[T]) each(p place, yield func(k, v Atom) bool) { yield(s.box(*(*T)(p)), Atom{}) }
func (s one[T]) diff(p, q place) (gone, come Datum)       { return generalDiff(s, p, q) }
func (s one[T]) appendJSON(b []byte, p place) []byte      { return s.append(b, *(*T)(p)) }
func (s one[T]) appendWire(b []byte, p place) []byte      { return s.box(*(*T)(p)).AppendJSON(b) }

// insert and remove never apply: the number of elements is fixed, and the
// column has refused them before.
func (s one[T]) insert(place, Datum) Datum { return Datum{} }
func (s one[T]) remove(place, Datum) Datum { return Datum{} }

func (s one[T]) readJSON(r *reader, p place) error {
	v, err := s.read(r)
	if err == nil {
		*(*T)(p) = v
	}
	return err
}

// optional is a field of type *T: one key or none.
type optional[T scalar] struct {
	codec[T]
	single
}

func (s optional[T]) typ() (Type, bool) {
	return Type{Key: NewBaseType(s.kind), Min: 0, Max: 1}, false
}

func (s optional[T]) get(p place) Datum {
	if v := *(**T)(p); v != nil {
		return Datum{Keys: []Atom{s.box(*v)}}
	}
	return Datum{}
}

func (s optional[T]) set(p place, d Datum) {
	var v *T
	if d.Len() > 0 {
		v = new(s.unbox(d.Keys[0]))
	}
	*(**T)(p) = v
}

func (s optional[T]) copy(to, from place) { *(**T)(to) = *(**T)(from) }
func (s optional[T]) clear(p place)       { *(**T)(p) = nil }

func (s optional[T]) size(p place) int {
	if *(**T)(p) == nil {
		return 0
	}
	return 1
}

func (s optional[T]) has(p place, key Atom) bool {
	v := *(**T)(p)
	return v != nil && s.box(*v) == key
}

func (s optional[T]) equal(p, q place) bool {
	a, b := *(**T)(p), *(**T)(q)
	return a == b || a != nil && b != nil && *a == *b
}

func (s optional[T]) isZero(p place) bool { return *(**T)(p) == nil }

func (s optional[T]) each(p place, yield func(k, v Atom) bool) {
	if v := *(**T)(p); v != nil {
		yield(s.box(*v), Atom{})
	}
}

func (s optional[T]) diff(p, q place) (gone, come Datum) { return generalDiff(s, p, q) }

func (s optional[T]) insert(p place, d Datum) Datum {
	if d.Len() == 0 || *(**T)(p) != nil {
		return Datum{}
	}
	s.set(p, d)
	return d
}

func (s optional[T]) remove(p place, d Datum) Datum {
	v := *(**T)(p)
	if v == nil || !d.Has(s.box(*v)) {
		return Datum{}
	}
	*(**T)(p) = nil
	return Datum{Keys: []Atom{s.box(*v)}}
}

func (s optional[T]) appendJSON(b []byte, p place) []byte {
	if v := *(**T)(p); v != nil {
		return s.append(b, *v)
	}
	return append(b, "null"...)
}

func (s optional[T]) appendWire(b []byte, p place) []byte {
	if v := *(**T)(p); v != nil {
		return s.box(*v).AppendJSON(b)
	}
	return append(b, emptySet...)
}

func (s optional[T]) readJSON(r *reader, p place) error {
	v, err := s.read(r)
	if err == nil {
		*(**T)(p) = &v
	}
	return err
}

// single is what has no elements to be stored in buckets.
type single struct{}

func (single) ordered(place) (int, func(int) (k, v Atom)) { panic("schema: not a set or map") }
func (single) appendElement([]byte, Atom, Atom) []byte    { panic("schema: not a set or map") }
func (single) appendRun([]byte, place, int, int) ([]byte, bool) {
	panic("schema: not a set or map")
}
func (single) readElements([]byte) (Datum, error) { return Datum{}, errNoMembers }
func (single) parseMember(string, []byte) (k, v Atom, err error) {
	return Atom{}, Atom{}, errNoMembers
}
