package ofctrl

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/weft-sdn/weft/ofctrl/ofp"
	"github.com/weft-sdn/weft/ofctrl/ovstest"
)

// After any sequence of changes each number has the body of the first owner
// that lists it, and was touched where that changed.
func TestBodies(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tab := newBodies[ofp.GroupBody]()
		state := map[string][]Group{}
		owners := []string{"a", "b", "c"}
		before := map[uint32]ofp.GroupBody{}
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			owner := rapid.SampledFrom(owners).Draw(t, "owner")
			list := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Group {
				return Group{rapid.Uint32Range(1, 4).Draw(t, "id"), rapid.SampledFrom([]ofp.GroupBody{"", "x", "y"}).Draw(t, "body")}
			}), 0, 4).Draw(t, "list")
			touched := map[uint32]bool{}
			tab.set(owner, list, func(id uint32) { touched[id] = true })
			state[owner] = list

			want, contested := map[uint32]ofp.GroupBody{}, map[uint32]bool{}
			for _, o := range owners {
				for _, g := range state[o] {
					if w, ok := want[g.ID]; g.Body != "" && !ok {
						want[g.ID] = g.Body
					} else if g.Body != "" && w != g.Body {
						contested[g.ID] = true
					}
				}
			}
			for id := range uint32(5) {
				if tab.want(id) != want[id] {
					t.Fatalf("number %d is %q, want %q", id, tab.want(id), want[id])
				}
				if touched[id] != (want[id] != before[id]) {
					t.Fatalf("number %d touched %v: before %q, now %q", id, touched[id], before[id], want[id])
				}
				if _, c := tab.contested[id]; c != contested[id] {
					t.Fatalf("number %d contested %v, want %v", id, c, contested[id])
				}
			}
			if len(tab.slots) != len(want) || len(tab.contests("group")) != len(contested) {
				t.Fatalf("slots %v, want %v; contests %v", tab.slots, want, tab.contests("group"))
			}
			before = want
		}
	})
}

// A group and a meter that owners share stay until the last of them goes, and
// no flow that needs them is ever refused.
func TestSharedGroup(t *testing.T) {
	sw := ovstest.StartBridge(t, "p1")
	c := start(t, Config{Target: sw.Mgmt()})
	groups, meters := NewIDs(MaxGroupID), NewIDs(MaxMeterID)
	body, err := (&ofp.GroupSpec{Type: ofp.GroupSelect, Select: "dp_hash", Bucket: []ofp.Bucket{{Weight: 100, Actions: out(1)}}}).Body()
	if err != nil {
		t.Fatal(err)
	}
	meter := ofp.NewMeterBody(ofp.MeterPktps|ofp.MeterStats, ofp.MeterBand{Rate: 10})
	use := func(owner string, reg uint64) OwnerFlows {
		g, m := groups.Take(owner, string(body)), meters.Take(owner, string(meter))
		a := acts(func(b *ofp.ActionBuilder) { b.Meter(m); b.Group(g) })
		return OwnerFlows{
			Owner: owner, Flows: []Flow{{Table: 1, Priority: 1, Match: regMatch(reg), Actions: a}},
			Groups: []Group{{g, body}}, Meters: []Meter{{m, meter}},
		}
	}
	step := func(gen int64, present bool, flows ...OwnerFlows) {
		t.Helper()
		c.Update(Update{Gen: gen, Complete: true, Flows: flows})
		installedGen(t, c, gen)
		g, m := sw.Ofctl("dump-groups"), sw.Ofctl("dump-meters")
		if strings.Contains(g, "group_id=") != present || strings.Contains(m, "meter=") != present {
			t.Errorf("step %d, want them there %v: %s %s", gen, present, g, m)
		}
	}
	step(1, true, use("a", 1), use("b", 2))
	step(2, true, OwnerFlows{Owner: "a"})
	step(3, true, use("c", 3), OwnerFlows{Owner: "b"})
	step(4, false, OwnerFlows{Owner: "c"})
	if st := c.Status(); st.Refusals != 0 || st.GroupMods != 2 || st.MeterMods != 2 || st.Contested != 0 {
		t.Errorf("status %+v", st)
	}
}

// Owners that list different bodies for one number are told of.
func TestContestedGroup(t *testing.T) {
	c := New(Config{})
	for _, owner := range []string{"b", "a"} {
		c.Update(Update{Flows: []OwnerFlows{{Owner: owner, Groups: []Group{{7, ofp.GroupBody(owner)}}}}})
	}
	st := c.Status()
	if want := []string{"group 7: a has it, b wants another"}; st.Contested != 1 || !slices.Equal(st.Contests, want) {
		t.Errorf("contested %d %q, want %q", st.Contested, st.Contests, want)
	}
}
