package route

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/northd/pipeline"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
)

const name = "route"

type feature struct {
	m       *model.Model
	tableOf *graph.Option[string] // of a port
	// byTable has the ports by router and route table.
	byTable *incr.Index[schema.UUID, *model.RouterPort, table]
}

// table is a route table of a router.
type table struct {
	router schema.UUID
	name   string
}

// New declares routing with the routes of some sources, and those to what routers offer
// each other.
func New(g *graph.Graph, m *model.Model, offers []model.Offers, sources ...model.RouteSource) {
	ft := &feature{m: m, tableOf: graph.String[*nb.LogicalRouterPort](g, "options", "route_table", "name",
		"packets that come in by the port are routed by the routes with that route_table, and by those to the networks of ports")}
	ft.byTable = incr.NewIndex(m.RouterPorts, "route table", func(_ schema.UUID, p *model.RouterPort) []table {
		if t := ft.tableOf.Of(p.Options); t != "" {
			return []table{{p.Router, t}}
		}
		return nil
	})
	m.AllRouters.Write(name, func(_ *incr.Reader, f *graph.Flows, _ struct{}) {
		f.Pass(pipeline.LRInDefrag, pipeline.LRInECMPStateful, pipeline.LRInIPRoutingPre, pipeline.LRInIPRoutingECMP)
		f.Add(pipeline.LRInIPRouting, 10550, lflow.Or(lflow.Bool(lflow.NDRS), lflow.Bool(lflow.NDRA)), lflow.Drop{})
		f.Add(pipeline.LRInIPRouting, 0, nil, lflow.Drop{}) // no route, no answer
		onLink(f)
	})
	m.RouterPortFlows.Write(name, ft.enterTable)
	connect(m)
	for i, o := range offers {
		sources = slices.Insert(sources, i, toOffers(g, m, o))
	}
	for _, s := range sources {
		ft.from(g, s)
	}
	ft.monitor(g, sources)
}

// enterTable notes the route table of packets that come in by a port. When they
// have a route it is forgotten: others need the bits.
func (ft *feature) enterTable(r *incr.Reader, f *graph.Flows, p *model.RouterPort) {
	t := ft.tableOf.Of(p.Options)
	if t == "" {
		return
	}
	key := ft.tableKey(r, table{p.Router, t})
	if key == 0 {
		return
	}
	is := pipeline.LField(pipeline.RouteTable)
	f.Add(pipeline.LRInIPRoutingPre, 100, lflow.Eq(lflow.Inport, p.Name), lflow.SetTo(is, key), lflow.Next{})
	if own, _ := incr.Get(r, ft.m.PortKeys.Of, p.UUID); own == key {
		f.Add(pipeline.LRInIPRoutingECMP, 1, lflow.Eq(is, key), lflow.SetTo(is, 0), lflow.Next{})
	}
}

// tableKey is what a route table is called in flows: the tunnel key of one of the
// ports that have it; 0 if none has. That of the main one is 0.
func (ft *feature) tableKey(r *incr.Reader, t table) int {
	for _, port := range incr.Lookup(r, ft.byTable, t) {
		if key, ok := incr.Get(r, ft.m.PortKeys.Of, port); ok {
			return key
		}
	}
	return 0
}

// way is what routes of a source are told apart by. Those with the same share the
// packets.
type way struct {
	table
	prefix netip.Prefix
	kind   model.RouteKind
}

// Compare orders by router, then by what packets meet first.
func (w way) Compare(o way) int {
	return cmp.Or(w.router.Compare(o.router), cmp.Compare(w.name, o.name), w.prefix.Addr().Compare(o.prefix.Addr()),
		cmp.Compare(w.prefix.Bits(), o.prefix.Bits()), cmp.Compare(w.kind, o.kind))
}

// hop is a route with the row that it is of.
type hop struct {
	row schema.UUID
	*model.Route
}

// entry are all routes of a way, by their rows.
type entry struct {
	way
	first schema.UUID // key of the first
	hops  []hop
}

// from declares the flows of a source's routes.
func (ft *feature) from(g *graph.Graph, s model.RouteSource) {
	byWay := incr.NewIndex(s.Routes, "way", func(_ schema.UUID, rt *model.Route) []way {
		return []way{{table{rt.Router, rt.Table}, rt.Prefix, rt.Kind}}
	})
	of := func(r *incr.Reader, w way) (entry, bool) {
		e := entry{way: w}
		for key, rt := range incr.Each(r, byWay, w) {
			if len(e.hops) == 0 {
				e.first = key
			}
			row := key
			if !rt.Row.IsZero() {
				row = rt.Row
			}
			e.hops = append(e.hops, hop{row, rt})
		}
		return e, len(e.hops) > 0
	}
	place := func(w way, e entry) graph.Place {
		return graph.Place{Owner: w.router, Name: "route-" + e.first.String(), Table: s.Table, Row: e.hops[0].row, RowName: w.prefix.String()}
	}
	graph.NewUnits(g, "flows of routes: "+s.Name, incr.Values(byWay), of, place).Write(s.Name, ft.write)
}

// write writes the flows of a way.
func (ft *feature) write(r *incr.Reader, f *graph.Flows, e entry) {
	key := 0
	if e.name != "" {
		if key = ft.tableKey(r, e.table); key == 0 {
			return // no packet gets there
		}
	}
	in := lflow.Eq(pipeline.LField(pipeline.RouteTable), key)
	c := choiceOf(f, e.hops)
	if len(c.hops) == 1 {
		f.Hint = c.hops[0].row
		direct(f, c.hops[0].Route, in)
	} else {
		c.write(f, in)
	}
	ft.symmetric(r, f, c.hops, in)
}

// offsets are what kinds add to the priority of a prefix length.
var offsets = [...]uint16{model.SourceRoute: 0, model.StaticRoute: 4, model.ConnectedRoute: 6, model.OverrideConnectedRoute: 10}

// priority: longer prefixes first; of one length, kinds in their order.
func priority(p netip.Prefix, k model.RouteKind) uint16 {
	return 12*(129+uint16(p.Bits())) + offsets[k]
}

// packets match those of a route.
func packets(rt *model.Route, also ...*lflow.Expr) *lflow.Expr {
	fam := model.FamilyOf(rt.Prefix.Addr())
	by := fam.Dst
	if rt.Kind == model.SourceRoute {
		by = fam.Src
	}
	return lflow.And(append(also[:len(also):len(also)], inPrefix(fam, by, rt.Prefix))...)
}

// direct writes the flow of a route that shares its packets with no other.
func direct(f *graph.Flows, rt *model.Route, also ...*lflow.Expr) {
	then := []lflow.Action{lflow.Drop{}}
	if !rt.Discard {
		then = append([]lflow.Action{lflow.DecTTL{}}, forward(rt)...)
	}
	f.Add(pipeline.LRInIPRouting, priority(rt.Prefix, rt.Kind), packets(rt, also...), then...)
}

// inPrefix matches addresses of a prefix, which may be that of all.
func inPrefix(fam *model.Family, field lflow.Field, p netip.Prefix) *lflow.Expr {
	if p.Bits() == 0 {
		return lflow.Bool(fam.Is)
	}
	return lflow.Eq(field, p)
}

// forward sends a packet on its way. The next hop's family need not be the
// packet's.
func forward(rt *model.Route) []lflow.Action {
	return model.Forward(rt.Out, rt.NextHop, rt.Source, model.FamilyOf(rt.Prefix.Addr()))
}
