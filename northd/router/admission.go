package router

import (
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/northd/pipeline"
)

// Admission takes frames for a port's Ethernet address, or a group's, without
// a VLAN tag and not from a group; delivery outputs all. A disabled port does
// neither. What comes in by a gateway port is taken in by its chassis, but for
// what groups hear. OVN has the flows for groups and those of delivery for each
// port.

func admitGroups(f *graph.Flows) {
	f.Add(pipeline.LRInAdmission, 100, lflow.Or(lflow.Bool(lflow.VlanPresent), lflow.Bool(lflow.EthSrc.Bit(40))), lflow.Drop{})
	f.Add(pipeline.LRInAdmission, 50, lflow.Bool(lflow.EthMcast), lflow.Next{})
	f.Add(pipeline.LRInAdmission, 0, nil, lflow.Drop{})
}

func (ft *feature) admit(r *incr.Reader, f *graph.Flows, p *model.RouterPort) {
	here := lflow.Eq(lflow.Inport, p.Name)
	if !p.Enabled {
		f.Add(pipeline.LRInAdmission, 60, here, lflow.Drop{})
		return
	}
	f.Add(pipeline.LRInAdmission, 50, lflow.And(lflow.OneOf(lflow.EthDst, ft.m.MACsOf(r, p)), here, model.Resident(p.Redirect)), lflow.Next{})
}

func deliverAll(f *graph.Flows) { f.Add(pipeline.LROutDelivery, 0, nil, lflow.Output{}) }

func deliver(f *graph.Flows, p *model.RouterPort) {
	if !p.Enabled {
		f.Add(pipeline.LROutDelivery, 100, lflow.Eq(lflow.Outport, p.Name), lflow.Drop{})
	}
}
