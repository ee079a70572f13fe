package l2

import (
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/northd/pipeline"
)

// Admission drops what nobody may send: packets from a group's address, with a
// VLAN tag, and all from a disabled port. These are OVN's flows.

func admitAll(_ *incr.Reader, f *graph.Flows, k model.SwitchKind) {
	if !k.VLANPassthru {
		f.Add(pipeline.LSInCheckPortSec, 100, lflow.Bool(lflow.VlanPresent), lflow.Drop{})
	}
	f.Add(pipeline.LSInCheckPortSec, 100, lflow.Bool(lflow.EthSrc.Bit(40)), lflow.Drop{})
	f.Pass(pipeline.LSInCheckPortSec)
}

func admitPort(_ *incr.Reader, f *graph.Flows, p *model.SwitchPort) {
	if p.Handled && !p.Enabled {
		f.Add(pipeline.LSInCheckPortSec, 100, lflow.Eq(lflow.Inport, p.Name), pipeline.Set(pipeline.PortSecDropIn), lflow.Next{})
	}
}
