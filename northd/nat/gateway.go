package nat

import (
	"strconv"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/northd/pipeline"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
)

// A gateway router that translates tracks all that leaves it, in the zone of DNAT, and
// what it does to sources in that of SNAT: these are OVN's flows.

// forced is what a gateway router makes the source of what it has translated.
type forced struct {
	dnat *graph.Option[string]
}

func newForced(g *graph.Graph) *forced {
	return &forced{dnat: graph.String[*nb.LogicalRouter](g, "options", "dnat_force_snat_ip", "IP…",
		"of a gateway router: the source of packets whose destination was translated, one address of a family")}
}

// ofDNAT tells whether what a row has translated gets another source, too.
func (o *forced) ofDNAT(r *incr.Reader, m *model.Model, n *model.NAT) bool {
	router, ok := incr.Get(r, m.Routers, n.Router)
	if !ok || router.Chassis == "" {
		return false
	}
	of, _ := model.ByFamily(o.dnat.Of(router.Options))
	return of[n.External.Is6()].IsValid()
}

// kind is what routers that translate differ in.
type kind struct {
	OneChassis bool // it is a gateway router
}

// declareGatewayRouters declares the flows that gateway routers with translations
// have, for all connections.
func (ft *feature) declareGatewayRouters(g *graph.Graph) {
	graph.NewClass(g, "routers that translate", graph.Table(g, "class of NAT", incr.Keys(ft.m.Routers), func(r *incr.Reader, id schema.UUID) (kind, bool) {
		router, ok := incr.Get(r, ft.m.Routers, id)
		if !ok || incr.Count(r, ft.ofRouter, id) == 0 && !ft.balance.OnRouter(r, id) {
			return kind{}, false
		}
		return kind{OneChassis: router.Chassis != ""}, true
	})).Write(name, func(_ *incr.Reader, f *graph.Flows, k kind) {
		f.Add(pipeline.LROutSNAT, 65535, lflow.Bool(lflow.NDNS), lflow.Next{})
		if k.OneChassis {
			track(f)
		} else {
			comeBack(f)
		}
	})
	graph.NewUnits(g, "forced sources", incr.Keys(ft.m.Routers), func(r *incr.Reader, id schema.UUID) (*model.Router, bool) {
		router, ok := incr.Get(r, ft.m.Routers, id)
		return router, ok && ft.force.dnat.Of(router.Options) != ""
	}, func(id schema.UUID, router *model.Router) graph.Place {
		return graph.Place{Owner: id, Name: "forced-snat", Table: "Logical_Router", Row: id, RowName: router.Name}
	}).Write(name, ft.forceSources)
}

// track commits what leaves and is not translated, so that its replies are told from
// what is new.
func track(f *graph.Flows) {
	passDiscovery(f, pipeline.LROutUndnat)
	f.Add(pipeline.LROutUndnat, 50, lflow.Bool(lflow.IP), pipeline.Set(pipeline.RouterLoopback), lflow.CTNAT{Kind: lflow.RouterDNAT})
	f.Add(pipeline.LROutPostUndnat, 50, lflow.And(lflow.Bool(lflow.IP), lflow.Bool(lflow.CTNew)), lflow.CTCommit{}, lflow.Next{})
}

// passDiscovery has neighbour discovery pass a stage that tracks connections: it is none.
func passDiscovery(f *graph.Flows, stage string) {
	f.Add(stage, 100, lflow.Or(lflow.Bool(lflow.ND), lflow.Bool(lflow.NDRS), lflow.Bool(lflow.NDRA)), lflow.Next{})
}

// forceSources changes the sources of what was translated, and changes the replies
// back.
func (ft *feature) forceSources(_ *incr.Reader, f *graph.Flows, router *model.Router) {
	of, bad := model.ByFamily(ft.force.dnat.Of(router.Options))
	switch {
	case bad != "":
		f.Problem("options", "dnat_force_snat_ip: "+strconv.Quote(bad)+" is not an IP address, or not the only one of its family")
		return
	case router.Chassis == "":
		f.Problem("options", "dnat_force_snat_ip counts on a router with options:chassis alone")
		return
	}
	for _, fam := range model.Families() {
		ip := of[fam.V6]
		if !ip.IsValid() {
			continue
		}
		own := lflow.Eq(fam.Dst, ip)
		model.PassOwn(f, own.String())
		f.Add(pipeline.LRInUnsnat, 110, own, lflow.CTNAT{Kind: lflow.RouterSNAT})
		f.Add(pipeline.LROutSNAT, 40000, lflow.And(pipeline.Is(pipeline.ForceSNAT), lflow.Bool(fam.Is)), lflow.CTNAT{Kind: lflow.RouterSNAT, IP: ip})
	}
}
