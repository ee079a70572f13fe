package nat

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	addresses "github.com/weft-sdn/weft/lflow/address"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
)

// rows reads table NAT: ovn-nb(5).
type rows struct {
	m         *model.Model
	all       *graph.RowTable[*nb.NAT]
	routerOf  *incr.Index[schema.UUID, *nb.LogicalRouter, schema.UUID]
	parsed    *incr.Table[schema.UUID, *parsed]
	claims    *incr.Index[schema.UUID, *parsed, claim]
	stateless *graph.Option[bool]
	inErrors  *graph.Option[bool]
	addRoute  *graph.Option[bool]
}

// parsed is a row as it is read.
type parsed struct {
	model.NAT
	Problems []graph.Problem
	usable   bool
}

// declareNATs declares the table of translations.
func declareNATs(g *graph.Graph, m *model.Model) *incr.Table[schema.UUID, *model.NAT] {
	t := &rows{m: m}
	t.all = graph.Read[*nb.NAT](g, "external_ip", "external_mac", "external_port_range", "logical_ip", "logical_port", "type",
		"allowed_ext_ips", "exempted_ext_ips", "gateway_port", "priority", "match")
	t.stateless = graph.Bool[*nb.NAT](g, "options", "stateless", false,
		"of type dnat_and_snat: the addresses are changed in each packet, and no connection is remembered")
	t.inErrors = graph.Bool[*nb.NAT](g, "options", "stateless_icmp_helper", true,
		"of one with stateless: ICMP errors from outside tell of the address inside, which the agent sees to; IPv4")
	t.addRoute = graph.Bool[*nb.NAT](g, "options", "add_route", false,
		"of types dnat and dnat_and_snat: the other routers on the switch outside route to external_ip, and know its Ethernet address")
	t.routerOf = incr.NewIndex(graph.Read[*nb.LogicalRouter](g, "nat"), "NAT", func(_ schema.UUID, row *nb.LogicalRouter) []schema.UUID { return row.NAT })
	t.parsed = graph.Table(g, "parsed NAT", incr.Keys(t.all), t.parse)
	t.claims = incr.NewIndex(t.parsed, "what it translates", func(_ schema.UUID, n *parsed) []claim { return n.claims() })
	settled := graph.Table(g, "NAT, one for each translation", incr.Keys(t.parsed), func(r *incr.Reader, id schema.UUID) (*parsed, bool) {
		n, _ := incr.Get(r, t.parsed, id)
		return t.settle(r, n), true
	})
	graph.ProblemsOf(g, settled, func(n *parsed) []graph.Problem { return n.Problems })
	return graph.Table(g, "NAT", incr.Keys(settled), func(r *incr.Reader, id schema.UUID) (*model.NAT, bool) {
		n, _ := incr.Get(r, settled, id)
		return &n.NAT, n.usable
	})
}

// parse is the row function of table "parsed NAT".
func (t *rows) parse(r *incr.Reader, id schema.UUID) (*parsed, bool) {
	row, ok := incr.Get(r, t.all, id)
	routers := incr.Lookup(r, t.routerOf, id)
	if !ok || len(routers) == 0 {
		return nil, false
	}
	n := &parsed{NAT: model.NAT{UUID: id, Router: routers[0], Match: row.Match, Priority: int(row.Priority)}}
	n.DNAT, n.SNAT = row.Type != "snat", row.Type != "dnat"
	e := &graph.RowProblems{Table: "NAT", Row: id, Name: row.ExternalIP}
	n.usable = incr.Has(r, t.m.Routers, n.Router) && n.addresses(row, e) && t.gateway(r, row, n, e)
	if n.usable {
		n.place(row, e)
		n.ports(row, e)
		t.packets(r, row, n, e)
		if n.Stateless = t.stateless.Read(row.Options, e); n.Stateless && !(n.DNAT && n.SNAT) {
			n.Stateless = false
			e.Problem("options", "stateless counts with type dnat_and_snat alone")
		}
	}
	n.Routable = n.usable && t.addRoute.Read(row.Options, e) && n.DNAT
	n.ErrorsInside = n.Stateless && t.inErrors.Read(row.Options, e)
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
func (n *parsed) claims() []claim {
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
func (t *rows) settle(r *incr.Reader, n *parsed) *parsed {
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
func (n *parsed) inside() string {
	if n.Logical.IsSingleIP() {
		return n.Logical.Addr().String()
	}
	return n.Logical.String()
}

// before orders rows that would translate the same.
func (n *parsed) before(o *parsed) bool {
	if n.DNAT != o.DNAT {
		return n.DNAT
	}
	return n.UUID.Compare(o.UUID) < 0
}

// addresses reads columns external_ip and logical_ip.
func (n *parsed) addresses(row *nb.NAT, e *graph.RowProblems) bool {
	external := addresses.HostOrNetwork(row.ExternalIP)
	if !external.IsSingleIP() || external.Addr().IsMulticast() || external.Addr().IsUnspecified() {
		e.Problem("external_ip", strconv.Quote(row.ExternalIP)+" is not the IP address of a host")
		return false
	}
	n.External = external.Addr()
	n.Logical = addresses.HostOrNetwork(row.LogicalIP)
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

// gateway finds the way outside: the port that the row names, else the one of the
// router, else of several the one whose network has the external address.
func (t *rows) gateway(r *incr.Reader, row *nb.NAT, n *parsed, e *graph.RowProblems) bool {
	if router, ok := incr.Get(r, t.m.Routers, n.Router); ok && router.Chassis != "" {
		return true
	}
	all := t.m.GatewayPorts(r, n.Router)
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
func (n *parsed) place(row *nb.NAT, e *graph.RowProblems) {
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
	case !ok || model.IsMulticast(mac) || mac == (lflow.MAC{}):
		e.Problem("external_mac", strconv.Quote(*row.ExternalMAC)+" is not the Ethernet address of a port"+central)
	case row.LogicalPort == nil || *row.LogicalPort == "":
		e.Problem("external_mac", "without logical_port has no meaning"+central)
	default:
		n.MAC, n.Port = mac, *row.LogicalPort
	}
}

// ports reads column external_port_range: "port" or "first-last".
func (n *parsed) ports(row *nb.NAT, e *graph.RowProblems) {
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

// packets reads for which packets the translation is made.
func (t *rows) packets(r *incr.Reader, row *nb.NAT, n *parsed, e *graph.RowProblems) {
	n.Allowed = t.set(r, row.AllowedExtIPs, "allowed_ext_ips", e)
	n.Exempt = t.set(r, row.ExemptedExtIPs, "exempted_ext_ips", e)
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
		if _, err := t.m.Groups.ParseMatch(r, "("+n.Match+")"); err != nil {
			n.usable = false
			e.Problem("match", err.Error())
		}
	}
}

// set is the name of an address set that a column names.
func (t *rows) set(r *incr.Reader, id *schema.UUID, column string, e *graph.RowProblems) string {
	if id == nil {
		return ""
	}
	if name, ok := t.m.Groups.AddressSet(r, *id); ok {
		return name
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
