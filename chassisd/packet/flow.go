package packet

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
)

// Flow describes a frame as Open vSwitch prints the flow that it belongs to:
// `icmp,vlan_tci=0x0000,dl_src=…,dl_dst=…,nw_src=…,…`, on one line. What a
// frame is too short for is printed as zero, as there. MPLS and NSH are
// described by their dl_type only.
func Flow(frame []byte) string {
	w := &flowWriter{}
	eth, rest, ok := ParseEthernet(frame)
	if !ok {
		return "vlan_tci=0x0000,dl_src=00:00:00:00:00:00,dl_dst=00:00:00:00:00:00,dl_type=0x0000"
	}
	typ := eth.Type
	if typ < minType {
		typ = llcType(rest)
	}
	switch typ {
	case TypeARP:
		w.name("arp", eth)
		w.arp(rest)
	case TypeRARP:
		w.name("rarp", eth)
		w.arp(rest)
	case TypeIPv4:
		w.ipv4(eth, rest)
	case TypeIPv6:
		w.ipv6(eth, rest)
	default:
		w.name("", eth)
		w.f("dl_type=0x%04x", typ)
	}
	return w.String()
}

// Numbers below minType are not types but lengths: IEEE 802.3.
const (
	minType = 0x600
	noType  = 0x5ff // what Open vSwitch calls a frame without a type
)

// llcType returns the type in a SNAP header behind a length: RFC 1042.
func llcType(b []byte) uint16 {
	if len(b) < 8 || string(b[:6]) != "\xaa\xaa\x03\x00\x00\x00" || binary.BigEndian.Uint16(b[6:]) < minType {
		return noType
	}
	return binary.BigEndian.Uint16(b[6:])
}

// flowWriter appends fields, separated by commas.
type flowWriter struct{ strings.Builder }

func (w *flowWriter) f(format string, args ...any) {
	if w.Len() > 0 {
		w.WriteByte(',')
	}
	fmt.Fprintf(w, format, args...)
}

// name writes the name of the protocol and the Ethernet header. Two tags are
// looked at, as Open vSwitch does by default.
func (w *flowWriter) name(name string, eth Ethernet) {
	if name != "" {
		w.f("%s", name)
	}
	tags := eth.Tags
	for _, suffix := range [...]string{"", "1"} {
		if len(tags) < tagLen {
			w.f("vlan_tci%s=0x0000", suffix)
			break
		}
		tci := binary.BigEndian.Uint16(tags[2:])
		w.f("dl_vlan%s=%d", suffix, tci&0xfff)
		w.f("dl_vlan_pcp%s=%d", suffix, tci>>13)
		tags = tags[tagLen:]
	}
	w.f("dl_src=%s", eth.Src)
	w.f("dl_dst=%s", eth.Dst)
}

