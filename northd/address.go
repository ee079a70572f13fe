package northd

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/weft-sdn/weft/lflow"
)

// address is "MAC IP…", an element of the columns addresses and port_security.
type address struct {
	MAC lflow.MAC
	IPs []netip.Prefix // host bits kept; full length where none was written
}

// parseAddress parses "MAC IP…"; the parts are separated by blanks or commas.
func parseAddress(s string) (address, error) {
	parts := addressParts(s)
	if len(parts) == 0 {
		return address{}, errors.New("no Ethernet address")
	}
	mac, ok := lflow.ParseMAC(parts[0])
	if !ok {
		return address{}, fmt.Errorf("%q is not an Ethernet address", parts[0])
	}
	a := address{MAC: mac}
	for _, p := range parts[1:] {
		ip, err := parseIP(p)
		if err != nil {
			return address{}, err
		}
		a.IPs = append(a.IPs, ip)
	}
	return a, nil
}

// addressParts are what blanks and commas separate.
func addressParts(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == ',' || r == '\t' })
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

func equalAddress(a, b address) bool { return a.MAC == b.MAC && slices.Equal(a.IPs, b.IPs) }

// isMulticast tells whether the address is a group's, which no port can own.
func isMulticast(m lflow.MAC) bool { return m[0]&1 != 0 }
