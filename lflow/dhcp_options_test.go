package lflow

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
)

// parseResultAction parses what stands behind `reg1[0] ='.
func parseResultAction(t *testing.T, text string) (Action, error) {
	t.Helper()
	as, err := ParseActions("reg1[0] = "+text+";", Place{Pipeline: Ingress}, nil)
	if err != nil {
		checkError(t, "reg1[0] = "+text+";", err)
		return nil, err
	}
	return as[0], nil
}

func TestDHCPWire(t *testing.T) {
	for _, c := range []struct{ option, want string }{
		{"router = 10.0.0.1", "0a000001"},
		{"dns_server = {8.8.8.8, 7.7.7.7}", "0808080807070707"},
		{"mtu = 1400", "0578"},
		{"lease_time = 3600", "00000e10"},
		{"netbios_node_type = 2", "02"},
		{"ethernet_encap = 1", "01"},
		{`domain_name = "ovn.org"`, "6f766e2e6f7267"},
		{"tftp_server = 10.0.0.10", "0a00000a"},
		{`tftp_server = "ab"`, "6162"},
		{"classless_static_route = {30.0.0.0/24, 10.0.0.4, 40.0.0.0/16, 10.0.0.6, 0.0.0.0/0, 10.0.0.1, 1.2.3.4, 10.0.0.1}", "181e00000a0000041028000a000006000a0000012001020304" + "0a000001"},
		// Names share their ends: example.org at 0, org at 8.
		{`domain_search_list = "example.org, a.example.org,b.org"`, "076578616d706c65036f726700" + "0161c000" + "0162c008"},
	} {
		a, err := parseResultAction(t, "put_dhcp_opts(offerip = 1.2.3.4, "+c.option+")")
		if err != nil {
			t.Errorf("%s: %v", c.option, err)
			continue
		}
		b, err := a.(PutDHCP).Options[1].Wire()
		if got := hex.EncodeToString(b); got != c.want || err != nil {
			t.Errorf("%s: %s (%v), want %s", c.option, got, err, c.want)
		}
	}
}

func TestDHCPRefused(t *testing.T) {
	long := strings.Repeat("x", 256)
	for _, c := range []struct{ option, why string }{
		{"x = 1", "no option"},
		{"mtu = 65536", "at most 65535"},
		{"mtu = 10.0.0.1", "at most 65535"},
		{"mtu = {1, 2}", "one value"},
		{"mtu = {}", "a constant"},
		{"ethernet_encap = 2", "at most 1"},
		{"router = 10.0.0.0/8", "IPv4 addresses"},
		{"router = 17", "IPv4 addresses"},
		{"router = ::1", "IPv4 addresses"},
		{"offerip = {1.2.3.4, 1.2.3.5}", "one IPv4 address"},
		{"tftp_server = 5", "a string or an IPv4 address"},
		{"domain_name = 1.2.3.4", "a string"},
		{`domain_name = "` + long + `"`, "too many"},
		{`domain_search_list = "a..b"`, "no domain name"},
		{`domain_search_list = ""`, "no domain name"},
		{`domain_search_list = "` + long[:64] + `.b"`, "no domain name"},
		{"classless_static_route = {30.0.0.0/24}", "pairs"},
		{"classless_static_route = {30.0.0.0/255.0.255.0, 10.0.0.1}", "pairs"},
		{"classless_static_route = {30.0.0.0/24, 10.0.0.0/8}", "pairs"},
	} {
		_, err := parseResultAction(t, "put_dhcp_opts(offerip = 1.2.3.4, "+c.option+")")
		if err == nil || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: %v, want %s", c.option, err, c.why)
		}
	}
	if _, err := ParseActions("reg0[0] = dns_lookup();", Place{Pipeline: Egress}, nil); err == nil {
		t.Error("dns_lookup is accepted in egress")
	}
}

