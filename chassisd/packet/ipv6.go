package packet

import (
	"encoding/binary"
	"net/netip"
)

// IPv6Len is the length of an IPv6 header.
const IPv6Len = 40

// ProtoICMPv6 is ICMPv6 as the next header.
const ProtoICMPv6 = 58

// IPv6 is an IPv6 header.
type IPv6 struct {
	TrafficClass uint8
	Next         uint8
	HopLimit     uint8
	Src, Dst     netip.Addr
}

// ParseIPv6 reads an IPv6 header; the payload is cut to the header's length.
// Extension headers are left in the payload.
func ParseIPv6(b []byte) (h IPv6, payload []byte, ok bool) {
	if len(b) < IPv6Len || b[0]>>4 != 6 {
		return h, nil, false
	}
	n := int(binary.BigEndian.Uint16(b[4:]))
	if n > len(b)-IPv6Len {
		return h, nil, false
	}
	h.TrafficClass = b[0]<<4 | b[1]>>4
	h.Next, h.HopLimit = b[6], b[7]
	h.Src = netip.AddrFrom16([16]byte(b[8:24]))
	h.Dst = netip.AddrFrom16([16]byte(b[24:40]))
	return h, b[IPv6Len : IPv6Len+n], true
}

// Append appends the header of a packet with n bytes of payload.
func (h IPv6) Append(b []byte, n int) []byte {
	b = append(b, 6<<4|h.TrafficClass>>4, h.TrafficClass<<4, 0, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(n))
	b = append(b, h.Next, h.HopLimit)
	src, dst := h.Src.As16(), h.Dst.As16()
	return append(append(b, src[:]...), dst[:]...)
}

// Checksum is the Internet checksum of an upper layer's bytes under the
// header (RFC 8200, 8.1).
func (h IPv6) Checksum(b []byte) uint16 {
	src, dst := h.Src.As16(), h.Dst.As16()
	sum := sum16(src[:]) + sum16(dst[:]) + uint64(len(b)) + uint64(h.Next) + sum16(b)
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

func sum16(b []byte) (sum uint64) {
	for ; len(b) >= 2; b = b[2:] {
		sum += uint64(binary.BigEndian.Uint16(b))
	}
	if len(b) == 1 {
		sum += uint64(b[0]) << 8
	}
	return sum
}
