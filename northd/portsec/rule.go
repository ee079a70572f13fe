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
		if !slices.Contains(*to, ip) {
			*to = append(*to, ip)
		}
	}
}

// addRule adds a rule to those of other elements. Elements that name the same
// Ethernet addresses are one rule, since what any of them allows is allowed.
func addRule(rules []rule, r rule) []rule {
	at := slices.IndexFunc(rules, func(o rule) bool { return slices.Equal(o.MACs, r.MACs) })
	if at < 0 {
		return append(rules, r)
	}
	o := &rules[at]
	if o.free() || r.free() {
		o.V4, o.V6 = nil, nil
		return rules
	}
	o.addIPs(r.V4)
	o.addIPs(r.V6)
	return rules
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
				vs = appendNew(vs, model.LinkLocal(m.MAC))
			}
		}
	}
	return vs
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
			vs = appendNew(vs, broadcast(p))
		}
	}
	return append(vs, netip.MustParseAddr("255.255.255.255"), netip.MustParsePrefix("224.0.0.0/4"))
}

func appendNew(vs []any, v any) []any {
	if slices.Contains(vs, v) {
		return vs
	}
	return append(vs, v)
}

// broadcast returns the last address of an IPv4 network.
func broadcast(p netip.Prefix) netip.Addr {
	b := p.Addr().As4()
	for i := p.Bits(); i < 32; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	return netip.AddrFrom4(b)
}
