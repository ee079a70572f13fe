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

// do does what an op says; ok is false where the switch refuses.
func (h *hand) do(op *flowOp) (ok bool) {
	switch {
	case op.delete:
		delete(h.flows, op.key)
	case op.want.cookie == badCookie:
		return false
	default:
		h.flows[op.key] = op.want
	}
	return true
}

// apply does what a batch says; what it refuses is told.
func (h *hand) apply(b *batch) {
	var items []item
	for _, it := range b.items() {
		if it.flow != nil && !h.do(it.flow) {
			h.st.refuseFlow(it.flow, errors.New("bad"))
			continue
		}
		items = append(items, it)
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

// reconnect loses the connection and gets another: what the switch holds is read,
// and sent what it lacks. Of a batch that was on its way nobody knows what became
// of it; the switch has taken it where taken is set.
func (h *hand) reconnect(taken bool) {
	if h.pending != nil && taken {
		for i := range h.pending.flows {
			h.do(&h.pending.flows[i])
		}
	}
	h.st.setConnected(false, nil)
	h.st.beginReading()
	for k, v := range h.flows {
		h.st.mu.Lock()
		h.st.table.hold(k, v)
		h.st.mu.Unlock()
	}
	h.st.endReading()
	h.st.setConnected(true, nil)
	b := h.st.take(h.have)
	h.pending = &b
}

// Whatever happens in whatever order, also between the sending of a batch and
// its end, or instead of that, the switch holds in the end what is wanted and nothing else; what is
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
		for range rapid.IntRange(1, 50).Draw(t, "steps") {
			switch rapid.IntRange(0, 7).Draw(t, "step") {
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
			case 3:
				h.reconnect(rapid.Bool().Draw(t, "taken"))
			case 4:
				h.st.update(Update{Complete: true})
			default:
				owner := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "owner")
				owners[owner] = rapid.SliceOfN(flowGen, 0, 5).Draw(t, "flows")
				h.st.update(Update{Flows: []OwnerFlows{{Owner: owner, Flows: owners[owner]}}})
			}
			if n := len(h.flows); h.st.table.held != n {
				t.Fatalf("%d held, the switch has %d", h.st.table.held, n)
			}
			for k := range h.st.dirty {
				if _, ok := h.st.table.places[h.st.table.hash(k)]; !ok && h.st.refused[k].err == nil {
					t.Fatalf("%v is neither wanted nor there, and remembered", k)
				}
			}
		}
		h.st.update(Update{Complete: true})
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
		bad := map[Key]bool{}
		for k := range want {
			if f, _, _ := h.st.table.Want(k); f.Cookie == badCookie {
				delete(want, k)
				bad[k] = true
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
		for k := range h.st.refused {
			if !bad[k] {
				t.Fatalf("%v is told to be refused, and not wanted", k)
			}
		}
		if st := h.st; len(st.refused) != len(bad) || len(st.dirty) != 0 || st.table.held != len(want) {
			t.Fatalf("%d keys dirty, %d held of %d", len(st.dirty), st.table.held, len(want))
		}
	})
}
