package incr

import (
	"bytes"
	"cmp"
	"fmt"
	"reflect"
	"strings"
)

// orderOf returns the order of keys of type K: that of its method
// Compare(K) int where it has one, else that of its parts.
func orderOf[K comparable]() func(a, b K) int {
	for _, f := range []any{
		strings.Compare, cmp.Compare[int], cmp.Compare[int64], cmp.Compare[uint8],
		cmp.Compare[uint16], cmp.Compare[uint32], cmp.Compare[uint64],
		func(a, b [16]byte) int { return bytes.Compare(a[:], b[:]) },
		func(_, _ struct{}) int { return 0 },
	} {
		if f, ok := f.(func(a, b K) int); ok {
			return f
		}
	}
	t := reflect.TypeFor[K]()
	if m, ok := t.MethodByName("Compare"); ok {
		if f, ok := m.Func.Interface().(func(a, b K) int); ok {
			return f
		}
	}
	parts := orderOfType(t)
	return func(a, b K) int { return parts(reflect.ValueOf(&a).Elem(), reflect.ValueOf(&b).Elem()) }
}

func orderOfType(t reflect.Type) func(a, b reflect.Value) int {
	switch t.Kind() {
	case reflect.String:
		return func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) }
	case reflect.Bool:
		return func(a, b reflect.Value) int { return cmp.Compare(rank(a.Bool()), rank(b.Bool())) }
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return func(a, b reflect.Value) int { return cmp.Compare(a.Int(), b.Int()) }
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return func(a, b reflect.Value) int { return cmp.Compare(a.Uint(), b.Uint()) }
	case reflect.Array:
		elem := orderOfType(t.Elem())
		return func(a, b reflect.Value) int {
			for i := range a.Len() {
				if c := elem(a.Index(i), b.Index(i)); c != 0 {
					return c
				}
			}
			return 0
		}
	case reflect.Struct:
		fields := make([]func(a, b reflect.Value) int, t.NumField())
		for i := range fields {
			fields[i] = orderOfType(t.Field(i).Type)
		}
		return func(a, b reflect.Value) int {
			for i, f := range fields {
				if c := f(a.Field(i), b.Field(i)); c != 0 {
					return c
				}
			}
			return 0
		}
	}
	panic(fmt.Sprintf("incr: keys of type %s have no order: give it a method Compare", t))
}

func rank(b bool) int {
	if b {
		return 1
	}
	return 0
}
