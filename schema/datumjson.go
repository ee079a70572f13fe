package schema

import (
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// Resolver gives the UUID that a transaction's named-uuid stands for.
type Resolver func(name string) (UUID, error)

// ParseDatum reads a value in the notation of RFC 7047 section 5.1 and checks
// it against the type. A nil resolver refuses named-uuids. The error is an
// *Error in ovsdb-server's words, or what the resolver returned.
func ParseDatum(data []byte, t *Type, resolve Resolver) (Datum, error) {
	d, err := parseDatum(data, t, resolve)
	if err != nil {
		return Datum{}, err
	}
	if err := t.checkCount(d.Len()); err != nil {
		return Datum{}, err
	}
	return d, nil
}

// ParseAnyCount is ParseDatum without regard to the type's number of elements,
// for conditions and mutations, where RFC 7047 lets a set be longer or shorter.
func ParseAnyCount(data []byte, t *Type, resolve Resolver) (Datum, error) {
	return parseDatum(data, t, resolve)
}

func parseDatum(data []byte, t *Type, resolve Resolver) (Datum, error) {
	r := reader{data: data}
	p := datumParser{t: t, resolve: resolve}
	var d Datum
	var err error
	if t.IsMap() {
		d, err = p.pairs(&r)
	} else {
		d, err = p.set(&r)
	}
	if err == nil {
		err = r.end()
	}
	if err != nil {
		return Datum{}, asError(err, data)
	}
	return d, nil
}

// asError makes what the JSON reader found an OVSDB error.
func asError(err error, data []byte) error {
	if _, ok := err.(*Error); ok || !strings.HasPrefix(err.Error(), "schema: JSON") {
		return err
	}
	return syntaxError(data, "%s", strings.TrimPrefix(err.Error(), "schema: "))
}

type datumParser struct {
	t       *Type
	resolve Resolver
}

// set reads ["set",[…]] or an atom.
func (p *datumParser) set(r *reader) (Datum, error) {
	text, err := r.value()
	if err != nil {
		return Datum{}, err
	}
	inner, ok := tagged(text, "set")
	if !ok {
		a, err := p.atom(text, &p.t.Key)
		if err != nil {
			return Datum{}, err
		}
		return Datum{Keys: []Atom{a}}, nil
	}
	var d Datum
	list := reader{data: inner}
	if list.peek() != '[' {
		return Datum{}, syntaxError(inner, "array expected")
	}
	sorted := true
	err = list.array(func() error {
		text, err := list.value()
		if err != nil {
			return err
		}
		a, err := p.atom(text, &p.t.Key)
		if err != nil {
			return err
		}
		n := len(d.Keys)
		sorted = sorted && (n == 0 || d.Keys[n-1].Compare(a) < 0)
		d.Keys = append(d.Keys, a)
		return nil
	})
	if err != nil {
		return Datum{}, err
	}
	if !sorted {
		slices.SortFunc(d.Keys, Atom.Compare)
		if hasDuplicate(d.Keys) {
			return Datum{}, p.t.duplicate()
		}
	}
	return d, nil
}

// pairs reads ["map",[[key,value],…]].
func (p *datumParser) pairs(r *reader) (Datum, error) {
	text, err := r.value()
	if err != nil {
		return Datum{}, err
	}
	inner, ok := tagged(text, "map")
	if !ok {
		return Datum{}, syntaxError(text, "%s", notTagged(text, "map"))
	}
	var d Datum
	list := reader{data: inner}
	if list.peek() != '[' {
		return Datum{}, syntaxError(inner, "array expected")
	}
	err = list.array(func() error {
		text, err := list.value()
		if err != nil {
			return err
		}
		k, v, err := p.pair(text)
		if err != nil {
			return err
		}
		d.Keys = append(d.Keys, k)
		d.Values = append(d.Values, v)
		return nil
	})
	if err != nil {
		return Datum{}, err
	}
	sort.Sort(byKey(d))
	if hasDuplicate(d.Keys) {
		return Datum{}, p.t.duplicate()
	}
	return d, nil
}

func (p *datumParser) pair(text []byte) (k, v Atom, err error) {
	parts, ok := elements(text, 2)
	if !ok {
		return k, v, syntaxError(text, "expected 2-element array")
	}
	if k, err = p.atom(parts[0], &p.t.Key); err != nil {
		return k, v, err
	}
	v, err = p.atom(parts[1], &p.t.Value)
	return k, v, err
}

func hasDuplicate(sorted []Atom) bool {
	for i := 1; i < len(sorted); i++ {
		if sorted[i] == sorted[i-1] {
			return true
		}
	}
	return false
}

// atom reads one atom and checks it.
func (p *datumParser) atom(text []byte, b *BaseType) (Atom, error) {
	a, err := parseAtom(text, b, p.resolve)
	if err != nil {
		return Atom{}, err
	}
	return a, b.Check(a)
}

// ParseAtom reads one atom of the given type and checks it.
func ParseAtom(data []byte, b *BaseType, resolve Resolver) (Atom, error) {
	r := reader{data: data}
	text, err := r.value()
	if err == nil {
		err = r.end()
	}
	if err != nil {
		return Atom{}, asError(err, data)
	}
	p := datumParser{resolve: resolve}
	return p.atom(text, b)
}

func parseAtom(text []byte, b *BaseType, resolve Resolver) (Atom, error) {
	r := reader{data: text}
	switch b.Kind {
	case KindBoolean:
		if v, err := r.boolean(); err == nil {
			return BoolAtom(v), nil
		}
	case KindString:
		if r.peek() == '"' {
			v, err := r.str()
			return StringAtom(v), err
		}
	case KindInteger:
		if v, ok := parseInteger(text); ok {
			return IntAtom(v), nil
		}
	case KindReal:
		if v, err := r.number(); err == nil {
			if f, err := strconv.ParseFloat(string(v), 64); err == nil {
				return RealAtom(f), nil
			}
			return Atom{}, syntaxError(text, "number outside valid range")
		}
	case KindUUID:
		return parseUUIDAtom(text, resolve)
	}
	return Atom{}, syntaxError(text, "expected %s", b.Kind)
}

// parseInteger reads a JSON number that is an integer of 64 bits, however it
// is written (1, 1.0, 1e2).
func parseInteger(text []byte) (int64, bool) {
	if len(text) == 0 || text[0] != '-' && (text[0] < '0' || text[0] > '9') {
		return 0, false
	}
	if v, err := strconv.ParseInt(string(text), 10, 64); err == nil {
		return v, true
	}
	f, err := strconv.ParseFloat(string(text), 64)
	// 2^53 bounds the integers that a float holds exactly.
	if err != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return 0, false
	}
	return int64(f), true
}

