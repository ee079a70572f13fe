package packet

import (
	"encoding/binary"
	"net/netip"
)

// UDPLen is the length of a UDP header: RFC 768.
const UDPLen = 8

// UDP is a UDP header without its length and checksum.
type UDP struct{ Src, Dst uint16 }

// ParseUDP reads a UDP header; the payload is cut to the header's length. The
// checksum is not looked at: what comes from a virtual interface may not have it yet.
func ParseUDP(b []byte) (h UDP, payload []byte, ok bool) {
	if len(b) < UDPLen {
		return h, nil, false
	}
	n := int(binary.BigEndian.Uint16(b[4:]))
	if n < UDPLen || n > len(b) {
		return h, nil, false
	}
	return UDP{binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])}, b[UDPLen:n], true
}

// Datagram appends the frame of a UDP datagram between two addresses of one family.
func (h UDP) Datagram(b []byte, eth Ethernet, src, dst netip.Addr, ttl uint8, payload []byte) []byte {
	d := Datagram{Eth: eth, Src: src, Dst: dst}
	n := UDPLen + len(payload)
	b, sum := d.answer(b, Answer{}, ProtoUDP, ttl, n)
	at := len(b)
	b = binary.BigEndian.AppendUint16(b, h.Src)
	b = binary.BigEndian.AppendUint16(b, h.Dst)
	b = append(binary.BigEndian.AppendUint16(b, uint16(n)), 0, 0)
	b = append(b, payload...)
	c := checksum(sum + sum16(b[at:]))
	if c == 0 {
		c = 0xffff // 0 says that there is none
	}
	binary.BigEndian.PutUint16(b[at+6:], c)
	return b
}

// TTL is the packet's TTL, or its hop limit.
func (d *Datagram) TTL() uint8 {
	if d.Eth.Type == TypeIPv4 {
		return d.Whole[8]
	}
	return d.Whole[7]
}
