package packet

import (
	"encoding/binary"
	"net/netip"
)

// Types and codes of the ICMP errors that are made here: RFC 792 and RFC 4443.
const (
	icmp4Unreachable     = 3
	icmp4HostUnreachable = 1
	icmp4PortUnreachable = 3

	icmp6Unreachable     = 1
	icmp6AdminProhibited = 1
	icmp6PortUnreachable = 4
	icmp6Redirect        = 137

	icmpLen = 8
	// icmpTTL is that of errors.
	icmpTTL = 255
)

// Frames with errors are as long as OVN's: a host takes a datagram of 576
// bytes, a link of IPv6 one of 1280, and the Ethernet header is counted too.
const (
	icmp4Frame = 576
	icmp6Frame = 1280
)

// IsICMPError tells whether the packet is an ICMP error, which is never
// answered with another, or may be one, since it is too short to tell.
func (d *Datagram) IsICMPError() bool {
	switch {
	case d.Proto != ProtoICMP && d.Proto != ProtoICMPv6:
		return false
	case len(d.Upper) == 0:
		return true
	case d.Proto == ProtoICMPv6:
		return d.Upper[0] < 128 || d.Upper[0] == icmp6Redirect
	}
	switch d.Upper[0] {
	case 3, 4, 5, 11, 12: // RFC 1122, section 3.2.2
		return true
	}
	return false
}

// Unreachable appends the error that quotes the packet: host unreachable over
// IPv4, administratively prohibited over IPv6, or, with port set, port
// unreachable where the packet is UDP.
func (d *Datagram) Unreachable(b []byte, a Answer, port bool) []byte {
	port = port && d.Proto == ProtoUDP
	quote, proto, head := d.Whole, uint8(ProtoICMP), [2]byte{icmp4Unreachable, icmp4HostUnreachable}
	room := icmp4Frame - EthLen - IPv4Len - icmpLen
	switch {
	case d.Src.Is6():
		proto, head = ProtoICMPv6, [2]byte{icmp6Unreachable, icmp6AdminProhibited}
		room = icmp6Frame - EthLen - IPv6Len - icmpLen
		if port {
			head[1] = icmp6PortUnreachable
		}
	case port:
		head[1] = icmp4PortUnreachable
	}
	quote = quote[:min(len(quote), room)]
	b, sum := d.answer(b, a, proto, icmpTTL, icmpLen+len(quote))
	if proto == ProtoICMP {
		sum = 0
	}
	at := len(b)
	b = append(b, head[0], head[1], 0, 0)
	b = binary.BigEndian.AppendUint32(b, a.MTU)
	b = append(b, quote...)
	binary.BigEndian.PutUint16(b[at+2:], checksum(sum+sum16(b[at:])))
	return b
}

// SetQuotedSource changes the source address of the IPv4 packet that an ICMP
// error over IPv4 quotes, in place; ok is false if b is no such error.
func SetQuotedSource(b []byte, ip [4]byte) (ok bool) {
	d, ok := ParseDatagram(b)
	if !ok || d.Proto != ProtoICMP || !d.IsICMPError() || len(d.Upper) < icmpLen+IPv4Len {
		return false
	}
	quoted := d.Upper[icmpLen:]
	if quoted[0]>>4 != 4 {
		return false
	}
	header := quoted[:min(len(quoted), max(IPv4Len, int(quoted[0]&15)*4))]
	copy(header[12:], ip[:])
	setChecksum(header, 10)
	setChecksum(d.Upper, 2)
	return true
}

// setChecksum puts the checksum of b where it belongs in b.
func setChecksum(b []byte, at int) {
	b[at], b[at+1] = 0, 0
	binary.BigEndian.PutUint16(b[at:], checksum(sum16(b)))
}

// Quote is what an ICMP error says of the packet that it is about.
type Quote struct {
	Src, Dst         netip.Addr
	Proto            uint8  // of the upper layer
	SrcPort, DstPort uint16 // of an echo request the identifier, and 0
}

// UnreachableQuote reads the error that says that a packet could not be delivered, over
// TCP or UDP or an echo request, and without extension headers. Of what it quotes there need
// be no more than the ports, or the identifier: RFC 792 has the first 8 bytes behind the header.
func (d *Datagram) UnreachableQuote() (q Quote, ok bool) {
	b := d.Upper
	if d.Frag != NoFragment || len(b) < icmpLen {
		return q, false
	}
	kind, b := b[0], b[icmpLen:]
	switch {
	case d.Proto == ProtoICMP && kind == icmp4Unreachable && len(b) >= IPv4Len && b[0]>>4 == 4:
		n := int(b[0]&15) * 4
		if n < IPv4Len || n > len(b) || ipv4Fragment(b) == LaterFragment {
			return q, false
		}
		q.Proto, q.Src, q.Dst = b[9], netip.AddrFrom4([4]byte(b[12:16])), netip.AddrFrom4([4]byte(b[16:20]))
		b = b[n:]
	case d.Proto == ProtoICMPv6 && kind == icmp6Unreachable && len(b) >= IPv6Len && b[0]>>4 == 6:
		q.Proto, q.Src, q.Dst = b[6], netip.AddrFrom16([16]byte(b[8:24])), netip.AddrFrom16([16]byte(b[24:40]))
		b = b[IPv6Len:]
	default:
		return q, false
	}
	switch {
	case len(b) < 4:
		return q, false
	case q.Proto == d.Proto && len(b) >= 6 && (b[0] == icmp4Echo && q.Proto == ProtoICMP || b[0] == icmp6Echo && q.Proto == ProtoICMPv6):
		q.SrcPort = binary.BigEndian.Uint16(b[4:])
		return q, true
	case q.Proto != ProtoTCP && q.Proto != ProtoUDP:
		return q, false
	}
	q.SrcPort, q.DstPort = binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	return q, true
}
