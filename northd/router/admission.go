package router

import (
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/northd/pipeline"
)

// Admission takes frames for a port's Ethernet address, or a group's, without
// a VLAN tag and not from a group; delivery outputs them. A disabled port does
// neither. What comes in by a gateway port is taken in by its chassis, but for
// what groups hear. These are OVN's flows.

func admitNobody(f *graph.Flows) {
	f.Add(pipeline.LRInAdmission, 100, lflow.Or(lflow.Bool(lflow.VlanPresent), lflow.Bool(lflow.EthSrc.Bit(40))), lflow.Drop{})
	f.Add(pipeline.LRInAdmission, 0, nil, lflow.Drop{})
}

func admit(f *graph.Flows, p *model.RouterPort) {
	if !p.Enabled {
		return
	}
	here := lflow.Eq(lflow.Inport, p.Name)
	from := lflow.SetTo(pipeline.LField(pipeline.InportMAC), p.MAC)
	f.Add(pipeline.LRInAdmission, 50, lflow.And(lflow.Bool(lflow.EthMcast), here), from, lflow.Next{})
	f.Add(pipeline.LRInAdmission, 50, lflow.And(lflow.Eq(lflow.EthDst, p.MAC), here, model.Resident(p.Redirect)), from, lflow.Next{})
}

func deliverNothing(f *graph.Flows) { f.Add(pipeline.LROutDelivery, 0, nil, lflow.Drop{}) }

func deliver(f *graph.Flows, p *model.RouterPort) {
	if p.Enabled {
		f.Add(pipeline.LROutDelivery, 100, lflow.Eq(lflow.Outport, p.Name), lflow.Output{})
	}
}
