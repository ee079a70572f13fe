package packet

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// Encode builds a frame from name=value words (the names of Decode), or takes
// it as it is from one word hex=…. Lengths, checksums and types that are not
// given are filled in; later words override earlier ones. size=N pads the
// frame with zeros to N bytes.
func Encode(words []string) ([]byte, error) {
	e := encoder{values: map[string]string{}}
	for _, w := range words {
		name, value, ok := strings.Cut(w, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("packet: %q is not NAME=VALUE", w)
		}
		e.values[name] = value
	}
	if h, ok := e.values["hex"]; ok {
		b, err := hex.DecodeString(strings.NewReplacer(":", "", " ", "", "0x", "").Replace(h))
		if err != nil {
			return nil, fmt.Errorf("packet: hex: %w", err)
		}
		return b, nil
	}
	b, err := e.encode()
	if err != nil {
		return nil, err
	}
	for name := range e.values {
		return nil, fmt.Errorf("packet: field %q is unknown, or does not belong to this kind of packet", name)
	}
	return b, nil
}

// encoder takes the values out of its map as it uses them: what is left at
// the end was not understood.
type encoder struct {
	values map[string]string
	err    error
}

func (e *encoder) has(names ...string) bool {
	return slices.ContainsFunc(names, func(n string) bool { _, ok := e.values[n]; return ok })
}

func (e *encoder) take(name, otherwise string) string {
	v, ok := e.values[name]
	if !ok {
		return otherwise
	}
	delete(e.values, name)
	return v
}

func (e *encoder) num(name string, otherwise, limit uint64) uint64 {
	v, ok := e.values[name]
	if !ok {
		return otherwise
	}
	delete(e.values, name)
	n, err := strconv.ParseUint(v, 0, 64)
	if err == nil && n > limit {
		err = fmt.Errorf("more than %d", limit)
	}
	e.note(name, v, err)
	return n
}

func (e *encoder) mac(name, otherwise string) net.HardwareAddr {
	v := e.take(name, otherwise)
	m, err := net.ParseMAC(v)
	e.note(name, v, err)
	return m
}

func (e *encoder) ip(name, otherwise string) net.IP {
	v := e.take(name, otherwise)
	a, err := netip.ParseAddr(v)
	e.note(name, v, err)
	return a.AsSlice()
}

func (e *encoder) note(name, value string, err error) {
	if err != nil && e.err == nil {
		e.err = fmt.Errorf("packet: %s=%s: %w", name, value, err)
	}
}

func (e *encoder) payload() []byte {
	v := e.take("payload", "")
	if h, ok := strings.CutPrefix(v, "0x"); ok {
		b, err := hex.DecodeString(h)
		e.note("payload", v, err)
		return b
	}
	return []byte(v)
}

