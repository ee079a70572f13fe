package nat

import (
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/schema"
)

// declareOffers declares the addresses outside with option add_route, to which other
// routers on the switch outside have a route: ovn-nb(5), table NAT.
func (ft *feature) declareOffers(g *graph.Graph) model.Offers {
	routable := incr.NewIndex(ft.nats, "add_route", func(id schema.UUID, n *model.NAT) []schema.UUID {
		if !n.Routable {
			return nil
		}
		return []schema.UUID{id}
	})
	return model.Offers{Name: "route to NAT", Table: "NAT", All: graph.Table(g, "routable NAT", incr.Values(routable), func(r *incr.Reader, id schema.UUID) (*model.Offer, bool) {
		n, ok := incr.Get(r, ft.nats, id)
		if !ok {
			return nil, false
		}
		far, near, ok := ft.outside(r, n)
		if !ok {
			return nil, false
		}
		o := &model.Offer{IP: n.External, MAC: n.MAC, Router: n.Router, Switch: near.Switch, Row: id}
		if n.Gateway == nil {
			o.MAC = far.MAC
		}
		return o, true
	})}
}

// outside is the port of a translation's router by which External is reached, and the
// port of the switch at its other end, if there are both.
func (ft *feature) outside(r *incr.Reader, n *model.NAT) (far *model.RouterPort, near *model.SwitchPort, ok bool) {
	if far = n.Gateway; far == nil {
		if far, _, ok = ft.m.PortTowards(r, n.Router, n.External); !ok {
			return nil, nil, false
		}
	}
	near, ok = ft.m.SwitchPortTo(r, far.Name)
	return far, near, ok
}
