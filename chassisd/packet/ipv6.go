package packet

import (
	"encoding/binary"
	"net/netip"
)

// IPv6Len is the length of an IPv6 header.
const IPv6Len = 40

// IPv6 is an IPv6 header.
type IPv6 struct {
	TrafficClass uint8
	FlowLabel    uint32
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
	h.FlowLabel = binary.BigEndian.Uint32(b) & 0xfffff
	h.Next, h.HopLimit = b[6], b[7]
	h.Src = netip.AddrFrom16([16]byte(b[8:24]))
	h.Dst = netip.AddrFrom16([16]byte(b[24:40]))
	return h, b[IPv6Len : IPv6Len+n], true
}

// Append appends the header of a packet with n bytes of payload.
func (h IPv6) Append(b []byte, n int) []byte {
	b = binary.BigEndian.AppendUint32(b, 6<<28|uint32(h.TrafficClass)<<20|h.FlowLabel)
	b = binary.BigEndian.AppendUint16(b, uint16(n))
	b = append(b, h.Next, h.HopLimit)
	src, dst := h.Src.As16(), h.Dst.As16()
	return append(append(b, src[:]...), dst[:]...)
}

// Checksum is the Internet checksum of an upper layer's bytes under the
// header (RFC 8200, 8.1).
func (h IPv6) Checksum(b []byte) uint16 {
	src, dst := h.Src.As16(), h.Dst.As16()
	return checksum(pseudoHeader(src[:], dst[:], len(b), h.Next) + sum16(b))
}

// Extension headers: RFC 8200, section 4, and RFC 4302.
const (
	nextHopByHop    = 0
	nextRouting     = 43
	nextFragment    = 44
	nextAuth        = 51
	nextDestination = 60
)

// Upper skips the extension headers of a payload; next is what h.Next is
// without them. Of a fragment that is not the first there is nothing to know:
// next is that of fragments then. ok is false where a header is cut off.
func (h IPv6) Upper(payload []byte) (next uint8, frag Fragment, upper []byte, ok bool) {
	next, upper = h.Next, payload
	for {
		n := 0
		switch next {
		case nextHopByHop, nextRouting, nextDestination:
			if len(upper) >= 2 {
				n = (int(upper[1]) + 1) * 8
			}
		case nextAuth:
			if len(upper) >= 2 {
				n = (int(upper[1]) + 2) * 4
			}
		case nextFragment:
			n = 8
		default:
			return next, frag, upper, true
		}
		if n == 0 || n > len(upper) {
			return next, frag, nil, false
		}
		if next == nextFragment {
			switch where := binary.BigEndian.Uint16(upper[2:]); {
			case where>>3 != 0:
				return next, LaterFragment, nil, true
			case where&1 != 0:
				frag = FirstFragment
			}
		}
		next, upper = upper[0], upper[n:]
	}
}
