package router

import (
	"net/netip"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/northd/pipeline"
)

// Packets to the router's own addresses: questions for its Ethernet address
// and pings are answered, of the rest the sender is told that nobody is there.
// These are OVN's flows, with one flow for all addresses of a port.

// dropOwnSources drops packets that claim to come from the router, or from a
// broadcast address. A network of 31 bits has none: RFC 3021. What tells of another
// packet begins anew, and does come from the router.
func dropOwnSources(f *graph.Flows, p *model.RouterPort) {
	var sources []any
	for _, n := range p.OfFamily(false) {
		sources = append(sources, n.Addr())
		if n.Bits() < 31 {
			sources = append(sources, broadcast(n))
		}
	}
	if len(sources) > 0 {
		f.Add(pipeline.LRInIPInput, 100, lflow.And(lflow.Eq(lflow.IP4Src, sources...), pipeline.IsNot(pipeline.EgressLoopback)), lflow.Drop{})
	}
}

// broadcast is the last address of an IPv4 network.
func broadcast(n netip.Prefix) netip.Addr {
	a := n.Addr().As4()
	for i := n.Bits(); i < 32; i++ {
		a[i/8] |= 0x80 >> (i % 8)
	}
	return netip.AddrFrom4(a)
}

// answerQuestions answers ARP requests and neighbour solicitations that come
// in by the port: ARP from its networks only, but where hosts outside ask, which may
// have addresses of other ones. Of a gateway port its chassis does,
// so that others see one answer, and learn where it is.
func (ft *feature) answerQuestions(r *incr.Reader, f *graph.Flows, p *model.RouterPort) {
	mac := pipeline.LField(pipeline.InportMAC)
	here := lflow.And(lflow.Eq(lflow.Inport, p.Name), model.Resident(ft.m.CentralAt(r, p)))
	back := []lflow.Action{
		lflow.Move{Dst: lflow.Outport, Src: lflow.Inport},
		pipeline.Set(pipeline.RouterLoopback),
		lflow.Output{},
	}
	outside := ft.m.IsCentral(r, p.Router)
	for _, n := range p.OfFamily(false) {
		asked := lflow.And(here, lflow.Eq(lflow.ARPOp, 1), lflow.Eq(lflow.ARPTPA, n.Addr()))
		if !outside {
			asked = lflow.And(asked, lflow.Eq(lflow.ARPSPA, n.Masked()))
		}
		f.Add(pipeline.LRInIPInput, 90, asked, append([]lflow.Action{
			lflow.Move{Dst: lflow.EthDst, Src: lflow.EthSrc},
			lflow.Move{Dst: lflow.EthSrc, Src: mac},
			lflow.SetTo(lflow.ARPOp, 2),
			lflow.Move{Dst: lflow.ARPTHA, Src: lflow.ARPSHA},
			lflow.Move{Dst: lflow.ARPSHA, Src: mac},
			lflow.Exchange{A: lflow.ARPTPA, B: lflow.ARPSPA},
		}, back...)...)
	}
	for _, n := range p.OfFamily(true) {
		a := n.Addr()
		asked := lflow.And(here, lflow.Eq(lflow.IP6Dst, a, model.SolicitedNode(a)), lflow.Bool(lflow.NDNS), lflow.Eq(lflow.NDTarget, a))
		ft.metered(r, f, p.Router, "nd-na", 90, asked, lflow.Nested{Kind: lflow.NestNDNARouter, Actions: append(lflow.Actions{
			lflow.Move{Dst: lflow.EthSrc, Src: mac},
			lflow.Move{Dst: lflow.IP6Src, Src: lflow.NDTarget},
			lflow.Move{Dst: lflow.NDTLL, Src: mac},
		}, back...)})
	}
}

// own answers pings of the port's addresses, whatever port they come in by,
// and refuses the rest, unless the router has to do with a gateway: then they
// may belong to connections that it translates. Fragments that do not show what
// they belong to are dropped.
func (ft *feature) own(r *incr.Reader, f *graph.Flows, p *model.RouterPort, fam *model.Family) {
	addrs := values(p.Addresses(fam))
	if len(addrs) == 0 {
		return
	}
	mine := lflow.Eq(fam.Dst, addrs...)
	back := lflow.Exchange{A: fam.Dst, B: fam.Src}
	f.Add(pipeline.LRInIPInput, 90, lflow.And(mine, lflow.Eq(fam.Type, fam.EchoRequest), lflow.Eq(fam.Code, 0)),
		back, lflow.SetTo(lflow.IPTTL, 255), lflow.SetTo(fam.Type, fam.EchoReply), pipeline.Set(pipeline.RouterLoopback), lflow.Next{})

	f.Add(pipeline.LRInIPInput, 60, mine, lflow.Drop{})
	if ft.m.IsCentral(r, p.Router) {
		return
	}
	whole := lflow.And(mine, lflow.Not(lflow.Bool(laterFrag)))
	turn := lflow.Actions{lflow.Exchange{A: lflow.EthDst, B: lflow.EthSrc}, back}
	unreachable := func(code int) lflow.Action {
		return lflow.Nested{Kind: fam.Error, Actions: append(turn[:len(turn):len(turn)],
			lflow.SetTo(lflow.IPTTL, 255), lflow.SetTo(fam.Type, fam.Unreachable), lflow.SetTo(fam.Code, code), lflow.Next{})}
	}
	reset := func(kind lflow.NestedKind) lflow.Action {
		return lflow.Nested{Kind: kind, Actions: append(turn[:len(turn):len(turn)], lflow.Next{})}
	}
	ft.metered(r, f, p.Router, fam.ErrorProtocol, 80, lflow.And(whole, lflow.Bool(lflow.UDP)), unreachable(fam.BadPort))
	ft.metered(r, f, p.Router, "tcp-reset", 80, lflow.And(whole, lflow.Bool(lflow.TCP)), reset(lflow.NestTCPReset))
	ft.metered(r, f, p.Router, "tcp-reset", 80, lflow.And(whole, lflow.Bool(lflow.SCTP)), reset(lflow.NestSCTPAbort))
	ft.metered(r, f, p.Router, fam.ErrorProtocol, 70, whole, unreachable(fam.BadProtocol))
}
