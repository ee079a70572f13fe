package lflow

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"sync"
)

// DHCPType is the type of the value of a DHCP option, as in the column of
// that name of the tables DHCP_Options and DHCPv6_Options.
type DHCPType string

const (
	DHCPBool         DHCPType = "bool"          // 0 or 1
	DHCPUint8        DHCPType = "uint8"         //
	DHCPUint16       DHCPType = "uint16"        //
	DHCPUint32       DHCPType = "uint32"        //
	DHCPIPv4         DHCPType = "ipv4"          // one or more addresses
	DHCPStaticRoutes DHCPType = "static_routes" // pairs of prefix and next hop
	DHCPString       DHCPType = "str"           //
	DHCPHostID       DHCPType = "host_id"       // string or IPv4 address
	DHCPDomains      DHCPType = "domains"       // string: domain names, comma separated
	DHCPIPv6         DHCPType = "ipv6"          // one or more addresses
	DHCPMAC          DHCPType = "mac"           //
	DHCPDomain       DHCPType = "domain"        // string: one domain name
)

// DHCPOption is the definition of an option.
type DHCPOption struct {
	Name string
	Code uint8 // for DHCPv4, 0 is the address to offer, 253 the next server
	Type DHCPType
}

// DHCPValue is an option with its value.
type DHCPValue struct {
	Option DHCPOption
	Values []Constant
}

// DHCPOptions returns the options that every DHCPv4 server of OVN knows, in
// the order of their codes: RFC 2132, and for 119, 121, 150, 210, 249 and 252
// RFC 3397, RFC 3442, RFC 5859, RFC 5071, and practice.
func DHCPOptions() []DHCPOption {
	return []DHCPOption{
		{"offerip", 0, DHCPIPv4}, {"netmask", 1, DHCPIPv4}, {"router", 3, DHCPIPv4}, {"dns_server", 6, DHCPIPv4},
		{"log_server", 7, DHCPIPv4}, {"lpr_server", 9, DHCPIPv4}, {"hostname", 12, DHCPString}, {"domain_name", 15, DHCPString},
		{"swap_server", 16, DHCPIPv4}, {"ip_forward_enable", 19, DHCPBool}, {"policy_filter", 21, DHCPIPv4},
		{"default_ttl", 23, DHCPUint8}, {"mtu", 26, DHCPUint16}, {"broadcast_address", 28, DHCPIPv4},
		{"router_discovery", 31, DHCPBool}, {"router_solicitation", 32, DHCPIPv4}, {"arp_cache_timeout", 35, DHCPUint32},
		{"ethernet_encap", 36, DHCPBool}, {"tcp_ttl", 37, DHCPUint8}, {"tcp_keepalive_interval", 38, DHCPUint32},
		{"nis_server", 41, DHCPIPv4}, {"ntp_server", 42, DHCPIPv4}, {"netbios_name_server", 44, DHCPIPv4},
		{"netbios_node_type", 46, DHCPUint8}, {"lease_time", 51, DHCPUint32}, {"server_id", 54, DHCPIPv4},
		{"T1", 58, DHCPUint32}, {"T2", 59, DHCPUint32}, {"tftp_server", 66, DHCPHostID}, {"bootfile_name", 67, DHCPString},
		{"domain_search_list", 119, DHCPDomains}, {"classless_static_route", 121, DHCPStaticRoutes},
		{"tftp_server_address", 150, DHCPIPv4}, {"path_prefix", 210, DHCPString},
		{"ms_classless_static_route", 249, DHCPStaticRoutes}, {"wpad", 252, DHCPString}, {"next_server", 253, DHCPIPv4},
		{"bootfile_name_alt", 254, DHCPString},
	}
}

