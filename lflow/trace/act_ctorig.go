package trace

import (
	"net/netip"

	"github.com/weft-sdn/weft/lflow"
)

// ctOrig stores a part of what the connection's first packet was before it
// was translated; zero where the packet is not tracked, or of another family.
func (x *exec) ctOrig(a lflow.CTOrig) {
	var v lflow.Value
	t, ok := x.p.orig, x.p.is(lflow.CTTrk) && x.p.orig.dst.IsValid()
	switch a.Kind {
	case lflow.CTOrigIPv4Dst:
		if ok && t.dst.Is4() {
			v = addrValue(t.dst)
		}
	case lflow.CTOrigIPv6Dst:
		if ok && t.dst.Is6() {
			v = addrValue(t.dst)
		}
	case lflow.CTOrigPortDst:
		if _, _, has := ports(t.proto); ok && has {
			v = lflow.U(uint64(t.dport))
		}
	case lflow.CTOrigProto:
		if ok {
			v = lflow.U(uint64(t.proto))
		}
	case lflow.CTSavedState: // through reg4, as the flows of the agent do
		v = x.p.get(lflow.CTState).And(lflow.Ones(a.Kind.Width()))
		x.p.set(lflow.Reg(4).Bits(0, a.Kind.Width()-1), v)
	}
	x.p.set(a.Dst, v)
}

func addrValue(a netip.Addr) lflow.Value { return lflow.ConstantOf(a).Value }
