package policy

import (
	"fmt"
	"net/netip"
	"strconv"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/schema/nb"
)

// maxHops is how many next hops can share the packets of a policy: the switch is
// told of all of them in one message.
const maxHops = 256

// hop is a next hop.
type hop struct {
	IP     netip.Addr
	Out    *model.RouterPort
	Source netip.Addr // of Out, towards it; zero if Out has none of its family
}

// reroute finds the next hops of a policy. It returns false if there is none that
// can be used, and notes why, unless all are down.
func (ft *feature) reroute(r *incr.Reader, row *nb.LogicalRouterPolicy, p *policy, e *graph.RowProblems) bool {
	texts := row.Nexthops
	if len(texts) == 0 && text(row.Nexthop) != "" {
		texts = []string{*row.Nexthop} // the column of before
	}
	switch {
	case len(texts) == 0:
		e.Problem("nexthops", "a policy that reroutes needs a next hop")
		return false
	case row.OutputPort != nil && len(texts) != 1:
		e.Problem("output_port", "goes with one next hop only")
		return false
	case len(texts) > maxHops:
		e.Problem("nexthops", fmt.Sprintf("more than %d next hops", maxHops))
		return false
	}
	for _, s := range texts {
		ip, err := netip.ParseAddr(s)
		if err != nil || ip.Zone() != "" || ip.Is4In6() || ip.IsMulticast() || ip.IsUnspecified() {
			e.Problem("nexthops", strconv.Quote(s)+" is not an IP address of a neighbour")
			continue
		}
		if first := p.Hops; len(first) > 0 && first[0].IP.Is4() != ip.Is4() {
			e.Problem("nexthops", ip.String()+" is not of the family of "+first[0].IP.String())
			return false
		}
		h, ok := ft.towards(r, row, p, ip, e)
		if ok && ft.sessions.Usable(r, h.Out.Name, h.IP, row.BFDSessions...) {
			p.Hops = append(p.Hops, h)
		}
	}
	return len(p.Hops) > 0
}

// towards finds the port by which packets leave for a next hop.
func (ft *feature) towards(r *incr.Reader, row *nb.LogicalRouterPolicy, p *policy, ip netip.Addr, e *graph.RowProblems) (hop, bool) {
	if row.OutputPort != nil {
		out, ok := incr.Get(r, ft.m.RouterPorts, *row.OutputPort)
		if !ok || out.Router != p.Router {
			e.Problem("output_port", "the router has no such port")
			return hop{}, false
		}
		return hop{ip, out, out.SourceTowards(ip)}, true
	}
	out, n, ok := ft.m.PortTowards(r, p.Router, ip)
	if !ok {
		e.Problem("nexthops", "no port of the router has a network with "+ip.String())
		return hop{}, false
	}
	if n.Addr() == ip {
		e.Problem("nexthops", ip.String()+" is an address of the router's port "+strconv.Quote(out.Name))
		return hop{}, false
	}
	return hop{ip, out, n.Addr()}, true
}