// TestDHCPDefinitions: whoever has definitions of options need not use ours.
func TestDHCPDefinitions(t *testing.T) {
	o := &Options{DHCP: func(name string) (DHCPOption, bool) {
		return DHCPOption{Name: name, Code: uint8(len(name) - 4), Type: DHCPIPv4}, len(name) < 7
	}}
	as, err := ParseActions("reg0[0] = put_dhcp_opts(zero = 1.2.3.4, seven = 1.1.1.1);", Place{Pipeline: Ingress}, o)
	if err != nil || as[0].(PutDHCP).Options[1].Option.Code != 1 {
		t.Errorf("%v, %v", as, err)
	}
	if _, err := ParseActions("reg0[0] = put_dhcp_opts(offerip = 1.2.3.4);", Place{Pipeline: Ingress}, o); err == nil {
		t.Error("an option without definition is accepted")
	}
	seen := map[string]bool{}
	for i, d := range append(DHCPOptions(), DHCPv6Options()...) {
		key := d.Name + map[bool]string{true: "6"}[i >= len(DHCPOptions())]
		if seen[key] {
			t.Errorf("%s is there twice", key)
		}
		seen[key] = true
	}
}

func TestRouterAdvertisement(t *testing.T) {
	const lladdr = "0101ae0102030410"
	prefix := func(how string) string {
		return "030440" + how + "ffffffffffffffff00000000" + "aef00000000000000000000000000000"
	}
	for _, c := range []struct{ options, want string }{
		{`addr_mode = "dhcpv6_stateful", router_preference = "MEDIUM", slla = ae:01:02:03:04:10, mtu = 1450`,
			"86000000ff80ffff0000000000000000" + lladdr + "05010000000005aa"},
		{`prefix = aef0::/64, slla = ae:01:02:03:04:10, addr_mode = "dhcpv6_stateful"`,
			"86000000ff80ffff0000000000000000" + prefix("80") + lladdr},
		{`addr_mode = "slaac", router_preference = "LOW", slla = ae:01:02:03:04:10, prefix = aef0::/64`,
			"86000000ff18ffff0000000000000000" + lladdr + prefix("c0")},
		{`addr_mode = "dhcpv6_stateless", slla = ae:01:02:03:04:10, prefix = aef0::/64, rdnss = ::1, dnssl = "a.b,c"`,
			"86000000ff40ffff0000000000000000" + lladdr + prefix("c0") +
				"19030000ffffffff" + "00000000000000000000000000000001" + "1f020000ffffffff" + "0161016200016300"},
		{`addr_mode = "dhcpv6_stateful", slla = ae:01:02:03:04:10, route_info = "HIGH-aef0::/48,LOW-::/0"`,
			"86000000ff80ffff0000000000000000" + lladdr + "18023008ffffffff" + "aef0000000000000" + "18010018ffffffff"},
	} {
		a, err := parseResultAction(t, "put_nd_ra_opts("+c.options+")")
		if err != nil {
			t.Errorf("%s: %v", c.options, err)
			continue
		}
		got, err := a.(PutNDRA).Wire()
		want, _ := hex.DecodeString(c.want)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s:\ngot  %x (%v)\nwant %x", c.options, got, err, want)
		}
	}
}

func TestRouterAdvertisementRefused(t *testing.T) {
	const good = `addr_mode = "dhcpv6_stateful", slla = ae:01:02:03:04:10, `
	for _, options := range []string{
		`addr_mode = "dhcpv6_stateful"`, `slla = ae:01:02:03:04:10`, good + `addr_mode = "slaac"`, good + `x = 1`,
		good + `mtu = ::1`, good + `mtu = {1, 2}`, good + `prefix = aef0::`, good + `prefix = ::/ff00::ff00`, good + `prefix = 10.0.0.0/8`,
		good + `rdnss = 10.0.0.1`, good + `dnssl = 1`, good + `dnssl = "."`, good + `route_info = "aef0::/48"`,
		good + `route_info = "HIGH-10.0.0.0/8"`, good + `router_preference = "high"`, `addr_mode = "none", slla = ae:01:02:03:04:10`,
	} {
		if a, err := parseResultAction(t, "put_nd_ra_opts("+options+")"); err == nil {
			t.Errorf("%s is read as %s", options, a.Append(nil))
		}
	}
}
