package portsec

import (
	"net/netip"

	"github.com/weft-sdn/weft/lflow"
)

// Rule says what becomes of packets: they pass, or fail the check. A packet that
// no rule matches passes.
type Rule struct {
	Priority uint16
	Match    *lflow.Expr
	Fail     bool
}

// Passes tells whether a packet passes rules of one port.
func Passes(rules []Rule, p lflow.Packet) bool {
	var decides Rule
	for _, r := range rules {
		if r.Priority > decides.Priority && lflow.Evaluate(r.Match, p) {
			decides = r
		}
	}
	return !decides.Fail
}

// In returns the rules for what the port sends, in this order: ARP and neighbour
// discovery, IP from elements with addresses, all from elements without, other
// protocols from elements with addresses. Each is for the port alone.
func (p Policy) In(port string) []Rule {
	if !p.Secured {
		return nil
	}
	rs := rules{of: lflow.Eq(lflow.Inport, port)}
	for _, e := range p.elements {
		mine := e.is(lflow.EthSrc)
		e.allowNeighbours(mine, func(match *lflow.Expr) { rs.pass(95, match) })
		e.allowIP(mine, func(match *lflow.Expr) { rs.pass(85, match) })
	}
	rs.fail(90, lflow.Or(lflow.Bool(lflow.ARP), lflow.Bool(lflow.ND)))
	rs.others(p, lflow.EthSrc)
	return rs.list
}

// Out returns the rules for what the port is to receive, but for what is for
// groups, which passes.
func (p Policy) Out(port string) []Rule {
	if !p.Secured {
		return nil
	}
	rs := rules{of: lflow.Eq(lflow.Outport, port)}
	for _, e := range p.elements {
		mine := e.is(lflow.EthDst)
		if vs := e.heard(false); vs != nil {
			rs.pass(85, lflow.And(mine, lflow.Eq(lflow.IP4Dst, vs...)))
		}
		if vs := e.heard(true); vs != nil {
			rs.pass(85, lflow.And(mine, lflow.Eq(lflow.IP6Dst, vs...)))
		}
	}
	rs.others(p, lflow.EthDst)
	return rs.list
}

// rules are the rules of a port in the making.
type rules struct {
	of   *lflow.Expr // what all of them match
	list []Rule
}

func (rs *rules) pass(priority uint16, match *lflow.Expr) {
	rs.list = append(rs.list, Rule{priority, lflow.And(rs.of, match), false})
}

func (rs *rules) fail(priority uint16, match *lflow.Expr) {
	rs.list = append(rs.list, Rule{priority, lflow.And(rs.of, match), true})
}

// others are the rules for packets that no address inside decided about; field
// is the Ethernet address that counts.
func (rs *rules) others(p Policy, field lflow.Field) {
	free, bound := p.macs()
	if free != nil {
		rs.pass(80, lflow.Eq(field, free...))
	}
	if bound != nil {
		rs.fail(75, lflow.Bool(lflow.IP))
		rs.pass(72, lflow.Eq(field, bound...))
	}
	rs.list = append(rs.list, Rule{70, rs.of, true})
}

// is compares a field with the element's Ethernet addresses, or those given too.
func (e element) is(field lflow.Field, or ...any) *lflow.Expr {
	for _, m := range e.macs() {
		or = append(or, m.constant())
	}
	return lflow.Eq(field, or...)
}

// allowNeighbours allows ARP and neighbour discovery.
func (e element) allowNeighbours(from *lflow.Expr, allow func(*lflow.Expr)) {
	// A neighbour discovery packet without the option has zero in the field.
	var none lflow.MAC
	arp := lflow.And(from, e.is(lflow.ARPSHA))
	ns := lflow.And(from, lflow.Bool(lflow.NDNS), e.is(lflow.NDSLL, none))
	na := lflow.And(from, lflow.Bool(lflow.NDNA), e.is(lflow.NDTLL, none))
	if e.free {
		allow(arp)
		allow(ns)
		allow(na)
		return
	}
	if own := e.mine(false); own != nil {
		allow(lflow.And(arp, lflow.Eq(lflow.ARPSPA, own...)))
	}
	if own := e.mine(true); own != nil {
		mine := lflow.Eq(lflow.IP6Src, own...)
		allow(lflow.And(ns, mine))
		allow(lflow.And(ns, nobodyYet()))
		allow(lflow.And(na, mine, lflow.Eq(lflow.NDTarget, own...)))
	}
}

// allowIP allows IP packets from an element's addresses, and those by which a
// host comes to an address.
func (e element) allowIP(from *lflow.Expr, allow func(*lflow.Expr)) {
	if own := e.mine(false); own != nil {
		allow(lflow.And(from, lflow.Eq(lflow.IP4Src, own...)))
		// DHCPDISCOVER and DHCPREQUEST: RFC 2131, section 4.1.
		allow(lflow.And(from, lflow.Eq(lflow.IP4Src, netip.IPv4Unspecified()), lflow.Eq(lflow.IP4Dst, everybody),
			lflow.Eq(lflow.UDPSrc, 68), lflow.Eq(lflow.UDPDst, 67)))
	}
	if own := e.mine(true); own != nil {
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
