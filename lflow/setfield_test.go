package lflow

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// apart is the state of TestSeparate: small fields and sets.
type apart struct {
	r     *rand.Rand
	table *Table
	sets  map[string][]Constant
}

func newApart(t *testing.T) *apart {
	table, err := NewTable([]Definition{
		{Name: "a", Kind: KindField, Level: Ordinal, Width: 3, Access: ReadWrite},
		{Name: "b", Kind: KindField, Level: Ordinal, Width: 3, Access: ReadWrite},
		{Name: "x", Kind: KindField, Level: Ordinal, Width: 2, Access: ReadWrite, Cross: true},
		{Name: "c", Kind: KindField, Level: Ordinal, Width: 2, Access: ReadWrite, Prereq: "x == 1"},
		{Name: "s", Kind: KindField, Access: ReadWrite},
	})
	if err != nil {
		t.Fatal(err)
	}
	x := &apart{r: rand.New(rand.NewPCG(7, 7)), table: table}
	x.fill()
	return x
}

// fill makes sets whose members overlap.
func (x *apart) fill() {
	x.sets = map[string][]Constant{}
	for _, name := range []string{"p", "q"} {
		for range x.r.IntN(4) {
			c := ConstantOf(x.r.IntN(8))
			if x.r.IntN(3) == 0 {
				c = Masked(x.r.IntN(8), x.r.IntN(8))
			}
			x.sets[name] = append(x.sets[name], c)
		}
	}
}

func (x *apart) options(separate bool) *Options {
	o := &Options{
		Symbols:    x.table,
		AddressSet: func(name string) ([]Constant, bool) { return x.sets[name], true },
		PortGroup:  func(string, *Symbol) ([]string, bool) { return []string{"eth0", "lsp1"}, true },
	}
	if separate {
		o.Separate = func(string) bool { return true }
	}
	return o
}

// text makes a match.
func (x *apart) text(depth int) string {
	pick := func(s ...string) string { return s[x.r.IntN(len(s))] }
	if depth == 0 || x.r.IntN(4) == 0 {
		switch x.r.IntN(6) {
		case 0:
			return `s == {"eth0", "eth1"}`
		case 1:
			return "s == @g"
		case 2:
			return pick("a", "b") + fmt.Sprintf(" == {%d, %d, %d}", x.r.IntN(8), x.r.IntN(8), x.r.IntN(8))
		case 3:
			return pick("a", "b") + " " + pick("==", "!=") + " {$" + pick("p", "q") + ", " + pick("$p", "$q", "3") + "}"
		}
		return pick("a", "b", "c") + pick(" == ", " == ", " != ") + pick("$p", "$q")
	}
	op := pick(" && ", " || ")
	args := []string{}
	for range 2 + x.r.IntN(2) {
		args = append(args, pick("", "", "", "!")+"("+x.text(depth-1)+")")
	}
	return strings.Join(args, op)
}

// everyPacket calls f for each combination of the fields' values.
func (x *apart) everyPacket(f func(p *packet)) {
	p := &packet{numbers: map[string]Value{}, texts: map[string]string{}, keys: vectorPorts}
	for i := range 8 * 8 * 4 * 4 {
		p.numbers["a"], p.numbers["b"] = U(uint64(i&7)), U(uint64(i>>3&7))
		p.numbers["c"], p.numbers["x"] = U(uint64(i>>6&3)), U(uint64(i>>8&3))
		for _, p.texts["s"] = range []string{"eth0", "eth1", "lsp1"} {
			f(p)
		}
	}
}

// spread replaces the matches of sets by those of their members.
func (x *apart) spread(t *testing.T, ms []FlowMatch) (out []FlowMatch) {
	for _, m := range ms {
		if m.Set == nil {
			out = append(out, m)
			continue
		}
		for _, c := range x.sets[m.Set.Set] {
			term, ok, err := m.Set.Term(c)
			if err != nil {
				t.Fatal(err)
			}
			if ok {
				one := m
				one.Terms = append(append([]FieldTerm{}, m.Terms...), FieldTerm{m.Set.Sym, term})
				out = append(out, one)
			}
		}
	}
	return out
}

// TestSeparate: sets that are kept apart match what they match when they are
// looked into, and whether there is a conjunction does not depend on them.
func TestSeparate(t *testing.T) {
	x := newApart(t)
	separated, conjunctions := 0, 0
	for range 2000 {
		x.fill()
		text := x.text(2)
		whole, err := ParseMatch(text, x.options(false))
		if err != nil {
			continue // a string field was negated
		}
		e, err := ParseMatch(text, x.options(true))
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		nf, err := Normalize(Annotate(e), vectorResident)
		if errors.Is(err, ErrInseparable) {
			continue
		} else if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		ms, used, err := nf.Matches(func(_ *Symbol, name string) (uint64, bool) { return uint64(vectorPorts[name]), true }, 1)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		flows := x.spread(t, ms)
		if len(flows) != len(ms) {
			separated++
			if used > 0 {
				conjunctions++
			}
		}
		x.everyPacket(func(p *packet) {
			if g, w := evaluateFlows(flows, p), Evaluate(whole, p); g != w {
				t.Fatalf("%s with %v:\n%v for %v, want %v\n%s", text, x.sets, g, p, w, describeFlows(ms))
			}
		})
	}
	if separated < 250 || conjunctions < 80 {
		t.Errorf("only %d texts with sets apart, %d of them with conjunctions", separated, conjunctions)
	}
	t.Logf("%d texts with sets apart, %d of them with conjunctions", separated, conjunctions)
}

func TestInseparable(t *testing.T) {
	x := newApart(t)
	for text, apart := range map[string]bool{
		"a == $p": true, "a == {$p, $q, 3}": true, "a == $p && b == $q": true, "a == $p || a == $q": true, "!(a != $p)": true,
		"a == $p && a == $p": true, "a == $p && a == $q": false, "a == $p && a != 3": false, "a == $p && a[0]": false,
	} {
		e, err := ParseMatch(text, x.options(true))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Normalize(Annotate(e), nil); (err == nil) != apart {
			t.Errorf("%s: %v", text, err)
		}
	}
	e, _ := ParseMatch("a == $p && b != 3", x.options(true))
	if got := e.String(); got != "a == $p && b != 3" {
		t.Errorf("printed as %s", got)
	}
}