func (e *encoder) encode() ([]byte, error) {
	size := int(e.num("size", 0, 65535))
	eth := &layers.Ethernet{DstMAC: e.mac("eth.dst", "ff:ff:ff:ff:ff:ff"), SrcMAC: e.mac("eth.src", "02:00:00:00:00:01")}
	var ls []gopacket.SerializableLayer
	kind := layers.EthernetType(0x88b5) // IEEE 802 local experimental
	switch {
	case e.has("arp.op", "arp.spa", "arp.tpa", "arp.sha", "arp.tha"):
		kind = layers.EthernetTypeARP
		ls = append(ls, &layers.ARP{AddrType: layers.LinkTypeEthernet, Protocol: layers.EthernetTypeIPv4, HwAddressSize: 6, ProtAddressSize: 4,
			Operation: uint16(e.num("arp.op", 1, 65535)), SourceHwAddress: e.mac("arp.sha", eth.SrcMAC.String()), SourceProtAddress: e.ip("arp.spa", "0.0.0.0").To4(),
			DstHwAddress: e.mac("arp.tha", "00:00:00:00:00:00"), DstProtAddress: e.ip("arp.tpa", "0.0.0.0").To4()})
	case e.has("ip4.src", "ip4.dst"):
		kind = layers.EthernetTypeIPv4
		ls = e.ip4()
	case e.has("ip6.src", "ip6.dst"):
		kind = layers.EthernetTypeIPv6
		ls = e.ip6()
	}
	kind = layers.EthernetType(e.num("eth.type", uint64(kind), 0xffff))
	eth.EthernetType = kind
	ls = append(ls, gopacket.Payload(e.payload()))
	if e.has("vlan.vid", "vlan.pcp") {
		eth.EthernetType = layers.EthernetTypeDot1Q
		tag := &layers.Dot1Q{VLANIdentifier: uint16(e.num("vlan.vid", 0, 4095)), Priority: uint8(e.num("vlan.pcp", 0, 7)), Type: kind}
		ls = append([]gopacket.SerializableLayer{tag}, ls...)
	}
	if e.err != nil {
		return nil, e.err
	}
	buf := gopacket.NewSerializeBuffer()
	opts := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
	if err := gopacket.SerializeLayers(buf, opts, append([]gopacket.SerializableLayer{eth}, ls...)...); err != nil {
		return nil, fmt.Errorf("packet: %w", err)
	}
	b := slices.Clone(buf.Bytes())
	if len(b) < size {
		b = append(b, make([]byte, size-len(b))...)
	}
	return b, nil
}

func (e *encoder) ip4() []gopacket.SerializableLayer {
	ip := &layers.IPv4{Version: 4, IHL: 5, SrcIP: e.ip("ip4.src", "0.0.0.0"), DstIP: e.ip("ip4.dst", "255.255.255.255"),
		TTL: uint8(e.num("ip.ttl", 64, 255)), TOS: uint8(e.num("ip.dscp", 0, 63)) << 2}
	ls, proto := e.l4(ip)
	if e.has("icmp4.type", "icmp4.code") {
		proto = layers.IPProtocolICMPv4
		ls = append(ls, &layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(uint8(e.num("icmp4.type", 8, 255)), uint8(e.num("icmp4.code", 0, 255))),
			Id: uint16(e.num("icmp.id", 0, 65535)), Seq: uint16(e.num("icmp.seq", 0, 65535))})
	}
	ip.Protocol = layers.IPProtocol(e.num("ip.proto", uint64(proto), 255))
	return append([]gopacket.SerializableLayer{ip}, ls...)
}

func (e *encoder) ip6() []gopacket.SerializableLayer {
	ip := &layers.IPv6{Version: 6, SrcIP: e.ip("ip6.src", "::"), DstIP: e.ip("ip6.dst", "ff02::1"),
		HopLimit: uint8(e.num("ip.ttl", 64, 255)), TrafficClass: uint8(e.num("ip.dscp", 0, 63)) << 2}
	ls, proto := e.l4(ip)
	switch {
	case e.has("nd.target"):
		proto = layers.IPProtocolICMPv6
		ip.HopLimit = 255
		ls = append(ls, e.nd(ip)...)
	case e.has("icmp6.type", "icmp6.code"):
		proto = layers.IPProtocolICMPv6
		kind := uint8(e.num("icmp6.type", 128, 255))
		icmp := &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(kind, uint8(e.num("icmp6.code", 0, 255)))}
		e.note("ip6.src", ip.SrcIP.String(), icmp.SetNetworkLayerForChecksum(ip))
		ls = append(ls, icmp)
		if kind == 128 || kind == 129 {
			ls = append(ls, &layers.ICMPv6Echo{Identifier: uint16(e.num("icmp.id", 0, 65535)), SeqNumber: uint16(e.num("icmp.seq", 0, 65535))})
		}
	}
	ip.NextHeader = layers.IPProtocol(e.num("ip.proto", uint64(proto), 255))
	return append([]gopacket.SerializableLayer{ip}, ls...)
}

