package schema

import (
	"cmp"
	"math"
	"reflect"
	"strconv"
	"strings"
)

// scalar is what a Go field may hold one, some or many of.
type scalar interface {
	string | int64 | float64 | bool | UUID
}

// codec is how a Go type stands for one kind of atom.
type codec[T scalar] struct {
	kind    Kind
	box     func(T) Atom
	unbox   func(Atom) T
	compare func(a, b T) int
	append  func([]byte, T) []byte   // natural JSON
	read    func(*reader) (T, error) // natural JSON
	name    func(T) string           // as the name in a JSON object
	parse   func(string) (T, error)  // inverse of name
}

func stringCodec() codec[string] {
	return codec[string]{
		kind: KindString, box: StringAtom, unbox: Atom.Str, compare: strings.Compare,
		append: appendString,
		read:   (*reader).str,
		name:   func(s string) string { return s },
		parse:  func(s string) (string, error) { return s, nil },
	}
}

func intCodec() codec[int64] {
	name := func(v int64) string { return strconv.FormatInt(v, 10) }
	parse := func(s string) (int64, error) { return strconv.ParseInt(s, 10, 64) }
	return codec[int64]{
		kind: KindInteger, box: IntAtom, unbox: Atom.Int, compare: cmp.Compare[int64],
		append: func(b []byte, v int64) []byte { return strconv.AppendInt(b, v, 10) },
		read: func(r *reader) (int64, error) {
			text, err := r.number()
			if err != nil {
				return 0, err
			}
			return parse(string(text))
		},
		name: name, parse: parse,
	}
}

func realCodec() codec[float64] {
	parse := func(s string) (float64, error) {
		v, err := strconv.ParseFloat(s, 64)
		if err == nil && (math.IsNaN(v) || math.IsInf(v, 0)) {
			err = strconv.ErrRange
		}
		return v + 0, err
	}
	return codec[float64]{
		kind: KindReal, box: RealAtom, unbox: Atom.Real, compare: cmp.Compare[float64],
		append: appendReal,
		read: func(r *reader) (float64, error) {
			text, err := r.number()
			if err != nil {
				return 0, err
			}
			return parse(string(text))
		},
		name:  func(v float64) string { return string(appendReal(nil, v)) },
		parse: parse,
	}
}

func boolCodec() codec[bool] {
	return codec[bool]{
		kind: KindBoolean, box: BoolAtom, unbox: Atom.Bool,
		compare: func(a, b bool) int { return BoolAtom(a).Compare(BoolAtom(b)) },
		append:  strconv.AppendBool,
		read:    (*reader).boolean,
		name:    strconv.FormatBool,
		parse:   strconv.ParseBool,
	}
}

func uuidCodec() codec[UUID] {
	return codec[UUID]{
		kind: KindUUID, box: UUIDAtom, unbox: Atom.UUID, compare: UUID.Compare,
		append: func(b []byte, u UUID) []byte {
			return append(u.Append(append(b, '"')), '"')
		},
		read: func(r *reader) (UUID, error) {
			s, err := r.str()
			if err != nil {
				return UUID{}, err
			}
			return ParseUUID(s)
		},
		name:  UUID.String,
		parse: ParseUUID,
	}
}

// shapeOf returns the access to a field of the given type: T, *T, []T or
// map[K]V of the five Go types; nil for any other.
func shapeOf(t reflect.Type) shape {
	switch t {
	case reflect.TypeFor[map[string]string]():
		return mapping[string, string]{stringCodec(), stringCodec()}
	case reflect.TypeFor[map[string]int64]():
		return mapping[string, int64]{stringCodec(), intCodec()}
	case reflect.TypeFor[map[string]UUID]():
		return mapping[string, UUID]{stringCodec(), uuidCodec()}
	case reflect.TypeFor[map[int64]string]():
		return mapping[int64, string]{intCodec(), stringCodec()}
	case reflect.TypeFor[map[int64]UUID]():
		return mapping[int64, UUID]{intCodec(), uuidCodec()}
	case reflect.TypeFor[map[UUID]string]():
		return mapping[UUID, string]{uuidCodec(), stringCodec()}
	}
	for _, s := range []shape{
		shapeFor(t, stringCodec()), shapeFor(t, intCodec()), shapeFor(t, realCodec()),
		shapeFor(t, boolCodec()), shapeFor(t, uuidCodec()),
	} {
		if s != nil {
			return s
		}
	}
	return nil
}

func shapeFor[T scalar](t reflect.Type, c codec[T]) shape {
	switch t {
	case reflect.TypeFor[T]():
		return one[T]{codec: c}
	case reflect.TypeFor[*T]():
		return optional[T]{codec: c}
	case reflect.TypeFor[[]T]():
		return set[T]{c}
	}
	return nil
}
