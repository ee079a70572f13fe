package ofctrl

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/weft-sdn/weft/ofctrl/ofp"
	"github.com/weft-sdn/weft/ofctrl/ovstest"
)

// After any churn, with hands in the switch and a restart of it in between, the
// switch holds what a table made anew wants.
func TestChurn(t *testing.T) {
	sw := ovstest.StartBridge(t)
	c := start(t, Config{Target: sw.Mgmt(), Log: discard(), BackoffMax: 50 * time.Millisecond})
	rnd := rand.New(rand.NewPCG(1, 2))
	actions := []ofp.Actions{"", out(1), out(2), conj(1, 0, 2), conj(2, 1, 2), conj(3, 2, 3)}
	state := map[string][]Flow{}
	gen := int64(0)
	for step := range 400 {
		u := Update{Gen: gen + 1, Complete: true}
		gen++
		for range 1 + rnd.IntN(3) {
			owner := fmt.Sprint("o", rnd.IntN(20))
			flows := make([]Flow, rnd.IntN(15))
			for i := range flows {
				flows[i] = Flow{
					Table: uint8(1 + rnd.IntN(3)), Priority: uint16(1 + rnd.IntN(3)), Cookie: uint64(1 + rnd.IntN(4)),
					Match: regMatch(uint64(rnd.IntN(20))), Actions: actions[rnd.IntN(len(actions))],
				}
			}
			state[owner] = flows
			u.Flows = append(u.Flows, OwnerFlows{Owner: owner, Flows: flows})
		}
		c.Update(u)
		switch step {
		case 100:
			sw.DeleteFlows(1)
		case 200:
			sw.KillVswitchd()
		case 210:
			sw.StartVswitchd()
		case 300:
			sw.AddDrop(2, 2, "")
		}
	}
	installedGen(t, c, gen)
	waitStatus(t, c, func(s Status) bool { return s.Synced })
	anew := NewTable()
	for o, flows := range state {
		anew.Set(o, Pack(flows), func(Key) {})
	}
	var want []string
	anew.Keys(func(k Key) {
		f, _, _ := anew.Want(k)
		want = append(want, f.String())
	})
	slices.Sort(want)
	var got []string
	waitStatus(t, c, func(Status) bool { // word of the last change by hand may still be on its way
		got = sw.Flows()
		slices.Sort(got)
		return slices.Equal(got, want)
	})
	if st := c.Status(); len(st.Refused) != 0 || st.Installed != len(want) {
		t.Errorf("status %+v", st)
	}
}
