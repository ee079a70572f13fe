package neighbour

import (
	"net/netip"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/schema"
)

// translated is an address of NAT that the routers of a switch know.
type translated struct {
	ip  netip.Addr
	mac lflow.MAC
	owners
}

// declareNAT declares what routers know of the addresses of NAT that they have a route to:
// ovn-nb(5), table NAT, options:add_route.
func (s *segments) declareNAT(g *graph.Graph) {
	graph.NewUnits(g, "addresses of NAT for neighbours", incr.Values(s.m.NATs.Routable), s.translatedOf, func(id schema.UUID, a *translated) graph.Place {
		return graph.Place{Owner: a.routers.id, Wide: a.routers.wide, Name: "address-" + id.String(), Table: "NAT", Row: id, RowName: a.ip.String()}
	}).Write(name, func(_ *incr.Reader, f *graph.Flows, a *translated) {
		s.at(f, a.owners, []netip.Addr{a.ip}, a.mac)
	})
}

func (s *segments) translatedOf(r *incr.Reader, id schema.UUID) (*translated, bool) {
	n, ok := incr.Get(r, s.m.NATs.Table, id)
	if !ok {
		return nil, false
	}
	far, near, ok := s.m.Outside(r, n)
	if !ok {
		return nil, false
	}
	a := &translated{ip: n.External, mac: n.MAC}
	if n.Gateway == nil {
		a.mac = far.MAC
	}
	a.owners, ok = incr.Get(r, s.owners, near.Switch)
	return a, ok && !a.routers.id.IsZero()
}
