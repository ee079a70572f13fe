package route

import (
	"net/netip"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/schema"
)

// toOffers are the routes of the other routers to what is offered.
func toOffers(g *graph.Graph, m *model.Model, o model.Offers) model.RouteSource {
	type way struct {
		offer *model.Offer
		from  []*model.RouterPort
	}
	ways := graph.Table(g, "ways of "+o.Name, incr.Keys(o.All), func(r *incr.Reader, id schema.UUID) (w way, ok bool) {
		if w.offer, ok = incr.Get(r, o.All, id); !ok {
			return way{}, false
		}
		for _, p := range m.RoutersOn(r, w.offer.Switch) {
			if p.Router != w.offer.Router && p.Enabled {
				w.from = append(w.from, p)
			}
		}
		return w, len(w.from) > 0
	})
	key := func(id schema.UUID, from *model.RouterPort) schema.UUID {
		return schema.NameUUID(o.Name, id.String(), from.UUID.String())
	}
	routes := incr.NewIndex(ways, "route", func(id schema.UUID, w way) (keys []schema.UUID) {
		for _, p := range w.from {
			keys = append(keys, key(id, p))
		}
		return keys
	})
	return model.RouteSource{Name: o.Name, Table: o.Table, Routes: graph.Table(g, o.Name, incr.Values(routes), func(r *incr.Reader, k schema.UUID) (*model.Route, bool) {
		id, w, ok := incr.One(r, routes, k)
		if !ok {
			return nil, false
		}
		for _, p := range w.from {
			if key(id, p) == k {
				ip := w.offer.IP
				return &model.Route{Router: p.Router, Row: w.offer.Row, Prefix: netip.PrefixFrom(ip, ip.BitLen()), Kind: model.ConnectedRoute, Out: p, Source: p.SourceTowards(ip)}, true
			}
		}
		return nil, false
	})}
}
