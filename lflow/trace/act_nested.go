package trace

import (
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/lflow/address"
)

// nested executes actions on another packet; later ones see this one again.
func (x *exec) nested(name string, p *Packet, as lflow.Actions) {
	sub := x.on(p, x.super.add(Transform, name))
	sub.actions(as)
}

// replace executes actions on the packet that takes this one's place. If that
// is a question for the next hop's Ethernet address, this one goes on when the
// answer is there. Packet after packet (Options.Learned) that is not in this
// trace; alone it is shown to go on at once, without the address.
func (x *exec) replace(a lflow.Nested) {
	if a.Kind == lflow.NestReject && x.p.isRefusal() {
		return
	}
	x.nested(x.title(a.Kind), x.replacement(a.Kind), a.Actions)
	if x.opts.Learned != nil && (a.Kind == lflow.NestARP || a.Kind == lflow.NestNDNS) {
		x.super.add(Output, "/* The packet waits for the answer. */")
		x.dropped = true
	}
}

// replacement makes the packet that takes this one's place. It comes from
// the agent, of whom connection tracking knows nothing.
func (x *exec) replacement(k lflow.NestedKind) *Packet {
	p := x.made(k)
	if x.opts.Conntrack != nil {
		p.clearConntrack()
	}
	return p
}

func (x *exec) made(k lflow.NestedKind) *Packet {
	p := x.p.clone()
	p.onlyLink()
	switch k {
	case lflow.NestARP:
		p.set(lflow.EthType, lflow.U(0x806))
		p.set(lflow.ARPOp, lflow.U(1))
		p.set(lflow.ARPSHA, x.p.get(lflow.EthSrc))
		p.set(lflow.ARPSPA, x.p.get(lflow.IP4Src))
		p.set(lflow.ARPTPA, x.p.get(lflow.IP4Dst))
	case lflow.NestNDNS:
		x.solicit(p)
	case lflow.NestNDNA, lflow.NestNDNARouter:
		x.advertise(p)
	default:
		return x.refusal(k)
	}
	return p
}

// refusal makes what tells the sender that its packet went nowhere: RFC 792,
// RFC 4443, RFC 9293 section 3.5.2. Where to it goes is for the actions to
// say, but for reject, which turns the packet round.
func (x *exec) refusal(k lflow.NestedKind) *Packet {
	p := x.p.clone()
	p.quoted = x.p
	p.set(lflow.IPTTL, lflow.U(255))
	switch k {
	case lflow.NestICMP4, lflow.NestICMP4Error:
		p.set(lflow.IPProto, lflow.U(1))
		p.set(lflow.ICMP4Type, lflow.U(3))
		p.set(lflow.ICMP4Code, lflow.U(1))
	case lflow.NestICMP6, lflow.NestICMP6Error:
		p.set(lflow.IPProto, lflow.U(58))
		p.set(lflow.ICMP6Type, lflow.U(1))
		p.set(lflow.ICMP6Code, lflow.U(1))
	case lflow.NestTCPReset:
		p.set(lflow.F("tcp.flags"), lflow.U(tcpRST))
	case lflow.NestSCTPAbort:
	case lflow.NestReject:
		p = x.refusal(x.refusalKind())
		for _, f := range []string{"eth", "ip4", "ip6", "tcp", "sctp"} {
			src, dst := lflow.F(f+".src"), lflow.F(f+".dst")
			v, w := p.get(src), p.get(dst)
			p.set(src, w)
			p.set(dst, v)
		}
	}
	return p
}

// refusalKind is what reject does with the packet.
func (x *exec) refusalKind() lflow.NestedKind {
	switch {
	case x.p.is(lflow.TCP):
		return lflow.NestTCPReset
	case x.p.is(lflow.SCTP):
		return lflow.NestSCTPAbort
	case x.p.is(lflow.IP4):
		return lflow.NestICMP4
	}
	return lflow.NestICMP6
}

// isRefusal tells whether a packet is what reject would make of it: nobody
// refuses a refusal.
func (p *Packet) isRefusal() bool {
	switch {
	case p.is(lflow.TCP):
		return p.tcpFlags() == tcpRST
	case p.is(lflow.ICMP4):
		return p.get(lflow.ICMP4Type) == lflow.U(3)
	case p.is(lflow.ICMP6):
		return p.get(lflow.ICMP6Type) == lflow.U(1)
	}
	return !p.is(lflow.IP) && p.quoted != nil
}

// title is what the packet that takes this one's place is called.
func (x *exec) title(k lflow.NestedKind) string {
	switch k {
	case lflow.NestReject:
		return x.refusalKind().String()
	case lflow.NestICMP4Error:
		return lflow.NestICMP4.String()
	case lflow.NestICMP6Error:
		return lflow.NestICMP6.String()
	}
	return k.String()
}

// icmp6 makes a neighbour discovery packet: RFC 4861, section 4.
func icmp6(p *Packet, kind uint64) {
	p.set(lflow.EthType, lflow.U(0x86dd))
	p.set(lflow.IPProto, lflow.U(58))
	p.set(lflow.IPTTL, lflow.U(255))
	p.set(lflow.ICMP6Type, lflow.U(kind))
}

// solicit asks the solicited-node group (RFC 4291, section 2.7.1) of the
// destination for its Ethernet address, from the link-local address of the
// sender, as the agent does: the packet's source is seldom the sender's own.
func (x *exec) solicit(p *Packet) {
	dst := x.p.get(lflow.IP6Dst)
	icmp6(p, 135)
	p.set(lflow.IP6Src, lflow.ConstantOf(address.LinkLocal(x.p.mac(lflow.EthSrc))).Value)
	p.set(lflow.IP6Dst, lflow.Value{Hi: 0xff02 << 48, Lo: 1<<32 | 0xff<<24 | dst.Lo&0xffffff})
	p.set(lflow.EthDst, lflow.U(0x3333ff<<24|dst.Lo&0xffffff))
	p.set(lflow.NDTarget, dst)
	p.set(lflow.NDSLL, x.p.get(lflow.EthSrc))
}

// advertise answers a solicitation.
func (x *exec) advertise(p *Packet) {
	icmp6(p, 136)
	p.set(lflow.EthSrc, x.p.get(lflow.EthDst))
	p.set(lflow.EthDst, x.p.get(lflow.EthSrc))
	p.set(lflow.IP6Dst, x.p.get(lflow.IP6Src))
	p.set(lflow.IP6Src, x.p.get(lflow.NDTarget))
	p.set(lflow.NDTarget, x.p.get(lflow.NDTarget))
	p.set(lflow.NDTLL, x.p.get(lflow.EthDst))
}
