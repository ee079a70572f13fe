package lb

import (
	"net/netip"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/northd/pipeline"
)

// A backend that calls its own VIP may be balanced to itself. Its packets then come
// from another address, that of the VIP or option hairpin_snat_ip, so that it answers
// by way of the switch: ovn-nb(5), table Load_Balancer.
//
// The source is translated in the zone of SNAT of the switch, as OVN does. Whether a
// packet answers one of these conntrack is asked, first of all; OVN has its switches
// learn a flow for each connection.

// begins matches what begins a connection of a backend with itself, to a virtual address.
func begins(vip netip.Addr, fam *model.Family) *lflow.Expr {
	match := lflow.And(pipeline.Is(pipeline.Hairpin), lflow.Bool(lflow.CTNew), lflow.Eq(pipeline.VIPField(fam.V6), vip))
	if !fam.V6 {
		match = lflow.And(match, lflow.Bool(lflow.IP4))
	}
	return match
}

// hairpinAll writes what all switches with load balancers have.
func hairpinAll(f *graph.Flows) {
	const back = pipeline.LSInHairpin
	f.Add(pipeline.LSInPreStateful, 120, lflow.And(lflow.Bool(lflow.CTTrk), lflow.Bool(lflow.CTRpl), lflow.Bool(lflow.CTEst)),
		pipeline.Set(pipeline.HairpinReply), lflow.CTLB{Kind: lflow.CTLBMark})
	f.Add(pipeline.LSInNATHairpin, 100, pipeline.Is(pipeline.Hairpin), lflow.CTNAT{Kind: lflow.RouterSNAT})
	turn := func(more ...lflow.Action) []lflow.Action {
		return append(more, append([]lflow.Action{lflow.Exchange{A: lflow.EthDst, B: lflow.EthSrc}}, model.SendBack()...)...)
	}
	f.Add(back, 1, pipeline.Is(pipeline.HairpinReply), turn()...)
	f.Add(back, 1, lflow.And(pipeline.Is(pipeline.Hairpin), pipeline.IsNot(pipeline.HairpinReply)), turn(pipeline.Set(pipeline.Hairpinned))...)
	f.Add(pipeline.LSOutPreLB, 115, pipeline.Is(pipeline.Hairpinned), pipeline.Clear(pipeline.CTDefrag), lflow.Next{})
}

// hairpin writes the flows for a VIP's backends: what they may have been sent by
// themselves, and what they may answer to themselves. Of a backend that is a VM its
// chassis alone has them.
func (ft *feature) hairpin(r *incr.Reader, f *graph.Flows, v *vip, fam *model.Family) {
	from := v.hairpinFrom()
	if from != v.Addr && len(v.Backends) > 0 {
		f.Add(pipeline.LSInNATHairpin, 120, lflow.And(begins(v.Addr, fam), v.port()), lflow.CTNAT{Kind: lflow.RouterSNAT, IP: from})
	}
	for _, ip := range v.hosts() {
		is := lflow.And(lflow.Eq(fam.Src, ip), ft.at(r, ip))
		f.Add(pipeline.LSInPreLB, 105, lflow.And(is, lflow.Eq(fam.Dst, from)), pipeline.Set(pipeline.CTNAT), lflow.CTNAT{Kind: lflow.RouterSNAT})
		f.Add(pipeline.LSInPreHairpin, 100, lflow.And(is, lflow.Eq(fam.Dst, ip)), pipeline.Set(pipeline.Hairpin), lflow.Next{})
	}
}

// at matches where the VMs are that have an address; nil is everywhere, as nobody knows
// of what others send.
func (ft *feature) at(r *incr.Reader, ip netip.Addr) *lflow.Expr {
	var here []*lflow.Expr
	for _, p := range incr.Each(r, ft.byIP, ip) {
		if p.Type != "" || len(here) == maxPlaces {
			return nil
		}
		here = append(here, lflow.Resident(p.Name))
	}
	if here == nil {
		return nil
	}
	return lflow.Or(here...)
}

// maxPlaces is how many ports with one address are told apart, of as many tenants.
const maxPlaces = 8

// declareSenders declares the translation of sources on switches of a kind.
func (ft *feature) declareSenders(g *graph.Graph, on *kind) {
	senders := graph.Table(g, "senders of hairpins on "+on.name, incr.Values(on.vips), func(r *incr.Reader, k placed) (netip.Addr, bool) {
		v, ok := incr.Get(r, ft.vips, k.VIP)
		if !ok || len(v.Backends) == 0 {
			return netip.Addr{}, false
		}
		return v.Addr, v.hairpinFrom() == v.Addr
	})
	by := incr.NewIndex(senders, "sender", func(k placed, a netip.Addr) []model.AddressOn { return []model.AddressOn{{On: k.owner, IP: a}} })
	graph.NewUnits(g, "flows of hairpins on "+on.name, incr.Values(by), func(_ *incr.Reader, s model.AddressOn) (model.AddressOn, bool) { return s, true }, func(_, s model.AddressOn) graph.Place {
		return graph.Place{Owner: s.On, Name: "lb-hairpin-" + s.IP.String()}
	}).Write(name, func(_ *incr.Reader, f *graph.Flows, s model.AddressOn) {
		f.Add(pipeline.LSInNATHairpin, 110, begins(s.IP, model.FamilyOf(s.IP)), lflow.CTNAT{Kind: lflow.RouterSNAT, IP: s.IP})
	})
}
