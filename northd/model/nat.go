package model

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/lflow/address"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
)

// NAT is a translation that a router makes between an address outside and one
// address inside, or a network of them: ovn-nb(5), table NAT.
type NAT struct {
	UUID     schema.UUID
	Router   schema.UUID
	DNAT     bool         // packets to External get to Logical
	SNAT     bool         // packets from Logical come from External
	External netip.Addr   //
	Logical  netip.Prefix // masked; one address where it is DNAT
	// Gateway is the distributed gateway port that leads outside; nil on a gateway
	// router, where all ports do.
	Gateway *RouterPort
	// Port is the switch port on whose chassis the translation is made, with an
	// Ethernet address of its own; "": where the gateway port is.
	Port string
	MAC  lflow.MAC // at which External is, of a distributed router
	// PortMin and PortMax are the ports to choose from, 0 for any.
	PortMin, PortMax uint16
	Stateless        bool
	ErrorsInside     bool // of Stateless: the packets that ICMP errors from outside tell of are changed back, too
	// Allowed and Exempt are the names of address sets: of those outside for whom the
	// translation is, or is not, made.
	Allowed, Exempt string
	Routable        bool   // other routers behind the port that leads outside know the way to External
	Match           string // "" is all packets
	Priority        int    // of those with a match
	Problems        []graph.Problem
	usable          bool
}

// At is the port on whose chassis the translation is made, "" on a gateway router.
func (n *NAT) At() string {
	switch {
	case n.Gateway == nil:
		return ""
	case n.Port != "":
		return n.Port
	}
	return n.Gateway.Redirect
}

// NATs finds translations.
type NATs struct {
	Table    *incr.Table[schema.UUID, *NAT]
	OfRouter *incr.Index[schema.UUID, *NAT, schema.UUID]

	elsewhere *incr.Index[schema.UUID, *NAT, schema.UUID] // those with a Port, by router
	parsed    *incr.Table[schema.UUID, *NAT]
	claims    *incr.Index[schema.UUID, *NAT, claim]
	rows      *graph.RowTable[*nb.NAT]
	routerOf  *incr.Index[schema.UUID, *nb.LogicalRouter, schema.UUID]
	stateless *graph.Option[bool]
	inErrors  *graph.Option[bool]
	addRoute  *graph.Option[bool]
}

func (m *Model) declareNATs(g *graph.Graph) {
	t := &m.NATs
	t.rows = graph.Read[*nb.NAT](g, "external_ip", "external_mac", "external_port_range", "logical_ip", "logical_port", "type",
		"allowed_ext_ips", "exempted_ext_ips", "gateway_port", "priority", "match")
	t.stateless = graph.Bool[*nb.NAT](g, "options", "stateless", false,
		"of type dnat_and_snat: the addresses are changed in each packet, and no connection is remembered")
	t.inErrors = graph.Bool[*nb.NAT](g, "options", "stateless_icmp_helper", true,
		"of one with stateless: ICMP errors from outside tell of the address inside, which the agent sees to; IPv4")
	t.addRoute = graph.Bool[*nb.NAT](g, "options", "add_route", false,
		"of types dnat and dnat_and_snat: the other routers on the switch outside route to external_ip, and know its Ethernet address")
	t.routerOf = incr.NewIndex(graph.Read[*nb.LogicalRouter](g, "nat"), "NAT", func(_ schema.UUID, row *nb.LogicalRouter) []schema.UUID { return row.NAT })
	t.parsed = graph.Table(g, "parsed NAT", incr.Keys(t.rows), m.parseNAT)
	t.claims = incr.NewIndex(t.parsed, "what it translates", func(_ schema.UUID, n *NAT) []claim { return n.claims() })
	settled := graph.Table(g, "NAT, one for each translation", incr.Keys(t.parsed), func(r *incr.Reader, id schema.UUID) (*NAT, bool) {
		n, _ := incr.Get(r, t.parsed, id)
		return t.settle(r, n), true
	})
	graph.ProblemsOf(g, settled, func(n *NAT) []graph.Problem { return n.Problems })
	t.Table = graph.Table(g, "NAT", incr.Keys(settled), func(r *incr.Reader, id schema.UUID) (*NAT, bool) {
		n, _ := incr.Get(r, settled, id)
		return n, n.usable
	})
	t.OfRouter = incr.NewIndex(t.Table, "router", func(_ schema.UUID, n *NAT) []schema.UUID { return []schema.UUID{n.Router} })
	t.elsewhere = incr.NewIndex(t.Table, "router, where a VM is", func(_ schema.UUID, n *NAT) []schema.UUID {
		if n.Port == "" {
			return nil
		}
		return []schema.UUID{n.Router}
	})
}

// Leaves tells whether something of a router is translated where its VM is, and leaves
// there.
func (t *NATs) Leaves(r *incr.Reader, router schema.UUID) bool {
	return incr.Count(r, t.elsewhere, router) > 0
}