// DHCPv6Options returns the same for DHCPv6: RFC 8415, RFC 3646, RFC 4704
// and RFC 5970.
func DHCPv6Options() []DHCPOption {
	return []DHCPOption{
		{"server_id", 2, DHCPMAC}, {"ia_addr", 5, DHCPIPv6}, {"dns_server", 23, DHCPIPv6}, {"domain_search", 24, DHCPString},
		{"fqdn", 39, DHCPDomain}, {"bootfile_name", 59, DHCPString}, {"bootfile_name_alt", 254, DHCPString},
	}
}

// Codes of what says something of a DHCPv6 lease, and is no option of its own: seconds
// that an address is valid, and until the client renews and rebinds. OVN has none of
// these: its leases do not end.
const (
	DHCPv6Lease = 200 + iota
	DHCPv6T1
	DHCPv6T2
)

// dhcpv6Lease are the names of these.
func dhcpv6Lease() []DHCPOption {
	return []DHCPOption{{"lease_time", DHCPv6Lease, DHCPUint32}, {"T1", DHCPv6T1, DHCPUint32}, {"T2", DHCPv6T2, DHCPUint32}}
}

// ParseDHCPValue reads the value of the option that is called name, as it stands behind
// the equals sign in put_dhcp_opts or put_dhcpv6_opts, and in column options of table
// DHCP_Options.
func ParseDHCPValue(v6 bool, name, text string) (DHCPValue, error) {
	if len(text) > MaxLength {
		return DHCPValue{}, tooLong(len(text))
	}
	p := new(actionParser)
	p.init(new(Arena), nil)
	p.text(text)
	word := p.tok.kind == tokIdent
	v, err := p.dhcpValue(v6, token{text: name})
	if err == nil && p.tok.kind != tokEnd {
		err = p.expected("the end of the value")
	}
	switch {
	case err == nil:
		return v, nil
	case word && err.Code == CodeSyntax:
		return v, fmt.Errorf("%s is no value: a string stands in double quotes", text)
	}
	return v, errors.New(err.Msg)
}

// dhcpByName are the standard options of DHCPv4 and DHCPv6.
var dhcpByName = sync.OnceValue(func() (m [2]map[string]DHCPOption) {
	for i, os := range [...][]DHCPOption{DHCPOptions(), append(DHCPv6Options(), dhcpv6Lease()...)} {
		m[i] = make(map[string]DHCPOption, len(os))
		for _, o := range os {
			m[i][o.Name] = o
		}
	}
	return m
})

func standardDHCP(v6 bool) func(string) (DHCPOption, bool) {
	m := dhcpByName()[0]
	if v6 {
		m = dhcpByName()[1]
	}
	return func(name string) (o DHCPOption, ok bool) { o, ok = m[name]; return o, ok }
}

// DHCPValueOf is the value of an option, of what ConstantOf takes. It panics if there is
// no such option, or the value cannot be its own.
func DHCPValueOf(v6 bool, name string, of any) DHCPValue {
	o, ok := standardDHCP(v6)(name)
	v := DHCPValue{o, []Constant{ConstantOf(of)}}
	if _, err := v.Wire(); !ok || err != nil {
		panic(fmt.Sprintf("lflow: %v is no value of DHCP option %q", of, name))
	}
	return v
}

// Wire returns the value in the form in which it stands in the option of a
// DHCP packet. For the MAC address of a DHCPv6 server_id, and the address of
// an ia_addr, that is the address alone. An error says what is wrong with the
// value.
func (v DHCPValue) Wire() ([]byte, error) {
	if len(v.Values) == 0 {
		return nil, fmt.Errorf("option %s has no value", v.Option.Name)
	}
	switch v.Option.Type {
	case DHCPIPv4:
		return v.each(IPv4, "IPv4 addresses")
	case DHCPIPv6:
		return v.each(IPv6, "IPv6 addresses")
	case DHCPStaticRoutes:
		return v.routes()
	}
	if len(v.Values) != 1 {
		return nil, fmt.Errorf("option %s takes one value, not %d", v.Option.Name, len(v.Values))
	}
	switch c := v.Values[0]; v.Option.Type {
	case DHCPBool:
		return v.number(1, 1)
	case DHCPUint8:
		return v.number(1, 1<<8-1)
	case DHCPUint16:
		return v.number(2, 1<<16-1)
	case DHCPUint32:
		return v.number(4, 1<<32-1)
	case DHCPMAC:
		return v.each(Ethernet, "an Ethernet address")
	case DHCPHostID:
		if !c.IsString {
			return v.each(IPv4, "a string or an IPv4 address")
		}
		return []byte(c.Str), nil
	case DHCPString, DHCPDomain, DHCPDomains:
		if !c.IsString {
			return nil, v.needs("a string")
		}
		switch v.Option.Type {
		case DHCPDomain:
			return AppendDomains(nil, []string{c.Str})
		case DHCPDomains:
			return AppendDomains(nil, strings.Split(c.Str, ","))
		}
		return []byte(c.Str), nil
	}
	return nil, fmt.Errorf("option %s has the unknown type %q", v.Option.Name, v.Option.Type)
}

