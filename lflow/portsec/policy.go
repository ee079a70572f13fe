package portsec

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/lflow/address"
)

// Policy is what column port_security of a port says.
type Policy struct {
	// Secured says that the column is not empty. Where all its elements are
	// invalid nothing passes rather than everything.
	Secured  bool
	elements []element
}

// Parse reads the column. Elements that are invalid are left out; each error
// quotes one of them and says why.
func Parse(column []string) (p Policy, errs []error) {
	p.Secured = len(column) > 0
	at := map[hosts]int{}
	for _, text := range column {
		e, err := parseElement(text)
		if err != nil {
			errs = append(errs, fmt.Errorf("%q: %w", text, err))
			continue
		}
		i, again := at[e.hosts]
		if !again {
			at[e.hosts] = len(p.elements)
			p.elements = append(p.elements, e)
			continue
		}
		p.elements[i].join(e)
	}
	return p, errs
}

// macs are the Ethernet addresses of elements that allow all IP addresses, and
// of those that do not.
func (p Policy) macs() (free, bound []any) {
	for _, e := range p.elements {
		to := &bound
		if e.free {
			to = &free
		}
		for _, m := range e.macs() {
			*to = append(*to, m.constant())
		}
	}
	return free, bound
}

// element is what elements of the column allow that name the same Ethernet
// addresses.
type element struct {
	hosts
	// v4 and v6 are the IP addresses of the host, with host bits; those of one
	// family only forbid the other.
	v4, v6 []netip.Prefix
	free   bool // to use all IP addresses
}

// hosts are an element's Ethernet addresses: the host's own and, unless that is
// the same, that of a virtual router that it may be.
type hosts struct{ own, virtual maskedMAC }

func (h hosts) macs() []maskedMAC {
	if h.own == h.virtual {
		return []maskedMAC{h.own}
	}
	return []maskedMAC{h.virtual, h.own}
}

// maskedMAC is an Ethernet address, or several.
type maskedMAC struct{ mac, mask lflow.MAC }

func oneMAC(m lflow.MAC) maskedMAC {
	return maskedMAC{m, lflow.Broadcast}
}

// constant returns the address as a constant of the language.
func (m maskedMAC) constant() lflow.Constant {
	if m == oneMAC(m.mac) {
		return lflow.ConstantOf(m.mac)
	}
	return lflow.Masked(m.mac, m.mask)
}

// vrrp is the word that begins an element for a virtual router: RFC 9568.
const vrrp = "VRRPv3"

// parseElement parses an element of the column: "MAC IP…", or
// "VRRPv3 VIRTUAL[/MASK] PHYSICAL IP…" for a host that speaks for a virtual
// router as well as for itself.
func parseElement(s string) (e element, err error) {
	parts := address.Parts(s)
	var virtual maskedMAC
	if len(parts) > 0 && parts[0] == vrrp {
		if len(parts) < 3 {
			return e, errors.New("no virtual and physical Ethernet address behind " + vrrp)
		}
		if virtual, err = parseMaskedMAC(parts[1]); err != nil {
			return e, err
		}
		s = strings.Join(parts[2:], " ")
	}
	a, err := address.Parse(s)
	if err != nil {
		return e, err
	}
	e.own, e.virtual, e.free = oneMAC(a.MAC), virtual, len(a.IPs) == 0
	if virtual == (maskedMAC{}) {
		e.virtual = e.own
	}
	for _, ip := range a.IPs {
		to := &e.v6
		if ip.Addr().Is4() {
			to = &e.v4
		}
		*to = append(*to, ip)
	}
	return e, nil
}

func parseMaskedMAC(s string) (m maskedMAC, err error) {
	text, mask, masked := strings.Cut(s, "/")
	mac, ok := lflow.ParseMAC(text)
	if !ok {
		return m, fmt.Errorf("%q is not an Ethernet address", text)
	}
	if !masked {
		return oneMAC(mac), nil
	}
	if m.mask, ok = lflow.ParseMAC(mask); !ok {
		return m, fmt.Errorf("%q is not an Ethernet address that can be a mask", mask)
	}
	for i := range mac {
		m.mac[i] = mac[i] & m.mask[i]
	}
	return m, nil
}

// join adds what another element of the same hosts allows.
func (e *element) join(o element) {
	if e.free = e.free || o.free; e.free {
		e.v4, e.v6 = nil, nil
		return
	}
	e.v4, e.v6 = append(e.v4, o.v4...), append(e.v6, o.v6...)
}

// mine returns the addresses of one family as values to compare with: where the
// host part is zero, all of the network, else the address alone. IPv6 has the
// link-local address made of the Ethernet address (RFC 4862, section 5.3) too.
func (e *element) mine(v6 bool) []any {
	ips := e.v4
	if v6 {
		ips = e.v6
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
		for _, m := range e.macs() {
			if m == oneMAC(m.mac) {
				vs = append(vs, address.LinkLocal(m.mac))
			}
		}
	}
	return vs
}

// heard returns the destinations that the host receives: its own, groups, and
// broadcast addresses.
func (e *element) heard(v6 bool) []any {
	vs := e.mine(v6)
	switch {
	case vs == nil:
		return nil
	case v6:
		return append(vs, netip.MustParsePrefix("ff00::/8"))
	}
	for _, p := range e.v4 {
		if p.Bits() < 32 && p != p.Masked() { // else it is in the network
			vs = append(vs, broadcast(p))
		}
	}
	return append(vs, everybody, netip.MustParsePrefix("224.0.0.0/4"))
}

// everybody is the limited broadcast address: RFC 919.
var everybody = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// broadcast returns the last address of an IPv4 network.
func broadcast(p netip.Prefix) netip.Addr {
	b := p.Addr().As4()
	for i := p.Bits(); i < 32; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	return netip.AddrFrom4(b)
}
