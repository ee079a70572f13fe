package ofctrl

import (
	"maps"
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
					tab.Set(o, Pack(tc.wants[o]), func(Key) {})
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

// model is a table made in the plainest way.
type model struct {
	owners map[string][]Flow
	there  map[Key]installed
}

// want finds what is wanted for each key, and the keys that are contested.
func (m *model) want() (want map[Key]string, contested map[Key]bool) {
	want, contested = map[Key]string{}, map[Key]bool{}
	claims := map[Key][]Flow{}
	ownerOf := map[Key]string{}
	for _, kind := range []int{rankActions, rankDrop, rankConjunction} {
		for _, o := range slices.Sorted(maps.Keys(m.owners)) {
			for _, f := range m.owners[o] {
				if rank(f.Actions) != kind {
					continue
				}
				if claims[f.Key()] == nil {
					ownerOf[f.Key()] = o
				}
				claims[f.Key()] = append(claims[f.Key()], f)
			}
		}
	}
	for k, all := range claims {
		f := all[0]
		if rank(f.Actions) == rankConjunction {
			clauses := map[string]bool{}
			for _, g := range all {
				for _, c := range strings.SplitAfter(g.Actions.String(), "),") {
					clauses[strings.TrimSuffix(c, ",")] = true
				}
			}
			f.Actions = ""
			want[k] = ownerOf[k] + " " + strings.TrimSuffix(f.String(), "drop") + strings.Join(slices.Sorted(maps.Keys(clauses)), ",")
			continue
		}
		want[k] = ownerOf[k] + " " + f.String()
		for _, g := range all {
			contested[k] = contested[k] || g.Actions != f.Actions
		}
	}
	maps.DeleteFunc(contested, func(_ Key, c bool) bool { return !c })
	return want, contested
}

// check compares a table with the model.
func (m *model) check(t *rapid.T, tab *Table) {
	want, contested := m.want()
	if got := winners(tab); !maps.Equal(got, want) {
		t.Fatalf("wanted %v\nby the model %v", got, want)
	}
	if got := maps.Collect(func(yield func(Key, bool) bool) {
		for k := range tab.contested {
			yield(k, true)
		}
	}); !maps.Equal(got, contested) || len(tab.contests()) != len(contested) {
		t.Fatalf("contested %v (%q)\nby the model %v", got, tab.contests(), contested)
	}
	keys := map[Key]bool{}
	for k := range want {
		keys[k] = true
	}
	for k := range m.there {
		keys[k] = true
	}
	if tab.wanted != len(want) || tab.held != len(m.there) || len(tab.places) != len(keys) {
		t.Fatalf("%d wanted, %d held, %d places; by the model %d, %d, %d", tab.wanted, tab.held, len(tab.places), len(want), len(m.there), len(keys))
	}
	for k := range keys {
		v, is := m.there[k]
		s := tab.slot(k)
		have, there := s.have()
		if there != is || have != v {
			t.Fatalf("%v: the switch holds %v %v, by the model %v %v", k, there, have, is, v)
		}
		if _, differs := diffFlow(k, s.want(), have, there); s.settled() == differs {
			t.Fatalf("%v: settled %v, wants %v, has %v %v", k, s.settled(), s.want(), there, have)
		}
		if s.rare != nil && len(s.rare.claims) < 2 && s.holds != holdsOther {
			t.Fatalf("%v keeps what is of no use: %+v", k, s.rare)
		}
		if s.key() != k {
			t.Fatalf("the slot of %v has the key %v", k, s.key())
		}
	}
}

// After any sequence of changes, of what is wanted and of what is there, the
// table is as the model says, and each key whose winner changed was touched.
func TestTableModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tab, m := NewTable(), &model{map[string][]Flow{}, map[Key]installed{}}
		actions := []ofp.Actions{"", out(1), out(2), conj(1, 0, 2), conj(2, 1, 2), conj(1, 1, 2), conj(1, 0, 2) + conj(3, 0, 2)}
		flowGen := rapid.Custom(func(t *rapid.T) Flow {
			return Flow{
				Table: 1, Priority: 1, Cookie: uint64(rapid.IntRange(0, 1).Draw(t, "cookie")),
				Match: regMatch(uint64(rapid.IntRange(0, 4).Draw(t, "match"))), Actions: rapid.SampledFrom(actions).Draw(t, "actions"),
			}
		})
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			before := winners(tab)
			touched := map[Key]bool{}
			switch rapid.IntRange(0, 5).Draw(t, "step") {
			case 0: // the switch is found to hold a flow
				f := flowGen.Draw(t, "flow")
				v := installed{f.Cookie, f.Actions, rapid.IntRange(0, 9).Draw(t, "odd") == 0}
				was, there := tab.hold(f.Key(), v)
				if w, is := m.there[f.Key()]; w != was || is != there {
					t.Fatalf("held %v %v before, by the model %v %v", there, was, is, w)
				}
				m.there[f.Key()] = v
			case 1: // a flow is gone from it
				f := flowGen.Draw(t, "flow")
				_, is := m.there[f.Key()]
				if tab.gone(f.Key()) != is {
					t.Fatalf("was there: %v", is)
				}
				delete(m.there, f.Key())
			case 2: // it has been read anew
				tab.unsee()
				n := 0
				for k, v := range m.there {
					if k.Match > regMatch(2) {
						tab.hold(k, v)
					} else {
						delete(m.there, k)
						n++
					}
				}
				if got := tab.unseen(); got != n {
					t.Fatalf("%d unseen, want %d", got, n)
				}
			case 3: // it has taken what is wanted
				tab.Keys(func(k Key) {
					f, _, _ := tab.Want(k)
					m.there[k] = installed{cookie: f.Cookie, actions: f.Actions}
					tab.hold(k, m.there[k])
				})
			default:
				owner := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "owner")
				flows := rapid.SliceOfN(flowGen, 0, 5).Draw(t, "flows")
				if old := m.owners[owner]; rapid.Bool().Draw(t, "edit") && len(old) > 0 { // in the middle
					at := rapid.IntRange(0, len(old)).Draw(t, "at")
					flows = slices.Concat(old[:at], flows[:len(flows)/2], old[min(at+len(flows)%2, len(old)):])
				}
				tab.Set(owner, Pack(flows), func(k Key) { touched[k] = true })
				if m.owners[owner] = flows; len(flows) == 0 {
					delete(m.owners, owner)
				}
				after := winners(tab)
				for k := range before {
					if after[k] != before[k] && !touched[k] {
						t.Fatalf("changed but not touched: %v", k)
					}
				}
				for k := range after {
					if after[k] != before[k] && !touched[k] {
						t.Fatalf("changed but not touched: %v", k)
					}
				}
				if len(tab.owners) != len(m.owners) || len(tab.numbered)-1-len(tab.free) != len(m.owners) {
					t.Fatalf("%d owners, %d numbers of which %d are free, want %d", len(tab.owners), len(tab.numbered)-1, len(tab.free), len(m.owners))
				}
			}
			m.check(t, tab)
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
		name  string
		want  *Flow
		there bool
		have  installed
		out   string
	}{
		{"neither", nil, false, installed{}, ""},
		{"foreign", nil, true, have, "delete"},
		{"missing", &Flow{Cookie: 1, Actions: out(1)}, false, installed{}, "add"},
		{"same", &Flow{Cookie: 1, Actions: out(1)}, true, have, ""},
		{"cookie", &Flow{Cookie: 2, Actions: out(1)}, true, have, "add"},
		{"actions", &Flow{Cookie: 1}, true, have, "add"},
		{"odd", &Flow{Cookie: 1, Actions: out(1)}, true, installed{1, out(1), true}, "add"},
	} {
		op, ok := diffFlow(k, tc.want, tc.have, tc.there)
		got := strings.TrimSuffix(map[bool]string{true: "delete", false: "add"}[op.delete], "")
		if !ok {
			got = ""
		}
		if got != tc.out {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.out)
		}
	}
}
