package packet

import (
	"encoding/binary"
	"net/netip"
)

// ARP over Ethernet for IPv4: RFC 826, and RARP: RFC 903.
const (
	ARPRequest  = 1
	ARPReply    = 2
	RARPRequest = 3

	arpLen  = 28
	arpHead = "\x00\x01\x08\x00\x06\x04" // Ethernet, IPv4, and the lengths of their addresses
)

// ARP is an ARP packet.
type ARP struct {
	Op       uint16
	SHA, THA MAC // of sender and target
	SPA, TPA netip.Addr
}

// Append appends the packet.
func (a ARP) Append(b []byte) []byte {
	spa, tpa := a.SPA.As4(), a.TPA.As4()
	b = append(b, arpHead...)
	b = binary.BigEndian.AppendUint16(b, a.Op)
	b = append(append(b, a.SHA[:]...), spa[:]...)
	return append(append(b, a.THA[:]...), tpa[:]...)
}

// Ask appends the frame that asks for the address that the packet is for: an ARP
// request, or a neighbour solicitation (RFC 4861, 7.2.2). Who asks is who sent the
// packet. A next hop may be of the other family than the packet: addresses are
// unspecified then, and left to who knows them.
func (d *Datagram) Ask(b []byte, v6 bool) []byte {
	src, dst := d.Src, d.Dst
	if d.Dst.Is6() != v6 {
		src, dst = netip.IPv4Unspecified(), netip.IPv4Unspecified()
		if v6 {
			src, dst = netip.IPv6Unspecified(), netip.IPv6Unspecified()
		}
	}
	if v6 {
		return solicit(b, d.Eth, src, dst)
	}
	eth := Ethernet{Dst: d.Eth.Dst, Src: d.Eth.Src, Tags: d.Eth.Tags, Type: TypeARP}
	return ARP{Op: ARPRequest, SHA: d.Eth.Src, SPA: src, TPA: dst}.Append(eth.Append(b))
}
