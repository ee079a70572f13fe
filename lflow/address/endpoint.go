package address

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// Endpoint parses "IP", "IP:port" or "[IPv6]:port" of a host, an element of column vips
// of Load_Balancer; the port is 0 where there is none.
func Endpoint(text string) (at netip.AddrPort, ok bool) {
	if a, err := netip.ParseAddr(text); err == nil {
		at = netip.AddrPortFrom(a, 0)
	} else if at, err = netip.ParseAddrPort(text); err != nil || at.Port() == 0 {
		return at, false
	}
	a := at.Addr()
	return at, a.Zone() == "" && !a.Is4In6() && !a.IsMulticast() && !a.IsUnspecified()
}

// Mapping is an element of column ip_port_mappings of Load_Balancer: where a backend is,
// and as whom it is asked.
type Mapping struct {
	Port   string // of a switch
	From   netip.Addr
	Remote bool // it is in another availability zone
	Zone   string
}

// ParseMapping reads an element of column ip_port_mappings: "IP" and "PORT:IP", with an
// availability zone behind another colon for those that are elsewhere. IPv6 stands in
// brackets.
func ParseMapping(key, value string) (ip netip.Addr, m Mapping, err error) {
	ip, ok := bracketedHost(key)
	if !ok {
		return ip, m, errors.New("no mapping of the IP address of a host")
	}
	port, from, found := strings.Cut(value, ":")
	if !found || port == "" {
		return ip, m, errors.New("PORT:IP is wanted, [IP] for IPv6")
	}
	m.Port = port
	if strings.HasPrefix(from, "[") {
		if end := strings.IndexByte(from, ']'); end >= 0 && strings.HasPrefix(from[end+1:], ":") {
			from, m.Zone, m.Remote = from[:end+1], from[end+2:], true
		}
	} else if ip.Is4() {
		from, m.Zone, m.Remote = strings.Cut(from, ":")
	}
	switch m.From, ok = bracketedHost(from); {
	case !ok:
		return ip, m, fmt.Errorf("%s is not the IP address of a host", strconv.Quote(from))
	case m.From.Is4() != ip.Is4():
		return ip, m, errors.New("the source is of the other family")
	}
	return ip, m, nil
}

// bracketedHost parses the IP address of a host, of IPv6 also in brackets.
func bracketedHost(text string) (netip.Addr, bool) {
	inner, bracketed := strings.CutPrefix(text, "[")
	if bracketed {
		inner, bracketed = strings.CutSuffix(inner, "]")
		if !bracketed {
			return netip.Addr{}, false
		}
	}
	at, ok := Endpoint(inner)
	return at.Addr(), ok && at.Port() == 0 && (!bracketed || at.Addr().Is6())
}
