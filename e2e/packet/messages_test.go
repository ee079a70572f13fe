package packet

import (
	"encoding/hex"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/insomniacslk/dhcp/rfc1035label"
	"github.com/miekg/dns"
)

const ip4, ip6 = "ip4.src=10.0.0.1 ip4.dst=10.0.0.2 ", "ip6.src=fd00::1 ip6.dst=fd00::2 "

// Each row: how a message travels, its bytes, and fields that it must have, in
// this order.
func TestMessages(t *testing.T) {
	for _, tt := range []struct {
		name, send string
		bytes      []byte
		want       string
	}{
		{"dhcp4", ip4 + "udp.src=67 udp.dst=68", offer(t), "dhcp4.type=offer dhcp4.xid=0x01020304 dhcp4.flags=0x0000 dhcp4.ciaddr=0.0.0.0 dhcp4.yiaddr=10.0.1.11 " +
			"dhcp4.siaddr=0.0.0.0 dhcp4.giaddr=0.0.0.0 dhcp4.chaddr=40:44:00:00:00:01 dhcp4.netmask=255.255.255.0 dhcp4.router=10.0.1.254 " +
			"dhcp4.dns_server=10.0.1.2 dhcp4.dns_server=10.0.1.3 dhcp4.hostname=first dhcp4.mtu=1400 dhcp4.lease_time=3600 dhcp4.server_id=10.0.1.254 " +
			"dhcp4.domain_search_list=a.test dhcp4.domain_search_list=b.test dhcp4.classless_static_route=30.0.0.0/24>10.0.1.253 dhcp4.opt200=0x0102"},
		{"no dhcp4", ip4 + "udp.dst=67", []byte("hello"), "udp.dst=67 payload=hello"},
		{"dhcp6", ip6 + "udp.src=547 udp.dst=546", reply(t), "dhcp6.type=reply dhcp6.xid=0x010203 dhcp6.client_id=0x00030001404400000001 dhcp6.iaid=0x00000007 dhcp6.T1=0 dhcp6.T2=0 " +
			"dhcp6.ia_addr=fd00:1::11 dhcp6.preferred=60 dhcp6.valid=120 dhcp6.dns_server=fd00:1::53 dhcp6.domain_search=example.test dhcp6.status=2"},
		{"dns", ip4 + "udp.src=53 udp.dst=5000", answer(t), "dns.id=7 dns.response=1 dns.aa=0 dns.rcode=noerror dns.qname=WWW.example.test dns.qtype=A " +
			"dns.name=WWW.example.test dns.ttl=30 dns.a=10.0.1.80 dns.name=WWW.example.test dns.ttl=30 dns.aaaa=fd00::80 dns.name=x dns.ttl=5 dns.ptr=host.example.test"},
		{"no dns", ip4 + "udp.dst=53", []byte("twelve-bytes"), "udp.dst=53 payload=twelve-bytes"},
		{"ra", ip6 + "icmp6.type=134", bytesOf(t, "40 c8 0708 00000000 00000000"+ // hop limit, M O and high preference, lifetime
			"0101404400000001"+"0501000000000578"+ // source MAC, MTU
			"030440c0 00000e10 00000708 00000000 fd000001000000000000000000000000"+ // prefix
			"1803 4018 00000064 fd00000200000000 0000000000000000"+ // route, low preference
			"1903 0000 0000012c fd000001000000000000000000000053"+ // RDNSS
			"1f03 0000 0000012c 076578616d706c65 04746573740000 00"), // DNSSL
			"icmp6.type=134 icmp6.code=0 ra.hop_limit=64 ra.managed=1 ra.other=1 ra.preference=high ra.lifetime=1800 ra.reachable=0 ra.retrans=0 ra.mtu=1400 " +
				"ra.prefix=fd00:1::/64 ra.on_link=1 ra.autonomous=1 ra.valid=3600 ra.preferred=1800 ra.route=fd00:2::/64 ra.route_preference=low ra.route_lifetime=100 " +
				"ra.rdnss_lifetime=300 ra.rdnss=fd00:1::53 ra.dnssl_lifetime=300 ra.dnssl=example.test nd.sll=40:44:00:00:00:01"},
		{"rs", ip6 + "icmp6.type=133", bytesOf(t, "00000000 0101404400000001"), "icmp6.type=133 icmp6.code=0 nd.sll=40:44:00:00:00:01"},
		{"igmp2", ip4 + "ip.proto=2", bytesOf(t, "16000000 ef010203"), "igmp.type=0x16 igmp.max_resp=0 igmp.group=239.1.2.3"},
		{"igmp query", ip4 + "ip.proto=2", bytesOf(t, "11640000 00000000"), "igmp.type=0x11 igmp.max_resp=100 igmp.group=0.0.0.0"},
		{"igmp3", ip4 + "ip.proto=2", bytesOf(t, "22000000 00000002 04000000ef010203 05000001ef010204 0a000009"),
			"igmp.type=0x22 igmp.record=4 igmp.group=239.1.2.3 igmp.record=5 igmp.group=239.1.2.4 igmp.source=10.0.0.9"},
		{"mld1", ip6 + "ip.proto=0", bytesOf(t, "3a00050200000000 83000000 00000000 ff050000000000000000000000000009"),
			"ip.proto=58 ip.ttl=64 ip.dscp=0 icmp6.type=131 icmp6.code=0 mld.group=ff05::9"},
		{"mld2", ip6 + "ip.proto=0", bytesOf(t, "3a00050200000000 8f000000 00000001 04000000 ff050000000000000000000000000009"),
			"ip.proto=58 ip.ttl=64 ip.dscp=0 icmp6.type=143 icmp6.code=0 mld.record=4 mld.group=ff05::9"},
		{"bfd", ip4 + "udp.dst=3784", bytesOf(t, "20e00518 00000001 00000002 000f4240 000f4240 00000000"),
			"bfd.state=up bfd.diag=0 bfd.flags=P bfd.detect_mult=5 bfd.my_disc=1 bfd.your_disc=2 bfd.min_tx=1000000 bfd.min_rx=1000000 bfd.min_echo_rx=0"},
		{"fragment6", ip6 + "ip.proto=44", bytesOf(t, "11000028 00000001 6869"), "ip.proto=17 ip.ttl=64 ip.dscp=0 ip.frag=5 payload=hi"},
	} {
		b, err := Encode(append(strings.Fields(tt.send), fmt.Sprintf("payload=0x%x", tt.bytes)))
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if got := Decode(b).String(); !strings.HasSuffix(got, " "+tt.want) {
			t.Errorf("%s\n got %s\nwant … %s", tt.name, got, tt.want)
		}
	}
}