// parseNAT is the row function of table "parsed NAT".
func (m *Model) parseNAT(r *incr.Reader, id schema.UUID) (*NAT, bool) {
	row, ok := incr.Get(r, m.NATs.rows, id)
	routers := incr.Lookup(r, m.NATs.routerOf, id)
	if !ok || len(routers) == 0 {
		return nil, false
	}
	n := &NAT{UUID: id, Router: routers[0], Match: row.Match, Priority: int(row.Priority)}
	n.DNAT, n.SNAT = row.Type != "snat", row.Type != "dnat"
	e := &graph.RowProblems{Table: "NAT", Row: id, Name: row.ExternalIP}
	n.usable = incr.Has(r, m.Routers, n.Router) && n.addresses(row, e) && m.natGateway(r, row, n, e)
	if n.usable {
		n.place(row, e)
		n.ports(row, e)
		m.natFor(r, row, n, e)
		if n.Stateless = m.NATs.stateless.Read(row.Options, e); n.Stateless && !(n.DNAT && n.SNAT) {
			n.Stateless = false
			e.Problem("options", "stateless counts with type dnat_and_snat alone")
		}
	}
	n.Routable = n.usable && m.NATs.addRoute.Read(row.Options, e) && n.DNAT
	n.ErrorsInside = n.Stateless && m.NATs.inErrors.Read(row.Options, e)
	n.Problems = e.List
	return n, true
}

// claim is what one row at most may translate: destinations, or sources, that no other
// column tells apart.
type claim struct {
	router, gateway schema.UUID
	at              string
	source          bool
	of              netip.Prefix
	allowed, match  string
	priority        int
}

// claims are what a row would translate.
func (n *NAT) claims() []claim {
	if !n.usable {
		return nil
	}
	c := claim{router: n.Router, at: n.At(), allowed: n.Allowed}
	if n.Gateway != nil {
		c.gateway = n.Gateway.UUID
	}
	var all []claim
	if n.DNAT {
		c.of = netip.PrefixFrom(n.External, n.External.BitLen())
		all = append(all, c)
	}
	if n.SNAT {
		c.source, c.of, c.match = true, n.Logical, n.Match
		if n.Match != "" {
			c.priority = n.Priority
		}
		all = append(all, c)
	}
	return all
}

// settle leaves a row what no other has before it: those that translate destinations,
// too, come first, then the lower UUID.
func (t *NATs) settle(r *incr.Reader, n *NAT) *NAT {
	left := n
	for _, c := range n.claims() {
		first := n
		for _, id := range incr.Lookup(r, t.claims, c) {
			if other, _ := incr.Get(r, t.parsed, id); other.before(first) {
				first = other
			}
		}
		if first == n {
			continue
		}
		if left == n {
			copied := *n
			left, copied.Problems = &copied, slices.Clone(n.Problems)
		}
		column, text := "external_ip", n.External.String()
		if left.DNAT = left.DNAT && c.source; c.source {
			left.SNAT = false
			column, text = "logical_ip", n.inside()
		}
		e := &graph.RowProblems{Table: "NAT", Row: n.UUID, Name: n.External.String()}
		e.Problem(column, text+" is translated as NAT "+first.UUID.String()+" ("+first.External.String()+", "+first.inside()+") says")
		left.Problems = append(left.Problems, e.List...)
		left.usable = left.DNAT || left.SNAT
	}
	return left
}

// inside is column logical_ip for people.
func (n *NAT) inside() string {
	if n.Logical.IsSingleIP() {
		return n.Logical.Addr().String()
	}
	return n.Logical.String()
}

// before orders rows that would translate the same.
func (n *NAT) before(o *NAT) bool {
	if n.DNAT != o.DNAT {
		return n.DNAT
	}
	return n.UUID.Compare(o.UUID) < 0
}

// Outside is the port of a translation's router by which External is reached, and the
// port of the switch at its other end, if there are both.
func (m *Model) Outside(r *incr.Reader, n *NAT) (far *RouterPort, near *SwitchPort, ok bool) {
	if far = n.Gateway; far == nil {
		if far, _, ok = m.PortTowards(r, n.Router, n.External); !ok {
			return nil, nil, false
		}
	}
	near, ok = m.SwitchPortTo(r, far.Name)
	return far, near, ok
}

// addresses reads columns external_ip and logical_ip.
func (n *NAT) addresses(row *nb.NAT, e *graph.RowProblems) bool {
	external := address.HostOrNetwork(row.ExternalIP)
	if !external.IsSingleIP() || external.Addr().IsMulticast() || external.Addr().IsUnspecified() {
		e.Problem("external_ip", strconv.Quote(row.ExternalIP)+" is not the IP address of a host")
		return false
	}
	n.External = external.Addr()
	n.Logical = address.HostOrNetwork(row.LogicalIP)
	switch {
	case !n.Logical.IsValid():
		e.Problem("logical_ip", strconv.Quote(row.LogicalIP)+" is not an IP address or network")
	case n.DNAT && !n.Logical.IsSingleIP():
		e.Problem("logical_ip", strconv.Quote(row.LogicalIP)+" is not the IP address of a host, which type "+row.Type+" needs")
	case n.Logical.Addr().Is4() != n.External.Is4():
		e.Problem("logical_ip", row.LogicalIP+" and "+row.ExternalIP+" are not of one family")
	default:
		return true
	}
	return false
}

