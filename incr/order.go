package incr

import (
	"bytes"
	"cmp"
	"fmt"
	"reflect"
	"strings"
	"unsafe"
)

// order compares two keys of one type where they lie: sorting copies none, and
// is the same code for keys of all types.
type order func(a, b unsafe.Pointer) int

// orderOf returns the order of keys of type K: that of its method
// Compare(K) int where it has one, else that of its parts.
func orderOf[K comparable]() order {
	t := reflect.TypeFor[K]()
	if m, ok := t.MethodByName("Compare"); ok {
		if f, ok := m.Func.Interface().(func(a, b K) int); ok {
			return func(a, b unsafe.Pointer) int { return f(*(*K)(a), *(*K)(b)) }
		}
	}
	return orderOfType(t)
}

func orderOfType(t reflect.Type) order {
	switch t.Kind() {
	case reflect.String:
		return func(a, b unsafe.Pointer) int { return strings.Compare(*(*string)(a), *(*string)(b)) }
	case reflect.Bool:
		return func(a, b unsafe.Pointer) int { return cmp.Compare(rank(*(*bool)(a)), rank(*(*bool)(b))) }
	case reflect.Int:
		return ordered[int]
	case reflect.Int8:
		return ordered[int8]
	case reflect.Int16:
		return ordered[int16]
	case reflect.Int32:
		return ordered[int32]
	case reflect.Int64:
		return ordered[int64]
	case reflect.Uint:
		return ordered[uint]
	case reflect.Uint8:
		return ordered[uint8]
	case reflect.Uint16:
		return ordered[uint16]
	case reflect.Uint32:
		return ordered[uint32]
	case reflect.Uint64:
		return ordered[uint64]
	case reflect.Array:
		return orderOfArray(t)
	case reflect.Struct:
		return orderOfStruct(t)
	}
	panic(fmt.Sprintf("incr: keys of type %s have no order: give it a method Compare", t))
}

func ordered[N cmp.Ordered](a, b unsafe.Pointer) int { return cmp.Compare(*(*N)(a), *(*N)(b)) }

func orderOfArray(t reflect.Type) order {
	n := t.Len()
	if t.Elem().Kind() == reflect.Uint8 {
		return func(a, b unsafe.Pointer) int {
			return bytes.Compare(unsafe.Slice((*byte)(a), n), unsafe.Slice((*byte)(b), n))
		}
	}
	elem, size := orderOfType(t.Elem()), t.Elem().Size()
	return func(a, b unsafe.Pointer) int {
		for i := range uintptr(n) {
			if c := elem(unsafe.Add(a, i*size), unsafe.Add(b, i*size)); c != 0 {
				return c
			}
		}
		return 0
	}
}

func orderOfStruct(t reflect.Type) order {
	fields, at := make([]order, t.NumField()), make([]uintptr, t.NumField())
	for i := range fields {
		f := t.Field(i)
		fields[i], at[i] = orderOfType(f.Type), f.Offset
	}
	return func(a, b unsafe.Pointer) int {
		for i, f := range fields {
			if c := f(unsafe.Add(a, at[i]), unsafe.Add(b, at[i])); c != 0 {
				return c
			}
		}
		return 0
	}
}

func rank(b bool) int {
	if b {
		return 1
	}
	return 0
}
