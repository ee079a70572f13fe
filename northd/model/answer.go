package model

import (
	"net/netip"

	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/pipeline"
)

// SendBack outputs a packet by the port that it came in by.
func SendBack() []lflow.Action {
	return []lflow.Action{
		lflow.Move{Dst: lflow.Outport, Src: lflow.Inport},
		pipeline.Set(pipeline.Loopback), // the flag of routers, too
		lflow.Output{},
	}
}

// AnswerARP turns a request round: whatever address it is for is at mac.
func AnswerARP(mac lflow.MAC) []lflow.Action {
	return append([]lflow.Action{
		lflow.Move{Dst: lflow.EthDst, Src: lflow.EthSrc},
		lflow.SetTo(lflow.EthSrc, mac),
		lflow.SetTo(lflow.ARPOp, 2),
		lflow.Move{Dst: lflow.ARPTHA, Src: lflow.ARPSHA},
		lflow.SetTo(lflow.ARPSHA, mac),
		lflow.Exchange{A: lflow.ARPTPA, B: lflow.ARPSPA},
	}, SendBack()...)
}

// AnswerND answers a neighbour solicitation likewise: as a router, or as a host.
func AnswerND(kind lflow.NestedKind, mac lflow.MAC) lflow.Action {
	return lflow.Nested{Kind: kind, Actions: append(lflow.Actions{
		lflow.SetTo(lflow.EthSrc, mac),
		lflow.Move{Dst: lflow.IP6Src, Src: lflow.NDTarget},
		lflow.SetTo(lflow.NDTLL, mac),
	}, SendBack()...)}
}

// AnswerOutside has a router answer those who ask for an address that is none of its
// ports', as of NAT or of a load balancer, where here matches: it is at mac. The meter is
// that of answers to neighbour solicitations.
func AnswerOutside(f *graph.Flows, here *lflow.Expr, ip netip.Addr, mac lflow.MAC, meter string) {
	if ip.Is4() {
		f.Add(pipeline.LRInIPInput, 92, lflow.And(here, lflow.Eq(lflow.ARPOp, 1), lflow.Eq(lflow.ARPTPA, ip)), AnswerARP(mac)...)
		return
	}
	f.Meter = meter
	f.Add(pipeline.LRInIPInput, 92, lflow.And(here, lflow.Eq(lflow.IP6Dst, ip, SolicitedNode(ip)), lflow.Bool(lflow.NDNS), lflow.Eq(lflow.NDTarget, ip)), AnswerND(lflow.NestNDNA, mac))
	f.Meter = ""
}

// PassOwn has packets for an address of a router's own go on, where it translates or
// balances what comes to it: the stage looks at them again, as at those for others, so
// that none passes at its end. The match is a text: that of a template has variables.
func PassOwn(f *graph.Flows, to string) {
	f.AddText(pipeline.LRInIPInput, 65, pipeline.Is(pipeline.OwnAddress).String()+" && "+to,
		pipeline.Clear(pipeline.OwnAddress), pipeline.Set(pipeline.OfOthersToo), pipeline.Jump(pipeline.LRInIPInput))
}

// AsksAll matches who asks all for an address.
func AsksAll(ip netip.Addr) *lflow.Expr {
	if ip.Is6() {
		return lflow.And(lflow.Bool(lflow.EthMcast), lflow.Bool(lflow.NDNS), lflow.Eq(lflow.NDTarget, ip))
	}
	return lflow.And(lflow.Eq(lflow.EthDst, lflow.Broadcast), lflow.Eq(lflow.ARPOp, 1), lflow.Eq(lflow.ARPTPA, ip))
}

// NeighbourDiscovery matches IPv6's own traffic, which no ACL keeps away and which
// belongs to no connection.
func NeighbourDiscovery() *lflow.Expr {
	return lflow.Or(lflow.Bool(lflow.ND), lflow.Bool(lflow.NDRA), lflow.Bool(lflow.NDRS),
		lflow.Bool(lflow.F("mldv1")), lflow.Bool(lflow.F("mldv2")))
}
