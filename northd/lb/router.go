package lb

import (
	"net/netip"
	"strconv"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/northd/pipeline"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
)

// A router balances what is for its VIPs where it has a gateway: on the chassis of a
// gateway router, or as it comes in by a gateway port. Package nat tracks what leaves;
// these are OVN's flows but for that of a distributed router, which looks up what its
// backends send and not what all do.

// routerIP is the value of lb_force_snat_ip that stands for the address of the port by
// which a packet leaves.
const routerIP = "router_ip"

// findRouters declares which routers have which load balancers. Gateway routers share
// flows; a distributed router has its own, as they name its gateway ports.
func (ft *feature) findRouters(g *graph.Graph) {
	ft.force = graph.String[*nb.LogicalRouter](g, "options", "lb_force_snat_ip", "IP…, or router_ip",
		"of a gateway router: the source of balanced packets, one address of a family, or that of the port by which they leave")
	rows := graph.Read[*nb.LogicalRouter](g, "load_balancer", "load_balancer_group")
	of := newNames(g, "routers", rows, func(row *nb.LogicalRouter) named { return named{row.LoadBalancer, row.LoadBalancerGroup} })
	gatewayRouter := func(forced bool) func(*incr.Reader, schema.UUID) bool {
		return func(r *incr.Reader, id schema.UUID) bool {
			router, ok := incr.Get(r, ft.m.Routers, id)
			return ok && router.Chassis != "" && (ft.force.Of(router.Options) != "") == forced
		}
	}
	ft.routers = [...]*kind{
		plainRouters:  newKind(g, "gateway routers", of, false, gatewayRouter(false)),
		forcedRouters: newKind(g, "gateway routers that force sources", of, false, gatewayRouter(true)),
		distributed: newKind(g, "routers with gateway ports", of, true, func(r *incr.Reader, id schema.UUID) bool {
			router, ok := incr.Get(r, ft.m.Routers, id)
			return ok && router.Chassis == "" && len(ft.m.GatewayPorts(r, id)) > 0
		}),
	}
	for _, k := range ft.routers {
		k.declare(g, ft)
	}
	ft.balancedRouters = graph.Table(g, "router with load balancers", incr.Keys(of), func(r *incr.Reader, id schema.UUID) (struct{}, bool) {
		return struct{}{}, ft.m.IsCentral(r, id) && ft.hasVIPs(r, of, id)
	})
	graph.ProblemTable(g, "routers that cannot balance load", incr.Keys(of), func(r *incr.Reader, id schema.UUID) []graph.Problem {
		router, ok := incr.Get(r, ft.m.Routers, id)
		if !ok || ft.m.IsCentral(r, id) || !ft.hasVIPs(r, of, id) {
			return nil
		}
		p := graph.RowProblems{Table: "Logical_Router", Row: id, Name: router.Name}
		p.Problem("load_balancer", "the router has neither options:chassis nor a port with gateway chassis: nothing is balanced")
		return p.List
	})
}

// Kinds of routers.
const (
	plainRouters = iota
	forcedRouters
	distributed
)

// declareRouters declares the flows of routers.
func (ft *feature) declareRouters(g *graph.Graph) {
	ft.m.AllRouters.Write(name, func(_ *incr.Reader, f *graph.Flows, _ struct{}) {
		f.Pass(pipeline.LRInLBAffCheck, pipeline.LRInLBAffLearn)
	})
	for i, k := range ft.routers {
		graph.NewUnits(g, "flows of VIPs on "+k.name, incr.Values(k.vips), ft.vipAt, placeOf).Write(name, func(r *incr.Reader, f *graph.Flows, v placedVIP) {
			ft.onRouter(r, f, v, i)
		})
	}
	graph.NewClass(g, "routers with load balancers", ft.balancedRouters).Write(name, func(_ *incr.Reader, f *graph.Flows, _ struct{}) {
		known := func(mark, flag string) {
			f.Add(pipeline.LRInDNAT, 70, lflow.And(lflow.Bool(lflow.CTEst), lflow.Not(lflow.Bool(lflow.CTRel)), lflow.Not(lflow.Bool(lflow.CTNew)), lflow.Not(lflow.Bool(lflow.CTRpl)),
				lflow.Eq(lflow.F("ct_mark.natted"), 1), lflow.Eq(lflow.F(mark), 1)), pipeline.Set(flag), lflow.Next{})
		}
		known("ct_mark.skip_snat", pipeline.SkipSNATForLB)
		known("ct_mark.force_snat", pipeline.ForceSNATForLB)
		f.Add(pipeline.LROutSNAT, 50000, lflow.And(pipeline.Is(pipeline.SkipSNATForLB), lflow.Bool(lflow.IP)), lflow.Next{})
	})
	graph.NewUnits(g, "sources forced on balanced packets", incr.Keys(ft.m.Routers), func(r *incr.Reader, id schema.UUID) (*model.Router, bool) {
		router, ok := incr.Get(r, ft.m.Routers, id)
		return router, ok && ft.force.Of(router.Options) != ""
	}, func(id schema.UUID, router *model.Router) graph.Place {
		return graph.Place{Owner: id, Name: "lb-forced-snat", Table: "Logical_Router", Row: id, RowName: router.Name}
	}).Write(name, ft.forceSources)
	ft.declareStateless(g, ft.routers[distributed])
	ft.declareAddresses(g)
	ft.declareTemplateAnswers(g)
}

