package packet

import (
	"encoding/hex"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"
)

// UDP ports of DHCPv6, RFC 8415.
const dhcp6Server, dhcp6Client = 547, 546

// dhcp6 decodes a DHCPv6 message; false if it is none. What a relay carries
// has the same names as what comes straight.
func (d *decoder) dhcp6(b []byte) bool {
	m, err := dhcpv6.FromBytes(b)
	if err != nil {
		return false
	}
	for m.IsRelay() {
		r := m.(*dhcpv6.RelayMessage)
		d.add("dhcp6.relay", strings.ToLower(m.Type().String()))
		d.add("dhcp6.link", r.LinkAddr.String())
		d.add("dhcp6.peer", r.PeerAddr.String())
		if m = r.Options.RelayMessage(); m == nil {
			return true
		}
	}
	msg, ok := m.(*dhcpv6.Message)
	if !ok {
		return true
	}
	d.add("dhcp6.type", strings.ToLower(msg.MessageType.String()))
	d.add("dhcp6.xid", "0x"+hex.EncodeToString(msg.TransactionID[:]))
	for _, o := range msg.Options.Options {
		d.dhcp6Option(o)
	}
	return true
}

// dhcp6Option has OVN's names where DHCP_Options has one (ovn-nb(5)).
func (d *decoder) dhcp6Option(o dhcpv6.Option) {
	b := o.ToBytes()
	switch o := o.(type) {
	case *dhcpv6.OptIANA:
		d.add("dhcp6.iaid", "0x"+hex.EncodeToString(o.IaId[:]))
		d.lifetimes(o.T1, o.T2, "T1", "T2")
		for _, a := range o.Options.Addresses() {
			d.add("dhcp6.ia_addr", a.IPv6Addr.String())
			d.lifetimes(a.PreferredLifetime, a.ValidLifetime, "preferred", "valid")
		}
		d.dhcp6Status(o.Options.Status())
		return
	case *dhcpv6.OptIAPD:
		d.add("dhcp6.iaid", "0x"+hex.EncodeToString(o.IaId[:]))
		d.lifetimes(o.T1, o.T2, "T1", "T2")
		for _, p := range o.Options.Prefixes() {
			if p.Prefix != nil {
				d.add("dhcp6.ia_prefix", p.Prefix.String())
			}
			d.lifetimes(p.PreferredLifetime, p.ValidLifetime, "preferred", "valid")
		}
		d.dhcp6Status(o.Options.Status())
		return
	case *dhcpv6.OptStatusCode:
		d.dhcp6Status(o)
		return
	}
	name, show := "", raw
	switch o.Code() {
	case dhcpv6.OptionClientID:
		name = "client_id"
	case dhcpv6.OptionServerID:
		name = "server_id"
	case dhcpv6.OptionORO:
		name, show = "asked_for", numbers16
	case dhcpv6.OptionElapsedTime:
		name, show = "elapsed", number
	case dhcpv6.OptionDNSRecursiveNameServer:
		name, show = "dns_server", addresses6
	case dhcpv6.OptionDomainSearchList:
		name, show = "domain_search", domains
	case dhcpv6.OptionBootfileURL:
		name, show = "bootfile_name", text
	case dhcpv6.OptionFQDN:
		name, show = "fqdn", func(b []byte) []string { return domains(b[min(1, len(b)):]) } // flags, then the name
	}
	d.list("dhcp6.", name, int(o.Code()), b, show)
}

func (d *decoder) dhcp6Status(s *dhcpv6.OptStatusCode) {
	if s != nil {
		d.num("dhcp6.status", int(s.StatusCode))
	}
}

// lifetimes are in seconds.
func (d *decoder) lifetimes(a, b time.Duration, names ...string) {
	d.add("dhcp6."+names[0], strconv.FormatInt(int64(a/time.Second), 10))
	d.add("dhcp6."+names[1], strconv.FormatInt(int64(b/time.Second), 10))
}

func numbers16(b []byte) []string {
	var all []string
	for x := range slices.Chunk(b, 2) {
		all = append(all, number(x)...)
	}
	return all
}

func addresses6(b []byte) []string {
	if len(b) == 0 || len(b)%net.IPv6len != 0 {
		return nil
	}
	var all []string
	for a := range slices.Chunk(b, net.IPv6len) {
		all = append(all, net.IP(a).String())
	}
	return all
}
