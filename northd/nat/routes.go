package nat

import (
	"net/netip"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/schema"
)

// routable is an address outside to which other routers have a route.
type routable struct {
	ip   netip.Addr
	from []*model.RouterPort // those of the other routers
}

// declareRoutes declares the routes of other routers on a switch to addresses outside
// with option add_route: ovn-nb(5), table NAT.
func (ft *feature) declareRoutes(g *graph.Graph) model.RouteSource {
	all := graph.Table(g, "routable NAT", incr.Values(ft.m.NATs.Routable), ft.routableOf)
	ways := incr.NewIndex(all, "route", func(id schema.UUID, a routable) (keys []schema.UUID) {
		for _, p := range a.from {
			keys = append(keys, routeID(id, p))
		}
		return keys
	})
	return model.RouteSource{Name: "route to NAT", Table: "NAT",
		Routes: graph.Table(g, "route to NAT", incr.Values(ways), func(r *incr.Reader, key schema.UUID) (*model.Route, bool) {
			id, a, ok := incr.One(r, ways, key)
			if !ok {
				return nil, false
			}
			for _, p := range a.from {
				if routeID(id, p) == key {
					return &model.Route{Router: p.Router, Row: id, Prefix: netip.PrefixFrom(a.ip, a.ip.BitLen()), Kind: model.ConnectedRoute,
						Out: p, Source: p.SourceTowards(a.ip)}, true
				}
			}
			return nil, false
		})}
}

// routeID is the key of the route to a row's address from another router's port.
func routeID(nat schema.UUID, from *model.RouterPort) schema.UUID {
	return schema.NameUUID("route to NAT", nat.String(), from.UUID.String())
}

func (ft *feature) routableOf(r *incr.Reader, id schema.UUID) (routable, bool) {
	n, ok := incr.Get(r, ft.m.NATs.Table, id)
	if !ok {
		return routable{}, false
	}
	_, near, ok := ft.m.Outside(r, n)
	if !ok {
		return routable{}, false
	}
	a := routable{ip: n.External}
	for _, p := range ft.m.RoutersOn(r, near.Switch) {
		if p.Router != n.Router && p.Enabled {
			a.from = append(a.from, p)
		}
	}
	return a, len(a.from) > 0
}
