package meters

import (
	"maps"
	"slices"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
)

// protocols are the keys of Copp.meters that features ask for.
var protocols = [...]struct{ name, doc string }{
	{"reject", "packets that ACLs reject"},
	{"arp", "ARP packets that routers learn from"},
	{"arp-resolve", "packets whose next hop a router asks for by ARP"},
	{"nd-na", "neighbour solicitations that are answered, and advertisements that routers learn from"},
	{"nd-ns", "neighbour solicitations that routers learn from"},
	{"nd-ns-resolve", "packets whose next hop a router asks for by a neighbour solicitation"},
	{"icmp4-error", "packets that routers answer with an ICMP error"},
	{"icmp6-error", "packets that routers answer with an ICMPv6 error"},
	{"tcp-reset", "TCP and SCTP packets to a router's own addresses"},
	{"bfd", "BFD control packets that routers' ports receive"},
	{"event-elb", "packets of clients of VIPs without backends that agents tell of, of load balancers that a datapath has by itself"},
	{"dhcpv4-opts", "DHCP requests that agents answer"},
	{"dhcpv6-opts", "DHCPv6 requests that agents answer"},
	{"dns", "DNS queries on switches with names"},
	{"nd-ra-opts", "router solicitations that agents answer"},
	{"svc-monitor", "answers to health checks of load balancers"},
}

// protect declares control-plane protection.
func (ft *feature) protect(g *graph.Graph) {
	for _, p := range protocols {
		graph.String[*nb.Copp](g, "meters", p.name, "name of a Meter", "limits "+p.doc)
	}
	graph.ProblemTable(g, "problems of Copp", incr.Keys(ft.copps), func(r *incr.Reader, id schema.UUID) []graph.Problem {
		row, ok := incr.Get(r, ft.copps, id)
		if !ok {
			return nil
		}
		p := graph.RowProblems{Table: "Copp", Row: id, Name: row.Name}
		for _, protocol := range slices.Sorted(maps.Keys(row.Meters)) {
			if name := row.Meters[protocol]; len(incr.Lookup(r, ft.byName, name)) == 0 {
				p.Problem("meters", protocol+": there is no meter "+name)
			}
		}
		return p.List
	})
}

// ofDatapath returns the meter of a datapath's packets of a protocol to the
// agents. As in OVN, one that does not exist is none.
func (ft *feature) ofDatapath(r *incr.Reader, datapath schema.UUID, protocol string) string {
	var id schema.UUID
	if s, ok := incr.Get(r, ft.m.Switches, datapath); ok {
		id = s.Copp
	} else if s, ok := incr.Get(r, ft.m.Routers, datapath); ok {
		id = s.Copp
	}
	if id.IsZero() {
		return ""
	}
	row, ok := incr.Get(r, ft.copps, id)
	if !ok {
		return ""
	}
	name := row.Meters[protocol]
	if len(incr.Lookup(r, ft.byName, name)) == 0 {
		return ""
	}
	return name
}
