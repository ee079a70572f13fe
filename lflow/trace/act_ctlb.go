package trace

import (
	"net/netip"

	"github.com/weft-sdn/weft/lflow"
)

// ctLB balances load: the packet goes on in the next table, to the backend
// that the options prefer or choose. Without backends only a preferred one
// counts.
func (x *exec) ctLB(a lflow.CTLB) {
	if x.opts.Conntrack != nil {
		x.balance(a)
		return
	}
	p, remark := x.tracked()
	p.set(lflow.CTState, p.get(lflow.CTState).Or(x.p.get(lflow.CTState))) // as ovn-trace has it
	if b, ok := x.backend(a); ok {
		x.redirect(p, b)
		p.set(lflow.CTDNAT, lflow.U(1))
		natted := lflow.F("ct_mark.natted")
		if a.Kind == lflow.CTLBLabel {
			natted = lflow.F("ct_label.natted")
		}
		p.set(natted, lflow.U(1))
	}
	x.fork(p, a.Kind.String()+remark)
}

// balance commits the connection to a backend; a connection that there is
// stays where it is. Without any usable backend the switch drops the packet.
func (x *exec) balance(a lflow.CTLB) {
	q := request{zone: x.zone(false), nat: true}
	if len(a.Backends) > 0 {
		b, ok := x.backend(a)
		if !ok {
			x.super.addf(Problem, "*** %s: no backend can be used, the packet is dropped", a.Kind)
			return
		}
		q.commit, q.to = true, &nat{to: b.Addr(), portMin: b.Port()}
		bits := lflow.U(ctNatted)
		switch a.SNAT {
		case lflow.LBSNATSkip:
			bits.Lo |= ctSkipSNAT
		case lflow.LBSNATForce:
			bits.Lo |= ctForceSNAT
		}
		q.set = func(k *conn) {
			if a.Kind == lflow.CTLBLabel {
				k.label = k.label.Or(bits)
			} else {
				k.mark = k.mark.Or(bits)
			}
		}
	}
	x.recirculate(a.Kind.String(), q)
}

// Bits of a balanced connection's mark, or label.
const (
	ctNatted    = 1 << 1
	ctSkipSNAT  = 1 << 2
	ctForceSNAT = 1 << 3
)

// backend returns where the connection goes; its port is 0 where it is the
// packet's own.
func (x *exec) backend(a lflow.CTLB) (b netip.AddrPort, ok bool) {
	want, err := netip.ParseAddrPort(x.opts.LBDst)
	if err != nil {
		if ip, err := netip.ParseAddr(x.opts.LBDst); err == nil {
			want = netip.AddrPortFrom(ip, 0)
		}
	}
	if len(a.Backends) == 0 {
		return want, want.Addr().IsValid() && want.Addr().Is6() == x.p.is(lflow.IP6)
	}
	var usable []netip.AddrPort
	for _, d := range a.Backends {
		if d.IP.Is6() != x.p.is(lflow.IP6) || a.Kind == lflow.CTLBMarkLocal && !x.net.resident(d.LogicalPort) {
			continue
		}
		b := netip.AddrPortFrom(d.IP, d.Port)
		if b == want || want.Port() == 0 && b.Addr() == want.Addr() {
			return b, true
		}
		usable = append(usable, b)
	}
	if len(usable) == 0 {
		return b, false
	}
	return usable[x.choose(len(usable))], true
}

// redirect changes the destination of a packet.
func (x *exec) redirect(p *Packet, b netip.AddrPort) {
	setAddress(p, lflow.IP4Dst, lflow.IP6Dst, b.Addr())
	if b.Port() == 0 {
		return
	}
	switch port := lflow.U(uint64(b.Port())); {
	case p.is(lflow.TCP):
		p.set(lflow.TCPDst, port)
	case p.is(lflow.UDP):
		p.set(lflow.UDPDst, port)
	case p.is(lflow.SCTP):
		p.set(lflow.SCTPDst, port)
	}
}

// setAddress sets the field of the address's family.
func setAddress(p *Packet, v4, v6 lflow.Field, a netip.Addr) {
	f := v4
	if a.Is6() {
		f = v6
	}
	p.set(f, lflow.ConstantOf(a).Value)
}

// choose takes one of n alternatives.
func (x *exec) choose(n int) int {
	if x.opts.Choose == nil || n < 2 {
		return 0
	}
	return min(max(x.opts.Choose(n), 0), n-1)
}
