package schema

// shape is the access to one Go field type. Every p is a pointer to a field
// of that type, made by Column.field. Data handed in are canonical and of the
// right kind; the checks come before.
type shape interface {
	typ() (t Type, open bool) // the widest type that the field can hold; open: limits may be narrowed
	get(p any) Datum
	set(p any, d Datum)
	size(p any) int
	has(p any, key Atom) bool
	equal(p, q any) bool
	isZero(p any) bool
	// insert adds the elements whose key is absent and returns them; remove
	// returns what it removed. Both leave the old slice or map as it was.
	insert(p any, d Datum) Datum
	remove(p any, d Datum) Datum
	// each yields the elements in order, the zero Atom as a set's value.
	each(p any, yield func(k, v Atom) bool)
	// diff returns the elements of p that q lacks, and of q that p lacks.
	diff(p, q any) (gone, come Datum)
	appendJSON(b []byte, p any) []byte // as it is stored
	appendWire(b []byte, p any) []byte // in the notation of RFC 7047
	readJSON(r *reader, p any) error
	// ordered gives access to the elements by position, in the order of each.
	ordered(p any) (n int, at func(i int) (k, v Atom))
	// An element as it stands in the JSON of the whole, and all of that.
	appendElement(b []byte, k, v Atom) []byte
	readElements(data []byte) (Datum, error)
	// parseMember reads an element's key and value below its row's key.
	parseMember(name string, value []byte) (k, v Atom, err error)
}

func generalDiff(s shape, p, q any) (gone, come Datum) {
	if s.equal(p, q) {
		return Datum{}, Datum{}
	}
	a, b := s.get(p), s.get(q)
	return a.Minus(b), b.Minus(a)
}

// readElements reads a whole value of a shape into a field of type F of its own.
func readElements[F any](s shape, data []byte) (Datum, error) {
	var field F
	r := reader{data: data}
	err := s.readJSON(&r, &field)
	if err == nil {
		err = r.end()
	}
	if err != nil {
		return Datum{}, err
	}
	return s.get(&field), nil
}
