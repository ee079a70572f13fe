package dhcp

import (
	"maps"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/lflow/address"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
)

const table = "DHCP_Options"

// Keys of column options that say who answers, and how.
const (
	keyServer    = "server_id" // of DHCPv6 an Ethernet address
	keyMAC       = "server_mac"
	keyLease     = "lease_time"
	keyNetmask   = "netmask"
	keyStateless = "dhcpv6_stateless"
	keyHostname  = "hostname"
	keyOffer     = "offerip"
	keyAddress   = "ia_addr"
)

// lease is a row of DHCP_Options.
type lease struct {
	Network   netip.Prefix
	Server    netip.Addr // that answers; of DHCPv6 the one that its Ethernet address makes
	MAC       lflow.MAC
	Stateless bool // DHCPv6 without addresses
	Options   []lflow.DHCPValue
	Silent    bool // what is missing is needed for an answer
	Problems  []graph.Problem
}

// meanings are what options say, by key; DHCPv4's and DHCPv6's have keys in common.
var meanings = map[string]string{
	"T1":                        "58: seconds after which a lease is renewed; DHCPv6, which OVN cannot: those of an address",
	"T2":                        "59: seconds after which a lease is asked of any server; DHCPv6, which OVN cannot: those of an address",
	"arp_cache_timeout":         "35: seconds after which ARP entries are forgotten",
	"bootfile_name":             "67, DHCPv6 59: the file to boot from",
	"bootfile_name_alt":         "the same in answers to iPXE",
	"broadcast_address":         "28: the network's broadcast address",
	"classless_static_route":    "121: routes, pairs of network and next hop",
	"default_ttl":               "23: TTL of the packets that the client sends",
	"dns_server":                "6, DHCPv6 23: DNS servers",
	"domain_name":               "15: the domain of the client",
	"domain_search":             "DHCPv6 24: domains in which names are looked up, comma separated",
	"domain_search_list":        "119: domains in which names are looked up, comma separated",
	"ethernet_encap":            "36: 0 for Ethernet II, 1 for IEEE 802.3",
	"fqdn":                      "DHCPv6 39: the client's name",
	"hostname":                  "12: the client's name; Logical_Switch_Port options:hostname goes before",
	"ip_forward_enable":         "19: whether the client forwards packets",
	"lease_time":                "51: seconds that an address may be used; DHCPv6, which OVN cannot: the same, without it for ever",
	"log_server":                "7: log servers",
	"lpr_server":                "9: printers' servers",
	"ms_classless_static_route": "249: routes, for Microsoft's clients",
	"mtu":                       "26: the size of packets on the network",
	"netbios_name_server":       "44: NetBIOS name servers",
	"netbios_node_type":         "46: how NetBIOS names are asked for",
	"netmask":                   "1: the network's mask, without it that of cidr",
	"next_server":               "the server of the boot file, siaddr; without it the DHCP server",
	"nis_server":                "41: NIS servers",
	"ntp_server":                "42: NTP servers",
	"path_prefix":               "210: the directory of boot files",
	"policy_filter":             "21: networks to which the client forwards, pairs of address and mask",
	"router":                    "3: routers",
	"router_discovery":          "31: whether the client looks for routers",
	"router_solicitation":       "32: where the client asks for routers",
	"server_id":                 "54, DHCPv6 2: the server's address, in DHCPv6 its Ethernet address; needed",
	"swap_server":               "16: swap servers",
	"tcp_keepalive_interval":    "38: seconds between keepalives of TCP",
	"tcp_ttl":                   "37: TTL of what is sent over TCP",
	"tftp_server":               "66: TFTP server, a name or an address",
	"tftp_server_address":       "150: TFTP servers",
	"wpad":                      "252: where the client's proxy configuration is",
}

// kinds are what values of a type are.
var kinds = map[lflow.DHCPType]string{
	lflow.DHCPBool: "0 or 1", lflow.DHCPUint8: "0 to 255", lflow.DHCPUint16: "0 to 65535", lflow.DHCPUint32: "0 to 4294967295",
	lflow.DHCPIPv4: "IPv4 addresses", lflow.DHCPIPv6: "IPv6 addresses", lflow.DHCPMAC: "an Ethernet address",
	lflow.DHCPString: "a string in quotes", lflow.DHCPDomain: "a string in quotes", lflow.DHCPDomains: "a string in quotes",
	lflow.DHCPHostID: "a string in quotes or an IPv4 address", lflow.DHCPStaticRoutes: "pairs of IPv4 network and address",
}

// declareOptions declares the keys.
func (ft *feature) declareOptions(g *graph.Graph) {
	kind := map[string]string{}
	for _, o := range slices.Concat(lflow.DHCPv6Options(), lflow.DHCPOptions()) {
		kind[o.Name] = kinds[o.Type]
	}
	kind[keyServer] += " or an Ethernet address"
	kind["dns_server"] = "IP addresses"
	for _, key := range slices.Sorted(maps.Keys(meanings)) {
		graph.String[*nb.DHCPOptions](g, "options", key, kind[key], meanings[key])
	}
	ft.mac = graph.String[*nb.DHCPOptions](g, "options", keyMAC, "an Ethernet address", "the DHCPv4 server's; needed; it answers ARP for server_id where nobody else can have that address, which OVN does not")
	ft.stateless = graph.Bool[*nb.DHCPOptions](g, "options", keyStateless, false, "DHCPv6 gives no addresses, only options")
	ft.hostname = graph.String[*nb.LogicalSwitchPort](g, "options", keyHostname, "a string in quotes", "the name that DHCPv4 gives the port's client")
}

