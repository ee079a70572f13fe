package neighbour

import (
	"net/netip"

	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/northd/pipeline"
)

// resolve asks the agent for what the database does not know.
func resolve(f *graph.Flows) {
	f.Pass(pipeline.LRInSegment)
	for _, v6 := range []bool{false, true} {
		hop, _ := pipeline.HopRegisters(v6)
		f.Add(pipeline.LRInARPResolve, 1, pipeline.HopIs(v6), lflow.GetMAC{V6: v6, Port: lflow.Outport, IP: hop}, lflow.Next{})
	}
	f.Add(pipeline.LRInARPResolve, 0, nil, lflow.Drop{})
}

// isAt is the flow for a next hop that has one of some addresses, all of one
// family, behind an output port or on a segment.
func isAt(f *graph.Flows, where *lflow.Expr, addrs []netip.Addr, mac lflow.MAC) {
	if len(addrs) == 0 {
		return
	}
	v6 := addrs[0].Is6()
	hop, _ := pipeline.HopRegisters(v6)
	f.Add(pipeline.LRInARPResolve, 100, lflow.And(where, pipeline.HopIs(v6), lflow.OneOf(hop, addrs)), lflow.SetTo(lflow.EthDst, mac), lflow.Next{})
}

// resolvePeer knows the other end of a link between two routers.
func resolvePeer(f *graph.Flows, p, peer *model.RouterPort) {
	for _, fam := range model.Families() {
		isAt(f, lflow.Eq(lflow.Outport, p.Name), peer.Addresses(fam), peer.MAC)
	}
}

// resolveBridged sends what is not known to the gateway chassis, over the
// provider network, where the gateway port's address is.
func resolveBridged(f *graph.Flows, p *model.RouterPort) {
	f.Add(pipeline.LRInARPResolve, 50, lflow.And(lflow.Eq(lflow.Outport, p.Name), lflow.Not(lflow.Resident(p.Redirect))), lflow.SetTo(lflow.EthDst, p.MAC), lflow.Next{})
}

// ask makes a question of a packet whose next hop nobody knows; the agent
// keeps the packet and sends it on when the answer is there. Others go out.
func ask(f *graph.Flows, c protection) {
	unknown := lflow.Eq(lflow.EthDst, lflow.MAC{})
	f.Meter = c.ARPResolve
	hop, source := pipeline.HopRegisters(false)
	f.Add(pipeline.LRInARPRequest, 100, lflow.And(unknown, pipeline.HopIs(false)), lflow.Nested{Kind: lflow.NestARP, Actions: lflow.Actions{
		lflow.SetTo(lflow.EthDst, lflow.Broadcast),
		lflow.Move{Dst: lflow.ARPSPA, Src: source},
		lflow.Move{Dst: lflow.ARPTPA, Src: hop},
		lflow.SetTo(lflow.ARPOp, 1),
		lflow.Output{},
	}}, lflow.Output{})
	// OVN's agent asks the group of the packet's destination, in the name of its
	// sender; here the flow says that it is that of the next hop, and that the
	// router asks: RFC 4861, section 7.2.2.
	f.Meter = c.NDNSResolve
	hop, source = pipeline.HopRegisters(true)
	low := hop.Bits(0, 23)
	f.Add(pipeline.LRInARPRequest, 100, lflow.And(unknown, pipeline.HopIs(true)), lflow.Nested{Kind: lflow.NestNDNS, Actions: lflow.Actions{
		lflow.SetTo(lflow.EthDst, lflow.MAC{0x33, 0x33, 0xff}),
		lflow.Move{Dst: lflow.EthDst.Bits(0, 23), Src: low},
		lflow.Move{Dst: lflow.IP6Src, Src: source},
		lflow.SetTo(lflow.IP6Dst, model.SolicitedNode(netip.IPv6Unspecified())),
		lflow.Move{Dst: lflow.IP6Dst.Bits(0, 23), Src: low},
		lflow.Move{Dst: lflow.NDTarget, Src: hop},
		lflow.Output{},
	}}, lflow.Output{})
	f.Meter = ""
	f.Add(pipeline.LRInARPRequest, 0, nil, lflow.Output{})
}
