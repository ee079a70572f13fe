package packet

import (
	"encoding/binary"
	"net/netip"
)

// Router discovery, RFC 4861.
const (
	RouterSolicitation  = 133
	RouterAdvertisement = 134
)

// IsRouterSolicitation tells whether a packet is a valid router solicitation (RFC 4861,
// 6.1.1).
func IsRouterSolicitation(d *Datagram) bool {
	b := d.Upper
	if d.Proto != ProtoICMPv6 || d.Frag != NoFragment || d.TTL() != ndHopLimit || len(b) < 8 || b[0] != RouterSolicitation || b[1] != 0 {
		return false
	}
	for options := b[8:]; len(options) > 0; {
		if len(options) < 2 || options[1] == 0 || int(options[1])*8 > len(options) {
			return false
		}
		if d.Src.IsUnspecified() && options[0] == optSourceLinkAddr {
			return false
		}
		options = options[int(options[1])*8:]
	}
	return true
}

// Advertisement appends the frame of a router advertisement; message is that of ICMPv6,
// whose checksum is filled in.
func Advertisement(b []byte, eth Ethernet, src, dst netip.Addr, message []byte) []byte {
	ip := IPv6{Next: ProtoICMPv6, HopLimit: ndHopLimit, Src: src, Dst: dst}
	eth.Type = TypeIPv6
	b = ip.Append(eth.Append(b), len(message))
	at := len(b)
	b = append(b, message...)
	b[at+2], b[at+3] = 0, 0
	binary.BigEndian.PutUint16(b[at+2:], ip.Checksum(b[at:]))
	return b
}
