package portsec

import (
	"net/netip"
	"strconv"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/northd/pipeline"
)

// New declares port security: it lets a port with column port_security send from, and receive
// for, the addresses in it only; inside of ARP and neighbour discovery it may
// speak of these addresses only. What that means in full stands in ovn-nb(5).
//
// OVN writes check_in_port_sec() and check_out_port_sec() and has its agent
// make the flows from Port_Binding.port_security. Here they are logical flows
// like all others: traces and tests see them, and the agent needs no tables
// of its own for them.
func New(m *model.Model) {
	m.AllSwitches.Write("portsec", func(_ *incr.Reader, f *graph.Flows, _ model.SwitchKind) {
		f.Add(pipeline.LSInApplyPortSec, 50, pipeline.Is(pipeline.PortSecDropIn), lflow.Drop{})
		f.Pass(pipeline.LSInApplyPortSec)
		f.Add(pipeline.LSOutCheckPortSec, 100, lflow.Bool(lflow.EthMcast), pass(pipeline.PortSecDropOut)...)
		f.Add(pipeline.LSOutCheckPortSec, 0, nil, pass(pipeline.PortSecDropOut)...)
		f.Add(pipeline.LSOutApplyPortSec, 50, pipeline.Is(pipeline.PortSecDropOut), lflow.Drop{})
		f.Add(pipeline.LSOutApplyPortSec, 0, nil, lflow.Output{})
	})
	m.SwitchPortFlows.Write("portsec", func(_ *incr.Reader, f *graph.Flows, p *model.SwitchPort) {
		rules := readRules(f, p)
		if p.Handled && p.Enabled && len(p.Security) > 0 {
			s := &secured{p.Name, rules}
			s.in(f)
			s.out(f)
		}
	})
}

// secured is a port with port security. One whose elements are all invalid is
// secured all the same: nothing passes rather than everything.
type secured struct {
	port  string
	rules []rule
}

// readRules reads column port_security.
func readRules(f *graph.Flows, p *model.SwitchPort) []rule {
	var rules []rule
	for _, text := range p.Security {
		r, err := parseRule(text)
		if err != nil {
			f.Problem("port_security", strconv.Quote(text)+": "+err.Error())
			continue
		}
		rules = append(rules, r)
	}
	return join(rules)
}

// fail marks the packet in a bit and goes on to the stage that drops it.
func fail(bit string) []lflow.Action { return []lflow.Action{pipeline.Set(bit), lflow.Next{}} }

// pass clears the bit and goes on: each copy of a packet that goes to several
// ports is judged for itself.
func pass(bit string) []lflow.Action { return []lflow.Action{pipeline.Clear(bit), lflow.Next{}} }

// in judges what the port sends, in this order: ARP and neighbour
// discovery, IP from rules with addresses, all from rules without, other
// protocols from rules with addresses.
func (s *secured) in(f *graph.Flows) {
	const stage = pipeline.LSInCheckPortSec
	from := lflow.Eq(lflow.Inport, s.port)
	allow := func(priority uint16, match *lflow.Expr) { f.Add(stage, priority, match, lflow.Next{}) }
	for _, r := range s.rules {
		mine := lflow.And(from, r.is(lflow.EthSrc))
		r.allowNeighbours(mine, func(match *lflow.Expr) { allow(95, match) })
		r.allowIP(mine, func(match *lflow.Expr) { allow(85, match) })
	}
	f.Add(stage, 90, lflow.And(from, lflow.Or(lflow.Bool(lflow.ARP), lflow.Bool(lflow.ND))), fail(pipeline.PortSecDropIn)...)
	free, bound := s.macs()
	if free != nil {
		allow(80, lflow.And(from, lflow.Eq(lflow.EthSrc, free...)))
	}
	if bound != nil {
		f.Add(stage, 75, lflow.And(from, lflow.Bool(lflow.IP)), fail(pipeline.PortSecDropIn)...)
		allow(72, lflow.And(from, lflow.Eq(lflow.EthSrc, bound...)))
	}
	f.Add(stage, 70, from, fail(pipeline.PortSecDropIn)...)
}

