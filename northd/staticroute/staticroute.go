package staticroute

import (
	"slices"
	"strconv"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow/address"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
)

const table = "Logical_Router_Static_Route"

// feature has what routes are read from.
type feature struct {
	m        *model.Model
	options  options
	sessions model.BFDSessions
	rows     *graph.RowTable[*nb.LogicalRouterStaticRoute]
	routerOf *incr.Index[schema.UUID, *nb.LogicalRouter, schema.UUID]
}

type options struct {
	symmetric, override *graph.Option[bool]
}

// parsed is a row as it is read; the route is nil if it cannot be followed.
type parsed struct {
	route    *model.Route
	problems []graph.Problem
}

// New declares static routes. Sessions are those of BFD: a route whose neighbour is
// down is left out.
func New(g *graph.Graph, m *model.Model, sessions model.BFDSessions) model.RouteSource {
	ft := &feature{m: m, sessions: sessions, rows: graph.Read[*nb.LogicalRouterStaticRoute](g,
		"ip_prefix", "nexthop", "output_port", "policy", "route_table", "bfd", "selection_fields")}
	ft.options = options{
		symmetric: graph.Bool[*nb.LogicalRouterStaticRoute](g, "options", "ecmp_symmetric_reply", false,
			"replies to what comes in from the next hop leave by it; where one router has both directions: gateway routers"),
		override: graph.Bool[*nb.LogicalRouterStaticRoute](g, "options", "override-connected", false,
			"the route comes before that to a port's network with the same prefix"),
	}
	// For who reads the routes: the interconnection daemon.
	graph.String[*nb.LogicalRouterStaticRoute](g, "options", "origin", "connected or static", "where a learned route comes from; it is told, and changes nothing")
	routers := graph.Read[*nb.LogicalRouter](g, "static_routes")
	ft.routerOf = incr.NewIndex(routers, "static route", func(_ schema.UUID, row *nb.LogicalRouter) []schema.UUID { return row.StaticRoutes })
	all := graph.Table(g, "parsed static route", incr.Keys(ft.rows), ft.parse)
	graph.ProblemsOf(g, all, func(p parsed) []graph.Problem { return p.problems })
	return model.RouteSource{Name: "static route", Table: table,
		Routes: graph.Table(g, "static route", incr.Keys(all), func(r *incr.Reader, id schema.UUID) (*model.Route, bool) {
			p, _ := incr.Get(r, all, id)
			return p.route, p.route != nil
		})}
}

func (ft *feature) parse(r *incr.Reader, id schema.UUID) (parsed, bool) {
	row, ok := incr.Get(r, ft.rows, id)
	routers := incr.Lookup(r, ft.routerOf, id)
	if !ok || len(routers) == 0 {
		return parsed{}, false
	}
	e := &graph.RowProblems{Table: table, Row: id, Name: row.IPPrefix}
	rt := &model.Route{Router: routers[0], Kind: model.StaticRoute}
	if !incr.Has(r, ft.m.Routers, rt.Router) || !ft.read(r, row, rt, e) || row.BFD != nil && !ft.sessions.Usable(r, "", rt.NextHop, *row.BFD) {
		rt = nil
	}
	return parsed{rt, e.List}, true
}

// read reads the columns of a row into a route. It returns false, and notes
// why, if the route cannot be followed.
func (ft *feature) read(r *incr.Reader, row *nb.LogicalRouterStaticRoute, rt *model.Route, e *graph.RowProblems) bool {
	if rt.Prefix = address.HostOrNetwork(row.IPPrefix); !rt.Prefix.IsValid() {
		e.Problem("ip_prefix", strconv.Quote(row.IPPrefix)+" is not an IP address or network")
		return false
	}
	rt.Table, rt.HashFields = row.RouteTable, slices.Sorted(slices.Values(row.SelectionFields))
	rt.Symmetric = ft.options.symmetric.Read(row.Options, e)
	if ft.options.override.Read(row.Options, e) {
		rt.Kind = model.OverrideConnectedRoute
	}
	if row.Policy != nil && *row.Policy == "src-ip" {
		rt.Kind = model.SourceRoute
	}
	if rt.Discard = row.Nexthop == "discard"; rt.Discard {
		return true
	}
	if row.Nexthop != "" {
		hop := address.HostOrNetwork(row.Nexthop)
		if !hop.IsSingleIP() || hop.Addr().IsMulticast() || hop.Addr().IsUnspecified() {
			e.Problem("nexthop", strconv.Quote(row.Nexthop)+" is not an IP address of a neighbour")
			return false
		}
		rt.NextHop = hop.Addr()
	}
	if row.OutputPort != nil && *row.OutputPort != "" {
		return ft.leaveBy(r, *row.OutputPort, rt, e)
	}
	return ft.findPort(r, rt, e)
}

// leaveBy makes a route leave by a port. It asks for the next hop from the
// address in the hop's network, else from the first of the hop's family.
func (ft *feature) leaveBy(r *incr.Reader, name string, rt *model.Route, e *graph.RowProblems) bool {
	p, ok := ft.m.RouterPort(r, name)
	if !ok || p.Router != rt.Router {
		e.Problem("output_port", "the router has no port "+strconv.Quote(name))
		return false
	}
	hop := rt.NextHop
	if !hop.IsValid() {
		hop = rt.Prefix.Addr()
	}
	rt.Out, rt.Source = p, p.SourceTowards(hop)
	return true
}

// findPort finds the port that has a network with the next hop. All ports have
// the link-local network.
func (ft *feature) findPort(r *incr.Reader, rt *model.Route, e *graph.RowProblems) bool {
	switch {
	case !rt.NextHop.IsValid():
		e.Problem("nexthop", "a route without next hop needs column output_port")
		return false
	case model.IsLinkLocal(rt.NextHop):
		e.Problem("nexthop", "a link-local next hop needs column output_port")
		return false
	}
	p, n, ok := ft.m.PortTowards(r, rt.Router, rt.NextHop)
	if !ok {
		e.Problem("nexthop", "no port of the router has a network with "+rt.NextHop.String())
		return false
	}
	if n.Addr() == rt.NextHop {
		e.Problem("nexthop", rt.NextHop.String()+" is an address of the router's port "+strconv.Quote(p.Name))
		return false
	}
	rt.Out, rt.Source = p, n.Addr()
	return true
}
