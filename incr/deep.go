package incr

import (
	"bytes"
	"fmt"
	"maps"
	"reflect"
	"sync"
	"unsafe"
)

// Deep returns the equality of values of type V by all that they hold:
// pointers, slices and maps are followed. Two slices are equal if their
// elements are, so an empty one equals none; likewise for maps. It is compiled
// once from the type, so that no field can be forgotten and none is looked up
// at each comparison. Values must not be cyclic.
//
// It panics for types that hold functions or channels, which have no equality.
//
// Hot path: no allocation where V is a pointer; BenchmarkDeep pins it.
func Deep[V any]() func(a, b V) bool {
	t := reflect.TypeFor[V]()
	if t.Kind() == reflect.Pointer {
		eq := equalities.of(t.Elem())
		return func(a, b V) bool {
			return equalPointers(*(*unsafe.Pointer)(unsafe.Pointer(&a)), *(*unsafe.Pointer)(unsafe.Pointer(&b)), *eq)
		}
	}
	eq := equalities.of(t)
	return func(a, b V) bool { return (*eq)(unsafe.Pointer(&a), unsafe.Pointer(&b)) }
}

// equality compares two values of one type where they lie.
type equality func(a, b unsafe.Pointer) bool

// equalities are those of the types seen so far. A type that holds itself
// refers to its own equality before that is made.
var equalities = compiledEqualities{made: map[reflect.Type]*equality{}}

type compiledEqualities struct {
	mu   sync.Mutex
	made map[reflect.Type]*equality // guarded by mu
}

func (c *compiledEqualities) of(t reflect.Type) *equality {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.get(t)
}

func (c *compiledEqualities) get(t reflect.Type) *equality {
	if eq := c.made[t]; eq != nil {
		return eq
	}
	eq := new(equality)
	c.made[t] = eq
	*eq = c.compile(t)
	return eq
}

func (c *compiledEqualities) compile(t reflect.Type) equality {
	if isPlain(t) {
		return equalMemory(t.Size())
	}
	switch t.Kind() {
	case reflect.String:
		return equalAs[string]
	case reflect.Float32:
		return equalAs[float32]
	case reflect.Float64:
		return equalAs[float64]
	case reflect.Pointer:
		elem := c.get(t.Elem())
		return func(a, b unsafe.Pointer) bool {
			return equalPointers(*(*unsafe.Pointer)(a), *(*unsafe.Pointer)(b), *elem)
		}
	case reflect.Slice:
		return c.compileSlice(t.Elem())
	case reflect.Array:
		return equalElements(t.Elem(), c.get(t.Elem()), t.Len())
	case reflect.Struct:
		return c.compileStruct(t)
	case reflect.Map:
		return c.compileMap(t)
	case reflect.Interface:
		return func(a, b unsafe.Pointer) bool {
			return equalInterfaces(reflect.NewAt(t, a).Elem(), reflect.NewAt(t, b).Elem())
		}
	}
	panic(fmt.Sprintf("incr: values of type %s have no equality", t))
}

func equalAs[T comparable](a, b unsafe.Pointer) bool { return *(*T)(a) == *(*T)(b) }

func equalPointers(a, b unsafe.Pointer, elem equality) bool {
	if a == b || a == nil || b == nil {
		return a == b
	}
	return elem(a, b)
}

// isPlain tells whether values are equal if their memory is.
func isPlain(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return true
	case reflect.Array:
		return isPlain(t.Elem())
	case reflect.Struct:
		var size uintptr
		for f := range t.Fields() {
			if !isPlain(f.Type) {
				return false
			}
			size += f.Type.Size()
		}
		return size == t.Size() // there is no padding, whose memory may differ
	}
	return false
}

func equalMemory(size uintptr) equality {
	switch size {
	case 0:
		return func(_, _ unsafe.Pointer) bool { return true }
	case 1:
		return equalAs[uint8]
	case 8:
		return equalAs[[8]byte]
	case 16:
		return equalAs[[16]byte]
	}
	return func(a, b unsafe.Pointer) bool {
		return bytes.Equal(unsafe.Slice((*byte)(a), size), unsafe.Slice((*byte)(b), size))
	}
}

