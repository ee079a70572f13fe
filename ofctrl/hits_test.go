package ofctrl

import (
	"testing"
	"time"

	"github.com/weft-sdn/weft/ofctrl/ofp"
	"github.com/weft-sdn/weft/ofctrl/ovstest"
)

// TestHits: how many packets the flows of one owner have seen, and of no other.
func TestHits(t *testing.T) {
	answers := make(chan []ofp.Hits, 16)
	sw := ovstest.StartBridge(t)
	c := start(t, Config{Target: sw.Mgmt(), Hits: func(h []ofp.Hits) { answers <- h }})
	flow := func(reg, cookie uint64) Flow {
		var m ofp.MatchBuilder
		m.Set(ofp.Reg0, reg)
		return Flow{Table: 9, Priority: 1, Cookie: cookie, Match: m.Match()}
	}
	flows := []Flow{flow(1, 7), flow(2, 7), flow(3, 8)}
	c.Update(Update{Gen: 1, Complete: true, Flows: []OwnerFlows{{Owner: "a", Flows: flows}}})
	installedGen(t, c, 1)
	var a ofp.ActionBuilder
	a.Resubmit(9)
	actions := a.Actions()
	for reg, n := range map[uint64]int{1: 3, 3: 5} {
		var m ofp.MatchBuilder
		m.Set(ofp.InPort, uint64(ofp.PortController))
		m.Set(ofp.Reg0, reg)
		for range n {
			if err := c.PacketOut(&ofp.PacketOut{Fields: m.Match(), Actions: actions, Packet: make([]byte, 60)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	want := map[ofp.Match]uint64{flows[0].Match: 3, flows[1].Match: 0}
	for deadline := time.Now().Add(10 * time.Second); ; {
		if err := c.AskHits(9, 7); err != nil {
			t.Fatal(err)
		}
		got := map[ofp.Match]uint64{}
		for _, h := range <-answers {
			got[h.Match] = h.Packets
			if h.Table != 9 {
				t.Errorf("%+v", h)
			}
		}
		if len(got) == 2 && got[flows[0].Match] == want[flows[0].Match] && got[flows[1].Match] == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
}