func (v DHCPValue) needs(what string) error {
	return fmt.Errorf("the value of option %s must be %s, not %s", v.Option.Name, what, appendConstants(nil, v.Values))
}

// each wants addresses in one notation.
func (v DHCPValue) each(n Notation, what string) (b []byte, err error) {
	for _, c := range v.Values {
		if c.IsString || c.Masked || c.Notation != n {
			return nil, v.needs(what)
		}
		a := c.Value.Bytes16()
		b = append(b, a[16-n.width(c.Value)/8:]...)
	}
	return b, nil
}

func (v DHCPValue) number(bytes int, limit uint64) ([]byte, error) {
	c := v.Values[0]
	if c.IsString || c.Masked || c.Notation > Hex || c.Value.Cmp(U(limit)) > 0 {
		return nil, v.needs(fmt.Sprintf("a number of at most %d", limit))
	}
	return binary.BigEndian.AppendUint64(nil, c.Value.Lo)[8-bytes:], nil
}

// routes: RFC 3442, classless route option format.
func (v DHCPValue) routes() (b []byte, err error) {
	const what = "pairs of IPv4 prefix and next hop"
	if len(v.Values)%2 != 0 {
		return nil, v.needs(what)
	}
	for i := 0; i < len(v.Values); i += 2 {
		dst, hop := v.Values[i], v.Values[i+1]
		bits := 32
		if dst.Masked {
			bits = popcount(dst.Mask)
		}
		if dst.IsString || dst.Notation != IPv4 || dst.Masked && dst.Mask != Ones(bits).Shl(32-bits) ||
			hop.IsString || hop.Masked || hop.Notation != IPv4 {
			return nil, v.needs(what)
		}
		a, h := dst.Value.Bytes16(), hop.Value.Bytes16()
		b = append(append(b, byte(bits)), a[12:12+(bits+7)/8]...)
		b = append(b, h[12:]...)
	}
	return b, nil
}

// AppendDomains appends domain names, compressed among themselves: RFC 1035,
// section 4.1.4, as RFC 3397 wants it.
func AppendDomains(b []byte, names []string) ([]byte, error) {
	base, seen := len(b), map[string]int{}
	for _, name := range names {
		name = strings.TrimSuffix(strings.TrimSpace(name), ".")
		if name == "" || len(name) > 253 {
			return nil, fmt.Errorf("%q is no domain name", name)
		}
		for rest := name; ; {
			if at, ok := seen[strings.ToLower(rest)]; ok {
				b = append(b, 0xc0|byte(at>>8), byte(at))
				break
			}
			if at := len(b) - base; at < 1<<14 {
				seen[strings.ToLower(rest)] = at
			}
			label, more, dot := strings.Cut(rest, ".")
			if label == "" || len(label) > 63 {
				return nil, fmt.Errorf("%q is no domain name: label %q", name, label)
			}
			b = append(append(b, byte(len(label))), label...)
			if !dot {
				b = append(b, 0)
				break
			}
			rest = more
		}
	}
	return b, nil
}
