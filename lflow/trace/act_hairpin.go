package trace

import (
	"net/netip"

	"github.com/weft-sdn/weft/lflow"
)

// Hairpin is a backend of a load balancer, which may send packets to itself.
type Hairpin struct {
	Proto        lflow.L4       // AnyL4 without ports
	VIP, Backend netip.AddrPort // ports 0 without ports
	// Source is the address that the backend sees such packets come from; the
	// VIP's where it is not valid.
	Source netip.Addr
}

// AddHairpin makes a backend known to the datapath.
func (d *Datapath) AddHairpin(h Hairpin) {
	if !h.Source.IsValid() {
		h.Source = h.VIP.Addr()
	}
	d.hairpins = append(d.hairpins, h)
}

// hairpinned returns the backend that sent the packet to itself. Only connection
// tracking tells.
func (x *exec) hairpinned() (Hairpin, bool) {
	if x.opts.Conntrack == nil || !x.p.is(lflow.IP) {
		return Hairpin{}, false
	}
	t := x.p.tuple()
	for _, h := range x.dp.hairpins {
		if h.Backend.Addr() == t.src && t.src == t.dst && h.VIP.Addr() == x.p.orig.dst &&
			(h.Proto == lflow.AnyL4 || protocolNumber(h.Proto) == t.proto && h.Backend.Port() == t.dport && h.VIP.Port() == x.p.orig.dport) {
			return h, true
		}
	}
	return Hairpin{}, false
}

// hairpinReply tells whether a backend replies to itself.
func (x *exec) hairpinReply() bool {
	if x.opts.Conntrack == nil || !x.p.is(lflow.IP) {
		return false
	}
	t := x.p.tuple()
	for _, h := range x.dp.hairpins {
		if h.Backend.Addr() == t.src && h.Source == t.dst &&
			(h.Proto == lflow.AnyL4 || protocolNumber(h.Proto) == t.proto && h.Backend.Port() == t.sport) {
			return true
		}
	}
	return false
}

// visit: of the jobs of the agent's flows only one changes the packet, which
// has the backend see it come from elsewhere.
func (x *exec) visit(a lflow.Visit) {
	h, ok := x.hairpinned()
	if a.Kind != lflow.VisitCTSNATToVIP || !ok {
		return
	}
	q := request{zone: x.dp.UUID + "_snat", commit: true, nat: true, to: &nat{src: true, to: h.Source}}
	x.dropped = !x.opts.Conntrack.track(x.p, q)
	x.p.forgetState()
}
