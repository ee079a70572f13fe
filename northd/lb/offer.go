package lb

import (
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/schema"
)

// declareOffers declares the addresses of VIPs with option add_route, ovn-nb(5), table
// Load_Balancer: a gateway router offers them by all its ports, a distributed one by its
// gateway ports.
func declareOffers(g *graph.Graph, m *model.Model, addresses *incr.Table[model.AddressOn, *address]) model.Offers {
	key := func(k model.AddressOn, by *model.RouterPort) schema.UUID {
		return schema.NameUUID("VIP", k.On.String(), k.IP.String(), by.UUID.String())
	}
	offered := incr.NewIndex(addresses, "add_route", func(k model.AddressOn, a *address) (all []schema.UUID) {
		if !a.offered || a.own {
			return nil // as a port's own address all know it
		}
		for _, p := range a.ports {
			all = append(all, key(k, p))
		}
		return all
	})
	return model.Offers{Name: "route to VIP", Table: "Load_Balancer", All: graph.Table(g, "routable VIP", incr.Values(offered), func(r *incr.Reader, id schema.UUID) (*model.Offer, bool) {
		k, a, ok := incr.One(r, offered, id)
		if !ok {
			return nil, false
		}
		for _, p := range a.ports {
			if key(k, p) != id {
				continue
			}
			near, ok := m.SwitchPortTo(r, p.Name)
			if !ok {
				return nil, false
			}
			return &model.Offer{IP: k.IP, MAC: p.MAC, Router: k.On, Switch: near.Switch, Row: a.vip.Balancer}, true
		}
		return nil, false
	})}
}
