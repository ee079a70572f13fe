package lflow

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// worked is all that the phases make of a match and actions, as text.
func worked(match, actions string, inArena *Arena) string {
	var b strings.Builder
	parseMatch, parseActions, annotate := ParseMatch, ParseActions, Annotate
	normalize, matches := Normalize, Normal.Matches
	if a := inArena; a != nil {
		parseMatch, parseActions, annotate, normalize = a.ParseMatch, a.ParseActions, a.Annotate, a.Normalize
		matches = func(nf Normal, port func(*Symbol, string) (uint64, bool), id uint32) ([]FlowMatch, int, error) {
			return a.Matches(nf, port, id)
		}
	}
	as, err := parseActions(actions, Place{Pipeline: Ingress, Table: 10}, nil)
	fmt.Fprintln(&b, as, as.Prerequisite(), err)
	e, err := parseMatch(match, vectorOptions())
	if err != nil {
		return b.String() + err.Error()
	}
	demanded := annotate(e)
	if p := as.Prerequisite(); inArena != nil {
		demanded = inArena.AnnotateFlow(e, as)
	} else if p != nil {
		demanded = And(demanded, Expand(p))
	}
	nf, err := normalize(demanded, vectorResident)
	ms, used, err2 := matches(nf, func(_ *Symbol, name string) (uint64, bool) { return uint64(len(name)), name != "none" }, 1)
	// What was made first must still be there.
	fmt.Fprintln(&b, e, annotate(e), err, used, err2, describeFlows(ms), as)
	return b.String()
}

// TestArena: memory that is used again and again makes the same as fresh memory.
func TestArena(t *testing.T) {
	matches := append([]string{"ip4.src == {10.0.0.1, 10.0.0.2} && tcp.dst == {1, 3, 5}", "ip4 &&", `inport == {"a", "b", "none"} && udp`}, matchSeeds...)
	// Errors in the midst of nested actions leave something behind.
	actions := append([]string{"ip4.src", "ct_commit { ct_mark = 1; }; output;", "ct_commit { ct_mark", "reg0 = 1; arp { reg0 = 1; ip4", "reg0 = 1; clone { drop; };"}, actionSeeds...)
	for _, row := range ActionTable() {
		actions = append(actions, row.Example)
	}
	var a Arena
	r := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		m, act := matches[r.IntN(len(matches))], actions[r.IntN(len(actions))]
		want, got := worked(m, act, nil), worked(m, act, &a)
		if got != want {
			t.Fatalf("%q, %q: got\n%s\nwith memory of its own\n%s", m, act, got, want)
		}
		if r.IntN(10) > 0 { // else it goes on where it is
			a.Reset()
		}
	}
}

// TestArenaBound: what one large text takes is not kept.
func TestArenaBound(t *testing.T) {
	var a Arena
	large := "ip4.src == {" + strings.Repeat("10.0.0.1, 10.0.1.1/24, ", 20000) + "}"
	for range 3 {
		as, err := a.ParseActions(strings.Repeat("ip4.src = 10.0.0.1; ", 20000), Place{Pipeline: Ingress}, nil)
		if err != nil {
			t.Fatal(err)
		}
		e, err := a.ParseMatch(large, nil)
		if err != nil {
			t.Fatal(err)
		}
		nf, err := a.Normalize(a.AnnotateFlow(e, as), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := a.Matches(nf, nil, 1); err != nil {
			t.Fatal(err)
		}
		a.Reset()
		for _, n := range []int{len(a.nodes.all), len(a.args.all), len(a.actions.all), len(a.terms.all), len(a.fields.all), len(a.matches.all), cap(a.stack), cap(a.pending)} {
			if n > maxKept {
				t.Errorf("%d values are kept", n)
			}
		}
	}
}

// TestArenaAllocs: a typical match takes nothing from the heap.
func TestArenaAllocs(t *testing.T) {
	var a Arena
	port := func(*Symbol, string) (uint64, bool) { return 1, true }
	n := testing.AllocsPerRun(100, func() {
		e, err := a.ParseMatch(typical, nil)
		if err != nil {
			t.Fatal(err)
		}
		nf, err := a.Normalize(a.AnnotateFlow(e, nil), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := a.Matches(nf, port, 1); err != nil {
			t.Fatal(err)
		}
		a.Reset()
	})
	if n > 0 {
		t.Errorf("%v allocations, want none", n)
	}
}
