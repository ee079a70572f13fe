package lb

import (
	"cmp"
	"net/netip"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/northd/pipeline"
	"github.com/weft-sdn/weft/schema"
)

// Which VIPs a router answers for: option neighbor_responder.
const (
	answersAll       = "all"
	answersReachable = "reachable" // in a network of the port that is asked
	answersNone      = "none"
)

// routedBy is an address that a port of the router answers for.
type routedBy struct {
	model.AddressOn
	port schema.UUID
}

func (a routedBy) Compare(b routedBy) int {
	return cmp.Or(a.AddressOn.Compare(b.AddressOn), a.port.Compare(b.port))
}

// address is an address of VIPs on a router, with what these have in common.
type address struct {
	model.AddressOn
	fam     *model.Family
	vip     *vip                // the first of them
	answers string              // the most that one of them wants
	ports   []*model.RouterPort // of the router
	gateway []*model.RouterPort // those of them with a gateway, of a distributed router
	own     bool                // some port of the router has it
	spread  bool                // of a distributed router: some VIP is distributed
	offered bool                // other routers know it
	tracked bool                // some VIP's connections are remembered
}

// declareAddresses declares what is the same for all VIPs of an address on a router:
// who is told where it is, and how packets for it get to conntrack.
func (ft *feature) declareAddresses(g *graph.Graph) {
	onRouters := graph.Table(g, "VIPs on routers", incr.Keys(ft.vips), func(r *incr.Reader, id model.VIP) ([]model.AddressOn, bool) {
		v, ok := incr.Get(r, ft.vips, id)
		if !ok || v.Variables != "" {
			return nil, false
		}
		var all []model.AddressOn
		for _, router := range ft.routersOf(r, id) {
			all = append(all, model.AddressOn{On: router, IP: v.Addr})
		}
		return all, len(all) > 0
	})
	ft.byAddress = incr.NewIndex(onRouters, "address", func(_ model.VIP, all []model.AddressOn) []model.AddressOn { return all })
	addresses := graph.Table(g, "address of VIPs", incr.Values(ft.byAddress), ft.addressOf)
	ft.ofRouter = incr.NewIndex(addresses, "router", func(k model.AddressOn, _ *address) []schema.UUID { return []schema.UUID{k.On} })
	ft.leaving = incr.NewIndex(addresses, "router with distributed VIPs", func(k model.AddressOn, a *address) []schema.UUID {
		if !a.spread {
			return nil
		}
		return []schema.UUID{k.On}
	})
	ft.declareNeighbours()
	ft.offers = declareOffers(g, ft.m, addresses)
	unitOf := func(k model.AddressOn, a *address) graph.Place {
		return graph.Place{Owner: k.On, Name: "lb-" + k.IP.String(), Table: "Load_Balancer", Row: a.vip.Balancer, RowName: a.vip.Name}
	}
	graph.UnitsOf(g, "flows of addresses of VIPs", addresses, unitOf).Write(name, ft.reach)
	asked := incr.NewIndex(addresses, "port", func(k model.AddressOn, a *address) (all []routedBy) {
		for _, p := range a.ports {
			if a.answeredBy(p) || a.spreadBy(p) {
				all = append(all, routedBy{k, p.UUID})
			}
		}
		return all
	})
	questions := graph.Table(g, "question for an address of VIPs", incr.Values(asked), func(r *incr.Reader, k routedBy) (*question, bool) {
		far, ok := incr.Get(r, ft.m.RouterPorts, k.port)
		a, there := incr.Get(r, addresses, k.AddressOn)
		if !ok || !there {
			return nil, false
		}
		near, ok := ft.m.SwitchPortTo(r, far.Name)
		return &question{a, far, near}, ok && far.Enabled && near.Enabled
	})
	onSwitch := incr.NewIndex(questions, "switch", func(_ routedBy, q *question) []model.AddressOn {
		return []model.AddressOn{{On: q.near.Switch, IP: q.IP}}
	})
	graph.NewUnits(g, "flows of addresses of VIPs on switches", incr.Values(onSwitch), func(r *incr.Reader, k model.AddressOn) (*question, bool) {
		_, q, ok := incr.One(r, onSwitch, k)
		for _, p := range ft.m.RoutersOn(r, k.On) {
			if p.Has(k.IP) { // as its own address it is found anyway
				return q, ok && q.spreadBy(q.far)
			}
		}
		return q, ok
	}, func(k model.AddressOn, q *question) graph.Place {
		return graph.Place{Owner: k.On, Name: "lb-" + k.IP.String()}
	}).Write(name, ft.ask)
}

// routersOf are all routers that have a VIP.
func (ft *feature) routersOf(r *incr.Reader, id model.VIP) (all []schema.UUID) {
	for _, k := range ft.routers {
		its, _ := incr.Get(r, k.ofVIP, id)
		all = append(all, k.datapathsOf(r, its.Places)...)
	}
	return all
}

