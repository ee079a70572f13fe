package bfd

import (
	"net/netip"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/northd/pipeline"
)

// controlPort is where control packets go to: RFC 5881, section 4.
const controlPort = 3784

// single matches packets that have passed no router: RFC 5881, section 5. The rest
// is not for the agent.
func single() *lflow.Expr {
	return lflow.And(lflow.Eq(lflow.UDPDst, controlPort), lflow.Eq(lflow.IPTTL, 255))
}

// flows take control packets to the agent where the port has sessions, and those
// that the agent sends to their peers.
func (ft *feature) flows(r *incr.Reader, f *graph.Flows, p *model.RouterPort) {
	var peers []netip.Addr
	for _, s := range incr.Each(r, ft.byPort, p.Name) {
		peers = append(peers, s.Peer)
	}
	here := lflow.Eq(lflow.Inport, p.Name)
	for _, fam := range model.Families() {
		own := p.Addresses(fam)
		of := ofFamily(peers, fam.V6)
		if len(own) == 0 || len(of) == 0 {
			continue
		}
		f.Add(pipeline.LRInIPInput, 110, lflow.And(here, lflow.OneOf(fam.Src, own), single()), lflow.Next{})
		f.Meter = ft.copp.Of(r, p.Router, "bfd")
		f.Add(pipeline.LRInIPInput, 110, lflow.And(here, lflow.OneOf(fam.Dst, own), single()), lflow.HandleBFD{})
		f.Meter = ""
		for _, peer := range of {
			send(f, p, fam, peer)
		}
	}
}

// send sends what the agent says to a peer. It goes straight to the peer, whatever
// routes and policies say of its address, and with the TTL that the peer looks for:
// OVN routes it as any packet, so that it arrives with 254.
func send(f *graph.Flows, p *model.RouterPort, fam *model.Family, peer netip.Addr) {
	from := p.SourceTowards(peer)
	match := lflow.And(lflow.Eq(lflow.Inport, p.Name), lflow.Eq(fam.Src, from), lflow.Eq(fam.Dst, peer), single())
	then := model.Forward(p, peer, from, fam)
	then[len(then)-1] = pipeline.Jump(pipeline.LRInSegment)
	f.Add(pipeline.LRInIPRouting, 10500, match, then...)
}

func ofFamily(all []netip.Addr, v6 bool) (of []netip.Addr) {
	for _, a := range all {
		if a.Is6() == v6 {
			of = append(of, a)
		}
	}
	return of
}
