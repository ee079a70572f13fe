package trace

import (
	"fmt"
	"net/netip"

	"github.com/weft-sdn/weft/lflow"
)

// tuple tells the connections of a zone apart, and their two directions. For
// ICMP the ports are type and code: a microflow has no identifier.
type tuple struct {
	proto        uint8
	src, dst     netip.Addr
	sport, dport uint16
}

// String is the notation of dpctl/dump-conntrack.
func (t tuple) String() string {
	s := fmt.Sprintf("src=%s,dst=%s", t.src, t.dst)
	switch t.proto {
	case protoICMP, protoICMP6:
		return s + fmt.Sprintf(",type=%d,code=%d", t.sport, t.dport)
	case protoTCP, protoUDP, protoSCTP:
		return s + fmt.Sprintf(",sport=%d,dport=%d", t.sport, t.dport)
	}
	return s
}

// Protocols: IANA's numbers.
const (
	protoICMP  = 1
	protoTCP   = 6
	protoUDP   = 17
	protoICMP6 = 58
	protoSCTP  = 132
)

// ports returns the fields of a protocol's ports.
func ports(proto uint8) (src, dst lflow.Field, ok bool) {
	switch proto {
	case protoTCP:
		return lflow.TCPSrc, lflow.TCPDst, true
	case protoUDP:
		return lflow.UDPSrc, lflow.UDPDst, true
	case protoSCTP:
		return lflow.SCTPSrc, lflow.SCTPDst, true
	}
	return src, dst, false
}

// tuple returns that of an IP packet.
func (p *Packet) tuple() tuple {
	t := tuple{proto: uint8(p.get(lflow.IPProto).Lo)}
	if p.is(lflow.IP4) {
		t.src, t.dst = p.addr4(lflow.IP4Src), p.addr4(lflow.IP4Dst)
	} else {
		t.src, t.dst = p.addr6(lflow.IP6Src), p.addr6(lflow.IP6Dst)
	}
	src, dst, ok := ports(t.proto)
	switch {
	case p.is(lflow.ICMP4):
		src, dst, ok = lflow.ICMP4Type, lflow.ICMP4Code, true
	case p.is(lflow.ICMP6):
		src, dst, ok = lflow.ICMP6Type, lflow.ICMP6Code, true
	}
	if ok {
		t.sport, t.dport = uint16(p.get(src).Lo), uint16(p.get(dst).Lo)
	}
	return t
}

// setTuple writes addresses and ports back into the packet.
func (p *Packet) setTuple(t tuple) {
	setAddress(p, lflow.IP4Src, lflow.IP6Src, t.src)
	setAddress(p, lflow.IP4Dst, lflow.IP6Dst, t.dst)
	if src, dst, ok := ports(t.proto); ok {
		p.set(src, lflow.U(uint64(t.sport)))
		p.set(dst, lflow.U(uint64(t.dport)))
	}
}

// icmpPairs are the ICMP types of requests and of their replies: RFC 792,
// RFC 950, RFC 4443 and RFC 4620.
var icmpPairs = []struct {
	proto          uint8
	request, reply uint16
}{
	{protoICMP, 8, 0}, {protoICMP, 13, 14}, {protoICMP, 15, 16}, {protoICMP, 17, 18},
	{protoICMP6, 128, 129}, {protoICMP6, 139, 140},
}

// reversed is the tuple of the packets in the other direction; ok is false
// where there are none, as for ICMP messages that nobody replies to.
func (t tuple) reversed() (r tuple, ok bool) {
	r = t
	r.src, r.dst = t.dst, t.src
	if t.proto != protoICMP && t.proto != protoICMP6 {
		r.sport, r.dport = t.dport, t.sport
		return r, true
	}
	for _, p := range icmpPairs {
		switch {
		case p.proto != t.proto:
		case p.request == t.sport:
			r.sport = p.reply
			return r, true
		case p.reply == t.sport:
			r.sport = p.request
			return r, true
		}
	}
	return r, false
}

// asks tells whether an ICMP message is a request.
func (t tuple) asks() bool {
	for _, p := range icmpPairs {
		if p.proto == t.proto && p.request == t.sport {
			return true
		}
	}
	return false
}
