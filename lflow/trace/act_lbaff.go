package trace

import (
	"net/netip"

	"github.com/weft-sdn/weft/lflow"
)

// protocolNumber returns that of IP.
func protocolNumber(l lflow.L4) uint8 {
	return [...]uint8{lflow.AnyL4: 0, lflow.L4TCP: protoTCP, lflow.L4UDP: protoUDP, lflow.L4SCTP: protoSCTP}[l]
}

func (x *exec) commitLBAffinity(a lflow.CommitLBAffinity) {
	if !lflow.Evaluate(a.Packets(), x.p) {
		return
	}
	k := affinity{x.dp, x.p.tuple().src, a.VIP, protocolNumber(a.Proto)}
	x.learn(func(l *Learned) { put(&l.backends, k, a.Backend) })
}

// lbAffinity stores the backend that was recorded for the packet's source, as
// the flows of the agent do: its address in reg4 or xxreg1, its port in the
// low half of reg2.
func (x *exec) lbAffinity() bool {
	if !x.p.is(lflow.IP) {
		return false
	}
	t := x.p.tuple()
	b, ok := x.learned().backends[affinity{x.dp, t.src, netip.AddrPortFrom(t.dst, t.dport), t.proto}]
	if !ok {
		if b, ok = x.learned().backends[affinity{x.dp, t.src, netip.AddrPortFrom(t.dst, 0), 0}]; !ok {
			return false
		}
	}
	setAddress(x.p, lflow.Reg(4), lflow.XXReg(1), b.Addr())
	if b.Port() != 0 {
		x.p.set(lflow.Reg(2).Bits(0, 15), lflow.U(uint64(b.Port())))
	}
	x.super.addf(Action, "/* The client's backend is %s. */", endpoint(b))
	return true
}

// endpoint prints an address, and its port if it is not 0.
func endpoint(b netip.AddrPort) string {
	if b.Port() == 0 {
		return b.Addr().String()
	}
	return b.String()
}
