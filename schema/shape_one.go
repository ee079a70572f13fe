package schema

// one is a field of type T: exactly one key.
type one[T scalar] struct {
	codec[T]
	single
}

func (s one[T]) typ() (Type, bool) {
	return Type{Key: NewBaseType(s.kind), Min: 1, Max: 1}, false
}
func (s one[T]) get(p any) Datum     { return Datum{Keys: []Atom{s.box(*p.(*T))}} }
func (s one[T]) set(p any, d Datum)  { *p.(*T) = s.unbox(d.Keys[0]) }
func (s one[T]) size(any) int        { return 1 }
func (s one[T]) equal(p, q any) bool { return *p.(*T) == *q.(*T) }
func (s one[T]) has(p any, key Atom) bool {
	return s.box(*p.(*T)) == key
}
func (s one[T]) isZero(p any) bool {
	var zero T
	return *p.(*T) == zero
}
func (s one[T]) each(p any, yield func(k, v Atom) bool) { yield(s.box(*p.(*T)), Atom{}) }
func (s one[T]) diff(p, q any) (gone, come Datum)       { return generalDiff(s, p, q) }
func (s one[T]) appendJSON(b []byte, p any) []byte      { return s.append(b, *p.(*T)) }
func (s one[T]) appendWire(b []byte, p any) []byte      { return s.box(*p.(*T)).AppendJSON(b) }

// insert and remove never apply: the number of elements is fixed, and the
// column has refused them before.
func (s one[T]) insert(any, Datum) Datum { return Datum{} }
func (s one[T]) remove(any, Datum) Datum { return Datum{} }

func (s one[T]) readJSON(r *reader, p any) error {
	v, err := s.read(r)
	if err == nil {
		*p.(*T) = v
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

func (s optional[T]) get(p any) Datum {
	if v := *p.(**T); v != nil {
		return Datum{Keys: []Atom{s.box(*v)}}
	}
	return Datum{}
}

func (s optional[T]) set(p any, d Datum) {
	var v *T
	if d.Len() > 0 {
		v = new(s.unbox(d.Keys[0]))
	}
	*p.(**T) = v
}

func (s optional[T]) size(p any) int {
	if *p.(**T) == nil {
		return 0
	}
	return 1
}

func (s optional[T]) has(p any, key Atom) bool {
	v := *p.(**T)
	return v != nil && s.box(*v) == key
}

func (s optional[T]) equal(p, q any) bool {
	a, b := *p.(**T), *q.(**T)
	return a == b || a != nil && b != nil && *a == *b
}

func (s optional[T]) isZero(p any) bool { return *p.(**T) == nil }

func (s optional[T]) each(p any, yield func(k, v Atom) bool) {
	if v := *p.(**T); v != nil {
		yield(s.box(*v), Atom{})
	}
}

func (s optional[T]) diff(p, q any) (gone, come Datum) { return generalDiff(s, p, q) }

func (s optional[T]) insert(p any, d Datum) Datum {
	if d.Len() == 0 || *p.(**T) != nil {
		return Datum{}
	}
	s.set(p, d)
	return d
}

func (s optional[T]) remove(p any, d Datum) Datum {
	v := *p.(**T)
	if v == nil || !d.Has(s.box(*v)) {
		return Datum{}
	}
	*p.(**T) = nil
	return Datum{Keys: []Atom{s.box(*v)}}
}

func (s optional[T]) appendJSON(b []byte, p any) []byte {
	if v := *p.(**T); v != nil {
		return s.append(b, *v)
	}
	return append(b, "null"...)
}

func (s optional[T]) appendWire(b []byte, p any) []byte {
	if v := *p.(**T); v != nil {
		return s.box(*v).AppendJSON(b)
	}
	return append(b, emptySet...)
}

func (s optional[T]) readJSON(r *reader, p any) error {
	v, err := s.read(r)
	if err == nil {
		*p.(**T) = &v
	}
	return err
}

// single is what has no elements to be stored in buckets.
type single struct{}

func (single) ordered(any) (int, func(int) (k, v Atom)) { panic("schema: not a set or map") }
func (single) appendElement([]byte, Atom, Atom) []byte  { panic("schema: not a set or map") }
func (single) readElements([]byte) (Datum, error)       { return Datum{}, errNoMembers }
func (single) parseMember(string, []byte) (k, v Atom, err error) {
	return Atom{}, Atom{}, errNoMembers
}
