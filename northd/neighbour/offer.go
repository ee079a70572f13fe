package neighbour

import (
	"net/netip"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/schema"
)

// offered is an address that the routers of a switch know.
type offered struct {
	*model.Offer
	owners
}

// declareOffers declares what routers know of the addresses that are offered to them,
// and that they have a route to.
func (s *segments) declareOffers(g *graph.Graph, of model.Offers) {
	graph.NewUnits(g, "neighbours of "+of.Name, incr.Keys(of.All), func(r *incr.Reader, id schema.UUID) (a offered, ok bool) {
		if a.Offer, ok = incr.Get(r, of.All, id); !ok {
			return a, false
		}
		a.owners, ok = incr.Get(r, s.owners, a.Switch)
		return a, ok && !a.routers.id.IsZero()
	}, func(id schema.UUID, a offered) graph.Place {
		return graph.Place{Owner: a.routers.id, Wide: a.routers.wide, Name: "address-" + id.String(), Table: of.Table, Row: a.Row, RowName: a.IP.String()}
	}).Write(name, func(_ *incr.Reader, f *graph.Flows, a offered) {
		s.at(f, a.owners, []netip.Addr{a.IP}, a.MAC)
	})
}
