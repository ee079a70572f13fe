package packet

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// Field is one decoded header field.
type Field struct{ Name, Value string }

// Fields are a frame's fields in the order of its bytes. What a tunnel
// carries is prefixed with "inner.".
type Fields []Field

// Get returns the value of the named field.
func (f Fields) Get(name string) (string, bool) {
	for _, x := range f {
		if x.Name == name {
			return x.Value, true
		}
	}
	return "", false
}

// String prints name=value pairs as `send` reads them.
func (f Fields) String() string {
	var b strings.Builder
	for i, x := range f {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(x.Name + "=" + x.Value)
	}
	return b.String()
}

// minFrame is the shortest Ethernet frame, to which senders and switches pad
// with zeros; vlanTag is what may have been added or taken off since.
const minFrame, vlanTag = 60, 4

// padded tells whether a frame of that length may end in padding.
func padded(length int) bool {
	return length == minFrame || length == minFrame-vlanTag || length == minFrame+vlanTag
}

// Same tells whether two frames are the same but for padding that one of them
// has got on its way.
func Same(a, b []byte) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if !bytes.HasPrefix(b, a) {
		return false
	}
	rest := b[len(a):]
	return len(rest) == 0 || padded(len(b)) && len(bytes.Trim(rest, "\x00")) == 0
}

// Decode names the fields of an Ethernet frame.
func Decode(frame []byte) Fields {
	d := decoder{}
	p := gopacket.NewPacket(frame, layers.LayerTypeEthernet, gopacket.Default)
	for _, l := range p.Layers() {
		d.layer(l)
		if d.done {
			break
		}
	}
	if d.length == minFrame {
		d.rest = bytes.TrimRight(d.rest, "\x00")
	}
	if len(d.rest) > 0 {
		d.add("payload", Payload(d.rest))
	}
	return d.fields
}

// Payload shows bytes as text where they are plain words, else as 0x… hex.
func Payload(b []byte) string {
	for _, c := range b {
		if c <= ' ' || c > '~' {
			return "0x" + hex.EncodeToString(b)
		}
	}
	return string(b)
}

type decoder struct {
	fields Fields
	prefix string // "" or "inner."
	rest   []byte // payload of the last layer that was understood
	length int    // of the innermost Ethernet frame
	done   bool   // all that follows is understood, or payload
}

func (d *decoder) add(name, value string) {
	d.fields = append(d.fields, Field{d.prefix + name, value})
}

// flag is 1 or 0.
func (d *decoder) flag(name string, on bool) { d.add(name, map[bool]string{false: "0", true: "1"}[on]) }

func (d *decoder) num(name string, v int) { d.add(name, strconv.Itoa(v)) }

func (d *decoder) layer(l gopacket.Layer) {
	d.rest = l.LayerPayload()
	switch l := l.(type) {
	case *layers.Ethernet:
		d.length = len(l.Contents) + len(l.Payload)
		d.add("eth.dst", l.DstMAC.String())
		d.add("eth.src", l.SrcMAC.String())
		d.add("eth.type", fmt.Sprintf("0x%04x", uint16(l.EthernetType)))
	case *layers.Dot1Q:
		d.num("vlan.vid", int(l.VLANIdentifier))
		d.num("vlan.pcp", int(l.Priority))
		d.add("vlan.type", fmt.Sprintf("0x%04x", uint16(l.Type)))
	case *layers.ARP:
		d.num("arp.op", int(l.Operation))
		d.add("arp.spa", net.IP(l.SourceProtAddress).String())
		d.add("arp.sha", net.HardwareAddr(l.SourceHwAddress).String())
		d.add("arp.tpa", net.IP(l.DstProtAddress).String())
		d.add("arp.tha", net.HardwareAddr(l.DstHwAddress).String())
		d.rest = nil // padding
	case *layers.IPv4:
		d.add("ip4.src", l.SrcIP.String())
		d.add("ip4.dst", l.DstIP.String())
		d.num("ip.proto", int(l.Protocol))
		d.num("ip.ttl", int(l.TTL))
		d.num("ip.dscp", int(l.TOS>>2))
		if l.FragOffset != 0 || l.Flags&layers.IPv4MoreFragments != 0 {
			d.num("ip.frag", int(l.FragOffset))
		}
	case *layers.IPv6:
		d.add("ip6.src", l.SrcIP.String())
		d.add("ip6.dst", l.DstIP.String())
		d.num("ip.proto", int(l.NextHeader))
		d.num("ip.ttl", int(l.HopLimit))
		d.num("ip.dscp", int(l.TrafficClass>>2))
	case *layers.UDP:
		d.num("udp.src", int(l.SrcPort))
		d.num("udp.dst", int(l.DstPort))
		if d.message(l) {
			d.rest, d.done = nil, true
		}
	case *layers.TCP:
		d.num("tcp.src", int(l.SrcPort))
		d.num("tcp.dst", int(l.DstPort))
		d.add("tcp.flags", tcpFlags(l))
		d.num("tcp.seq", int(l.Seq))
		d.num("tcp.ack", int(l.Ack))
	case *layers.SCTP:
		d.num("sctp.src", int(l.SrcPort))
		d.num("sctp.dst", int(l.DstPort))
		d.num("sctp.tag", int(l.VerificationTag))
		d.chunk(l.Payload)
		d.done = true // what follows are its chunks
	default:
		d.more(l)
	}
}

