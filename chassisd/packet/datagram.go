package packet

import (
	"encoding/binary"
	"net/netip"
)

// Protocols above IP.
const (
	ProtoICMP   = 1
	ProtoIGMP   = 2
	ProtoTCP    = 6
	ProtoUDP    = 17
	ProtoICMPv6 = 58
	ProtoSCTP   = 132
)

// Fragment is which part of a datagram a packet is.
type Fragment uint8

const (
	NoFragment Fragment = iota // all of it
	FirstFragment
	LaterFragment // has no header of the upper layer
)

// Datagram is a packet of either IP family, as far as those need it who answer
// it.
type Datagram struct {
	Eth      Ethernet
	Src, Dst netip.Addr
	Proto    uint8 // of the upper layer
	Frag     Fragment
	Whole    []byte // from the IP header on
	Upper    []byte // behind options and extension headers
	// Cut: the IP header claims more bytes than there are. Src and Dst are the
	// unspecified address: see ParseCut.
	Cut bool
}

// ParseDatagram reads a frame that holds an IP packet.
func ParseDatagram(b []byte) (d Datagram, ok bool) {
	var rest []byte
	if d.Eth, rest, ok = ParseEthernet(b); !ok {
		return d, false
	}
	switch d.Eth.Type {
	case TypeIPv4:
		var h IPv4
		h, d.Whole, d.Upper, ok = ParseIPv4(rest)
		d.Src, d.Dst, d.Proto, d.Frag = h.Src, h.Dst, h.Proto, h.Frag
		return d, ok
	case TypeIPv6:
		var h IPv6
		if h, d.Upper, ok = ParseIPv6(rest); !ok {
			return d, false
		}
		d.Whole = rest[:IPv6Len+len(d.Upper)]
		d.Src, d.Dst = h.Src, h.Dst
		d.Proto, d.Frag, d.Upper, ok = h.Upper(d.Upper)
		return d, ok
	}
	return d, false
}

// ParseCut reads a frame whose IP header claims more bytes than there are. Open
// vSwitch reads an IP header whole or not at all: to flows, and so to OVN, such a
// packet comes from the unspecified address and goes to it.
func ParseCut(b []byte) (d Datagram, ok bool) {
	if d.Eth, d.Whole, ok = ParseEthernet(b); !ok {
		return d, false
	}
	d.Cut = true
	switch b := d.Whole; {
	case d.Eth.Type == TypeIPv4 && len(b) >= IPv4Len && b[0]>>4 == 4 && int(binary.BigEndian.Uint16(b[2:])) > len(b):
		d.Src, d.Dst = netip.IPv4Unspecified(), netip.IPv4Unspecified()
		d.Proto, d.Frag = b[9], ipv4Fragment(b)
		d.Upper = b[min(len(b), max(IPv4Len, int(b[0]&15)*4)):]
		return d, true
	case d.Eth.Type == TypeIPv6 && len(b) >= IPv6Len && b[0]>>4 == 6 && int(binary.BigEndian.Uint16(b[4:])) > len(b)-IPv6Len:
		d.Src, d.Dst = netip.IPv6Unspecified(), netip.IPv6Unspecified()
		d.Proto, d.Upper = b[6], b[IPv6Len:]
		return d, true
	}
	return d, false
}

// MayRefuse tells whether the sender may be told that its packet went nowhere:
// not where nobody in particular sent it, and not for any fragment but the
// first, since an error is told once for a datagram; nor where it was for a
// group or all, but that one that is too large may be told so (toGroup). RFC
// 1122, section 3.2.2, RFC 4443, section 2.4 (e), RFC 9293, section 3.10.7.
func (d *Datagram) MayRefuse(toGroup bool) bool {
	switch {
	case d.Frag == LaterFragment, d.Eth.Src.IsGroup(), !d.Cut && !isHost(d.Src):
		return false
	case d.Eth.Dst.IsGroup(), !d.Cut && !isHost(d.Dst):
		return toGroup
	}
	return true
}

// isHost tells whether an address is that of one host: 224.0.0.0 and what is
// behind it are groups, reserved, and broadcast.
func isHost(a netip.Addr) bool {
	return !a.IsUnspecified() && !a.IsLoopback() && !a.IsMulticast() && (a.Is6() || a.As4()[0] < 224)
}

// Answer is how a packet is answered.
type Answer struct {
	// Back sends the answer from the packet's destination to its source.
	// Otherwise the addresses stay, for somebody else to turn round.
	Back bool
	// MTU is told by an ICMP error.
	MTU uint32
}

// answer appends Ethernet and IP headers of an answer with n bytes above them,
// and returns the checksum's share of the IP header (without ICMP's over IPv4,
// which has none).
func (d *Datagram) answer(b []byte, a Answer, proto, ttl uint8, n int) ([]byte, uint64) {
	eth := Ethernet{Dst: d.Eth.Dst, Src: d.Eth.Src, Tags: d.Eth.Tags, Type: d.Eth.Type}
	src, dst := d.Src, d.Dst
	if a.Back {
		eth.Dst, eth.Src = eth.Src, eth.Dst
		src, dst = dst, src
	}
	b = eth.Append(b)
	if src.Is4() {
		b = IPv4{TTL: ttl, Proto: proto, Src: src, Dst: dst}.Append(b, n)
	} else {
		b = IPv6{HopLimit: ttl, Next: proto, Src: src, Dst: dst}.Append(b, n)
	}
	return b, pseudoHeader(src.AsSlice(), dst.AsSlice(), n, proto)
}
