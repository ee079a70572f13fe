package portsec

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/model"
)

// rule is what elements of column port_security allow that name the same
// Ethernet addresses: ovn-nb(5).
type rule struct {
	MACs []secMAC
	// V4 and V6 are the IP addresses of the host; none of both stands for all,
	// one of one family only forbids the other.
	V4, V6 []netip.Prefix // host bits kept
}

// secMAC is an Ethernet address, or several with a mask.
type secMAC struct {
	MAC, Mask lflow.MAC
}

func oneMAC(m lflow.MAC) secMAC { return secMAC{m, lflow.MAC{255, 255, 255, 255, 255, 255}} }

// constant returns the address as a constant of the language.
func (m secMAC) constant() lflow.Constant {
	if m == oneMAC(m.MAC) {
		return lflow.ConstantOf(m.MAC)
	}
	return lflow.Masked(m.MAC, m.Mask)
}

// free tells whether the rule allows all IP addresses.
func (r rule) free() bool { return len(r.V4)+len(r.V6) == 0 }

// vrrp is the word that begins an element for a virtual router: RFC 9568.
const vrrp = "VRRPv3"

// parseRule parses an element of column port_security: "MAC IP…", or
// "VRRPv3 VIRTUAL[/MASK] PHYSICAL IP…" for a host that speaks for a virtual
// router as well as for itself.
func parseRule(s string) (r rule, err error) {
	parts := model.AddressParts(s)
	if len(parts) == 0 || parts[0] != vrrp {
		a, err := model.ParseAddress(s)
		r.MACs = []secMAC{oneMAC(a.MAC)}
		r.addIPs(a.IPs)
		return r, err
	}
	if len(parts) < 3 {
		return r, errors.New("no virtual and physical Ethernet address behind " + vrrp)
	}
	virtual, err := parseMaskedMAC(parts[1])
	if err != nil {
		return r, err
	}
	a, err := model.ParseAddress(strings.Join(parts[2:], " "))
	r.MACs = []secMAC{virtual, oneMAC(a.MAC)}
	r.addIPs(a.IPs)
	return r, err
}

func parseMaskedMAC(s string) (m secMAC, err error) {
	text, mask, masked := strings.Cut(s, "/")
	mac, ok := lflow.ParseMAC(text)
	if !ok {
		return m, fmt.Errorf("%q is not an Ethernet address", text)
	}
	if !masked {
		return oneMAC(mac), nil
	}
	if m.Mask, ok = lflow.ParseMAC(mask); !ok {
		return m, fmt.Errorf("%q is not an Ethernet address that can be a mask", mask)
	}
	for i := range mac {
		m.MAC[i] = mac[i] & m.Mask[i]
	}
	return m, nil
}

func (r *rule) addIPs(ips []netip.Prefix) {
	for _, ip := range ips {
		to := &r.V6
		if ip.Addr().Is4() {
			to = &r.V4
		}
		*to = append(*to, ip)
	}
}

// join makes one rule of those of elements that name the same Ethernet addresses,
// since what any of them allows is allowed.
func join(rules []rule) (joined []rule) {
	// No element names more than two.
	type addresses struct{ a, b secMAC }
	for _, same := range model.GroupBy(rules, func(r rule) addresses { return addresses{r.MACs[0], r.MACs[len(r.MACs)-1]} }) {
		r := rule{MACs: same[0].MACs}
		if !slices.ContainsFunc(same, rule.free) {
			for _, o := range same {
				r.V4, r.V6 = append(r.V4, o.V4...), append(r.V6, o.V6...)
			}
		}
		r.V4, r.V6 = model.Distinct(r.V4), model.Distinct(r.V6)
		joined = append(joined, r)
	}
	return joined
}

// own returns the addresses of one family as values to compare with: where the
// host part is zero, all of the network, else the address alone. IPv6 has the
// link-local address made of the Ethernet address (RFC 4862, section 5.3) too.
func (r rule) own(v6 bool) []any {
	ips := r.V4
	if v6 {
		ips = r.V6
	}
	if len(ips) == 0 {
		return nil
	}
	var vs []any
	for _, p := range ips {
		if p == p.Masked() {
			vs = append(vs, p)
		} else {
			vs = append(vs, p.Addr())
		}
	}
	if v6 {
		for _, m := range r.MACs {
			if m == oneMAC(m.MAC) {
				vs = append(vs, model.LinkLocal(m.MAC))
			}
		}
	}
	return model.Distinct(vs)
}

// heard returns the destinations that the host receives: its own, groups, and
// broadcast addresses.
func (r rule) heard(v6 bool) []any {
	vs := r.own(v6)
	switch {
	case vs == nil:
		return nil
	case v6:
		return append(vs, netip.MustParsePrefix("ff00::/8"))
	}
	for _, p := range r.V4 {
		if p.Bits() < 32 && p != p.Masked() { // else it is in the network
			vs = append(vs, broadcast(p))
		}
	}
	return append(model.Distinct(vs), netip.MustParseAddr("255.255.255.255"), netip.MustParsePrefix("224.0.0.0/4"))
}

// broadcast returns the last address of an IPv4 network.
func broadcast(p netip.Prefix) netip.Addr {
	b := p.Addr().As4()
	for i := p.Bits(); i < 32; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	return netip.AddrFrom4(b)
}