// addressOf is the row function of table "address of VIPs".
func (ft *feature) addressOf(r *incr.Reader, k model.AddressOn) (*address, bool) {
	a := &address{AddressOn: k, fam: model.FamilyOf(k.IP), answers: answersNone, ports: ft.m.PortsOfRouter(r, k.On)}
	spread := false
	for _, id := range incr.Lookup(r, ft.byAddress, k) {
		v, ok := incr.Get(r, ft.vips, id)
		switch {
		case !ok:
			continue
		case a.vip == nil:
			a.vip = v
		}
		a.offered, spread = a.offered || v.AddRoute, spread || v.Distributed
		a.tracked = a.tracked || !ft.statelessOn(r, v, k.On)
		if v.Answers == answersAll || v.Answers == answersReachable && a.answers == answersNone {
			a.answers = v.Answers
		}
	}
	if router, ok := incr.Get(r, ft.m.Routers, k.On); ok && router.Chassis == "" {
		a.gateway = ft.m.GatewayPorts(r, k.On)
		a.spread = spread
	}
	for _, p := range a.ports {
		a.own = a.own || p.Has(k.IP)
	}
	return a, a.vip != nil
}

// spreadBy tells whether packets for distributed VIPs come in by a port on every chassis.
func (a *address) spreadBy(p *model.RouterPort) bool { return a.spread && p.Redirect != "" }

// answeredBy tells whether the router answers questions for the address that come in
// by a port. The port's own address it answers anyway.
func (a *address) answeredBy(p *model.RouterPort) bool {
	_, near := p.NetworkOf(a.IP)
	return !a.own && (a.answers == answersAll || a.answers == answersReachable && near)
}

// answered are the addresses of VIPs that a router answers for by a port.
func (ft *feature) answered(r *incr.Reader, p *model.RouterPort) (all []netip.Addr) {
	for k, a := range incr.Each(r, ft.ofRouter, p.Router) {
		if a.answeredBy(p) {
			all = append(all, k.IP)
		}
	}
	return all
}

// reach writes the flows of an address on its router.
func (ft *feature) reach(r *incr.Reader, f *graph.Flows, a *address) {
	to := lflow.Eq(a.fam.Dst, a.IP)
	if a.own {
		model.PassOwn(f, to.String())
	}
	for _, p := range a.ports {
		if a.answeredBy(p) {
			model.AnswerOutside(f, comes(p, a.spread), a.IP, p.MAC, ft.copp.Of(r, a.On, "nd-na"))
		}
	}
	if a.gateway == nil {
		f.Add(pipeline.LRInDefrag, 110, to, lflow.CTNAT{Kind: lflow.RouterDNAT})
		for _, p := range a.ports {
			if _, near := p.NetworkOf(a.IP); near {
				f.Add(pipeline.LRInARPResolve, 150, lflow.And(to, lflow.Eq(lflow.Inport, p.Name), lflow.Eq(lflow.Outport, p.Name)), lflow.Drop{})
			}
		}
		return
	}
	for _, p := range a.gateway {
		in := comes(p, a.spread)
		if a.spread {
			f.Add(pipeline.LRInAdmission, 50, lflow.And(a.comesEverywhere(p), p.Comes("")), lflow.Next{})
		}
		if a.tracked {
			f.Add(pipeline.LRInDefrag, 110, lflow.And(to, in, lflow.Not(lflow.Bool(lflow.CTTrk))), lflow.CTNAT{Kind: lflow.RouterDNATInCZone})
		}
		if !a.own {
			hop, _ := pipeline.HopRegisters(a.fam.V6)
			f.Add(pipeline.LRInARPResolve, 100, lflow.And(lflow.Eq(lflow.Outport, p.Name), pipeline.HopIs(a.fam.V6), lflow.Eq(hop, a.IP)), lflow.SetTo(lflow.EthDst, p.MAC), lflow.Next{})
		}
		f.Add(pipeline.LRInARPResolve, 150, lflow.And(to, in, lflow.Eq(lflow.Outport, p.Name)), lflow.Drop{}) // it came in, and was for nobody
		f.Add(pipeline.LROutChkDNATLocal, 50, lflow.And(to, p.Leaves(p.Redirect)), pipeline.Set(pipeline.ComesBack), lflow.Next{})
	}
}

// question is an address on the switch behind a router's port that answers for it. Of
// several such routers the first is asked.
type question struct {
	*address
	far  *model.RouterPort
	near *model.SwitchPort
}

// ask writes how questions for the address get from the switch to the router: on a
// physical network where the router's port is, elsewhere by way of a tunnel there. An
// address of distributed VIPs is everywhere.
func (ft *feature) ask(r *incr.Reader, f *graph.Flows, q *question) {
	const stage = pipeline.LSInL2Lkup
	to := func(port string) []lflow.Action {
		return []lflow.Action{lflow.SetTo(lflow.Outport, port), lflow.Output{}}
	}
	all, here := model.AsksAll(q.IP), model.Resident(q.far.Redirect)
	if q.spreadBy(q.far) {
		f.Add(stage, 55, q.comesEverywhere(q.far), to(q.near.Name)...)
		if q.answeredBy(q.far) {
			f.Add(stage, 80, all, to(q.near.Name)...)
		}
		return
	}
	f.Add(stage, 80, lflow.And(all, here), to(q.near.Name)...)
	if redirect, ok := ft.m.RedirectTo(r, q.near.UUID); ok && here != nil && !ft.m.HasLocalnet(r, q.near.Switch) {
		f.Add(stage, 80, lflow.And(all, lflow.Not(here)), to(redirect)...)
	}
}
