package physical

import (
	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/ofctrl"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// Patch joins a port to its peer on another datapath: what leaves by the port
// enters by the peer, on the same machine. Nothing of the pipeline that the
// packet leaves goes with it, nor what conntrack said of it; but it still knows
// by which OpenFlow port it came (see Static on packets that go back there). It
// is done to a copy, so that a packet to a group goes on to the next member as it
// was.
func Patch(p, peer Port) []ofctrl.Flow {
	m := maker{cookie: p.Cookie}
	if !p.Router {
		m.leave(p)
	}
	m.to(p.Datapath, uint32(p.Key))
	clone := m.act.BeginClone()
	m.act.CTClear()
	m.mark(peer.Zones.marks(peer.Groups))
	m.enter(peer.Datapath, peer.Bits)
	m.set(regInport, uint32(peer.Key))
	m.set(regFlags, 0)
	m.set(regOutport, 0)
	for r := range NumLogRegs {
		m.set(ofp.Reg(r), 0)
	}
	m.act.Resubmit(lower.TableLogIngress)
	m.act.End(clone)
	m.add(lower.TableLogToPhy, prioPort)
	return m.flows
}

// Router takes packets for all ports of a router to the egress pipeline. They are
// ends of patches, alike but for where they lead; and what a router sends back
// where it came from says that it may. So there is one flow for all, and none that
// looks for loops. Of p, the datapath counts, with its bits and zones.
func Router(p Port) []ofctrl.Flow {
	m := maker{cookie: p.Cookie}
	m.on(p.Datapath)
	m.mark(p.Zones.marks(0))
	m.enter(p.Datapath, p.Bits)
	m.act.Resubmit(lower.TableCheckLoopback)
	m.add(lower.TableLocalOutput, prioDatapath)
	return m.flows
}