// String prints the address as hexadecimal bytes with colons.
func (m MAC) String() string {
	return fmt.Sprintf("%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5])
}

// arp writes an ARP packet for IPv4 over Ethernet: RFC 826.
func (w *flowWriter) arp(b []byte) {
	var op uint16
	var spa, tpa [4]byte
	var sha, tha MAC
	if len(b) >= arpLen && string(b[:6]) == arpHead {
		if op = binary.BigEndian.Uint16(b[6:]); op > 0xff {
			op = 0
		}
		sha, spa = MAC(b[8:14]), [4]byte(b[14:18])
		tha, tpa = MAC(b[18:24]), [4]byte(b[24:28])
	}
	w.f("arp_spa=%s", netip.AddrFrom4(spa))
	w.f("arp_tpa=%s", netip.AddrFrom4(tpa))
	w.f("arp_op=%d", op)
	w.f("arp_sha=%s", sha)
	w.f("arp_tha=%s", tha)
}

func (w *flowWriter) ipv4(eth Ethernet, b []byte) {
	h, _, payload, ok := ParseIPv4(b)
	if !ok {
		h.Src, h.Dst = netip.IPv4Unspecified(), netip.IPv4Unspecified()
	}
	name := upperName(h.Proto, false)
	if name == "" {
		w.name("ip", eth)
	} else {
		w.name(name, eth)
	}
	w.f("nw_src=%s", h.Src)
	w.f("nw_dst=%s", h.Dst)
	w.ip(name == "", h.Proto, h.TOS, h.TTL, h.Frag)
	if ok && h.Frag != LaterFragment {
		w.upper(h.Proto, payload, false)
	}
}

func (w *flowWriter) ipv6(eth Ethernet, b []byte) {
	h, payload, ok := ParseIPv6(b)
	if !ok {
		h.Src, h.Dst = netip.IPv6Unspecified(), netip.IPv6Unspecified()
	}
	var proto uint8
	var frag Fragment
	if ok {
		if proto, frag, payload, ok = h.Upper(payload); !ok {
			proto, frag, h = 0, NoFragment, IPv6{Src: h.Src, Dst: h.Dst}
		}
	}
	name := upperName(proto, true)
	if name == "" {
		w.name("ipv6", eth)
	} else {
		w.name(name, eth)
	}
	w.f("ipv6_src=%s", ipv6Text(h.Src))
	w.f("ipv6_dst=%s", ipv6Text(h.Dst))
	w.f("ipv6_label=0x%05x", h.FlowLabel)
	w.ip(name == "", proto, h.TrafficClass, h.HopLimit, frag)
	if ok && frag != LaterFragment {
		w.upper(proto, payload, true)
	}
}

// ip writes what both families have.
func (w *flowWriter) ip(withProto bool, proto, tos, ttl uint8, frag Fragment) {
	if withProto {
		w.f("nw_proto=%d", proto)
	}
	w.f("nw_tos=%d", tos&^3)
	w.f("nw_ecn=%d", tos&3)
	w.f("nw_ttl=%d", ttl)
	w.f("nw_frag=%s", [...]string{NoFragment: "no", FirstFragment: "first", LaterFragment: "later"}[frag])
}

// upperName is what Open vSwitch calls a protocol above IP, or "".
func upperName(proto uint8, v6 bool) string {
	name := ""
	switch {
	case proto == ProtoICMP && !v6:
		return "icmp"
	case proto == ProtoICMPv6 && v6:
		return "icmp6"
	case proto == ProtoTCP:
		name = "tcp"
	case proto == ProtoUDP:
		name = "udp"
	case proto == ProtoSCTP:
		name = "sctp"
	}
	if v6 && name != "" {
		name += "6"
	}
	return name
}

// upper writes the header above IP. Of one that is not whole nothing counts.
func (w *flowWriter) upper(proto uint8, b []byte, v6 bool) {
	switch {
	case proto == ProtoTCP:
		if len(b) < TCPLen || int(b[12]>>4)*4 < TCPLen || int(b[12]>>4)*4 > len(b) {
			b = make([]byte, TCPLen)
		}
		w.ports(b)
		w.f("tcp_flags=%s", tcpFlags(binary.BigEndian.Uint16(b[12:])&0xfff))
	case proto == ProtoUDP:
		w.ports(atLeast(b, 8))
	case proto == ProtoSCTP:
		w.ports(atLeast(b, sctpLen))
	case proto == ProtoICMP && !v6, proto == ProtoICMPv6 && v6:
		b = atLeast(b, icmpLen)
		w.f("icmp_type=%d", b[0])
		w.f("icmp_code=%d", b[1])
		if v6 && (b[0] == NeighborSolicitation || b[0] == NeighborAdvertisement) {
			w.nd(b)
		}
	case proto == ProtoIGMP, proto == ProtoICMP, proto == ProtoICMPv6:
		// Type and code are called ports where the family is another's.
		b = atLeast(b, icmpLen)
		w.f("tp_src=%d", b[0])
		w.f("tp_dst=%d", b[1])
	}
}

func (w *flowWriter) ports(b []byte) {
	w.f("tp_src=%d", binary.BigEndian.Uint16(b))
	w.f("tp_dst=%d", binary.BigEndian.Uint16(b[2:]))
}

// atLeast returns b, or n zeros if it is shorter.
func atLeast(b []byte, n int) []byte {
	if len(b) < n {
		return make([]byte, n)
	}
	return b
}

// tcpFlags prints flags, separated by bars; 0 for none.
func tcpFlags(flags uint16) string {
	var names []string
	for i, name := range [...]string{"fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr", "ns", "[200]", "[400]", "[800]"} {
		if flags>>i&1 != 0 {
			names = append(names, name)
		}
	}
	if names == nil {
		return "0"
	}
	return strings.Join(names, "|")
}

// nd writes neighbour discovery: RFC 4861, sections 4.3, 4.4 and 4.6. Options
// that are malformed, or there twice, are as none.
func (w *flowWriter) nd(b []byte) {
	const head = 24
	target := netip.IPv6Unspecified()
	var lla [2]MAC // of source and target
	if len(b) >= head && b[1] == 0 {
		target = netip.AddrFrom16([16]byte(b[8:head]))
		var ok bool
		if lla, ok = ndOptions(b[head:]); !ok {
			target, lla = netip.IPv6Unspecified(), [2]MAC{}
		}
	}
	w.f("nd_target=%s", ipv6Text(target))
	w.f("nd_sll=%s", lla[0])
	w.f("nd_tll=%s", lla[1])
}

func ndOptions(b []byte) (lla [2]MAC, ok bool) {
	var none MAC
	for len(b) >= 8 {
		n := int(b[1]) * 8
		if n == 0 || n > len(b) {
			return lla, false
		}
		if kind := b[0]; (kind == optSourceLinkAddr || kind == optTargetLinkAddr) && n == 8 {
			if lla[kind-1] != none {
				return lla, false
			}
			lla[kind-1] = MAC(b[2:8])
		}
		b = b[n:]
	}
	return lla, true
}

// ipv6Text prints an IPv6 address as inet_ntop does, which differs for those
// that hold an IPv4 address.
func ipv6Text(a netip.Addr) string {
	b := a.As16()
	v4 := netip.AddrFrom4([4]byte(b[12:]))
	if string(b[:12]) == strings.Repeat("\x00", 12) && b[12] != 0 {
		return "::" + v4.String()
	}
	return a.String()
}
