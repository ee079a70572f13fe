package model

import (
	"net/netip"
	"slices"
	"strconv"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/lflow/address"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
)

// RouterPort is a port of a logical router.
type RouterPort struct {
	UUID     schema.UUID
	Router   schema.UUID
	Name     string
	MAC      lflow.MAC
	Enabled  bool           // both it and its router
	Networks []netip.Prefix // the port's addresses with the lengths of their networks, IPv4 first, then the link-local one last
	PeerName string         // another router's port that it is connected to
	Chassis  string         // of a gateway router's port: the chassis that has it
	// Redirect is the name of the chassisredirect port of a distributed gateway
	// port, "" of others, and Group the HA_Chassis_Group of its chassis.
	Redirect string
	Group    schema.UUID
	Bridged  bool // option redirect-type is bridged: see Model.IsBridged
	overlay  bool // it is overlay, though it need not say so
	Resides  bool // option reside-on-redirect-chassis: see CentralAt
	Options  map[string]string
	Problems []graph.Problem
	wantKey  int
}

// OfFamily are the port's networks of IPv6, or of IPv4.
func (p *RouterPort) OfFamily(v6 bool) []netip.Prefix {
	var out []netip.Prefix
	for _, n := range p.Networks {
		if n.Addr().Is6() == v6 {
			out = append(out, n)
		}
	}
	return out
}

// Subnets are the port's networks of a family, each once: addresses of one
// network count as the first of them. LinkLocal says whether the link-local
// one is wanted too.
func (p *RouterPort) Subnets(fam *Family, linkLocal bool) []netip.Prefix {
	var out []netip.Prefix
	for _, n := range p.OfFamily(fam.V6) {
		same := func(o netip.Prefix) bool { return o.Masked() == n.Masked() }
		if (linkLocal || !IsLinkLocal(n.Addr())) && !slices.ContainsFunc(out, same) {
			out = append(out, n)
		}
	}
	return out
}

// Addresses are the port's addresses of a family.
func (p *RouterPort) Addresses(fam *Family) []netip.Addr {
	var out []netip.Addr
	for _, n := range p.OfFamily(fam.V6) {
		out = append(out, n.Addr())
	}
	return out
}

// Has tells whether the port has an address.
func (p *RouterPort) Has(ip netip.Addr) bool {
	return slices.ContainsFunc(p.Networks, func(n netip.Prefix) bool { return n.Addr() == ip })
}

// Comes matches packets that come in by the port on the chassis that has another port,
// "" is everywhere; Leaves those that leave by it there.
func (p *RouterPort) Comes(at string) *lflow.Expr {
	return lflow.And(lflow.Eq(lflow.Inport, p.Name), Resident(at))
}

func (p *RouterPort) Leaves(at string) *lflow.Expr {
	return lflow.And(lflow.Eq(lflow.Outport, p.Name), Resident(at))
}

// parseRouterPort is the row function of table "parsed router port". A port
// whose MAC or all of whose networks are invalid is left out.
func (m *Model) parseRouterPort(r *incr.Reader, id schema.UUID) (*RouterPort, bool) {
	row, ok := incr.Get(r, m.lrp, id)
	routers := incr.Lookup(r, m.routerOfPort, id)
	if !ok || len(routers) == 0 {
		return nil, false
	}
	e := &graph.RowProblems{Table: "Logical_Router_Port", Row: id, Name: row.Name}
	p := &RouterPort{UUID: id, Router: routers[0], Name: row.Name, Options: row.Options}
	router, _ := incr.Get(r, m.parsedRouters, routers[0])
	p.Enabled = (row.Enabled == nil || *row.Enabled) && router != nil && router.Enabled
	if len(routers) > 1 {
		e.Problem("name", "is in more than one router; "+routers[0].String()+" has it")
	}
	if row.Peer != nil {
		p.PeerName = *row.Peer
	}
	if router != nil {
		p.Chassis = router.Chassis
	}
	m.gatewayOf(row, p, e)
	p.Resides = m.options.resides.Read(row.Options, e)
	p.wantKey = m.options.lrpKey.Read(row.Options, e)
	p.addresses(row, e)
	p.Problems = e.List
	return p, true
}

// addresses reads columns mac and networks.
func (p *RouterPort) addresses(row *nb.LogicalRouterPort, e *graph.RowProblems) {
	mac, ok := lflow.ParseMAC(row.MAC)
	if !ok || IsMulticast(mac) || mac == (lflow.MAC{}) {
		e.Problem("mac", strconv.Quote(row.MAC)+" is not the Ethernet address of a port")
		return
	}
	p.MAC = mac
	var v6 []netip.Prefix
	for _, text := range row.Networks {
		n, err := netip.ParsePrefix(text)
		switch {
		case err != nil:
			e.Problem("networks", strconv.Quote(text)+" is not an IP address with a prefix length")
		case n.Addr().IsMulticast() || n.Addr().IsUnspecified():
			e.Problem("networks", strconv.Quote(text)+" is not an address of a port")
		case slices.ContainsFunc(p.Networks, sameAddress(n)) || slices.ContainsFunc(v6, sameAddress(n)):
			e.Problem("networks", n.Addr().String()+" is there twice")
		case n.Addr().Is4():
			p.Networks = append(p.Networks, n)
		default:
			v6 = append(v6, n)
		}
	}
	p.Networks = append(p.Networks, v6...)
	if own := netip.PrefixFrom(address.LinkLocal(mac), 64); !slices.ContainsFunc(v6, sameAddress(own)) {
		p.Networks = append(p.Networks, own)
	}
}

func sameAddress(n netip.Prefix) func(netip.Prefix) bool {
	return func(o netip.Prefix) bool { return o.Addr() == n.Addr() }
}

// Valid tells whether the port can take part in routing.
func (p *RouterPort) Valid() bool { return p.MAC != lflow.MAC{} }
