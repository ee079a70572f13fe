package nat

import (
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/northd/pipeline"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
)

// A router with option ct-commit-all commits also the connections of which it
// translates nothing, where it commits those that it translates: ovn-nb(5), table
// Logical_Router. Each is looked up first, so that a reply begins none.

// commits has the option, and which routers have zones in use.
type commits struct {
	all      *graph.Option[bool]
	stateful *incr.Index[schema.UUID, *model.NAT, usedZone]
}

// usedZone is a zone of a router in which connections are: that of SNAT, or of DNAT.
type usedZone struct {
	router schema.UUID
	snat   bool
}

// committedSNAT is behind all translations of sources.
const committedSNAT = 1

func (ft *feature) declareCommits(g *graph.Graph) {
	c := commits{all: graph.Bool[*nb.LogicalRouter](g, "options", "ct-commit-all", false,
		"of a router that translates: connections of which nothing is translated are committed too, in the zones that translations use")}
	c.stateful = incr.NewIndex(ft.nats, "zone in use", func(_ schema.UUID, n *model.NAT) (zones []usedZone) {
		if n.Stateless {
			return nil
		}
		if n.SNAT {
			zones = append(zones, usedZone{n.Router, true})
		}
		if n.DNAT {
			zones = append(zones, usedZone{n.Router, false})
		}
		return zones
	})
	graph.NewUnits(g, "commits of all connections", incr.Keys(ft.m.Routers), func(r *incr.Reader, id schema.UUID) (*model.Router, bool) {
		router, ok := incr.Get(r, ft.m.Routers, id)
		return router, ok && c.all.Of(router.Options)
	}, func(id schema.UUID, router *model.Router) graph.Place {
		return graph.Place{Owner: id, Name: "commit-all", Table: "Logical_Router", Row: id, RowName: router.Name}
	}).Write(name, func(r *incr.Reader, f *graph.Flows, router *model.Router) {
		snat, dnat := incr.Count(r, c.stateful, usedZone{router.UUID, true}) > 0, incr.Count(r, c.stateful, usedZone{router.UUID, false}) > 0 || ft.balance.OnRouter(r, router.UUID)
		switch {
		case !snat && !dnat:
		case router.Chassis == "":
			passDiscovery(f, pipeline.LROutPostUndnat)
			for _, p := range ft.m.GatewayPorts(r, router.UUID) {
				commitBy(f, p)
			}
		case snat:
			commitSources(f)
		}
	})
}

// commitSources commits in the zone of SNAT of a gateway router what leaves it and begins
// there; that of DNAT has it already.
func commitSources(f *graph.Flows) {
	ip := lflow.Bool(lflow.IP)
	look := lflow.CTNext{SNAT: true}
	f.Add(pipeline.LROutPostUndnat, 60, lflow.And(ip, lflow.Bool(lflow.CTNew)), lflow.CTCommit{}, look)
	f.Add(pipeline.LROutPostUndnat, 55, lflow.And(ip, lflow.Not(lflow.Bool(lflow.CTRpl))), look)
	f.Add(pipeline.LROutSNAT, committedSNAT, lflow.And(ip, lflow.Bool(lflow.CTNew)), lflow.CTCommitToZone{SNAT: true})
}

// commitBy commits what comes in or leaves by a gateway port, on its chassis.
func commitBy(f *graph.Flows, p *model.RouterPort) {
	ip, begins, untracked := lflow.Bool(lflow.IP), lflow.Bool(lflow.CTNew), lflow.Not(lflow.Bool(lflow.CTTrk))
	in, out := p.Comes(p.Redirect), lflow.And(p.Leaves(p.Redirect), pipeline.IsNot(pipeline.ComesBack))
	f.Add(pipeline.LRInDNAT, 10, lflow.And(ip, in, untracked), lflow.CTNext{})
	f.Add(pipeline.LROutPostUndnat, 60, lflow.And(ip, out, untracked), lflow.CTNext{})
	f.Add(pipeline.LROutPostUndnat, 50, lflow.And(ip, in, begins), lflow.CTCommitToZone{})
	f.Add(pipeline.LROutSNAT, committedSNAT, lflow.And(ip, out, begins), lflow.CTCommitToZone{})
}
