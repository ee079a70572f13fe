package incr

import (
	"cmp"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unsafe"
)

type (
	name   string
	number int16
	octet  uint8
	padded struct {
		On bool
		N  int64
		U  uint16
	}
	manyParts struct {
		padded
		I8    int8
		Pair  [2]padded
		Name  name
		Empty struct{}
		None  [0]string
		Bytes [3]octet
		Nums  [2]number
		U8    uint8
		U64   uint64
		Last  bool
		End   struct{} // behind it the compiler pads
	}
	// backwards has an order of its own.
	backwards struct{ N, M int32 }
)

func (a backwards) Compare(b backwards) int { return cmp.Compare(b.M, a.M) }

// fill sets all parts of a key to one of few values.
func fill(r *rand.Rand, v reflect.Value) {
	n := r.IntN(3)
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(n == 0)
	case reflect.String:
		v.SetString([]string{"", "a", "a\x00"}[n])
	case reflect.Array:
		for i := range v.Len() {
			fill(r, v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(r, reflect.NewAt(v.Field(i).Type(), v.Field(i).Addr().UnsafePointer()).Elem())
		}
	default:
		if v.CanInt() {
			v.SetInt([]int64{-1, 0, 1}[n] << r.IntN(v.Type().Bits()))
		} else {
			v.SetUint([]uint64{0, 1, 3}[n] << r.IntN(v.Type().Bits()-1))
		}
	}
}

// plainOrder compares part by part, by reflection.
func plainOrder(a, b reflect.Value) (c int) {
	switch a.Kind() {
	case reflect.Bool:
		return rank(a.Bool()) - rank(b.Bool())
	case reflect.String:
		return strings.Compare(a.String(), b.String())
	case reflect.Array:
		for i := range a.Len() {
			c = cmp.Or(c, plainOrder(a.Index(i), b.Index(i)))
		}
	case reflect.Struct:
		for i := range a.NumField() {
			c = cmp.Or(c, plainOrder(a.Field(i), b.Field(i)))
		}
	default:
		if a.CanInt() {
			return cmp.Compare(a.Int(), b.Int())
		}
		return cmp.Compare(a.Uint(), b.Uint())
	}
	return c
}

func testOrder[K comparable](t *testing.T) {
	t.Helper()
	order, r := orderOf[K](), rand.New(rand.NewPCG(1, 2))
	keys := make([]K, 2000)
	for i := range keys {
		if i > 0 && r.IntN(2) == 0 { // differs in one part alone, or in none
			keys[i] = keys[i-1]
			if v := reflect.ValueOf(&keys[i]).Elem(); v.Kind() == reflect.Struct && v.NumField() > 0 {
				f := v.Field(r.IntN(v.NumField()))
				fill(r, reflect.NewAt(f.Type(), f.Addr().UnsafePointer()).Elem())
			}
			continue
		}
		fill(r, reflect.ValueOf(&keys[i]).Elem())
	}
	for range 20_000 {
		i := r.IntN(len(keys))
		j := r.IntN(len(keys))
		if r.IntN(2) == 0 {
			j = max(0, i-1)
		}
		got := order(unsafe.Pointer(&keys[i]), unsafe.Pointer(&keys[j]))
		want := plainOrder(reflect.ValueOf(&keys[i]).Elem(), reflect.ValueOf(&keys[j]).Elem())
		if got != want || (got == 0) != (keys[i] == keys[j]) {
			t.Fatalf("%T: %+v and %+v compare as %d, want %d", keys[i], keys[i], keys[j], got, want)
		}
	}
}

// TestOrder: keys of all kinds are in the order of their parts.
func TestOrder(t *testing.T) {
	testOrder[string](t)
	testOrder[name](t)
	testOrder[bool](t)
	testOrder[int](t)
	testOrder[number](t)
	testOrder[uint32](t)
	testOrder[octet](t)
	testOrder[struct{}](t)
	testOrder[[16]byte](t)
	testOrder[[0]int](t)
	testOrder[[2][3]number](t)
	testOrder[padded](t)
	testOrder[manyParts](t)
	testOrder[[2]manyParts](t)

	order := orderOf[backwards]()
	keys := []backwards{{1, 2}, {2, 3}, {0, 1}}
	slices.SortFunc(keys, func(a, b backwards) int { return order(unsafe.Pointer(&a), unsafe.Pointer(&b)) })
	if want := []backwards{{2, 3}, {1, 2}, {0, 1}}; !slices.Equal(keys, want) {
		t.Errorf("by their own order %v, want %v", keys, want)
	}
}
