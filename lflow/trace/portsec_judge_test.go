package trace

import (
	"net/netip"
	"strings"

	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/lflow/address"
)

// What follows judges by port security as ovn-nb(5) tells it, packet by packet:
// the tests hold the rules of package portsec against it.

// rule is one entry of a port's column port_security (ovn-nb(5)): an Ethernet
// address, and the IP addresses or networks that it may use; none of both
// families stands for all.
type rule struct {
	mac lflow.MAC
	v4  []netip.Prefix
	v6  []netip.Prefix
}

func parseRule(text string) (r rule, ok bool) {
	words := strings.Fields(text)
	if len(words) == 0 {
		return r, false
	}
	if r.mac, ok = lflow.ParseMAC(words[0]); !ok {
		return r, false
	}
	for _, w := range words[1:] {
		p, err := netip.ParsePrefix(w)
		if err != nil {
			a, err := netip.ParseAddr(w)
			if err != nil {
				continue
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		if p.Addr().Is4() {
			r.v4 = append(r.v4, p)
		} else {
			r.v6 = append(r.v6, p)
		}
	}
	if r.v6 != nil {
		r.v6 = append(r.v6, netip.PrefixFrom(address.LinkLocal(r.mac), 128))
	}
	return r, true
}

// within tells whether an address is one of those that a port may have: an
// address with a prefix length is that one address, unless its host part is
// zero. The broadcast address of a network is in it for those who receive.
func within(a netip.Addr, ps []netip.Prefix, receive bool) bool {
	for _, p := range ps {
		if p.Addr() == p.Masked().Addr() {
			if p.Contains(a) {
				return true
			}
			continue
		}
		if p.Addr() == a || receive && a.Is4() && a == broadcast(p) {
			return true
		}
	}
	return false
}

func broadcast(p netip.Prefix) netip.Addr {
	b := p.Addr().As4()
	for i := p.Bits(); i < 32; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	return netip.AddrFrom4(b)
}

func (r rule) maySend(p *Packet) bool {
	if p.mac(lflow.EthSrc) != r.mac {
		return false
	}
	all := r.v4 == nil && r.v6 == nil
	switch {
	case p.is(lflow.ARP):
		return p.mac(lflow.ARPSHA) == r.mac && (all || within(p.addr4(lflow.ARPSPA), r.v4, false))
	case p.is(lflow.IP4):
		discover := p.is(lflow.UDP) && p.get(lflow.IP4Src).IsZero() && p.get(lflow.IP4Dst) == lflow.Ones(32) &&
			p.get(lflow.UDPSrc) == lflow.U(68) && p.get(lflow.UDPDst) == lflow.U(67)
		return all || r.v4 != nil && (discover || within(p.addr4(lflow.IP4Src), r.v4, false))
	case p.is(lflow.IP6):
		return r.maySend6(p, all)
	}
	return true
}

// maySend6: a host without an address yet looks for duplicates, routers and
// groups, on its link.
func (r rule) maySend6(p *Packet, all bool) bool {
	var none lflow.MAC
	own := func(f lflow.Field) bool { m := p.mac(f); return m == none || m == r.mac }
	switch {
	case p.is(lflow.NDNS) && !own(lflow.NDSLL), p.is(lflow.NDNA) && !own(lflow.NDTLL):
		return false
	case all:
		return true
	case r.v6 == nil, p.is(lflow.NDNA) && !within(p.addr6(lflow.NDTarget), r.v6, false):
		return false
	case p.addr6(lflow.IP6Src).IsUnspecified() && p.addr6(lflow.IP6Dst).IsLinkLocalMulticast() && p.is(lflow.ICMP6):
		t := p.get(lflow.ICMP6Type).Lo
		return t == 131 || t == 135 || t == 143
	}
	return within(p.addr6(lflow.IP6Src), r.v6, false)
}

func (r rule) mayReceive(p *Packet) bool {
	if p.mac(lflow.EthDst) != r.mac {
		return false
	}
	all := r.v4 == nil && r.v6 == nil
	switch {
	case p.is(lflow.IP4):
		a := p.addr4(lflow.IP4Dst)
		return all || r.v4 != nil && (a.IsMulticast() || a == netip.AddrFrom4([4]byte{255, 255, 255, 255}) || within(a, r.v4, true))
	case p.is(lflow.IP6):
		a := p.addr6(lflow.IP6Dst)
		return all || r.v6 != nil && (a.IsMulticast() || within(a, r.v6, true))
	}
	return true
}

// secures tells whether a column lets the packet pass.
func secures(column []string, out bool, p *Packet) bool {
	if len(column) == 0 {
		return true
	}
	for _, text := range column {
		if r, ok := parseRule(text); ok && (out && r.mayReceive(p) || !out && r.maySend(p)) {
			return true
		}
	}
	return false
}