func bytesOf(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func offer(t *testing.T) []byte {
	t.Helper()
	_, route, _ := net.ParseCIDR("30.0.0.0/24")
	m, err := dhcpv4.New(
		dhcpv4.WithMessageType(dhcpv4.MessageTypeOffer), dhcpv4.WithTransactionID(dhcpv4.TransactionID{1, 2, 3, 4}),
		dhcpv4.WithHwAddr(net.HardwareAddr{0x40, 0x44, 0, 0, 0, 1}), dhcpv4.WithYourIP(net.IPv4(10, 0, 1, 11)), dhcpv4.WithNetmask(net.CIDRMask(24, 32)),
		dhcpv4.WithRouter(net.IPv4(10, 0, 1, 254)), dhcpv4.WithDNS(net.IPv4(10, 0, 1, 2), net.IPv4(10, 0, 1, 3)), dhcpv4.WithLeaseTime(3600),
		dhcpv4.WithOption(dhcpv4.OptHostName("first")), dhcpv4.WithOption(dhcpv4.OptServerIdentifier(net.IPv4(10, 0, 1, 254))),
		dhcpv4.WithDomainSearchList("a.test", "b.test"), dhcpv4.WithOption(dhcpv4.OptClasslessStaticRoute(&dhcpv4.Route{Dest: route, Router: net.IPv4(10, 0, 1, 253)})),
		dhcpv4.WithGeneric(dhcpv4.OptionInterfaceMTU, []byte{0x05, 0x78}), dhcpv4.WithGeneric(dhcpv4.GenericOptionCode(200), []byte{1, 2}))
	if err != nil {
		t.Fatal(err)
	}
	return m.ToBytes()
}

func reply(t *testing.T) []byte {
	t.Helper()
	m, err := dhcpv6.NewMessage(
		dhcpv6.WithClientID(&dhcpv6.DUIDLL{HWType: 1, LinkLayerAddr: net.HardwareAddr{0x40, 0x44, 0, 0, 0, 1}}),
		dhcpv6.WithIAID([4]byte{0, 0, 0, 7}),
		dhcpv6.WithIANA(dhcpv6.OptIAAddress{IPv6Addr: net.ParseIP("fd00:1::11"), PreferredLifetime: time.Minute, ValidLifetime: 2 * time.Minute}),
		dhcpv6.WithDNS(net.ParseIP("fd00:1::53")), dhcpv6.WithDomainSearchList("example.test"),
		dhcpv6.WithOption(&dhcpv6.OptStatusCode{StatusCode: 2}))
	if err != nil {
		t.Fatal(err)
	}
	m.MessageType, m.TransactionID = dhcpv6.MessageTypeReply, dhcpv6.TransactionID{1, 2, 3}
	return m.ToBytes()
}

func answer(t *testing.T) []byte {
	t.Helper()
	var m dns.Msg
	m.SetQuestion("WWW.example.test.", dns.TypeA)
	m.Id, m.Response = 7, true
	for _, s := range []string{"WWW.example.test. 30 IN A 10.0.1.80", "WWW.example.test. 30 IN AAAA fd00::80", "x. 5 IN PTR host.example.test."} {
		rr, err := dns.NewRR(s)
		if err != nil {
			t.Fatal(err)
		}
		m.Answer = append(m.Answer, rr)
	}
	b, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// FuzzMessages: what is behind a port or protocol that is decoded further may be
// anything.
func FuzzMessages(f *testing.F) {
	var t testing.T
	f.Add(offer(&t))
	f.Add(reply(&t))
	f.Add(answer(&t))
	f.Add([]byte{1, 2, 3, 0, 1, 0, 0})
	f.Add((&rfc1035label.Labels{Labels: []string{"example.test"}}).ToBytes())
	ways := []string{ip4 + "udp.dst=67", ip6 + "udp.dst=547", ip4 + "udp.dst=53", ip4 + "udp.dst=3784", ip4 + "ip.proto=2", ip6 + "ip.proto=0", ip6 + "icmp6.type=134",
		ip6 + "icmp6.type=130", ip6 + "icmp6.type=143"}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, way := range ways {
			frame, err := Encode(slices.Concat(strings.Fields(way), []string{fmt.Sprintf("payload=0x%x", b)}))
			if err == nil { // else it is too long
				_ = Decode(frame).String()
			}
		}
	})
}
