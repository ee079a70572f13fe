package ofctrl

import (
	"errors"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// hand is a switch that does what batches say, and a hand in it.
type hand struct {
	st      *state
	have    *switchState
	flows   map[Key]installed
	pending *batch // sent, not yet noted
}

// apply does what a batch says; what it refuses is told.
func (h *hand) apply(b *batch) {
	var items []item
	for i := range b.flows {
		op := &b.flows[i]
		switch {
		case op.delete:
			delete(h.flows, op.key)
		case op.want.cookie == badCookie:
			h.st.refuseFlow(op, errors.New("bad"))
			continue
		default:
			h.flows[op.key] = op.want
		}
		items = append(items, item{flow: op})
	}
	h.st.noteFlows(items)
	for _, g := range b.groups {
		setBody(h.have.groups, g.id, g.body)
	}
	h.st.finished(b)
}

// badCookie is the cookie of flows that the switch refuses.
const badCookie = 3

// change is what a flow monitor tells of a change by somebody else.
func (h *hand) change(f Flow, delete bool) {
	s := session{c: &Controller{st: h.st}}
	h.st.mu.Lock()
	defer h.st.mu.Unlock()
	u := ofp.FlowUpdate{Event: ofp.FlowEventAdded, Flow: ofp.FlowDesc{
		Table: f.Table, Priority: f.Priority, Cookie: f.Cookie, OXM: []byte(f.Match), Actions: []byte(f.Actions),
	}}
	if delete {
		u.Event = ofp.FlowEventRemoved
	}
	s.updateLocked(&u)
}

// Whatever happens in whatever order, also between the sending of a batch and
// its end, the switch holds in the end what is wanted and nothing else; what is
// remembered meanwhile is bounded by that.
func TestStateConverges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := &hand{st: newState(), have: newSwitchState(), flows: map[Key]installed{}}
		owners := map[string][]Flow{}
		flowGen := rapid.Custom(func(t *rapid.T) Flow {
			return Flow{
				Table: 1, Priority: 1, Cookie: uint64(rapid.IntRange(1, badCookie).Draw(t, "cookie")),
				Match: regMatch(uint64(rapid.IntRange(0, 6).Draw(t, "match"))), Actions: rapid.SampledFrom([]ofp.Actions{"", out(1), conj(1, 0, 2), conj(2, 0, 2)}).Draw(t, "actions"),
			}
		})
		h.st.update(Update{Complete: true})
		for range rapid.IntRange(1, 50).Draw(t, "steps") {
			switch rapid.IntRange(0, 4).Draw(t, "step") {
			case 0:
				if h.pending == nil {
					b := h.st.take(h.have)
					h.pending = &b
				}
			case 1:
				if h.pending != nil {
					h.apply(h.pending)
					h.pending = nil
				}
			case 2:
				f := flowGen.Filter(func(f Flow) bool { return f.Cookie != badCookie }).Draw(t, "by hand")
				remove := rapid.Bool().Draw(t, "remove")
				if remove {
					delete(h.flows, f.Key())
				} else {
					h.flows[f.Key()] = installed{cookie: f.Cookie, actions: f.Actions}
				}
				h.change(f, remove)
			default:
				owner := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "owner")
				owners[owner] = rapid.SliceOfN(flowGen, 0, 5).Draw(t, "flows")
				h.st.update(Update{Flows: []OwnerFlows{{Owner: owner, Flows: owners[owner]}}})
			}
			for k := range h.st.dirty {
				if _, ok := h.st.table.places[h.st.table.hash(k)]; !ok && h.st.refused[k].err == nil {
					t.Fatalf("%v is neither wanted nor there, and remembered", k)
				}
			}
		}
		for n := 0; h.pending != nil || len(h.st.wake) > 0; n++ {
			if n > 10 {
				t.Fatal("no end")
			}
			select {
			case <-h.st.wake:
			default:
			}
			if h.pending != nil {
				h.apply(h.pending)
			}
			b := h.st.take(h.have)
			if h.pending = &b; len(b.flows) == 0 {
				h.st.finished(&b)
				h.pending = nil
			}
		}
		m := model{owners: owners}
		want, _ := m.want()
		for k := range want {
			if f, _, _ := h.st.table.Want(k); f.Cookie == badCookie {
				delete(want, k)
			}
		}
		got := map[Key]string{}
		for k, v := range h.flows {
			_, owner, _ := h.st.table.Want(k)
			got[k] = owner + " " + Flow{k.Table, k.Priority, v.cookie, k.Match, v.actions}.String()
		}
		if !maps.Equal(got, want) {
			t.Fatalf("the switch holds %v\nwant %v", slices.Sorted(maps.Values(got)), slices.Sorted(maps.Values(want)))
		}
		if st := h.st; len(st.dirty) != 0 || st.table.held != len(want) {
			t.Fatalf("%d keys dirty, %d held of %d", len(st.dirty), st.table.held, len(want))
		}
	})
}
