package incr_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/incr"
)

type port struct{ sw, mac string }

// net is a small graph: ports, by switch, count per switch, one total.
type net struct {
	e     *incr.Engine
	ports *incr.Input[string, port]
	bySw  *incr.Index[string, port, string]
	count *incr.Table[string, int]
	big   *incr.Table[string, string]
	runs  int
}

func newNet(opts ...incr.Option) *net {
	n := &net{e: incr.New(opts...)}
	n.ports = incr.NewInput[string](n.e, "ports", incr.Eq[port])
	n.bySw = incr.NewIndex(n.ports, "switch", func(_ string, p port) []string { return []string{p.sw} })
	n.count = incr.NewTable(n.e, "count", incr.Eq, incr.Values(n.bySw), func(r *incr.Reader, sw string) (int, bool) {
		return len(incr.Lookup(r, n.bySw, sw)), true
	}).Feed()
	n.big = incr.NewTable(n.e, "big", incr.Eq, incr.Keys(n.count), func(r *incr.Reader, sw string) (string, bool) {
		n.runs++
		c, _ := incr.Get(r, n.count, sw)
		return "big", c > 2
	}).Feed()
	return n
}

func (n *net) commit(t *testing.T) incr.Stats {
	t.Helper()
	s := n.e.Commit()
	if err := n.e.Check(); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestCommit(t *testing.T) {
	n := newNet(incr.Workers(1))
	n.ports.Set("b", port{"sw0", "1"})
	n.ports.Set("a", port{"sw0", "2"})
	n.ports.Set("c", port{"sw1", "3"})
	n.commit(t)
	want := []incr.Change[string, int]{{Key: "sw0", New: 2, Has: true}, {Key: "sw1", New: 1, Has: true}}
	if got := n.count.Changes(); !slices.Equal(got, want) {
		t.Errorf("changes %v, want %v", got, want)
	}
	if got := n.bySw.Lookup("sw0"); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("sw0 has %v", got)
	}
	n.ports.Set("c", port{"sw0", "3"})
	n.commit(t)
	want = []incr.Change[string, int]{{Key: "sw0", Old: 2, New: 3, Had: true, Has: true}, {Key: "sw1", Old: 1, Had: true}}
	if got := n.count.Changes(); !slices.Equal(got, want) {
		t.Errorf("changes %v, want %v", got, want)
	}
	if got := n.big.Changes(); len(got) != 1 || got[0].Key != "sw0" || got[0].New != "big" {
		t.Errorf("big changes %v", got)
	}
	n.ports.Set("a", port{"sw0", "2"})
	n.ports.Set("d", port{"sw0", "2"})
	n.ports.Delete("d")
	n.ports.Delete("none")
	if s := n.commit(t); s != (incr.Stats{}) {
		t.Errorf("a commit of no changes did %+v", s)
	}
}

// TestStopsWhereEqual: a recomputed value equal to the old one stops there.
func TestStopsWhereEqual(t *testing.T) {
	n := newNet(incr.Workers(1))
	n.ports.Set("a", port{"sw0", "1"})
	n.e.Commit()
	n.runs = 0
	n.ports.Set("a", port{"sw0", "2"})
	if s := n.e.Commit(); s.Evaluated != 0 || s.Inputs != 1 {
		t.Errorf("a change that nobody read: %+v", s)
	}
	n.ports.Delete("a")
	n.ports.Set("b", port{"sw0", "1"})
	if s := n.e.Commit(); s.Evaluated != 1 || s.Changed != 0 || n.runs != 0 {
		t.Errorf("an equal count went on: %+v", s)
	}
}

func TestAbsentReads(t *testing.T) {
	e := incr.New()
	in := incr.NewInput[string](e, "in", incr.Eq[int])
	ix := incr.NewIndex(in, "value", func(_ string, v int) []int { return []int{v, v} })
	out := incr.NewTable(e, "out", incr.Eq, incr.Keys(in), func(r *incr.Reader, k string) (string, bool) {
		v, ok := incr.Get(r, in, k+"x")
		return fmt.Sprint(v, ok, incr.Lookup(r, ix, 7)), true
	})
	expect := func(want string) {
		t.Helper()
		e.Commit()
		if err := e.Check(); err != nil {
			t.Error(err)
		}
		if got, _ := out.Get("a"); got != want {
			t.Errorf("out[a] = %q, want %q", got, want)
		}
	}
	in.Set("a", 1)
	expect("0 false []")
	in.Set("ax", 7)
	expect("7 true [ax]")
	in.Delete("ax")
	expect("0 false []")
}

