package trace

import (
	"net/netip"

	"github.com/weft-sdn/weft/lflow"
)

// Packet is a packet with its metadata: the values of all fields. Copies are
// independent. It implements lflow.Packet.
type Packet struct {
	values  map[int]lflow.Value // by symbol index; what is missing is zero
	inport  string
	outport string
	stack   []lflow.Value // of push and pop; appended to only when clipped
	net     *Network
	// resident answers is_chassis_resident in place of net, where it is set.
	resident func(port string) bool
	// orig is what the connection's first packet was, where the packet is
	// tracked.
	orig   tuple
	track  tracking
	zone   string  // of the port, as Conntrack names it
	quoted *Packet // the datagram that an ICMP error quotes; may be nil
}

// Number returns the value of an integer field.
func (p *Packet) Number(s *lflow.Symbol) lflow.Value { return p.values[s.Index] }

// noPort is how a match asks for a packet that has no port yet.
const noPort = "none"

// Text returns inport or outport.
func (p *Packet) Text(s *lflow.Symbol) string {
	name := p.outport
	if s == lflow.Inport.Symbol() {
		name = p.inport
	}
	if name == "" {
		return noPort
	}
	return name
}

// Resident answers is_chassis_resident.
func (p *Packet) Resident(port string) bool {
	if p.resident != nil {
		return p.resident(port)
	}
	return p.net.resident(port)
}

func (p *Packet) clone() *Packet {
	c := *p
	c.values = make(map[int]lflow.Value, len(p.values))
	for k, v := range p.values {
		c.values[k] = v
	}
	return &c
}

// get returns the value of an integer field or of some bits of it.
func (p *Packet) get(f lflow.Field) lflow.Value {
	s, lo := f.Base()
	return p.values[s.Index].Shr(lo).And(lflow.Ones(f.Width()))
}

// set changes the bits of an integer field.
func (p *Packet) set(f lflow.Field, v lflow.Value) {
	p.setMasked(f, v, lflow.Ones(f.Width()))
}

// setMasked changes those bits of an integer field that are in mask.
func (p *Packet) setMasked(f lflow.Field, v, mask lflow.Value) {
	s, lo := f.Base()
	mask = mask.And(lflow.Ones(f.Width())).Shl(lo)
	p.values[s.Index] = p.values[s.Index].AndNot(mask).Or(v.Shl(lo).And(mask))
}

// text and setText access a string field.
func (p *Packet) text(f lflow.Field) string {
	if f.Symbol() == lflow.Inport.Symbol() {
		return p.inport
	}
	return p.outport
}

func (p *Packet) setText(f lflow.Field, v string) {
	if f.Symbol() == lflow.Inport.Symbol() {
		p.inport = v
	} else {
		p.outport = v
	}
}

// is tells whether a predicate or one-bit field is true.
func (p *Packet) is(f lflow.Field) bool { return lflow.Evaluate(lflow.Bool(f), p) }

func (p *Packet) mac(f lflow.Field) (m lflow.MAC) {
	b := p.get(f).Bytes16()
	copy(m[:], b[10:])
	return m
}

func (p *Packet) addr4(f lflow.Field) netip.Addr {
	b := p.get(f).Bytes16()
	return netip.AddrFrom4([4]byte(b[12:]))
}

func (p *Packet) addr6(f lflow.Field) netip.Addr { return netip.AddrFrom16(p.get(f).Bytes16()) }

func macValue(m lflow.MAC) lflow.Value { return lflow.ConstantOf(m).Value }

// clearRegisters is what happens between ingress and egress.
func (p *Packet) clearRegisters() {
	for _, f := range []lflow.Field{lflow.XXReg(0), lflow.XXReg(1), lflow.F("xreg4")} {
		p.set(f, lflow.Value{})
	}
}

// clearConntrack is what ct_clear does.
func (p *Packet) clearConntrack() {
	p.forgetState()
	p.track = tracking{}
}

// forgetState clears what actions can see of the connection. The switch may
// know it all the same.
func (p *Packet) forgetState() {
	for _, f := range []lflow.Field{lflow.CTState, lflow.CTMark, lflow.CTLabel} {
		p.set(f, lflow.Value{})
	}
	p.began(tuple{})
}

// began sets the tuple with which the packet's connection began.
func (p *Packet) began(t tuple) {
	p.orig = t
	p.set(lflow.CTProto, lflow.U(uint64(t.proto)))
	for proto, f := range ctPorts {
		src, dst := uint16(0), uint16(0)
		if proto == t.proto {
			src, dst = t.sport, t.dport
		}
		p.set(f.src, lflow.U(uint64(src)))
		p.set(f.dst, lflow.U(uint64(dst)))
	}
}

// ctPorts are the fields of a connection's ports.
var ctPorts = map[uint8]struct{ src, dst lflow.Field }{
	protoTCP:  {lflow.F("ct_tcp.src"), lflow.F("ct_tcp.dst")},
	protoUDP:  {lflow.F("ct_udp.src"), lflow.F("ct_udp.dst")},
	protoSCTP: {lflow.F("ct_sctp.src"), lflow.F("ct_sctp.dst")},
}

// onlyLink clears all that stands behind the Ethernet header.
func (p *Packet) onlyLink() {
	for _, s := range lflow.Standard().All() {
		if s.Kind == lflow.KindField && s.Prerequisite() != nil {
			delete(p.values, s.Index)
		}
	}
}

// isMetadata tells whether a field is no part of the packet: a register, the
// flags, a port.
func isMetadata(f lflow.Field) bool {
	s, _ := f.Base()
	switch s.Name {
	case "inport", "outport", "xxreg0", "xxreg1", "xreg4", "flags":
		return true
	}
	return s.IsString()
}

// notation returns how the value of a field is written.
func notation(f lflow.Field) lflow.Notation {
	s := f.Symbol()
	if s.Kind != lflow.KindField || f.Width() != s.Width {
		return lflow.Hex
	}
	switch s.Name {
	case "eth.src", "eth.dst", "arp.sha", "arp.tha", "rarp.sha", "rarp.tha", "nd.sll", "nd.tll":
		return lflow.Ethernet
	case "ip4.src", "ip4.dst", "arp.spa", "arp.tpa", "rarp.spa", "rarp.tpa":
		return lflow.IPv4
	case "ip6.src", "ip6.dst", "nd.target":
		return lflow.IPv6
	case "vlan.tci", "eth.type", "ip6.label", "tcp.flags", "pkt.mark", "ct_mark", "ct_label", "ct_state", "xxreg0", "xxreg1", "xreg4", "flags":
		return lflow.Hex
	}
	return lflow.Decimal
}

// hex writes a value in hexadecimal; zero is 0.
func hex(v lflow.Value) string {
	set := lflow.Set{Dst: lflow.XXReg(0), Value: lflow.Constant{Value: v, Notation: lflow.Hex}}.Append(nil)
	return string(set[len("xxreg0 = ") : len(set)-1])
}