// out judges what the port is to receive, but for what is for groups.
func (s *secured) out(f *graph.Flows) {
	const stage = pipeline.LSOutCheckPortSec
	to := lflow.Eq(lflow.Outport, s.port)
	allow := func(priority uint16, match *lflow.Expr) {
		f.Add(stage, priority, match, pass(pipeline.PortSecDropOut)...)
	}
	for _, r := range s.rules {
		mine := lflow.And(to, r.is(lflow.EthDst))
		if vs := r.heard(false); vs != nil {
			allow(85, lflow.And(mine, lflow.Eq(lflow.IP4Dst, vs...)))
		}
		if vs := r.heard(true); vs != nil {
			allow(85, lflow.And(mine, lflow.Eq(lflow.IP6Dst, vs...)))
		}
	}
	free, bound := s.macs()
	if free != nil {
		allow(80, lflow.And(to, lflow.Eq(lflow.EthDst, free...)))
	}
	if bound != nil {
		f.Add(stage, 75, lflow.And(to, lflow.Bool(lflow.IP)), fail(pipeline.PortSecDropOut)...)
		allow(72, lflow.And(to, lflow.Eq(lflow.EthDst, bound...)))
	}
	f.Add(stage, 70, to, fail(pipeline.PortSecDropOut)...)
}

// macs are the Ethernet addresses of rules without IP addresses, and
// with.
func (s *secured) macs() (free, bound []any) {
	for _, r := range s.rules {
		to := &bound
		if r.free() {
			to = &free
		}
		for _, m := range r.MACs {
			*to = append(*to, m.constant())
		}
	}
	return free, bound
}

// is compares a field with the rule's Ethernet addresses, or those given too.
func (r rule) is(field lflow.Field, or ...any) *lflow.Expr {
	for _, m := range r.MACs {
		or = append(or, m.constant())
	}
	return lflow.Eq(field, or...)
}

// allowNeighbours allows ARP and neighbour discovery.
func (r rule) allowNeighbours(from *lflow.Expr, allow func(*lflow.Expr)) {
	// A neighbour discovery packet without the option has zero in the field.
	var none lflow.MAC
	arp := lflow.And(from, r.is(lflow.ARPSHA))
	ns := lflow.And(from, lflow.Bool(lflow.NDNS), r.is(lflow.NDSLL, none))
	na := lflow.And(from, lflow.Bool(lflow.NDNA), r.is(lflow.NDTLL, none))
	if r.free() {
		allow(arp)
		allow(ns)
		allow(na)
		return
	}
	if own := r.own(false); own != nil {
		allow(lflow.And(arp, lflow.Eq(lflow.ARPSPA, own...)))
	}
	if own := r.own(true); own != nil {
		mine := lflow.Eq(lflow.IP6Src, own...)
		allow(lflow.And(ns, mine))
		allow(lflow.And(ns, nobodyYet()))
		allow(lflow.And(na, mine, lflow.Eq(lflow.NDTarget, own...)))
	}
}

// allowIP allows IP packets from a rule's addresses, and those by which a host
// comes to an address.
func (r rule) allowIP(from *lflow.Expr, allow func(*lflow.Expr)) {
	if own := r.own(false); own != nil {
		allow(lflow.And(from, lflow.Eq(lflow.IP4Src, own...)))
		// DHCPDISCOVER and DHCPREQUEST: RFC 2131, section 4.1.
		allow(lflow.And(from, lflow.Eq(lflow.IP4Src, netip.IPv4Unspecified()), lflow.Eq(lflow.IP4Dst, netip.AddrFrom4([4]byte{255, 255, 255, 255})),
			lflow.Eq(lflow.UDPSrc, 68), lflow.Eq(lflow.UDPDst, 67)))
	}
	if own := r.own(true); own != nil {
		allow(lflow.And(from, lflow.Eq(lflow.IP6Src, own...)))
		// Reports of multicast listeners: RFC 2710, RFC 3810.
		allow(lflow.And(from, nobodyYet(), lflow.Eq(lflow.ICMP6Type, 131, 143), lflow.Eq(lflow.ICMP6Code, 0)))
	}
}

// nobodyYet matches what a host that has no IPv6 address yet sends to groups
// on its link.
func nobodyYet() *lflow.Expr {
	return lflow.And(lflow.Eq(lflow.IP6Src, netip.IPv6Unspecified()), lflow.Eq(lflow.IP6Dst, netip.MustParsePrefix("ff02::/16")))
}
