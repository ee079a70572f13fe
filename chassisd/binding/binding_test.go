package binding

import (
	"slices"
	"testing"
)

func TestRequested(t *testing.T) {
	for in, want := range map[string]string{"": "", "hv1": "hv1", "hv1,hv2": "hv1", " hv1 , hv2": "hv1"} {
		if got := Requested(map[string]string{"requested-chassis": in}); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	if got := Requested(nil); got != "" {
		t.Errorf("no options: %q", got)
	}
}

func TestPick(t *testing.T) {
	a, b, c := Interface{Name: "a"}, Interface{Name: "b", Ofport: 3}, Interface{Name: "c", Ofport: 1}
	for _, in := range [][]Interface{{a, b, c}, {c, b, a}, {b, a, c}} {
		got, others, ok := Pick("", in)
		if got != b || !ok || !slices.Equal(others, []string{"c", "a"}) {
			t.Errorf("of %v: %v, others %v", in, got, others)
		}
	}
	if _, _, ok := Pick("", nil); ok {
		t.Error("picked from nothing")
	}
	old, now := Interface{Name: "a", Ofport: 1, Version: "old"}, Interface{Name: "z", Version: "new"}
	if got, others, ok := Pick("new", []Interface{a, old, now}); got != now || len(others) != 0 || !ok {
		t.Errorf("of the new version: %v, others %v", got, others)
	}
	if got, _, ok := Pick("new", []Interface{a, b, old}); ok {
		t.Errorf("%v has not the version", got)
	}
	if got, _, _ := Pick("", []Interface{now, old}); got != old {
		t.Errorf("no version is asked for: %v", got)
	}
}

func TestAsks(t *testing.T) {
	self := Self{Name: "hv1", Hostname: "host1"}
	works, broken := Interface{Ofport: 1}, Interface{Ofport: -1}
	for _, c := range []struct {
		typ, requested string
		i              Interface
		want           bool
	}{
		{"", "", works, true},
		{"", "hv1", works, true},
		{"", "host1", works, true},
		{"", "hv2", works, false},
		{"", "", broken, false},
		{"", "", Interface{}, false},
		{"router", "", works, false},
		{"patch", "hv1", works, false},
	} {
		if got := Asks(self, c.typ, c.requested, c.i); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
	if (Self{Name: "hv1"}).Is("") {
		t.Error("nobody is somebody")
	}
}
