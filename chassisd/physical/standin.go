package physical

import (
	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/ofctrl"
)

// StandIn takes what is sent to a port that stands for another one of its
// datapath to that one, with the zone of the first: OVN's chassisredirect ports.
func StandIn(p Port, key uint16) []ofctrl.Flow {
	m := maker{cookie: p.Cookie}
	m.to(p.Datapath, uint32(p.Key))
	m.mark(p.Zones.marks(p.Groups))
	m.enter(p.Datapath, p.Bits)
	m.set(regOutport, uint32(key))
	m.act.Resubmit(lower.TableCheckLoopback)
	m.add(lower.TableLocalOutput, prioPort)
	return m.flows
}
