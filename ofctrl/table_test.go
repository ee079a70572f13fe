package ofctrl

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/weft-sdn/weft/ofctrl/ofp"
)

func out(port uint32) ofp.Actions {
	return acts(func(b *ofp.ActionBuilder) { b.Output(port) })
}

func conj(id uint32, clause, n uint8) ofp.Actions {
	return acts(func(b *ofp.ActionBuilder) { b.Conjunction(id, clause, n) })
}

func regMatch(v uint64) ofp.Match {
	var b ofp.MatchBuilder
	b.Set(ofp.Reg0, v)
	return b.Match()
}

// A key that several owners want goes to the same one whatever the order in
// which they came.
func TestWinner(t *testing.T) {
	m := regMatch(1)
	flow := func(a ofp.Actions) []Flow { return []Flow{{Table: 1, Priority: 5, Match: m, Actions: a}} }
	for _, tc := range []struct {
		name  string
		wants map[string][]Flow
		owner string
		print string
	}{
		{"first owner by name", map[string][]Flow{"b": flow(out(2)), "a": flow(out(1))}, "a", "output:1"},
		{"action over drop", map[string][]Flow{"a": flow(""), "b": flow(out(2))}, "b", "output:2"},
		{"drop over clauses", map[string][]Flow{"a": flow(conj(1, 0, 2)), "b": flow("")}, "b", "drop"},
		{"clauses merge", map[string][]Flow{"b": flow(conj(2, 0, 2)), "a": flow(conj(9, 1, 3)), "c": flow(conj(2, 0, 2))}, "a", "conjunction(2,1/2),conjunction(9,2/3)"},
		{"one owner twice", map[string][]Flow{"a": append(flow(out(7)), flow(out(3))...)}, "a", "output:7"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			owners := []string{"a", "b", "c"}
			for range 2 {
				tab := NewTable()
				for _, o := range owners {
					tab.Set(o, tc.wants[o], func(Key) {})
				}
				f, owner, ok := tab.Want(Key{m, 5, 1})
				if !ok || owner != tc.owner || f.Actions.String() != tc.print {
					t.Errorf("order %v: owner %q actions %s, want %q %s", owners, owner, f.Actions, tc.owner, tc.print)
				}
				slices.Reverse(owners)
			}
		})
	}
}

// After any sequence of changes the table is as one made anew, and each key
// whose winner changed was touched.
func TestTableIncremental(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tab, state := NewTable(), map[string][]Flow{}
		flowGen := rapid.Custom(func(t *rapid.T) Flow {
			a := rapid.SampledFrom([]ofp.Actions{"", out(1), out(2), conj(1, 0, 2), conj(2, 1, 2), conj(1, 1, 2)}).Draw(t, "actions")
			return Flow{Table: 1, Priority: 1, Cookie: uint64(rapid.IntRange(0, 1).Draw(t, "cookie")), Match: regMatch(uint64(rapid.IntRange(0, 4).Draw(t, "match"))), Actions: a}
		})
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			before := winners(tab)
			owner := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "owner")
			flows := rapid.SliceOfN(flowGen, 0, 5).Draw(t, "flows")
			touched := map[Key]bool{}
			tab.Set(owner, flows, func(k Key) { touched[k] = true })
			state[owner] = flows
			anew := NewTable()
			for _, o := range []string{"c", "b", "a"} {
				anew.Set(o, state[o], func(Key) {})
			}
			got, want := winners(tab), winners(anew)
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Fatalf("got %v\nwant %v", got, want)
			}
			for k := range got {
				if got[k] != before[k] && !touched[k] {
					t.Fatalf("changed but not touched: %v", k)
				}
			}
			for k := range before {
				if _, still := got[k]; !still && !touched[k] {
					t.Fatalf("gone but not touched: %v", k)
				}
			}
		}
	})
}

func winners(tab *Table) map[Key]string {
	m := map[Key]string{}
	tab.Keys(func(k Key) {
		f, owner, _ := tab.Want(k)
		m[k] = owner + " " + f.String()
	})
	return m
}

func TestDiffFlow(t *testing.T) {
	k := Key{regMatch(1), 5, 1}
	have := installed{cookie: 1, actions: out(1)}
	for _, tc := range []struct {
		name          string
		want          Flow
		wanted, there bool
		have          installed
		out           string
	}{
		{"neither", Flow{}, false, false, installed{}, ""},
		{"foreign", Flow{}, false, true, have, "delete"},
		{"missing", Flow{Cookie: 1, Actions: out(1)}, true, false, installed{}, "add"},
		{"same", Flow{Cookie: 1, Actions: out(1)}, true, true, have, ""},
		{"cookie", Flow{Cookie: 2, Actions: out(1)}, true, true, have, "add"},
		{"actions", Flow{Cookie: 1}, true, true, have, "add"},
		{"odd", Flow{Cookie: 1, Actions: out(1)}, true, true, installed{1, out(1), true}, "add"},
	} {
		op, ok := diffFlow(k, tc.want, tc.wanted, tc.have, tc.there)
		got := strings.TrimSuffix(map[bool]string{true: "delete", false: "add"}[op.delete], "")
		if !ok {
			got = ""
		}
		if got != tc.out {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.out)
		}
	}
}
