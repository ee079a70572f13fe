package physical

import (
	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/ofctrl"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// StandIn takes what is sent to a port that stands for another one of its
// datapath to that one, with the zone of the first: OVN's chassisredirect ports.
// The packet forgets the tunnel that it came by: it may have to go back there.
func StandIn(p Port, key uint16) []ofctrl.Flow {
	m := maker{cookie: p.Cookie}
	m.to(p.Datapath, uint32(p.Key))
	m.mark(p.Zones.marks(p.Groups))
	m.enter(p.Datapath, p.Bits)
	m.set(regOutport, uint32(key))
	m.act.SetField(ofp.InPort, ofp.U64(uint64(ofp.PortAny)))
	m.act.Resubmit(lower.TableCheckLoopback)
	m.add(lower.TableLocalOutput, prioPort)
	return m.flows
}