// natGateway finds the way outside: the port that the row names, else the one of the
// router, else of several the one whose network has the external address.
func (m *Model) natGateway(r *incr.Reader, row *nb.NAT, n *NAT, e *graph.RowProblems) bool {
	if router, ok := incr.Get(r, m.Routers, n.Router); ok && router.Chassis != "" {
		return true
	}
	all := m.GatewayPorts(r, n.Router)
	if row.GatewayPort != nil {
		for _, p := range all {
			if p.UUID == *row.GatewayPort {
				n.Gateway = p
				return true
			}
		}
		e.Problem("gateway_port", "is not a distributed gateway port of the router")
		return false
	}
	if len(all) == 1 {
		n.Gateway = all[0]
		return true
	}
	for _, p := range all {
		if _, ok := p.NetworkOf(n.External); ok {
			if n.Gateway != nil {
				e.Problem("gateway_port", "is needed: "+n.Gateway.Name+" and "+p.Name+" both have a network with "+row.ExternalIP)
				return false
			}
			n.Gateway = p
		}
	}
	switch {
	case n.Gateway != nil:
		return true
	case len(all) == 0:
		e.Problem("", "the router has neither options:chassis nor a port with gateway chassis: nothing is translated")
	default:
		e.Problem("gateway_port", "is needed: the router has several gateway ports, and none of them a network with "+row.ExternalIP)
	}
	return false
}

// place reads where the translation is made: columns external_mac and logical_port.
func (n *NAT) place(row *nb.NAT, e *graph.RowProblems) {
	if n.Gateway == nil {
		return
	}
	n.MAC = n.Gateway.MAC
	if row.ExternalMAC == nil {
		return // a logical_port alone is the cloud's note
	}
	const central = "; its chassis is that of the gateway port"
	mac, ok := lflow.ParseMAC(*row.ExternalMAC)
	switch {
	case !n.DNAT || !n.SNAT:
		e.Problem("external_mac", "counts with type dnat_and_snat alone")
	case !ok || IsMulticast(mac) || mac == (lflow.MAC{}):
		e.Problem("external_mac", strconv.Quote(*row.ExternalMAC)+" is not the Ethernet address of a port"+central)
	case row.LogicalPort == nil || *row.LogicalPort == "":
		e.Problem("external_mac", "without logical_port has no meaning"+central)
	default:
		n.MAC, n.Port = mac, *row.LogicalPort
	}
}

// ports reads column external_port_range: "port" or "first-last".
func (n *NAT) ports(row *nb.NAT, e *graph.RowProblems) {
	if row.ExternalPortRange == "" {
		return
	}
	lo, hi, ok := portRange(row.ExternalPortRange)
	if !ok {
		e.Problem("external_port_range", strconv.Quote(row.ExternalPortRange)+" is neither a port nor a range FIRST-LAST of ports")
		return
	}
	n.PortMin, n.PortMax = lo, hi
}

// natFor reads for which packets the translation is made.
func (m *Model) natFor(r *incr.Reader, row *nb.NAT, n *NAT, e *graph.RowProblems) {
	n.Allowed = m.setOfNAT(r, row.AllowedExtIPs, "allowed_ext_ips", e)
	n.Exempt = m.setOfNAT(r, row.ExemptedExtIPs, "exempted_ext_ips", e)
	if n.Allowed != "" && n.Exempt != "" {
		n.Exempt = ""
		e.Problem("exempted_ext_ips", "allowed_ext_ips counts in its place")
	}
	switch {
	case n.Match == "" && n.Priority != 0 && n.SNAT && !n.DNAT:
		e.Problem("priority", "counts with a match alone")
	case n.Match == "":
	case n.DNAT:
		n.Match = ""
		e.Problem("match", "counts with type snat alone")
	default:
		if _, err := m.Groups.ParseMatch(r, "("+n.Match+")"); err != nil {
			n.usable = false
			e.Problem("match", err.Error())
		}
	}
}

// setOfNAT is the name of an address set that a column names.
func (m *Model) setOfNAT(r *incr.Reader, id *schema.UUID, column string, e *graph.RowProblems) string {
	if id == nil {
		return ""
	}
	if set, ok := incr.Get(r, m.Groups.sets, *id); ok {
		return set.Name
	}
	e.Problem(column, "there is no address set "+id.String()+" yet")
	return ""
}

// portRange parses a port, or a range of ports; the last is 0 of one port.
func portRange(s string) (lo, hi uint16, ok bool) {
	first, last, isRange := strings.Cut(s, "-")
	if !isRange {
		last = first
	}
	a, err := strconv.ParseUint(first, 10, 16)
	b, err2 := strconv.ParseUint(last, 10, 16)
	if err != nil || err2 != nil || a == 0 || b < a {
		return 0, 0, false
	}
	if a == b {
		b = 0
	}
	return uint16(a), uint16(b), true
}
