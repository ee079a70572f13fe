package neighbour

import (
	"net/netip"

	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/northd/pipeline"
)

// Routers learn from answers, and from questions of their own networks. What
// an agent knows already is not sent to it again. These are OVN's flows.

// lookup finds out whether what an answer says is known.
func lookup(f *graph.Flows, c protection) {
	then := []lflow.Action{lflow.Next{}}
	if c.Picky { // an answer is always learned from
		then = []lflow.Action{pipeline.Set(pipeline.NeighbourWanted), lflow.Next{}}
	}
	after := func(a lflow.Action) []lflow.Action { return append([]lflow.Action{a}, then...) }
	known := pipeline.LField(pipeline.NeighbourKnown)
	nd := func(mac lflow.Field) lflow.Action {
		return lflow.LookupMAC{V6: true, Dst: known, Port: lflow.Inport, IP: lflow.NDTarget, MAC: mac}
	}
	const stage = pipeline.LRInLookupNeighbor
	f.Add(stage, 105, unsigned(), after(nd(lflow.EthSrc))...)
	f.Add(stage, 100, lflow.Eq(lflow.ARPOp, 2), after(lookupARP())...)
	f.Add(stage, 100, lflow.Bool(lflow.NDNA), after(nd(lflow.NDTLL))...)
	f.Add(stage, 0, nil, pipeline.Set(pipeline.NeighbourKnown), lflow.Next{})
}

// unsigned matches advertisements without an Ethernet address in them: the
// frame's counts.
func unsigned() *lflow.Expr { return lflow.And(lflow.Bool(lflow.NDNA), lflow.Eq(lflow.NDTLL, 0)) }

func lookupARP() lflow.Action {
	return lflow.LookupMAC{Dst: pipeline.LField(pipeline.NeighbourKnown), Port: lflow.Inport, IP: lflow.ARPSPA, MAC: lflow.ARPSHA}
}

// lookupFrom finds out whether who asks in one of the port's networks is
// known. A picky router also finds out whether it wants to know: who asks for the
// port, or has another address than the one that is known. Behind
// a gateway port its chassis learns.
func lookupFrom(f *graph.Flows, p *model.RouterPort, picky bool) {
	here := lflow.And(lflow.Eq(lflow.Inport, p.Name), model.Resident(p.Redirect))
	for _, fam := range model.Families() {
		for _, n := range p.Subnets(fam, false) {
			asks, known := asksFrom(n)
			if !picky {
				f.Add(pipeline.LRInLookupNeighbor, 100, lflow.And(here, asks), known, lflow.Next{})
				continue
			}
			f.Add(pipeline.LRInLookupNeighbor, 110, lflow.And(here, asks, asksFor(fam, p)), known, pipeline.Set(pipeline.NeighbourWanted), lflow.Next{})
			f.Add(pipeline.LRInLookupNeighbor, 100, lflow.And(here, asks), known, lookupIP(fam), lflow.Next{})
		}
	}
}

// asksFrom matches questions from a network, and looks up who asks.
func asksFrom(n netip.Prefix) (*lflow.Expr, lflow.Action) {
	if n.Addr().Is4() {
		return lflow.And(lflow.Eq(lflow.ARPSPA, n.Masked()), lflow.Eq(lflow.ARPOp, 1)), lookupARP()
	}
	return lflow.And(lflow.Eq(lflow.IP6Src, n.Masked()), lflow.Bool(lflow.NDNS)),
		lflow.LookupMAC{V6: true, Dst: pipeline.LField(pipeline.NeighbourKnown), Port: lflow.Inport, IP: lflow.IP6Src, MAC: lflow.NDSLL}
}

// asksFor matches questions for an address of the port.
func asksFor(fam *model.Family, p *model.RouterPort) *lflow.Expr {
	target := lflow.ARPTPA
	if fam.V6 {
		target = lflow.NDTarget
	}
	return lflow.OneOf(target, p.Addresses(fam))
}

// lookupIP finds out whether anything is known of who asks.
func lookupIP(fam *model.Family) lflow.Action {
	a := lflow.LookupIP{V6: fam.V6, Dst: pipeline.LField(pipeline.NeighbourWanted), Port: lflow.Inport, IP: lflow.ARPSPA}
	if fam.V6 {
		a.IP = lflow.IP6Src
	}
	return a
}

// learn lets agents learn what is not known. What is neither known nor to be
// learned does not come here.
func learn(f *graph.Flows, c protection) {
	put := func(priority uint16, match *lflow.Expr, meter string, a lflow.PutMAC) {
		a.Port, f.Meter = lflow.Inport, meter
		f.Add(pipeline.LRInLearnNeighbor, priority, match, a, lflow.Next{})
		f.Meter = ""
	}
	nobody := lflow.Or(lflow.Eq(lflow.IP6Src, 0), lflow.Eq(lflow.NDSLL, 0)) // asks: RFC 4862, section 5.4
	done := pipeline.Is(pipeline.NeighbourKnown)
	if c.Picky {
		done = lflow.Or(done, pipeline.IsNot(pipeline.NeighbourWanted))
	}
	f.Add(pipeline.LRInLearnNeighbor, 100, done, lflow.Next{})
	f.Add(pipeline.LRInLearnNeighbor, 95, lflow.And(lflow.Bool(lflow.NDNS), nobody), lflow.Next{})
	put(95, unsigned(), c.NDNA, lflow.PutMAC{V6: true, IP: lflow.NDTarget, MAC: lflow.EthSrc})
	put(90, lflow.Bool(lflow.ARP), c.ARP, lflow.PutMAC{IP: lflow.ARPSPA, MAC: lflow.ARPSHA})
	put(90, lflow.Bool(lflow.NDNA), c.NDNA, lflow.PutMAC{V6: true, IP: lflow.NDTarget, MAC: lflow.NDTLL})
	put(90, lflow.Bool(lflow.NDNS), c.NDNS, lflow.PutMAC{V6: true, IP: lflow.IP6Src, MAC: lflow.NDSLL})
	f.Add(pipeline.LRInLearnNeighbor, 0, nil, lflow.Drop{})
}
