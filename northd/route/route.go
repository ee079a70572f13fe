package route

import (
	"net/netip"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/northd/pipeline"
	"github.com/weft-sdn/weft/schema"
)

const name = "route"

// New declares routing with the routes of some sources.
func New(g *graph.Graph, m *model.Model, sources ...model.RouteSource) {
	m.AllRouters.Write(name, func(_ *incr.Reader, f *graph.Flows, _ struct{}) {
		f.Add(pipeline.LRInIPRouting, 10550, lflow.Or(lflow.Bool(lflow.NDRS), lflow.Bool(lflow.NDRA)), lflow.Drop{})
		f.Add(pipeline.LRInIPRouting, 0, nil, lflow.Drop{}) // no route, no answer
	})
	connect(m)
	for _, s := range sources {
		from(g, s)
	}
}

// way is what routes of a source are told apart by.
type way struct {
	router schema.UUID
	prefix netip.Prefix
	kind   model.RouteKind
}

// from declares the flows of a source's routes.
func from(g *graph.Graph, s model.RouteSource) {
	byWay := incr.NewIndex(s.Routes, "way", func(_ schema.UUID, rt *model.Route) []way {
		return []way{{rt.Router, rt.Prefix, rt.Kind}}
	})
	type entry struct {
		id schema.UUID
		*model.Route
	}
	of := func(r *incr.Reader, id schema.UUID) (entry, bool) {
		rt, ok := incr.Get(r, s.Routes, id)
		return entry{id, rt}, ok
	}
	place := func(id schema.UUID, e entry) graph.Place {
		return graph.Place{Owner: e.Router, Name: "route-" + id.String(), Table: s.Table, Row: id, RowName: e.Prefix.String()}
	}
	graph.NewUnits(g, "flows of routes: "+s.Name, incr.Keys(s.Routes), of, place).Write(s.Name, func(r *incr.Reader, f *graph.Flows, e entry) {
		first := incr.Lookup(r, byWay, way{e.Router, e.Prefix, e.Kind})[0]
		if first == e.id {
			write(f, e.Route)
			return
		}
		other, _ := incr.Get(r, s.Routes, first)
		if !same(e.Route, other) {
			f.Problem("nexthop", "another route has the prefix; several next hops: "+graph.NotYet)
		}
	})
}

// same tells whether two routes of a way lead to the same.
func same(a, b *model.Route) bool {
	if a.Discard || b.Discard {
		return a.Discard == b.Discard
	}
	return a.Out.UUID == b.Out.UUID && a.NextHop == b.NextHop
}

// offsets are what kinds add to the priority of a prefix length.
var offsets = [...]uint16{model.SourceRoute: 0, model.StaticRoute: 4, model.ConnectedRoute: 6}

// priority: longer prefixes first; of one length, kinds in their order.
func priority(p netip.Prefix, k model.RouteKind) uint16 {
	return 12*(129+uint16(p.Bits())) + offsets[k]
}

// write writes the flow of a route.
func write(f *graph.Flows, rt *model.Route, also ...*lflow.Expr) {
	fam := model.FamilyOf(rt.Prefix.Addr())
	by := fam.Dst
	if rt.Kind == model.SourceRoute {
		by = fam.Src
	}
	match := lflow.And(append(also, inPrefix(fam, by, rt.Prefix))...)
	f.Add(pipeline.LRInIPRouting, priority(rt.Prefix, rt.Kind), match, forward(rt, fam)...)
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
func forward(rt *model.Route, fam *model.Family) []lflow.Action {
	if rt.Discard {
		return []lflow.Action{lflow.Drop{}}
	}
	v6 := fam.V6
	if rt.NextHop.IsValid() {
		v6 = rt.NextHop.Is6()
	}
	hop, source := pipeline.HopRegisters(v6)
	as := []lflow.Action{lflow.DecTTL{}}
	if rt.NextHop.IsValid() {
		as = append(as, lflow.SetTo(hop, rt.NextHop))
	} else {
		as = append(as, lflow.Move{Dst: hop, Src: fam.Dst})
	}
	if rt.Source.IsValid() {
		as = append(as, lflow.SetTo(source, rt.Source))
	}
	is4 := pipeline.Set(pipeline.HopIsIP4)
	if v6 {
		is4 = pipeline.Clear(pipeline.HopIsIP4)
	}
	return append(as,
		lflow.SetTo(lflow.EthSrc, rt.Out.MAC),
		lflow.SetTo(lflow.Outport, rt.Out.Name),
		pipeline.Set(pipeline.RouterLoopback),
		is4,
		lflow.Next{})
}
