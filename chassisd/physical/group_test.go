package physical

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/ofctrl"
	"github.com/weft-sdn/weft/ofctrl/ofp"
	"github.com/weft-sdn/weft/ofctrl/ovstest"
)

// TestBigGroup: a broadcast to more ports than one flow may serve, each behind an
// egress pipeline with all of its stages, reaches them all, once, whatever its
// protocol.
func TestBigGroup(t *testing.T) {
	ovs := ovstest.StartBridge(t, "p1", "p2")
	const members, patches = 5*localSpan + 1, 3*patchSpan + 1
	g := Group{Datapath: 1, Key: 0x8000, Tunnels: []uint32{2}}
	flows := Static()
	for i := range members + patches {
		p := Port{Datapath: 1, Key: uint16(i + 1), Ofport: 1, Zones: zones(uint16(i + 1))}
		if i < members {
			g.Local = append(g.Local, p.Member())
		} else {
			g.Patches = append(g.Patches, p.Member())
		}
		for _, f := range Local(p) {
			if f.Table == lower.TableLogToPhy {
				f.Actions = "" // who got a copy is counted
			}
			if f.Table != lower.TablePhyToLog || p.Key == 1 {
				flows = append(flows, f)
			}
		}
	}
	flows = append(flows, Multicast(g)...)
	for table := uint8(lower.TableLogIngress); table < lower.TableSaveInport; table++ {
		next := table + 1
		switch {
		case table == lower.TableLogIngress:
			flows = append(flows, pipeline(table, 0x8000, lower.TableOutputLargeDetect))
		case table >= lower.TableLogEgress:
			flows = append(flows, pipeline(table, 0, next))
		}
	}
	c := ofctrl.New(ofctrl.Config{Target: ovs.Mgmt()})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = c.Run(ctx) }()
	defer func() { cancel(); <-done }()
	c.Update(ofctrl.Update{Gen: 1, Complete: true, Flows: []ofctrl.OwnerFlows{{Owner: "all", Flows: flows, Groups: StaticGroups()}}})
	for gen := range c.Installed() {
		if gen == 1 {
			break
		}
	}
	if s := c.Status(); len(s.Refused) > 0 {
		t.Fatal(s.Refused[0].Err)
	}

	got := regexp.MustCompile(`n_packets=(\d+).*reg15=`)
	const arp = "ffffffffffff404400000001" + "0806" + "0001080006040001" + "4044000000010a000101" + "0000000000000a00014d"
	const udp = "ffffffffffff404400000001" + "0800" + "4500001c00000000401166cf0a0000010a000002" + "0001000200080000"
	for n, packet := range []string{arp, udp} {
		ovs.Appctl("netdev-dummy/receive", "p1", packet)
		// By copies: how many ports have so many.
		copies := func() map[string]int {
			ovs.Appctl("revalidator/wait")
			ports := map[string]int{}
			for line := range strings.Lines(ovs.Ofctl("dump-flows", fmt.Sprintf("table=%d", lower.TableLogToPhy))) {
				if m := got.FindStringSubmatch(line); m != nil {
					ports[m[1]]++
				}
			}
			return ports
		}
		want := map[string]int{"0": 1, fmt.Sprint(n + 1): members + patches - 1} // port 1 sends
		ovs.Eventually(fmt.Sprint("copies ", want), func() bool { return maps.Equal(copies(), want) })
		ovs.Eventually("a copy through the tunnel", func() bool {
			return strings.Contains(ovs.Ofctl("dump-ports", "p2"), fmt.Sprintf("tx pkts=%d,", n+1))
		})
	}
}

// pipeline is a stage that leads on, with an egress port if that is not 0.
func pipeline(table uint8, outport uint32, next uint8) ofctrl.Flow {
	var b ofp.ActionBuilder
	if outport != 0 {
		b.SetField(regOutport, ofp.U64(uint64(outport)))
	}
	b.Resubmit(next)
	return ofctrl.Flow{Table: table, Priority: 1, Actions: b.Actions()}
}
