package packet

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/insomniacslk/dhcp/rfc1035label"
)

// UDP ports of DHCP, RFC 2131.
const dhcp4Server, dhcp4Client = 67, 68

// dhcp4Options are the options that have a name: that of OVN's DHCP_Options where
// it has one (ovn-nb(5)), else one like it. Each shows its values, none if the
// bytes are not of its kind.
var dhcp4Options = map[uint8]struct {
	name string
	show func([]byte) []string
}{
	1: {"netmask", addresses}, 3: {"router", addresses}, 6: {"dns_server", addresses}, 7: {"log_server", addresses}, 9: {"lpr_server", addresses},
	12: {"hostname", text}, 15: {"domain_name", text}, 16: {"swap_server", addresses}, 19: {"ip_forward_enable", number}, 21: {"policy_filter", addresses},
	23: {"default_ttl", number}, 26: {"mtu", number}, 28: {"broadcast_address", addresses}, 31: {"router_discovery", number},
	32: {"router_solicitation", addresses}, 35: {"arp_cache_timeout", number}, 36: {"ethernet_encap", number}, 37: {"tcp_ttl", number},
	38: {"tcp_keepalive_interval", number}, 41: {"nis_server", addresses}, 42: {"ntp_server", addresses}, 44: {"netbios_name_server", addresses},
	46: {"netbios_node_type", number}, 50: {"requested_ip", addresses}, 51: {"lease_time", number}, 54: {"server_id", addresses},
	55: {"asked_for", numbers}, 56: {"message", text}, 57: {"max_size", number}, 58: {"T1", number}, 59: {"T2", number}, 61: {"client_id", raw},
	66: {"tftp_server", text}, 67: {"bootfile_name", text}, 77: {"user_class", text}, 93: {"client_arch", number}, 119: {"domain_search_list", domains},
	121: {"classless_static_route", routes}, 150: {"tftp_server_address", addresses}, 210: {"path_prefix", text},
	249: {"ms_classless_static_route", routes}, 252: {"wpad", text}, 254: {"bootfile_name_alt", text},
}

// dhcp4 decodes a DHCP message; false if it is none.
func (d *decoder) dhcp4(b []byte) bool {
	m, err := dhcpv4.FromBytes(b)
	if err != nil {
		return false
	}
	d.add("dhcp4.type", strings.ToLower(m.MessageType().String()))
	d.add("dhcp4.xid", "0x"+hex.EncodeToString(m.TransactionID[:]))
	d.add("dhcp4.flags", fmt.Sprintf("0x%04x", m.Flags))
	for _, a := range []struct {
		name string
		ip   net.IP
	}{{"ciaddr", m.ClientIPAddr}, {"yiaddr", m.YourIPAddr}, {"siaddr", m.ServerIPAddr}, {"giaddr", m.GatewayIPAddr}} {
		d.add("dhcp4."+a.name, a.ip.String())
	}
	d.add("dhcp4.chaddr", m.ClientHWAddr.String())
	for _, s := range []struct{ name, value string }{{"sname", m.ServerHostName}, {"file", m.BootFileName}} {
		if s.value != "" {
			d.add("dhcp4."+s.name, Payload([]byte(s.value)))
		}
	}
	for _, code := range slices.Sorted(maps.Keys(m.Options)) {
		if code == dhcpv4.OptionDHCPMessageType.Code() {
			continue
		}
		d.list("dhcp4.", dhcp4Options[code].name, int(code), m.Options[code], dhcp4Options[code].show)
	}
	return true
}

// list adds the values of an option of any protocol, as bytes where it has no
// name or they are not what they should be.
func (d *decoder) list(prefix, name string, code int, b []byte, show func([]byte) []string) {
	if name == "" {
		name, show = "opt"+strconv.Itoa(code), raw
	}
	values := show(b)
	if values == nil {
		values = raw(b)
	}
	for _, v := range values {
		d.add(prefix+name, v)
	}
}

func raw(b []byte) []string { return []string{"0x" + hex.EncodeToString(b)} }

func text(b []byte) []string { return []string{Payload(b)} }

func numbers(b []byte) []string {
	all := make([]string, len(b))
	for i, x := range b {
		all[i] = strconv.Itoa(int(x))
	}
	return all
}

func number(b []byte) []string {
	if len(b) == 0 || len(b) > 8 {
		return nil
	}
	return []string{strconv.FormatUint(binary.BigEndian.Uint64(append(make([]byte, 8-len(b)), b...)), 10)}
}

func addresses(b []byte) []string {
	if len(b) == 0 || len(b)%net.IPv4len != 0 {
		return nil
	}
	var all []string
	for a := range slices.Chunk(b, net.IPv4len) {
		all = append(all, net.IP(a).String())
	}
	return all
}

func domains(b []byte) []string {
	l, err := rfc1035label.FromBytes(b)
	if err != nil {
		return nil
	}
	return l.Labels
}

// routes shows each as PREFIX>ROUTER.
func routes(b []byte) []string {
	var rs dhcpv4.Routes
	if err := rs.FromBytes(b); err != nil {
		return nil
	}
	var all []string
	for _, r := range rs {
		all = append(all, r.Dest.String()+">"+r.Router.String())
	}
	return all
}
