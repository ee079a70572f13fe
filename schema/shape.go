package schema

import "unsafe"

// place is where a column's field lies in a row: a pointer to its Go type, which
// the column's shape knows.
type place = unsafe.Pointer

// shape is the access to one Go field type. Every p is the place of a field of that
// type, made by Column.at. Data handed in are canonical and of the right kind; the
// checks come before.
type shape interface {
	typ() (t Type, open bool) // the widest type that the field can hold; open: limits may be narrowed
	get(p place) Datum
	set(p place, d Datum)
	copy(to, from place) // shares slices and maps
	clear(p place)
	size(p place) int
	has(p place, key Atom) bool
	equal(p, q place) bool
	isZero(p place) bool
	// insert adds the elements whose key is absent and returns them; remove
	// returns what it removed. Both leave the old slice or map as it was.
	insert(p place, d Datum) Datum
	remove(p place, d Datum) Datum
	// each yields the elements in order, the zero Atom as a set's value.
	each(p place, yield func(k, v Atom) bool)
	// diff returns the elements of p that q lacks, and of q that p lacks.
	diff(p, q place) (gone, come Datum)
	appendJSON(b []byte, p place) []byte // as it is stored
	appendWire(b []byte, p place) []byte // in the notation of RFC 7047
	readJSON(r *reader, p place) error
	// ordered gives access to the elements by position, in the order of each.
	ordered(p place) (n int, at func(i int) (k, v Atom))
	// An element as it stands in the JSON of the whole, and all of that.
	appendElement(b []byte, k, v Atom) []byte
	// appendRun appends the elements from lo to hi of a set, with commas, and tells
	// whether it did: a map's are in no order.
	appendRun(b []byte, p place, lo, hi int) ([]byte, bool)
	readElements(data []byte) (Datum, error)
	// parseMember reads an element's key and value below its row's key.
	parseMember(name string, value []byte) (k, v Atom, err error)
}

func generalDiff(s shape, p, q place) (gone, come Datum) {
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
	err := s.readJSON(&r, place(&field))
	if err == nil {
		err = r.end()
	}
	if err != nil {
		return Datum{}, err
	}
	return s.get(place(&field)), nil
}
