package packet

import (
	"encoding/binary"
	"net/netip"
)

// Types of echo messages: RFC 792; RFC 4443, section 4.
const (
	icmp4Echo      = 8
	icmp4EchoReply = 0
	icmp6Echo      = 128
	icmp6EchoReply = 129
)

// Echo is what an ICMP echo message and its reply have in common.
type Echo struct{ ID, Seq uint16 }

// Request appends the frame of a request between two addresses of one family.
func (h Echo) Request(b []byte, eth Ethernet, src, dst netip.Addr, ttl uint8, data []byte) []byte {
	proto, kind := uint8(ProtoICMP), byte(icmp4Echo)
	if src.Is6() {
		proto, kind = ProtoICMPv6, icmp6Echo
	}
	d := Datagram{Eth: eth, Src: src, Dst: dst}
	b, sum := d.answer(b, Answer{}, proto, ttl, icmpLen+len(data))
	if proto == ProtoICMP {
		sum = 0 // no pseudo-header
	}
	at := len(b)
	b = append(b, kind, 0, 0, 0)
	b = binary.BigEndian.AppendUint16(b, h.ID)
	b = binary.BigEndian.AppendUint16(b, h.Seq)
	b = append(b, data...)
	binary.BigEndian.PutUint16(b[at+2:], checksum(sum+sum16(b[at:])))
	return b
}

// EchoReply reads a reply. The checksum is not looked at.
func (d *Datagram) EchoReply() (h Echo, ok bool) {
	b := d.Upper
	if d.Frag != NoFragment || len(b) < icmpLen || b[1] != 0 {
		return h, false
	}
	ok = d.Proto == ProtoICMP && b[0] == icmp4EchoReply || d.Proto == ProtoICMPv6 && b[0] == icmp6EchoReply
	return Echo{binary.BigEndian.Uint16(b[4:]), binary.BigEndian.Uint16(b[6:])}, ok
}
