package address

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/weft-sdn/weft/lflow"
)

// Address is "MAC IP…", an element of the columns addresses and port_security.
type Address struct {
	MAC lflow.MAC
	IPs []netip.Prefix // host bits kept; full length where none was written
}

// Parse parses "MAC IP…"; the parts are separated by blanks or commas.
func Parse(s string) (Address, error) {
	parts := Parts(s)
	if len(parts) == 0 {
		return Address{}, errors.New("no Ethernet address")
	}
	mac, ok := lflow.ParseMAC(parts[0])
	if !ok {
		return Address{}, fmt.Errorf("%q is not an Ethernet address", parts[0])
	}
	ips, err := parseIPs(parts[1:])
	if err != nil {
		return Address{}, err
	}
	return Address{MAC: mac, IPs: ips}, nil
}

// ParseProxy parses "[MAC] IP…", Logical_Switch_Port:options:arp_proxy; the MAC is
// zero where none is written.
func ParseProxy(s string) (a Address, err error) {
	parts := Parts(s)
	if len(parts) > 0 {
		if mac, ok := lflow.ParseMAC(parts[0]); ok {
			a.MAC, parts = mac, parts[1:]
		}
	}
	if len(parts) == 0 {
		return Address{}, errors.New("no IP address")
	}
	if a.IPs, err = parseIPs(parts); err != nil {
		return Address{}, err
	}
	return a, nil
}

// Parts are what blanks and commas separate.
func Parts(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == ',' || r == '\t' })
}

func parseIPs(parts []string) (ips []netip.Prefix, err error) {
	for _, p := range parts {
		ip, err := parseIP(p)
		if err != nil {
			return nil, err
		}
		ips = append(ips, ip)
	}
	return ips, nil
}

func parseIP(s string) (netip.Prefix, error) {
	if strings.Contains(s, "/") {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return p, fmt.Errorf("%q is not an IP address with a prefix length", s)
		}
		return p, nil
	}
	a, err := netip.ParseAddr(s)
	if err != nil || a.Zone() != "" {
		return netip.Prefix{}, fmt.Errorf("%q is not an IP address", s)
	}
	return netip.PrefixFrom(a, a.BitLen()), nil
}

// LinkLocal returns the link-local address made of an Ethernet address: RFC
// 4862, section 5.3.
func LinkLocal(m lflow.MAC) netip.Addr {
	return netip.AddrFrom16([16]byte{0: 0xfe, 1: 0x80, 8: m[0] ^ 2, 9: m[1], 10: m[2], 11: 0xff, 12: 0xfe, 13: m[3], 14: m[4], 15: m[5]})
}

// HostOrNetwork parses an address or a network; the bits of a host do not count.
func HostOrNetwork(s string) netip.Prefix {
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" && !a.Is4In6() {
		return netip.PrefixFrom(a, a.BitLen())
	}
	p, err := netip.ParsePrefix(s)
	if err != nil || p.Addr().Is4In6() {
		return netip.Prefix{}
	}
	return p.Masked()
}