func TestPanicIsAnErrorOfTheRow(t *testing.T) {
	e := incr.New()
	in := incr.NewInput[string](e, "in", incr.Eq[int])
	bad := errors.New("thirteen")
	out := incr.NewTable(e, "out", incr.Eq, incr.Keys(in), func(r *incr.Reader, k string) (int, bool) {
		v, _ := incr.Get(r, in, k)
		if v == 13 {
			panic(bad)
		}
		return 100 / v, true
	})
	in.Set("a", 13)
	in.Set("b", 0)
	in.Set("c", 5)
	e.Commit()
	errs := e.Errors()
	if len(errs) != 2 || !errors.Is(errs[0], bad) || errs[0].Error() != "incr: out[a]: thirteen" ||
		!strings.Contains(errs[1].Error(), "divide by zero") || errs[1].Stack == "" {
		t.Errorf("errors %v", errs)
	}
	if out.Len() != 1 {
		t.Errorf("%d rows", out.Len())
	}
	in.Set("a", 10)
	in.Delete("b")
	e.Commit()
	if errs := e.Errors(); len(errs) != 0 {
		t.Errorf("errors %v after the repair", errs)
	}
	if v, _ := out.Get("a"); v != 10 {
		t.Errorf("out[a] = %d", v)
	}
}

func TestReadOfLaterTableFails(t *testing.T) {
	e := incr.New()
	in := incr.NewInput[string](e, "in", incr.Eq[int])
	var later *incr.Table[string, int]
	incr.NewTable(e, "early", incr.Eq, incr.Keys(in), func(r *incr.Reader, k string) (int, bool) {
		return incr.Get(r, later, k)
	})
	later = incr.NewTable(e, "later", incr.Eq, incr.Keys(in), func(r *incr.Reader, k string) (int, bool) { return 1, true })
	in.Set("a", 1)
	e.Commit()
	if errs := e.Errors(); len(errs) != 1 || errs[0].Error() != "incr: early[a]: incr: early reads later, which is declared later" {
		t.Errorf("errors %v", errs)
	}
}

func TestCheckFindsAnImpureFunction(t *testing.T) {
	e := incr.New()
	in := incr.NewInput[string](e, "in", incr.Eq[int])
	hidden := 1
	out := incr.NewTable(e, "out", incr.Eq, incr.Keys(in), func(r *incr.Reader, k string) (int, bool) { return hidden, true }).Feed()
	in.Set("a", 1)
	e.Commit()
	hidden = 2
	if err := e.Check(); err == nil || err.Error() != "incremental differs from full: out[a]: 1 should be 2" {
		t.Errorf("Check: %v", err)
	}
	if s := e.Recompute(); s.Changed != 1 || len(out.Changes()) != 1 {
		t.Errorf("Recompute: %+v", s)
	}
	if err := e.Check(); err != nil {
		t.Error(err)
	}
}

func TestUnion(t *testing.T) {
	e := incr.New()
	a := incr.NewInput[int](e, "a", incr.Eq[int])
	b := incr.NewInput[int](e, "b", incr.Eq[string])
	out := incr.NewTable(e, "out", incr.Eq, incr.Union(incr.Keys(a), incr.Keys(b)), func(r *incr.Reader, k int) (bool, bool) { return true, true })
	a.Set(1, 1)
	b.Set(1, "")
	b.Set(2, "")
	e.Commit()
	b.Delete(1)
	b.Delete(2)
	e.Commit()
	if err := e.Check(); err != nil {
		t.Error(err)
	}
	if out.Len() != 1 {
		t.Errorf("%d rows, want 1", out.Len())
	}
}

// TestReset: a table set as a whole changes where it differs.
func TestReset(t *testing.T) {
	e := incr.New()
	in := incr.NewInput[string](e, "in", incr.Eq[int])
	out := incr.NewTable(e, "out", incr.Eq[int], incr.Keys(in), func(r *incr.Reader, k string) (int, bool) {
		return incr.Get(r, in, k)
	}).Feed()
	for i, k := range []string{"a", "b", "c"} {
		in.Set(k, i)
	}
	e.Commit()
	in.Reset()
	in.Set("a", 0)
	in.Set("b", 7)
	in.Set("d", 8)
	in.EndReset()
	if s := e.Commit(); s.Inputs != 3 {
		t.Errorf("%d inputs changed, want 3", s.Inputs)
	}
	got := fmt.Sprint(out.Changes())
	if want := "[{b 1 7 true true} {c 2 0 true false} {d 0 8 false true}]"; got != want {
		t.Errorf("changes %s, want %s", got, want)
	}
}
