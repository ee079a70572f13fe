package packet

import (
	"encoding/binary"
	"net/netip"
)

// IPv4Len is the length of an IPv4 header without options.
const IPv4Len = 20

// Flags and fragment offset of IPv4: RFC 791, section 3.1.
const (
	ipv4DF     = 0x4000
	ipv4MF     = 0x2000
	ipv4Offset = 0x1fff
)

// IPv4 is an IPv4 header without options. One that is written says "don't
// fragment" and has no identification (RFC 6864, section 4.1).
type IPv4 struct {
	TOS      uint8
	TTL      uint8
	Proto    uint8
	Frag     Fragment
	Src, Dst netip.Addr
}

// ParseIPv4 reads an IPv4 header; whole is the packet cut to its length,
// payload what is behind header and options.
func ParseIPv4(b []byte) (h IPv4, whole, payload []byte, ok bool) {
	if len(b) < IPv4Len || b[0]>>4 != 4 {
		return h, nil, nil, false
	}
	n, total := int(b[0]&15)*4, int(binary.BigEndian.Uint16(b[2:]))
	if n < IPv4Len || n > total || total > len(b) {
		return h, nil, nil, false
	}
	h.Frag = ipv4Fragment(b)
	h.TOS, h.TTL, h.Proto = b[1], b[8], b[9]
	h.Src = netip.AddrFrom4([4]byte(b[12:16]))
	h.Dst = netip.AddrFrom4([4]byte(b[16:20]))
	return h, b[:total], b[n:total], true
}

// ipv4Fragment tells which part of a datagram a packet is.
func ipv4Fragment(header []byte) Fragment {
	switch frag := binary.BigEndian.Uint16(header[6:]); {
	case frag&ipv4Offset != 0:
		return LaterFragment
	case frag&ipv4MF != 0:
		return FirstFragment
	}
	return NoFragment
}

// Append appends the header of a packet with n bytes of payload.
func (h IPv4) Append(b []byte, n int) []byte {
	at := len(b)
	b = append(b, 4<<4|IPv4Len/4, h.TOS)
	b = binary.BigEndian.AppendUint16(b, uint16(IPv4Len+n))
	b = append(b, 0, 0)
	b = binary.BigEndian.AppendUint16(b, ipv4DF)
	b = append(b, h.TTL, h.Proto, 0, 0)
	src, dst := h.Src.As4(), h.Dst.As4()
	b = append(append(b, src[:]...), dst[:]...)
	binary.BigEndian.PutUint16(b[at+10:], checksum(sum16(b[at:])))
	return b
}
