package neighbour

import (
	"net/netip"
	"slices"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/northd/pipeline"
	"github.com/weft-sdn/weft/schema"
)

// addressesOf are what routers know of a switch port.
func addressesOf(p *model.SwitchPort) []model.Address {
	if !p.Handled || !p.Enabled || p.ToRouter() {
		return nil
	}
	return p.Addresses
}

// host is a switch port on a switch with routers.
type host struct {
	port *model.SwitchPort
	at   owners
}

func (s *segments) hostOf(r *incr.Reader, id schema.UUID) (host, bool) {
	p, ok := incr.Get(r, s.m.SwitchPorts, id)
	if !ok || len(addressesOf(p)) == 0 {
		return host{}, false
	}
	at, ok := incr.Get(r, s.owners, p.Switch)
	return host{p, at}, ok
}

func (s *segments) placeHost(id schema.UUID, h host) graph.Place {
	return graph.Place{Owner: h.at.hosts.id, Wide: h.at.hosts.wide, Name: "address-" + id.String(), Table: "Logical_Switch_Port", Row: id, RowName: h.port.Name}
}

// resolveHost has the flows for a port's addresses, but for those that a
// router or another port has. Package l2 tells of these.
func (s *segments) resolveHost(r *incr.Reader, f *graph.Flows, h host) {
	for _, a := range h.port.Addresses {
		var ips []netip.Addr
		for _, ip := range a.IPs {
			k := ipOnSwitch{h.port.Switch, ip.Addr()}
			if incr.Count(r, s.linkByIP, k) == 0 && incr.Lookup(r, s.hostByIP, k)[0] == h.port.UUID {
				ips = append(ips, ip.Addr())
			}
		}
		s.at(f, h.at, ips, a.MAC)
	}
}

// router is a router's port on a switch.
type router struct {
	*link
	at owners
}

func (s *segments) routerOf(r *incr.Reader, id schema.UUID) (router, bool) {
	l, ok := incr.Get(r, s.links, id)
	if !ok {
		return router{}, false
	}
	at, ok := incr.Get(r, s.owners, l.sw)
	return router{l, at}, ok && !at.routers.id.IsZero()
}

func (s *segments) placeRouter(id schema.UUID, q router) graph.Place {
	return graph.Place{Owner: q.at.routers.id, Wide: q.at.routers.wide, Name: "address-" + id.String(), Table: "Logical_Router_Port", Row: id, RowName: q.port.Name}
}

// resolveRouter has the flows for a router port's addresses.
func (s *segments) resolveRouter(r *incr.Reader, f *graph.Flows, q router) {
	var ips []netip.Addr
	for _, n := range q.port.Networks {
		if incr.Lookup(r, s.linkByIP, ipOnSwitch{q.sw, n.Addr()})[0] == q.port.UUID {
			ips = append(ips, n.Addr())
		}
	}
	s.at(f, q.at, ips, q.port.MAC)
}

// at has the flows for addresses of both families on a segment.
func (s *segments) at(f *graph.Flows, o owners, ips []netip.Addr, mac lflow.MAC) {
	where := lflow.Eq(pipeline.LField(pipeline.Segment), o.key)
	for _, fam := range model.Families() {
		var of []netip.Addr
		for _, ip := range ips {
			if ip.Is6() == fam.V6 {
				of = append(of, ip)
			}
		}
		isAt(f, where, of, mac)
	}
}

func sortedOnce(ids []schema.UUID) []schema.UUID {
	slices.SortFunc(ids, schema.UUID.Compare)
	return slices.Compact(ids)
}