// nd builds a neighbour solicitation, or with icmp6.type=136 an advertisement (RFC 4861).
func (e *encoder) nd(ip *layers.IPv6) []gopacket.SerializableLayer {
	kind := uint8(e.num("icmp6.type", layers.ICMPv6TypeNeighborSolicitation, 255))
	icmp := &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(kind, 0)}
	e.note("ip6.src", ip.SrcIP.String(), icmp.SetNetworkLayerForChecksum(ip))
	var opts layers.ICMPv6Options
	if e.has("nd.sll") {
		opts = append(opts, layers.ICMPv6Option{Type: layers.ICMPv6OptSourceAddress, Data: e.mac("nd.sll", "")})
	}
	if e.has("nd.tll") {
		opts = append(opts, layers.ICMPv6Option{Type: layers.ICMPv6OptTargetAddress, Data: e.mac("nd.tll", "")})
	}
	target := e.ip("nd.target", "")
	if kind == layers.ICMPv6TypeNeighborAdvertisement {
		return []gopacket.SerializableLayer{icmp, &layers.ICMPv6NeighborAdvertisement{Flags: uint8(e.num("nd.flags", 0x60, 255)), TargetAddress: target, Options: opts}}
	}
	return []gopacket.SerializableLayer{icmp, &layers.ICMPv6NeighborSolicitation{TargetAddress: target, Options: opts}}
}

// chunk is an SCTP chunk with the payload as its value, filled up to a multiple
// of 4 bytes (RFC 9260, section 3.2).
func (e *encoder) chunk() []byte {
	b := []byte{byte(e.num("sctp.type", 1, 255)), byte(e.num("sctp.flags", 0, 255)), 0, 0}
	b = append(b, e.payload()...)
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	return append(b, make([]byte, -len(b)&3)...)
}

// l4 is what IPv4 and IPv6 have in common.
func (e *encoder) l4(ip gopacket.NetworkLayer) ([]gopacket.SerializableLayer, layers.IPProtocol) {
	switch {
	case e.has("udp.src", "udp.dst"):
		udp := &layers.UDP{SrcPort: layers.UDPPort(e.num("udp.src", 40000, 65535)), DstPort: layers.UDPPort(e.num("udp.dst", 40000, 65535))}
		e.note("udp.dst", "", udp.SetNetworkLayerForChecksum(ip))
		return []gopacket.SerializableLayer{udp}, layers.IPProtocolUDP
	case e.has("tcp.src", "tcp.dst", "tcp.flags"):
		flags := strings.ToUpper(e.take("tcp.flags", "S"))
		tcp := &layers.TCP{SrcPort: layers.TCPPort(e.num("tcp.src", 40000, 65535)), DstPort: layers.TCPPort(e.num("tcp.dst", 80, 65535)), Window: 65535,
			Seq: uint32(e.num("tcp.seq", 1, 1<<32-1)), Ack: uint32(e.num("tcp.ack", 0, 1<<32-1))}
		for i, on := range []*bool{&tcp.FIN, &tcp.SYN, &tcp.RST, &tcp.PSH, &tcp.ACK, &tcp.URG, &tcp.ECE, &tcp.CWR} {
			*on = strings.Contains(flags, tcpFlagNames[i:i+1])
		}
		e.note("tcp.dst", "", tcp.SetNetworkLayerForChecksum(ip))
		return []gopacket.SerializableLayer{tcp}, layers.IPProtocolTCP
	case e.has("sctp.src", "sctp.dst", "sctp.type"):
		sctp := &layers.SCTP{SrcPort: layers.SCTPPort(e.num("sctp.src", 40000, 65535)), DstPort: layers.SCTPPort(e.num("sctp.dst", 80, 65535)),
			VerificationTag: uint32(e.num("sctp.tag", 0, 1<<32-1))}
		return []gopacket.SerializableLayer{sctp, gopacket.Payload(e.chunk())}, layers.IPProtocolSCTP
	}
	return nil, layers.IPProtocolNoNextHeader
}