// equalElements compares n values that lie side by side.
func equalElements(elem reflect.Type, eq *equality, n int) equality {
	size := elem.Size()
	return func(a, b unsafe.Pointer) bool {
		for i := range uintptr(n) {
			if !(*eq)(unsafe.Add(a, i*size), unsafe.Add(b, i*size)) {
				return false
			}
		}
		return true
	}
}

func (c *compiledEqualities) compileSlice(elem reflect.Type) equality {
	type header struct {
		data unsafe.Pointer
		len  int
		_    int
	}
	size, plain, eq := elem.Size(), isPlain(elem), c.get(elem)
	return func(a, b unsafe.Pointer) bool {
		x, y := (*header)(a), (*header)(b)
		switch {
		case x.len != y.len:
			return false
		case x.data == y.data || x.len == 0:
			return true
		case plain:
			n := uintptr(x.len) * size
			return bytes.Equal(unsafe.Slice((*byte)(x.data), n), unsafe.Slice((*byte)(y.data), n))
		}
		for i := range uintptr(x.len) {
			if !(*eq)(unsafe.Add(x.data, i*size), unsafe.Add(y.data, i*size)) {
				return false
			}
		}
		return true
	}
}

// compileStruct compares field by field; plain fields side by side are one
// piece of memory.
func (c *compiledEqualities) compileStruct(t reflect.Type) equality {
	type piece struct {
		offset uintptr
		eq     *equality
	}
	var pieces []piece
	var plainFrom, plainTo uintptr
	flush := func() {
		if plainTo > plainFrom {
			eq := equalMemory(plainTo - plainFrom)
			pieces = append(pieces, piece{plainFrom, &eq})
		}
	}
	for f := range t.Fields() {
		if !isPlain(f.Type) {
			pieces = append(pieces, piece{f.Offset, c.get(f.Type)})
			continue
		}
		if f.Offset != plainTo || plainTo == plainFrom {
			flush()
			plainFrom = f.Offset
		}
		plainTo = f.Offset + f.Type.Size()
	}
	flush()
	return func(a, b unsafe.Pointer) bool {
		for i := range pieces {
			if !(*pieces[i].eq)(unsafe.Add(a, pieces[i].offset), unsafe.Add(b, pieces[i].offset)) {
				return false
			}
		}
		return true
	}
}

func (c *compiledEqualities) compileMap(t reflect.Type) equality {
	if t == reflect.TypeFor[map[string]string]() {
		return func(a, b unsafe.Pointer) bool {
			return maps.Equal(*(*map[string]string)(a), *(*map[string]string)(b))
		}
	}
	eq, elem := c.get(t.Elem()), t.Elem()
	return func(a, b unsafe.Pointer) bool {
		x, y := reflect.NewAt(t, a).Elem(), reflect.NewAt(t, b).Elem()
		if x.Len() != y.Len() {
			return false
		}
		for it := x.MapRange(); it.Next(); {
			other := y.MapIndex(it.Key())
			if !other.IsValid() {
				return false
			}
			v, w := reflect.New(elem), reflect.New(elem)
			v.Elem().Set(it.Value())
			w.Elem().Set(other)
			if !(*eq)(v.UnsafePointer(), w.UnsafePointer()) {
				return false
			}
		}
		return true
	}
}

// equalInterfaces compares what is in two interfaces.
func equalInterfaces(a, b reflect.Value) bool {
	if a.IsNil() || b.IsNil() {
		return a.IsNil() == b.IsNil()
	}
	a, b = a.Elem(), b.Elem()
	if a.Type() != b.Type() {
		return false
	}
	v, w := reflect.New(a.Type()), reflect.New(a.Type())
	v.Elem().Set(a)
	w.Elem().Set(b)
	return (*equalities.of(a.Type()))(v.UnsafePointer(), w.UnsafePointer())
}