// parseUUIDAtom reads ["uuid",…] or ["named-uuid",…].
func parseUUIDAtom(text []byte, resolve Resolver) (Atom, error) {
	if inner, ok := tagged(text, "uuid"); ok {
		r := reader{data: inner}
		s, err := r.str()
		if err != nil {
			return Atom{}, syntaxError(inner, "string expected")
		}
		u, err := ParseUUID(s)
		if err != nil {
			return Atom{}, syntaxError(inner, "%q is not a valid UUID", s)
		}
		return UUIDAtom(u), nil
	}
	if inner, ok := tagged(text, "named-uuid"); ok && resolve != nil {
		r := reader{data: inner}
		s, err := r.str()
		if err != nil {
			return Atom{}, syntaxError(inner, "string expected")
		}
		u, err := resolve(s)
		return UUIDAtom(u), err
	}
	return Atom{}, syntaxError(text, "%s", notTagged(text, "uuid"))
}

// tagged returns x of ["tag",x].
func tagged(text []byte, tag string) ([]byte, bool) {
	parts, ok := elements(text, 2)
	if !ok || string(parts[0]) != `"`+tag+`"` {
		return nil, false
	}
	return parts[1], true
}

// notTagged words what is wrong with a value that should be ["tag",x].
func notTagged(text []byte, tag string) string {
	if _, ok := elements(text, 2); ok {
		return `expected ["` + tag + `", <` + tag + `>]`
	}
	return "expected 2-element array"
}

// elements splits an array of exactly n values.
func elements(text []byte, n int) ([][]byte, bool) {
	r := reader{data: text}
	if r.peek() != '[' {
		return nil, false
	}
	parts := make([][]byte, 0, n)
	err := r.array(func() error {
		v, err := r.value()
		if err == nil && len(parts) == n {
			return r.errorf("too many elements")
		}
		parts = append(parts, v)
		return err
	})
	return parts, err == nil && len(parts) == n
}

// AppendJSON appends the atom in the notation of RFC 7047.
func (a Atom) AppendJSON(b []byte) []byte {
	switch a.kind {
	case KindInteger:
		return strconv.AppendInt(b, a.Int(), 10)
	case KindReal:
		return appendReal(b, a.Real())
	case KindBoolean:
		return strconv.AppendBool(b, a.Bool())
	case KindString:
		return appendString(b, a.s)
	case KindUUID:
		b = append(b, `["uuid","`...)
		b = a.UUID().appendText(b)
		return append(b, `"]`...)
	}
	return append(b, "null"...)
}

// AppendJSON appends the value in the notation of RFC 7047: a set of one
// element as that atom, any other set as ["set",…], a map as ["map",…].
func (d Datum) AppendJSON(b []byte, t *Type) []byte {
	if t.IsMap() {
		b = append(b, `["map",[`...)
		for i, k := range d.Keys {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(b, '[')
			b = append(k.AppendJSON(b), ',')
			b = append(d.Values[i].AppendJSON(b), ']')
		}
		return append(b, "]]"...)
	}
	if len(d.Keys) == 1 {
		return d.Keys[0].AppendJSON(b)
	}
	return d.appendSet(b)
}

func (d Datum) appendSet(b []byte) []byte {
	b = append(b, `["set",[`...)
	for i, k := range d.Keys {
		if i > 0 {
			b = append(b, ',')
		}
		b = k.AppendJSON(b)
	}
	return append(b, "]]"...)
}
