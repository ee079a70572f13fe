package main

import (
	"net/netip"
	"strings"

	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/lflow/trace"
)

// loadBalancers reads which backends may reach themselves through a VIP.
func (l *loader) loadBalancers() error {
	groups := l.groups()
	for _, r := range l.rows["Load_Balancer"] {
		all := hairpins(r)
		for _, ids := range [][]string{r.texts("datapaths"), groups[r.text("datapath_group")]} {
			for _, id := range ids {
				if d := l.datapaths[id]; d != nil {
					for _, h := range all {
						d.AddHairpin(h)
					}
				}
			}
		}
	}
	return nil
}

// hairpins returns the backends of a load balancer; what cannot be read is
// none.
func hairpins(r row) (all []trace.Hairpin) {
	proto := map[string]lflow.L4{"udp": lflow.L4UDP, "sctp": lflow.L4SCTP}[r.text("protocol")]
	if proto == lflow.AnyL4 {
		proto = lflow.L4TCP
	}
	for vip, backends := range r.pairs("vips") {
		h := trace.Hairpin{Proto: proto, VIP: endpoint(vip)}
		for text := range strings.FieldsSeq(r.pairs("options")["hairpin_snat_ip"]) {
			if a, err := netip.ParseAddr(text); err == nil && a.Is4() == h.VIP.Addr().Is4() {
				h.Source = a
			}
		}
		if h.VIP.Port() == 0 {
			h.Proto = lflow.AnyL4
		}
		for text := range strings.SplitSeq(backends, ",") {
			if h.Backend = endpoint(text); h.Backend.IsValid() && h.VIP.IsValid() {
				all = append(all, h)
			}
		}
	}
	return all
}

// endpoint reads ADDRESS or ADDRESS:PORT; it is not valid where it is neither.
func endpoint(text string) netip.AddrPort {
	if a, err := netip.ParseAddr(text); err == nil {
		return netip.AddrPortFrom(a, 0)
	}
	ap, _ := netip.ParseAddrPort(text)
	return ap
}
