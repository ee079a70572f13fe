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
	appendJSON(b []byte, p any) []byte
	readJSON(r *reader, p any) error
	// An element's form as key and value below its row's key.
	memberName(k Atom) string
	appendMemberValue(b []byte, v Atom) []byte
	parseMember(name string, value []byte) (k, v Atom, err error)
}

func generalDiff(s shape, p, q any) (gone, come Datum) {
	if s.equal(p, q) {
		return Datum{}, Datum{}
	}
	a, b := s.get(p), s.get(q)
	return a.Minus(b), b.Minus(a)
}
