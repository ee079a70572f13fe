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

// Ask appends the frame that asks who has the address that the packet is for:
// an ARP request, or a neighbour solicitation (RFC 4861, 7.2.2). Who asks is who
// sent the packet.
func (d *Datagram) Ask(b []byte) []byte {
	if d.Dst.Is4() {
		eth := Ethernet{Dst: d.Eth.Dst, Src: d.Eth.Src, Tags: d.Eth.Tags, Type: TypeARP}
		return ARP{Op: ARPRequest, SHA: d.Eth.Src, SPA: d.Src, TPA: d.Dst}.Append(eth.Append(b))
	}
	return solicit(b, d.Eth, d.Src, d.Dst)
}
