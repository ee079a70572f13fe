package packet

import "encoding/binary"

// sum16 adds the 16-bit words of b, the last one filled up with zeros.
func sum16(b []byte) (sum uint64) {
	for ; len(b) >= 2; b = b[2:] {
		sum += uint64(binary.BigEndian.Uint16(b))
	}
	if len(b) == 1 {
		sum += uint64(b[0]) << 8
	}
	return sum
}

// checksum is the Internet checksum (RFC 1071) of what was added up.
func checksum(sum uint64) uint16 {
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

// pseudoHeader is the sum over the addresses, n bytes of upper layer and its
// protocol: RFC 9293, section 3.1, and RFC 8200, section 8.1.
func pseudoHeader(src, dst []byte, n int, proto uint8) uint64 {
	return sum16(src) + sum16(dst) + uint64(n) + uint64(proto)
}