// onRouter writes the flows of a VIP on routers of a kind.
func (ft *feature) onRouter(r *incr.Reader, f *graph.Flows, v placedVIP, kind int) {
	if v.Template != nil {
		var gateways []*model.RouterPort
		if kind == distributed {
			gateways = ft.m.GatewayPorts(r, v.owner)
		}
		templated{v.vip}.onRouter(f, kind, gateways)
		return
	}
	fam := model.FamilyOf(v.Addr)
	begins := lflow.And(v.begins(fam), lflow.Not(lflow.Bool(lflow.CTRel)))
	meter := ft.copp.Of(r, v.owner, eventMeter)
	if kind != distributed {
		v.routed(f, fam, begins, kind == forcedRouters, meter)
		return
	}
	ports := ft.m.GatewayPorts(r, v.owner)
	if ft.statelessOn(r, v.vip, v.owner) {
		ft.withoutTracking(r, f, v, fam, ports, meter)
		return
	}
	for _, p := range ports {
		v.routed(f, fam, lflow.And(begins, comes(p, v.Distributed)), false, meter)
		for _, b := range v.ever() {
			v.answered(f, fam, b, p)
		}
	}
}

// from matches what a backend says: what it answers, and what it has to tell of what it
// got.
func (v *vip) from(b lflow.Backend, fam *model.Family) *lflow.Expr {
	if v.Port == 0 {
		return nil
	}
	return lflow.Or(lflow.Eq(lflow.F(v.Proto+".src"), int(v.portOf(b))), lflow.Bool(fam.ICMP))
}

// routed sends what begins a connection to a backend; meter limits events.
func (v *vip) routed(f *graph.Flows, fam *model.Family, begins *lflow.Expr, forced bool, meter string) {
	if len(v.Backends) == 0 {
		f.Add(pipeline.LRInDNAT, v.priority(), begins, v.unserved(meter, refuse())...)
		return
	}
	then, snat := v.sources(forced)
	if v.Affinity > 0 {
		then = append(then, lflow.SetTo(pipeline.VIPField(fam.V6), v.Addr))
	}
	f.Add(pipeline.LRInDNAT, v.priority(), begins, append(then[:len(then):len(then)], v.balance(snat))...)
	v.affine(f, fam, routerPipe, begins, snat, then)
}

// refuse is how routers refuse clients.
func refuse() []lflow.Action {
	at, _ := pipeline.Find(pipeline.LROutSNAT)
	return []lflow.Action{lflow.Nested{Kind: lflow.NestReject, Actions: lflow.Actions{lflow.Exchange{A: lflow.Outport, B: lflow.Inport},
		lflow.Next{Jump: true, Pipeline: lflow.Egress, Table: uint8(at.Table)}}}}
}

// sources says what becomes of the source of a balanced packet, which is told in then
// too.
func (v *vip) sources(forced bool) (then []lflow.Action, snat lflow.LBSNAT) {
	switch {
	case v.SkipSNAT:
		return []lflow.Action{pipeline.Set(pipeline.SkipSNATForLB)}, lflow.LBSNATSkip
	case forced:
		return []lflow.Action{pipeline.Set(pipeline.ForceSNATForLB)}, lflow.LBSNATForce
	}
	return nil, lflow.LBSNATDefault
}

// forceSources changes the sources of what was balanced, and changes the replies back.
func (ft *feature) forceSources(r *incr.Reader, f *graph.Flows, router *model.Router) {
	text := ft.force.Of(router.Options)
	if router.Chassis == "" {
		f.Problem("options", "lb_force_snat_ip counts on a router with options:chassis alone")
		return
	}
	if text == routerIP {
		for _, p := range ft.m.PortsOfRouter(r, router.UUID) {
			for _, fam := range model.Families() {
				if all := p.Addresses(fam); len(all) > 0 && !model.IsLinkLocal(all[0]) {
					forced(f, fam, all[0], p)
				}
			}
		}
		return
	}
	of, bad := model.ByFamily(text)
	if bad != "" {
		f.Problem("options", "lb_force_snat_ip: "+strconv.Quote(bad)+" is not an IP address, or not the only one of its family")
		return
	}
	for _, fam := range model.Families() {
		if ip := of[fam.V6]; ip.IsValid() {
			forced(f, fam, ip, nil)
		}
	}
}

// forced writes that balanced packets come from an address, those that leave by a port
// if there is one.
func forced(f *graph.Flows, fam *model.Family, ip netip.Addr, p *model.RouterPort) {
	own, leaving := lflow.Eq(fam.Dst, ip), lflow.And(pipeline.Is(pipeline.ForceSNATForLB), lflow.Bool(fam.Is))
	back := own
	if p != nil {
		leaving = lflow.And(leaving, lflow.Eq(lflow.Outport, p.Name))
		back = lflow.And(own, lflow.Eq(lflow.Inport, p.Name))
	}
	model.PassOwn(f, own.String())
	f.Add(pipeline.LRInUnsnat, 110, back, lflow.CTNAT{Kind: lflow.RouterSNAT})
	f.Add(pipeline.LROutSNAT, 45000, leaving, lflow.CTNAT{Kind: lflow.RouterSNAT, IP: ip})
}
