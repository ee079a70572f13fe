package model

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/schema"
)

// networks are those of a router's ports, but for link-local ones, which all
// ports have.
type networks struct {
	Lengths []int     // of prefixes, each once, the longest first
	All     []network // by masked prefix, then by name of the port
}

type network struct {
	Prefix netip.Prefix // with the port's address in it
	Port   schema.UUID
	Name   string // of the port
}

// declareNetworks declares the table by which a next hop's port is found: a
// router with many routes looks through its ports once.
func (m *Model) declareNetworks(g *graph.Graph) {
	m.networks = graph.Table(g, "networks of router", incr.Values(m.ports.ofRouter), func(r *incr.Reader, router schema.UUID) (*networks, bool) {
		ns := &networks{}
		for _, p := range m.PortsOfRouter(r, router) {
			for _, n := range p.Networks {
				if IsLinkLocal(n.Addr()) {
					continue
				}
				ns.All = append(ns.All, network{n, p.UUID, p.Name})
				ns.Lengths = append(ns.Lengths, n.Bits())
			}
		}
		slices.SortFunc(ns.All, func(a, b network) int {
			return cmp.Or(a.Prefix.Masked().Compare(b.Prefix.Masked()), cmp.Compare(a.Name, b.Name), a.Prefix.Compare(b.Prefix))
		})
		slices.SortFunc(ns.Lengths, func(a, b int) int { return cmp.Compare(b, a) })
		ns.Lengths = slices.Compact(ns.Lengths)
		return ns, true
	})
}

// PortTowards returns the router's port with the network that an address is in,
// and that network: of several the one with the longest prefix, then the first
// by name.
func (m *Model) PortTowards(r *incr.Reader, router schema.UUID, ip netip.Addr) (*RouterPort, netip.Prefix, bool) {
	ns, ok := incr.Get(r, m.networks, router)
	if !ok {
		return nil, netip.Prefix{}, false
	}
	for _, length := range ns.Lengths {
		want, err := ip.Prefix(length)
		if err != nil {
			continue // longer than addresses of the family
		}
		i, found := slices.BinarySearchFunc(ns.All, want, func(n network, want netip.Prefix) int { return n.Prefix.Masked().Compare(want) })
		if found {
			p, ok := incr.Get(r, m.RouterPorts, ns.All[i].Port)
			return p, ns.All[i].Prefix, ok
		}
	}
	return nil, netip.Prefix{}, false
}

// NetworkOf is a port's network with an address.
func (p *RouterPort) NetworkOf(ip netip.Addr) (netip.Prefix, bool) {
	for _, n := range p.Networks {
		if n.Contains(ip) {
			return n, true
		}
	}
	return netip.Prefix{}, false
}
