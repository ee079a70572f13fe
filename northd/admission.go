package northd

import (
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/pipeline"
)

// admission drops what nobody may send: packets from a group's address, with a
// VLAN tag, and all from a disabled port. These are OVN's flows.
func admission() feature {
	const stage = pipeline.LSInCheckPortSec
	return feature{
		name: "admission",
		class: func(f *flows, c class) {
			if !c.VLANPassthru {
				f.add(stage, 100, lflow.Bool(lflow.VlanPresent), lflow.Drop{})
			}
			f.add(stage, 100, lflow.Bool(lflow.EthSrc.Bit(40)), lflow.Drop{})
			f.add(stage, 0, nil, lflow.Next{})
		},
		port: func(_ *Compiler, _ *incr.Reader, f *flows, p *lport) {
			if !p.Enabled {
				f.add(stage, 100, inport(p), fail(pipeline.PortSecDropIn)...)
			}
		},
	}
}
