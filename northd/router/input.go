package router

import (
	"net/netip"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/northd/pipeline"
)

// input is what no router routes: redirects, impossible addresses (RFC 1812,
// section 5.3.7), questions that no port has answered, packets to groups, and
// those that have run out of hops. These are OVN's flows, but for the mark of
// the last.
func input(f *graph.Flows) {
	drop := func(priority uint16, match *lflow.Expr) {
		f.Add(pipeline.LRInIPInput, priority, match, lflow.Drop{})
	}
	for _, fam := range model.Families() {
		drop(110, lflow.Eq(fam.Type, fam.Redirect))
	}
	impossible := []*lflow.Expr{lflow.Bool(lflow.F("ip4.src_mcast")), lflow.Eq(lflow.IP4Src, netip.MustParseAddr("255.255.255.255"))}
	for _, net := range []string{"127.0.0.0/8", "0.0.0.0/8"} {
		impossible = append(impossible, lflow.Eq(lflow.IP4Src, netip.MustParsePrefix(net)), lflow.Eq(lflow.IP4Dst, netip.MustParsePrefix(net)))
	}
	drop(100, lflow.Or(impossible...))
	drop(85, lflow.Or(lflow.Bool(lflow.ARP), lflow.Bool(lflow.ND)))
	f.Add(pipeline.LRInIPInput, 84, lflow.Or(lflow.Bool(lflow.NDRS), lflow.Bool(lflow.NDRA)), lflow.Next{})
	drop(82, lflow.Or(lflow.Bool(lflow.IP4Mcast), lflow.Bool(lflow.IP6Mcast)))
	drop(50, lflow.Bool(lflow.EthBcast))
	again(f, 32, lflow.And(atItsEnd(), lflow.Not(lflow.Bool(laterFrag))), pipeline.AtItsEnd)
	drop(29, atItsEnd())
	f.Pass(pipeline.LRInIPInput)
}

// atItsEnd matches packets that a router must not pass on.
func atItsEnd() *lflow.Expr { return lflow.Eq(lflow.IPTTL, 0, 1) }

// expire tells the sender of a packet at its end: from the port's address in
// the sender's network, else from the first of the family, RFC 1812, section
// 4.3.2.4. IPv6 always has one, the link-local.
func (ft *feature) expire(r *incr.Reader, f *graph.Flows, p *model.RouterPort, fam *model.Family) {
	ended := lflow.And(lflow.Eq(lflow.Inport, p.Name), pipeline.Is(pipeline.AtItsEnd))
	all := p.Addresses(fam)
	if len(all) == 0 {
		return
	}
	tell := func(priority uint16, match *lflow.Expr, from netip.Addr) {
		ft.metered(r, f, p.Router, fam.ErrorProtocol, priority, match, lflow.Nested{Kind: fam.Error, Actions: lflow.Actions{
			lflow.Move{Dst: lflow.EthDst, Src: lflow.EthSrc},
			lflow.SetTo(lflow.EthSrc, p.MAC),
			lflow.Move{Dst: fam.Dst, Src: fam.Src},
			lflow.SetTo(fam.Src, from),
			lflow.SetTo(lflow.IPTTL, 254),
			lflow.SetTo(fam.Type, fam.TimeExceeded),
			lflow.SetTo(fam.Code, 0),
			lflow.SetTo(lflow.Outport, p.Name),
			pipeline.Set(pipeline.RouterLoopback),
			lflow.Output{},
		}})
	}
	for _, n := range p.Subnets(fam, false) {
		if n.Addr() != all[0] {
			tell(31, lflow.And(lflow.Eq(fam.Src, n.Masked()), ended), n.Addr())
		}
	}
	tell(30, lflow.And(lflow.Bool(fam.Is), ended), all[0])
}
