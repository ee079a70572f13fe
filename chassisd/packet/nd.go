package packet

import (
	"encoding/binary"
	"net/netip"
)

// Neighbour discovery, RFC 4861.
const (
	NeighborSolicitation  = 135
	NeighborAdvertisement = 136

	optSourceLinkAddr = 1
	optTargetLinkAddr = 2
	ndHopLimit        = 255
)

// Flags of a neighbour advertisement.
const (
	NARouter    = 1 << 31
	NASolicited = 1 << 30
	NAOverride  = 1 << 29
)

// Solicitation is a neighbour solicitation and the headers around it.
type Solicitation struct {
	Eth    Ethernet
	IP     IPv6
	Target netip.Addr
}

// ParseSolicitation reads a packet that is a valid neighbour solicitation
// (RFC 4861, 7.1.1).
func ParseSolicitation(b []byte) (s Solicitation, ok bool) {
	var rest []byte
	if s.Eth, rest, ok = ParseEthernet(b); !ok || s.Eth.Type != TypeIPv6 {
		return s, false
	}
	if s.IP, rest, ok = ParseIPv6(rest); !ok || s.IP.Next != ProtoICMPv6 || s.IP.HopLimit != ndHopLimit {
		return s, false
	}
	if len(rest) < 24 || rest[0] != NeighborSolicitation || rest[1] != 0 {
		return s, false
	}
	s.Target = netip.AddrFrom16([16]byte(rest[8:24]))
	return s, !s.Target.IsMulticast()
}

// Answer appends the advertisement that answers s, from the address that the
// solicitation was sent to. flags are those of a reply to a host that has an
// address; one that has none yet (it is checking whether somebody else has
// it) is answered to all nodes, unsolicited (7.2.4).
func (s Solicitation) Answer(b []byte, flags uint32) []byte {
	if s.IP.Src.IsUnspecified() {
		return Advertise(b, s.Eth.Dst, s.Target, flags&^NASolicited)
	}
	return appendAdvertisement(b, Ethernet{Dst: s.Eth.Src, Src: s.Eth.Dst}, s.IP.Src, s.Target, flags)
}

// Advertise appends the frame that tells all nodes, unasked, that target is at an
// Ethernet address (RFC 4861, 7.2.6).
func Advertise(b []byte, mac MAC, target netip.Addr, flags uint32) []byte {
	return appendAdvertisement(b, Ethernet{Dst: MAC{0x33, 0x33, 0, 0, 0, 1}, Src: mac}, netip.IPv6LinkLocalAllNodes(), target, flags)
}

func appendAdvertisement(b []byte, eth Ethernet, dst, target netip.Addr, flags uint32) []byte {
	eth.Type = TypeIPv6
	ip, t := IPv6{Next: ProtoICMPv6, HopLimit: ndHopLimit, Src: target, Dst: dst}, target.As16()
	const n = 32
	b = ip.Append(eth.Append(b), n)
	at := len(b)
	b = append(b, NeighborAdvertisement, 0, 0, 0)
	b = binary.BigEndian.AppendUint32(b, flags)
	b = append(b, t[:]...)
	b = append(append(b, optTargetLinkAddr, 1), eth.Src[:]...)
	binary.BigEndian.PutUint16(b[at+2:], ip.Checksum(b[at:]))
	return b
}

// solicit appends a neighbour solicitation from src for target, to the group of
// those who may have it (RFC 4291, 2.7.1). Its VLAN tags are those of eth.
func solicit(b []byte, eth Ethernet, src, target netip.Addr) []byte {
	group, t := [16]byte{0xff, 2, 11: 1, 12: 0xff}, target.As16()
	copy(group[13:], t[13:])
	eth.Type, eth.Dst = TypeIPv6, MAC{0x33, 0x33, 0xff, t[13], t[14], t[15]}
	return appendSolicitation(b, eth, src, netip.AddrFrom16(group), target)
}

func appendSolicitation(b []byte, eth Ethernet, src, dst, target netip.Addr) []byte {
	ip, t := IPv6{Next: ProtoICMPv6, HopLimit: ndHopLimit, Src: src, Dst: dst}, target.As16()
	const n = 32
	b = ip.Append(eth.Append(b), n)
	at := len(b)
	b = append(b, NeighborSolicitation, 0, 0, 0, 0, 0, 0, 0)
	b = append(b, t[:]...)
	b = append(append(b, optSourceLinkAddr, 1), eth.Src[:]...)
	binary.BigEndian.PutUint16(b[at+2:], ip.Checksum(b[at:]))
	return b
}

// Probe appends the frame that asks a neighbour, whose Ethernet address is that of
// eth, whether it still has an address: an ARP request, or a neighbour solicitation,
// to it alone (RFC 4861, 7.3.3).
func Probe(b []byte, eth Ethernet, src, target netip.Addr) []byte {
	if target.Is4() {
		eth.Type = TypeARP
		return ARP{Op: ARPRequest, SHA: eth.Src, SPA: src, TPA: target}.Append(eth.Append(b))
	}
	eth.Type = TypeIPv6
	return appendSolicitation(b, eth, src, target, target)
}