// message decodes what is understood of UDP by its ports.
func (d *decoder) message(l *layers.UDP) bool {
	ports := func(a, b layers.UDPPort) bool { return l.DstPort == a || l.DstPort == b }
	switch {
	case ports(dhcp4Server, dhcp4Client):
		return d.dhcp4(l.Payload)
	case ports(dhcp6Server, dhcp6Client):
		return d.dhcp6(l.Payload)
	case l.SrcPort == dnsPort || l.DstPort == dnsPort:
		return d.dns(l.Payload)
	}
	return false
}

// chunk shows the first chunk of an SCTP packet, RFC 9260, section 3.2: its
// value, and chunks behind it, are payload.
func (d *decoder) chunk(b []byte) {
	if len(b) < 4 {
		return
	}
	d.num("sctp.type", int(b[0]))
	d.num("sctp.flags", int(b[1]))
	d.rest = b[4:]
}

func (d *decoder) more(l gopacket.Layer) {
	if d.igmp(l) {
		return
	}
	switch l := l.(type) {
	case *layers.IPv6HopByHop:
		d.protocol(l.NextHeader)
	case *layers.IPv6Fragment:
		d.protocol(l.NextHeader)
		d.num("ip.frag", int(l.FragmentOffset))
	case *layers.ICMPv6RouterSolicitation:
		d.ndOptions(l.Options)
	case *layers.ICMPv6RouterAdvertisement:
		d.ra(l)
	case *layers.BFD:
		d.bfd(l)
	case *layers.ICMPv4:
		d.num("icmp4.type", int(l.TypeCode.Type()))
		d.num("icmp4.code", int(l.TypeCode.Code()))
		d.num("icmp.id", int(l.Id))
		d.num("icmp.seq", int(l.Seq))
	case *layers.ICMPv6:
		d.num("icmp6.type", int(l.TypeCode.Type()))
		d.num("icmp6.code", int(l.TypeCode.Code()))
	case *layers.ICMPv6Echo:
		d.num("icmp.id", int(l.Identifier))
		d.num("icmp.seq", int(l.SeqNumber))
	case *layers.ICMPv6NeighborSolicitation:
		d.add("nd.target", l.TargetAddress.String())
		d.ndOptions(l.Options)
	case *layers.ICMPv6NeighborAdvertisement:
		d.add("nd.target", l.TargetAddress.String())
		d.add("nd.flags", fmt.Sprintf("0x%02x", l.Flags))
		d.ndOptions(l.Options)
	case *layers.Geneve:
		d.num("geneve.vni", int(l.VNI))
		for _, o := range l.Options {
			d.add("geneve.class", fmt.Sprintf("0x%04x", o.Class))
			d.add("geneve.type", fmt.Sprintf("0x%02x", o.Type|o.Flags>>3<<7))
			d.add("geneve.data", "0x"+hex.EncodeToString(o.Data))
			if o.Class == 0x0102 && len(o.Data) == 4 { // 1 reserved, 15 inport, 16 outport
				d.num("geneve.inport", int(o.Data[0]&0x7f)<<8|int(o.Data[1]))
				d.num("geneve.outport", int(o.Data[2])<<8|int(o.Data[3]))
			}
		}
		d.prefix = "inner."
	case *layers.VXLAN:
		d.num("vxlan.vni", int(l.VNI))
		d.prefix = "inner."
	case *gopacket.DecodeFailure, *gopacket.Payload, *gopacket.Fragment:
		d.rest = append([]byte(nil), l.LayerContents()...)
	}
}

// protocol is what comes behind an extension header of IPv6: as in OVN's match
// language ip.proto is that of the packet.
func (d *decoder) protocol(p layers.IPProtocol) {
	for i := range d.fields {
		if f := &d.fields[i]; f.Name == d.prefix+"ip.proto" {
			f.Value = strconv.Itoa(int(p))
		}
	}
}

func (d *decoder) ndOptions(opts layers.ICMPv6Options) {
	for _, o := range opts {
		switch o.Type {
		case layers.ICMPv6OptSourceAddress:
			d.add("nd.sll", net.HardwareAddr(o.Data).String())
		case layers.ICMPv6OptTargetAddress:
			d.add("nd.tll", net.HardwareAddr(o.Data).String())
		}
	}
	d.rest = nil
}

// tcpFlagNames are in the order of RFC 9293's bits, FIN first.
const tcpFlagNames = "FSRPAUEC"

func tcpFlags(t *layers.TCP) string {
	var b strings.Builder
	for i, on := range []bool{t.FIN, t.SYN, t.RST, t.PSH, t.ACK, t.URG, t.ECE, t.CWR} {
		if on {
			b.WriteByte(tcpFlagNames[i])
		}
	}
	return b.String()
}

// UDP gives the destination port and the payload of a UDP datagram in a frame.
func UDP(frame []byte) (port uint16, payload []byte, ok bool) {
	p := gopacket.NewPacket(frame, layers.LayerTypeEthernet, gopacket.Lazy)
	u, ok := p.Layer(layers.LayerTypeUDP).(*layers.UDP)
	if !ok {
		return 0, nil, false
	}
	return uint16(u.DstPort), u.Payload, true
}
