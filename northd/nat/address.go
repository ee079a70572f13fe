package nat

import (
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/northd/pipeline"
	"github.com/weft-sdn/weft/schema"
)

// address is an address outside with all places where it is translated: of a gateway
// router there is one, without a port.
type address struct {
	model.AddressOn // a router
	fam             *model.Family
	spots           []spot
	snat            bool        // of some row: replies are looked up
	row             schema.UUID // the first row
	own             bool        // some port of the router has it
}

// spot is where an address is translated.
type spot struct {
	gateway *model.RouterPort // nil on a gateway router
	at      string            // the port whose chassis it is
	mac     lflow.MAC
	plain   bool // for rows of type snat
	snat    bool // for rows of type snat or dnat_and_snat
}

func (ft *feature) declareAddresses(g *graph.Graph) {
	ft.byAddress = incr.NewIndex(ft.nats, "external_ip", func(_ schema.UUID, n *model.NAT) []model.AddressOn {
		return []model.AddressOn{{On: n.Router, IP: n.External}}
	})
	graph.NewUnits(g, "flows of NAT addresses", incr.Values(ft.byAddress), ft.addressOf, func(k model.AddressOn, a *address) graph.Place {
		return graph.Place{Owner: k.On, Name: "nat-" + k.IP.String(), Table: "NAT", Row: a.row, RowName: k.IP.String()}
	}).Write(name, ft.reach)
}

func (ft *feature) addressOf(r *incr.Reader, k model.AddressOn) (*address, bool) {
	a := &address{AddressOn: k, fam: model.FamilyOf(k.IP)}
	for id, n := range incr.Each(r, ft.byAddress, k) {
		if a.row.IsZero() {
			a.row = id
		}
		if n.SNAT && !n.Stateless {
			a.snat = true
		}
		a.add(n)
	}
	for _, p := range ft.m.PortsOfRouter(r, k.On) {
		a.own = a.own || p.Has(k.IP)
	}
	return a, len(a.spots) > 0
}

// add adds the place of a row.
func (a *address) add(n *model.NAT) {
	for i, s := range a.spots {
		if s.gateway == n.Gateway && s.at == n.At() {
			a.spots[i].plain = s.plain || !n.DNAT
			a.spots[i].snat = s.snat || n.SNAT && !n.Stateless
			return
		}
	}
	a.spots = append(a.spots, spot{n.Gateway, n.At(), n.MAC, !n.DNAT, n.SNAT && !n.Stateless})
}

// reach writes what is the same for all rows with an address.
func (ft *feature) reach(r *incr.Reader, f *graph.Flows, a *address) {
	to := lflow.Eq(a.fam.Dst, a.IP)
	if a.own && a.snat {
		model.PassOwn(f, to.String())
	}
	for _, s := range a.spots {
		if s.gateway == nil {
			ft.onGatewayRouter(r, f, a)
			continue
		}
		ft.answer(r, f, a, s.gateway.Name, s.at, s.mac)
		ft.onGatewayPort(f, a, s, to)
	}
}

// answer answers questions for the address that come in by a port, on the chassis of
// another one; "" is everywhere.
func (ft *feature) answer(r *incr.Reader, f *graph.Flows, a *address, in, at string, mac lflow.MAC) {
	if a.own { // the port itself does
		return
	}
	here := lflow.And(lflow.Eq(lflow.Inport, in), model.Resident(at))
	model.AnswerOutside(f, here, a.IP, mac, ft.copp.Of(r, a.On, "nd-na"))
}

// onGatewayPort writes how packets for the address get to where it is translated, on a
// distributed router.
func (ft *feature) onGatewayPort(f *graph.Flows, a *address, s spot, to *lflow.Expr) {
	in, out := s.gateway.Comes(s.at), s.gateway.Leaves(s.at)
	if s.plain && a.own {
		// What the router has translated on one chassis may come in on another.
		f.Add(pipeline.LRInIPInput, 120, lflow.And(lflow.Eq(lflow.Inport, s.gateway.Name), lflow.Eq(a.fam.Src, a.IP)), lflow.Next{})
	}
	if s.plain {
		f.Add(pipeline.LRInUnsnat, 100, lflow.And(to, in, pipeline.IsNot(pipeline.UseSNATZone)), lflow.CTNAT{Kind: lflow.RouterSNATInCZone})
	}
	if s.snat {
		f.Add(pipeline.LRInUnsnat, 100, lflow.And(to, in, pipeline.Is(pipeline.UseSNATZone)), lflow.CTNAT{Kind: lflow.RouterSNAT})
	}
	if !a.own {
		hop, _ := pipeline.HopRegisters(a.fam.V6)
		f.Add(pipeline.LRInARPResolve, 100, lflow.And(lflow.Eq(lflow.Outport, s.gateway.Name), pipeline.HopIs(a.fam.V6), lflow.Eq(hop, a.IP)), lflow.SetTo(lflow.EthDst, s.mac), lflow.Next{})
	}
	// It came in, and was for nobody.
	f.Add(pipeline.LRInARPResolve, 150, lflow.And(to, in, lflow.Eq(lflow.Outport, s.gateway.Name)), lflow.Drop{})
	f.Add(pipeline.LROutChkDNATLocal, 50, lflow.And(to, out), pipeline.Set(pipeline.ComesBack), lflow.Next{})
}

// comeBack takes what is for an address outside back in: a packet that was translated
// as it leaves is translated again as it comes in. A reply is looked up in the zone of
// SNAT: there is the entry that it belongs to, the zone of DNAT has that of the other
// end.
func comeBack(f *graph.Flows) {
	for _, reply := range []bool{false, true} {
		match, zone, priority := pipeline.Is(pipeline.ComesBack), pipeline.Clear(pipeline.UseSNATZone), uint16(100)
		if reply {
			match, zone, priority = lflow.And(match, lflow.Bool(lflow.CTRpl)), pipeline.Set(pipeline.UseSNATZone), 110
		}
		f.Add(pipeline.LROutEgrLoop, priority, match, lflow.Clone{Actions: lflow.Actions{
			lflow.CTClear{},
			lflow.Move{Dst: lflow.Inport, Src: lflow.Outport},
			lflow.SetTo(lflow.F("flags"), 0),
			pipeline.Set(pipeline.RouterLoopback),
			zone,
			lflow.SetTo(lflow.F("xxreg0"), 0),
			lflow.SetTo(lflow.F("xxreg1"), 0),
			lflow.SetTo(lflow.F("xreg4"), 0),
			pipeline.Set(pipeline.EgressLoopback),
			pipeline.IntoIngress(pipeline.LRInAdmission),
		}})
	}
}

// onGatewayRouter writes the same on a gateway router: all of its ports answer for the
// address, with their own Ethernet address.
func (ft *feature) onGatewayRouter(r *incr.Reader, f *graph.Flows, a *address) {
	to := lflow.Eq(a.fam.Dst, a.IP)
	if a.snat {
		f.Add(pipeline.LRInUnsnat, 90, to, lflow.CTNAT{Kind: lflow.RouterSNAT})
	}
	for _, p := range ft.m.PortsOfRouter(r, a.On) {
		ft.answer(r, f, a, p.Name, "", p.MAC)
		if _, ok := p.NetworkOf(a.IP); ok {
			f.Add(pipeline.LRInARPResolve, 150, lflow.And(to, lflow.Eq(lflow.Inport, p.Name), lflow.Eq(lflow.Outport, p.Name)), lflow.Drop{})
		}
	}
}
