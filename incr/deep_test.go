package incr

import (
	"net/netip"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

type deepSample struct {
	A    uint8
	B    uint32 // behind padding
	Name string
	C, D bool
	IDs  [][4]byte
	Text []string
	P    *deepSample
	M    map[string]string
	N    map[int][]string
	Any  any
	IP   netip.Prefix
	F    float64
	Fix  [2]string
	E    struct{}
	Last uint16
}

func drawDeep(t *rapid.T, depth int) *deepSample {
	some := rapid.SampledFrom([]string{"", "a", "b"})
	s := &deepSample{
		A: rapid.Uint8Range(0, 1).Draw(t, "A"), B: rapid.Uint32Range(0, 1).Draw(t, "B"), Name: some.Draw(t, "Name"),
		C: rapid.Bool().Draw(t, "C"), D: rapid.Bool().Draw(t, "D"),
		Text: rapid.SliceOfN(some, 0, 2).Draw(t, "Text"),
		M:    rapid.MapOfN(some, some, 0, 2).Draw(t, "M"),
		N:    rapid.MapOfN(rapid.IntRange(0, 1), rapid.SliceOfN(some, 1, 2), 1, 2).Draw(t, "N"),
		Any:  rapid.SampledFrom([]any{nil, 1, 2, "1", [2]int{1, 2}}).Draw(t, "Any"),
		F:    float64(rapid.IntRange(0, 1).Draw(t, "F")), Last: rapid.Uint16Range(0, 1).Draw(t, "Last"),
		Fix: [2]string{some.Draw(t, "Fix"), some.Draw(t, "Fix")},
		IP:  rapid.SampledFrom([]netip.Prefix{{}, netip.MustParsePrefix("10.0.0.1/8"), netip.MustParsePrefix("fd00::1/8")}).Draw(t, "IP"),
	}
	for range rapid.IntRange(1, 2).Draw(t, "IDs") {
		s.IDs = append(s.IDs, [4]byte{rapid.Uint8Range(0, 1).Draw(t, "ID")})
	}
	if depth > 0 && rapid.Bool().Draw(t, "P") {
		s.P = drawDeep(t, depth-1)
	}
	return s
}

// TestDeepLikeReflect: the same answers as reflect.DeepEqual.
func TestDeepLikeReflect(t *testing.T) {
	eq, byValue := Deep[*deepSample](), Deep[deepSample]()
	rapid.Check(t, func(t *rapid.T) {
		a := drawDeep(t, 1)
		b := drawDeep(t, 1)
		for _, x := range []*deepSample{a, b} {
			if x.Text == nil {
				x.Text = []string{}
			}
			if x.P != nil && x.P.Text == nil {
				x.P.Text = []string{}
			}
		}
		if rapid.Bool().Draw(t, "nearly equal") {
			c := *a
			b = &c
			// Another memory of the same values, then one field of another.
			b.Text, b.IDs = slices.Clone(a.Text), slices.Clone(a.IDs)
			if b.Text == nil {
				b.Text = []string{}
			}
			other := drawDeep(t, 0)
			if other.Text == nil {
				other.Text = []string{}
			}
			v := reflect.ValueOf(b).Elem()
			if i := rapid.IntRange(0, v.NumField()).Draw(t, "field"); i < v.NumField() {
				v.Field(i).Set(reflect.ValueOf(other).Elem().Field(i))
			}
		}
		want := reflect.DeepEqual(a, b)
		if got := eq(a, b); got != want {
			t.Fatalf("%+v and %+v: %v, reflect says %v", a, b, got, want)
		}
		if got := byValue(*a, *b); got != want {
			t.Fatalf("values: %v, reflect says %v", got, want)
		}
		if !eq(a, a) || eq(a, nil) {
			t.Fatal("equality with itself or nothing")
		}
	})
}

func TestDeepOfNothing(t *testing.T) {
	if eq := Deep[[]string](); !eq(nil, []string{}) || eq(nil, []string{""}) {
		t.Error("an empty slice equals none, and nothing else does")
	}
	if eq := Deep[map[string][]int](); !eq(nil, map[string][]int{}) || eq(map[string][]int{"a": nil}, map[string][]int{"b": nil}) {
		t.Error("maps")
	}
	defer func() {
		if recover() == nil {
			t.Error("a function has an equality")
		}
	}()
	Deep[struct{ F func() }]()
}

// TestDeepAllocs: comparing what pointers point to makes no garbage.
func TestDeepAllocs(t *testing.T) {
	type row struct {
		ID   [16]byte
		Name string
		IPs  []netip.Prefix
		M    map[string]string
	}
	eq := Deep[*row]()
	a := &row{Name: "a", IPs: []netip.Prefix{netip.MustParsePrefix("10.0.0.1/8")}, M: map[string]string{"k": "v"}}
	b := *a
	b.IPs = slices.Clone(a.IPs)
	if n := testing.AllocsPerRun(100, func() { eq(a, &b) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkDeep(b *testing.B) {
	type row struct {
		ID   [16]byte
		Name string
		IPs  []netip.Prefix
	}
	eq := Deep[*row]()
	x := &row{Name: "a", IPs: []netip.Prefix{netip.MustParsePrefix("10.0.0.1/8")}}
	y := *x
	y.IPs = slices.Clone(x.IPs)
	b.ReportAllocs()
	for b.Loop() {
		eq(x, &y)
	}
}
