package model

import (
	"cmp"
	"net/netip"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/lflow/address"
	"github.com/weft-sdn/weft/schema"
)

// Address is an element of column addresses.
type Address = address.Address

// AddressOn is an IP address on a datapath, or on all of a Logical_DP_Group.
type AddressOn struct {
	On schema.UUID
	IP netip.Addr
}

// Compare orders by where, then by address.
func (a AddressOn) Compare(b AddressOn) int { return cmp.Or(a.On.Compare(b.On), a.IP.Compare(b.IP)) }

// IsMulticast tells whether the address is a group's, which no port can own.
func IsMulticast(m lflow.MAC) bool { return m[0]&1 != 0 }

// IsLinkLocal tells whether an address means nothing beyond its link. Unlike
// hosts (RFC 3927), routers do route 169.254.0.0/16: clouds number links by it.
func IsLinkLocal(ip netip.Addr) bool { return ip.Is6() && ip.IsLinkLocalUnicast() }

// SolicitedNode returns the group that a solicitation for an address is sent
// to: RFC 4291, section 2.7.1.
func SolicitedNode(ip netip.Addr) netip.Addr {
	group := netip.MustParseAddr("ff02::1:ff00:0").As16()
	a := ip.As16()
	copy(group[13:], a[13:])
	return netip.AddrFrom16(group)
}

// SwitchAddresses tells of addresses on switches. The zero value knows of none.
type SwitchAddresses struct {
	// Answers tells of an address of a router's port whether the switch there answers
	// everybody who asks for it, so that no question comes to the router.
	Answers func(r *incr.Reader, p *RouterPort, ip netip.Addr) bool
	// Nobody tells whether nobody on a switch can have an address.
	Nobody func(r *incr.Reader, sw schema.UUID, ip netip.Addr) bool
}

// AnswersAll is Answers.
func (a SwitchAddresses) AnswersAll(r *incr.Reader, p *RouterPort, ip netip.Addr) bool {
	return a.Answers != nil && a.Answers(r, p, ip)
}

// HasNobody is Nobody.
func (a SwitchAddresses) HasNobody(r *incr.Reader, sw schema.UUID, ip netip.Addr) bool {
	return a.Nobody != nil && a.Nobody(r, sw, ip)
}
