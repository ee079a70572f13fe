package northd

import (
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/pipeline"
)

// lookup sends packets to the port that has the destination address, groups'
// to all ports, and others to the ports with addresses "unknown".
//
// Unlike OVN, northd does not let the agent learn addresses of such ports yet:
// what OVN asks get_fdb goes to all of them. An address that two ports of a
// switch have gets one flow, not two that contradict each other.
func lookup() feature {
	return feature{
		name: "lookup",
		class: func(f *flows, c class) {
			f.add(pipeline.LSInL2Lkup, 70, lflow.Bool(lflow.EthMcast), outputTo(floodGroup)...)
			f.add(pipeline.LSInL2Lkup, 0, nil, lflow.Next{})
			if c.Unknown {
				f.add(pipeline.LSInL2Unknown, 0, nil, outputTo(unknownGroup)...)
			} else {
				f.add(pipeline.LSInL2Unknown, 0, nil, lflow.Drop{})
			}
		},
		port: func(c *Compiler, r *incr.Reader, f *flows, p *lport) {
			for _, a := range p.Addresses {
				if incr.Lookup(r, c.portsByMAC, macOnSwitch{p.Switch, a.MAC})[0] != p.UUID {
					f.problems.add("addresses", a.MAC.String()+" belongs to another port of the switch already")
					continue
				}
				to := outputTo(p.Name)
				if !p.Enabled {
					to = []lflow.Action{lflow.Drop{}}
				}
				f.add(pipeline.LSInL2Lkup, 50, lflow.Eq(lflow.EthDst, a.MAC), to...)
			}
		},
	}
}

func outputTo(port string) []lflow.Action {
	return []lflow.Action{lflow.SetTo(lflow.Outport, port), lflow.Output{}}
}
