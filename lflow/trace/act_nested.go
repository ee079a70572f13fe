package trace

import "github.com/weft-sdn/weft/lflow"

// nested executes actions on another packet; later ones see this one again.
func (x *exec) nested(name string, p *Packet, as lflow.Actions) {
	sub := &exec{x.run, x.dp, x.at, p, x.super.add(Transform, name)}
	sub.actions(as)
}

// replacement makes the packet that takes this one's place; nil for a kind
// that is not evaluated.
func (x *exec) replacement(k lflow.NestedKind) *Packet {
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
		return nil
	}
	return p
}

// icmp6 makes a neighbour discovery packet: RFC 4861, section 4.
func icmp6(p *Packet, kind uint64) {
	p.set(lflow.EthType, lflow.U(0x86dd))
	p.set(lflow.IPProto, lflow.U(58))
	p.set(lflow.IPTTL, lflow.U(255))
	p.set(lflow.ICMP6Type, lflow.U(kind))
}

// solicit asks the solicited-node group (RFC 4291, section 2.7.1) of the
// destination for its Ethernet address.
func (x *exec) solicit(p *Packet) {
	dst := x.p.get(lflow.IP6Dst)
	icmp6(p, 135)
	p.set(lflow.IP6Src, x.p.get(lflow.IP6Src))
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