// read is the row function of table "DHCP options".
func (ft *feature) read(r *incr.Reader, id schema.UUID) (*lease, bool) {
	row, ok := incr.Get(r, ft.rows, id)
	if !ok {
		return nil, false
	}
	e := &graph.RowProblems{Table: table, Row: id, Name: row.CIDR}
	l := &lease{}
	network, err := netip.ParsePrefix(row.CIDR)
	if l.Network = network.Masked(); err != nil || network.Addr().Is4In6() {
		e.Problem("cidr", strconv.Quote(row.CIDR)+" is not a network such as 10.0.0.0/24 or fd00::/64")
		l.Silent, l.Problems = true, e.List
		return l, true
	}
	v6 := network.Addr().Is6()
	given := l.values(v6, row.Options, e)
	if v6 {
		l.read6(row, given, e, ft.stateless)
	} else {
		l.read4(given, e, ft.mac.Of(row.Options))
	}
	byName(l.Options)
	l.Problems = e.List
	return l, true
}

// read4 reads who answers, of DHCPv4.
func (l *lease) read4(given map[string]lflow.DHCPValue, e *graph.RowProblems, mac string) {
	l.needs(e, given, keyServer, keyLease)
	if b := l.server(given, 4, e); b != nil {
		l.Server = netip.AddrFrom4([4]byte(b))
	}
	var ok bool
	if l.MAC, ok = lflow.ParseMAC(mac); !ok || model.IsMulticast(l.MAC) {
		reason := " is missing: no answers without it"
		if mac != "" {
			reason = ": " + strconv.Quote(mac) + " is not the Ethernet address of a host"
		}
		e.Problem("options", keyMAC+reason)
		l.Silent = true
	}
	if _, ok := given[keyNetmask]; !ok {
		l.Options = append(l.Options, lflow.DHCPValueOf(false, keyNetmask, maskOf(l.Network)))
	}
}

// read6 reads the same of DHCPv6.
func (l *lease) read6(row *nb.DHCPOptions, given map[string]lflow.DHCPValue, e *graph.RowProblems, stateless *graph.Option[bool]) {
	l.Stateless = stateless.Read(row.Options, e)
	l.needs(e, given, keyServer)
	if b := l.server(given, 6, e); b != nil {
		l.MAC = lflow.MAC(b)
		l.Server = address.LinkLocal(l.MAC)
	}
}

// values reads the options of a row, by name. The result has those that could be read.
func (l *lease) values(v6 bool, options map[string]string, e *graph.RowProblems) map[string]lflow.DHCPValue {
	given := map[string]lflow.DHCPValue{}
	for _, key := range slices.Sorted(maps.Keys(options)) {
		switch {
		case !v6 && key == keyMAC, v6 && key == keyStateless:
			continue
		case key == keyOffer || key == keyAddress:
			e.Problem("options", key+": the address of each port is its own")
			continue
		}
		v, err := lflow.ParseDHCPValue(v6, key, options[key])
		if err != nil {
			e.Problem("options", key+": "+err.Error())
			continue
		}
		given[key] = v
		l.Options = append(l.Options, v)
	}
	return given
}

// needs tells which of the keys is missing.
func (l *lease) needs(e *graph.RowProblems, given map[string]lflow.DHCPValue, keys ...string) {
	for _, key := range keys {
		if _, ok := given[key]; !ok {
			e.Problem("options", key+" is missing: no answers without it")
			l.Silent = true
		}
	}
}

// server returns the bytes of option server_id: 4 of an IPv4 address, 6 of an Ethernet
// address.
func (l *lease) server(given map[string]lflow.DHCPValue, length int, e *graph.RowProblems) []byte {
	v, ok := given[keyServer]
	if !ok {
		return nil
	}
	b, _ := v.Wire()
	if len(b) != length {
		e.Problem("options", keyServer+": is not one address")
		l.Silent = true
		return nil
	}
	return b
}

// byName puts options into OVN's order.
func byName(all []lflow.DHCPValue) {
	slices.SortFunc(all, func(a, b lflow.DHCPValue) int { return strings.Compare(a.Option.Name, b.Option.Name) })
}

// with returns options with another one, which takes the place of one of its name.
func with(all []lflow.DHCPValue, one lflow.DHCPValue) []lflow.DHCPValue {
	all = slices.DeleteFunc(slices.Clone(all), func(v lflow.DHCPValue) bool { return v.Option.Name == one.Option.Name })
	all = append(all, one)
	byName(all)
	return all
}

// maskOf is the mask of an IPv4 network, as an address.
func maskOf(p netip.Prefix) netip.Addr {
	return netip.AddrFrom4([4]byte(net.CIDRMask(p.Bits(), 32)))
}
