package ofctrl

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// A list of flows gives back what was put into it, as a whole and one by one,
// and is equal to another where that has the same flows.
func TestFlows(t *testing.T) {
	text := rapid.OneOf(rapid.StringMatching(`[ab]{0,6}`), rapid.StringN(0, 300, 300))
	flow := rapid.Custom(func(t *rapid.T) Flow {
		return Flow{
			Table: rapid.Uint8Range(0, 2).Draw(t, "table"), Priority: rapid.SampledFrom([]uint16{0, 1, 0xffff}).Draw(t, "priority"),
			Cookie: rapid.SampledFrom([]uint64{0, 1, 1 << 40, 1<<64 - 1}).Draw(t, "cookie"),
			Match:  ofp.Match(text.Draw(t, "match")), Actions: ofp.Actions(text.Draw(t, "actions")),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		flows := rapid.SliceOfN(flow, 0, 3*flowBlock+1).Draw(t, "flows")
		f := Pack(flows)
		if f.Len() != len(flows) || !slices.Equal(f.List(), flows) {
			t.Fatalf("%d flows %v\nbecame %d, %v", len(flows), flows, f.Len(), f.List())
		}
		for i, want := range flows {
			if got := f.At(i); got != want {
				t.Fatalf("flow %d is %v, want %v", i, got, want)
			}
		}
		if len(flows) == 0 {
			return
		}
		i := rapid.IntRange(0, len(flows)-1).Draw(t, "other")
		others := slices.Clone(flows)
		others[i] = flow.Draw(t, "flow")
		if (Pack(others) == f) != (others[i] == flows[i]) || Pack(slices.Clone(flows)) != f {
			t.Fatalf("%v and %v: equal %v", flows, others, Pack(others) == f)
		}
	})
}

// Flows that are alike take little.
func TestFlowsAreSmall(t *testing.T) {
	flows := manyFlows(10_000)
	if got := len(Pack(flows)) / len(flows); got > 50 {
		t.Errorf("%d bytes a flow", got)
	}
}

// What a table keeps of a flow is its part of the list and a place, also where
// the switch was read before it was known what is wanted.
func TestTableIsSmall(t *testing.T) {
	const n, each = 40_000, 20
	flows := manyFlows(n)
	lists := make([]Flows, 0, n/each)
	for part := range slices.Chunk(flows, each) {
		lists = append(lists, Pack(part))
	}
	before := heap()
	tab := NewTable()
	for i := range flows {
		tab.hold(flows[i].Key(), installed{cookie: flows[i].Cookie, actions: flows[i].Actions})
	}
	for i, l := range lists {
		tab.Set(fmt.Sprint("unit/", i), l, func(Key) {})
	}
	if per := (heap() - before) / n; per > 70 || tab.wanted != n || tab.held != n {
		t.Errorf("%d bytes a flow beside the lists; %d wanted, %d held", per, tab.wanted, tab.held)
	}
	for i := range lists {
		tab.Set(fmt.Sprint("unit/", i), "", func(Key) {})
	}
	for i := range flows {
		tab.gone(flows[i].Key())
	}
	if len(tab.places)+len(tab.rares)+len(tab.owners) != 0 {
		t.Errorf("%d places, %d rares, %d owners are left of nothing", len(tab.places), len(tab.rares), len(tab.owners))
	}
}
