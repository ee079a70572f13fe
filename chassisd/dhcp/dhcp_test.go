package dhcp

import (
	"net"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/insomniacslk/dhcp/iana"

	"github.com/weft-sdn/weft/chassisd/duty"
	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/chassisd/packet"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

var (
	mac = net.HardwareAddr{0x40, 0x44, 0, 0, 0, 1}
	eth = packet.Ethernet{Dst: packet.MAC{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, Src: packet.MAC(mac), Type: packet.TypeIPv4}
)

// wire is the duty and what it lets go on.
type wire struct {
	*duty.Runner
	resumed []*ofp.PacketIn
}

func newWire() *wire {
	w := &wire{}
	w.Runner = duty.NewRunner(duty.Config{Resume: func(p *ofp.PacketIn) error { w.resumed = append(w.resumed, p); return nil }}, Duty())
	return w
}

// lowered is the userdata that a logical action becomes.
func lowered(t testing.TB, actions string) []byte {
	t.Helper()
	flows, err := lower.New().Flow(nil, &lower.Logical{Pipeline: lflow.Ingress, Match: "ip", Actions: actions}, 1, &lower.Env{Scope: lower.Datapath(1)})
	if err != nil {
		t.Fatal(err)
	}
	b := []byte(flows[0].Actions)
	n := int(b[18])<<8 | int(b[19])
	return b[20 : 16+n]
}

// handle has the duty take a packet, and returns the payload of what it becomes; nil if it
// goes on as it came, or is gone.
func (w *wire) handle(t testing.TB, actions string, frame []byte) (d packet.Datagram, payload []byte, gone bool) {
	t.Helper()
	w.resumed = nil
	w.Handle(&ofp.PacketIn{Packet: frame, Userdata: lowered(t, actions), Continuation: []byte{1}})
	if len(w.resumed) == 0 {
		return d, nil, true
	}
	p := w.resumed[0]
	var set bool
	_ = p.Metadata.Fields(func(f ofp.Field, v, _ ofp.U128) bool {
		set = set || f == ofp.Reg(0) && v.Lo&(1<<3) != 0
		return true
	})
	if !set {
		if string(p.Packet) != string(frame) {
			t.Error("a packet that goes on is another")
		}
		return d, nil, false
	}
	d, _ = packet.ParseDatagram(p.Packet)
	_, payload, ok := packet.ParseUDP(d.Upper)
	if !ok {
		t.Fatalf("no answer: %x", p.Packet)
	}
	return d, payload, false
}

const put4 = `reg0[3] = put_dhcp_opts(offerip = 10.0.1.11, bootfile_name = "pxe.0", bootfile_name_alt = "http://10.0.1.9/ipxe", dns_server = {10.0.1.2, 10.0.1.3}, lease_time = 3600, netmask = 255.255.255.0, server_id = 10.0.1.254); next;`

func frame4(ask *dhcpv4.DHCPv4) []byte {
	return packet.UDP{Src: 68, Dst: 67}.Datagram(nil, eth, netip.IPv4Unspecified(), broadcast, 64, ask.ToBytes())
}

func ask4(kind dhcpv4.MessageType, more ...dhcpv4.Modifier) *dhcpv4.DHCPv4 {
	a, _ := dhcpv4.New(append([]dhcpv4.Modifier{dhcpv4.WithHwAddr(mac), dhcpv4.WithMessageType(kind)}, more...)...)
	return a
}

func TestDHCPv4(t *testing.T) {
	requested := func(ip string) dhcpv4.Modifier {
		return dhcpv4.WithOption(dhcpv4.OptRequestedIPAddress(net.ParseIP(ip)))
	}
	server := func(ip string) dhcpv4.Modifier { return dhcpv4.WithOption(dhcpv4.OptServerIdentifier(net.ParseIP(ip))) }
	ciaddr := func(ip string) dhcpv4.Modifier { return func(d *dhcpv4.DHCPv4) { d.ClientIPAddr = net.ParseIP(ip) } }
	for _, c := range []struct {
		what string
		ask  *dhcpv4.DHCPv4
		want string // type, your address, options
		to   string
	}{
		{"discover", ask4(dhcpv4.MessageTypeDiscover), "OFFER 10.0.1.11 1 6 51 53 54 67 pxe.0", "10.0.1.11"},
		{"broadcast", ask4(dhcpv4.MessageTypeDiscover, dhcpv4.WithBroadcast(true)), "OFFER 10.0.1.11 1 6 51 53 54 67 pxe.0", "255.255.255.255"},
		{"client id", ask4(dhcpv4.MessageTypeDiscover, dhcpv4.WithOption(dhcpv4.OptClientIdentifier([]byte("me")))), "OFFER 10.0.1.11 1 6 51 53 54 61 67 pxe.0", "10.0.1.11"},
		{"iPXE", ask4(dhcpv4.MessageTypeDiscover, dhcpv4.WithOption(dhcpv4.OptGeneric(dhcpv4.GenericOptionCode(optEtherboot), []byte{1}))), "OFFER 10.0.1.11 1 6 51 53 54 67 http://10.0.1.9/ipxe", "10.0.1.11"},
		{"select", ask4(dhcpv4.MessageTypeRequest, requested("10.0.1.11"), server("10.0.1.254")), "ACK 10.0.1.11 1 6 51 53 54 67 pxe.0", "10.0.1.11"},
		{"renew", ask4(dhcpv4.MessageTypeRequest, ciaddr("10.0.1.11")), "ACK 10.0.1.11 1 6 51 53 54 67 pxe.0", "10.0.1.11"},
		{"reboot elsewhere", ask4(dhcpv4.MessageTypeRequest, requested("192.168.7.7")), "NAK 0.0.0.0 53 54 ", "255.255.255.255"},
		{"renew another", ask4(dhcpv4.MessageTypeRequest, ciaddr("10.0.1.12")), "NAK 0.0.0.0 53 54 ", "255.255.255.255"},
		{"another server", ask4(dhcpv4.MessageTypeRequest, requested("10.0.1.11"), server("10.0.1.253")), "pass", ""},
		{"inform", ask4(dhcpv4.MessageTypeInform, ciaddr("10.0.1.11")), "ACK 0.0.0.0 6 53 54 67 pxe.0", "10.0.1.11"},
		{"decline", ask4(dhcpv4.MessageTypeDecline, requested("10.0.1.11"), server("10.0.1.254")), "gone", ""},
		{"release", ask4(dhcpv4.MessageTypeRelease, ciaddr("10.0.1.11"), server("10.0.1.254")), "gone", ""},
		{"relayed", ask4(dhcpv4.MessageTypeDiscover, dhcpv4.WithGatewayIP(net.ParseIP("10.9.0.1"))), "pass", ""},
		{"answer", func() *dhcpv4.DHCPv4 {
			a := ask4(dhcpv4.MessageTypeOffer)
			a.OpCode = dhcpv4.OpcodeBootReply
			return a
		}(), "gone", ""},
		{"no type", func() *dhcpv4.DHCPv4 {
			a := ask4(dhcpv4.MessageTypeOffer)
			a.Options.Del(dhcpv4.OptionDHCPMessageType)
			return a
		}(), "gone", ""},
	} {
		w := newWire()
		d, payload, gone := w.handle(t, put4, frame4(c.ask))
		got := "pass"
		if gone {
			got = "gone"
		}
		if payload != nil {
			a, err := dhcpv4.FromBytes(payload)
			if err != nil {
				t.Fatalf("%s: %v", c.what, err)
			}
			got = a.MessageType().String() + " " + a.YourIPAddr.String() + " " + codes(a) + " " + string(a.Options.Get(dhcpv4.OptionBootfileName))
			if a.TransactionID != c.ask.TransactionID || a.OpCode != dhcpv4.OpcodeBootReply || a.Flags != c.ask.Flags || d.Dst.String() != c.to {
				t.Errorf("%s: %v to %s", c.what, a, d.Dst)
			}
			if len(payload) < 300 {
				t.Errorf("%s: %d bytes", c.what, len(payload))
			}
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
}

// codes are those of the options, in order.
func codes(a *dhcpv4.DHCPv4) string {
	var all []string
	for code := range 255 {
		if a.Options.Has(dhcpv4.GenericOptionCode(code)) {
			all = append(all, strconv.Itoa(code))
		}
	}
	return strings.Join(all, " ")
}

const put6 = `reg0[3] = put_dhcpv6_opts(ia_addr = fd00:1::11, dns_server = fd00:1::53, domain_search = "example.test,sub.example.test", fqdn = "vm1.example.test", lease_time = 600, server_id = 40:44:00:00:ff:01); next;`

func frame6(ask *dhcpv6.Message) []byte {
	e := eth
	e.Dst, e.Type = packet.MAC{0x33, 0x33, 0, 1, 0, 2}, packet.TypeIPv6
	return packet.UDP{Src: 546, Dst: 547}.Datagram(nil, e, netip.MustParseAddr("fe80::1"), netip.MustParseAddr("ff02::1:2"), 64, ask.ToBytes())
}

func ask6(kind dhcpv6.MessageType, more ...dhcpv6.Modifier) *dhcpv6.Message {
	m, _ := dhcpv6.NewMessage(more...)
	m.MessageType = kind
	return m
}

func TestDHCPv6(t *testing.T) {
	own := &dhcpv6.DUIDLL{HWType: iana.HWTypeEthernet, LinkLayerAddr: net.HardwareAddr{0x40, 0x44, 0, 0, 0xff, 1}}
	me := dhcpv6.WithClientID(&dhcpv6.DUIDLL{HWType: iana.HWTypeEthernet, LinkLayerAddr: mac})
	ours := dhcpv6.WithServerID(own)
	theirs := dhcpv6.WithServerID(&dhcpv6.DUIDLL{HWType: iana.HWTypeEthernet, LinkLayerAddr: mac})
	ia := func(addresses ...string) dhcpv6.Modifier {
		o := &dhcpv6.OptIANA{IaId: [4]byte{1}}
		for _, a := range addresses {
			o.Options.Add(&dhcpv6.OptIAAddress{IPv6Addr: net.ParseIP(a)})
		}
		return func(d dhcpv6.DHCPv6) { d.AddOption(o) }
	}
	rapid := dhcpv6.WithOption(&dhcpv6.OptionGeneric{OptionCode: dhcpv6.OptionRapidCommit})
	for _, c := range []struct {
		what string
		ask  *dhcpv6.Message
		want string // type, addresses with lifetimes, status
	}{
		{"solicit", ask6(dhcpv6.MessageTypeSolicit, me, ia()), "ADVERTISE fd00:1::11/10m0s"},
		{"rapid", ask6(dhcpv6.MessageTypeSolicit, me, ia(), rapid), "REPLY fd00:1::11/10m0s"},
		{"request", ask6(dhcpv6.MessageTypeRequest, me, ours, ia("fd00:1::11")), "REPLY fd00:1::11/10m0s"},
		{"two identities", ask6(dhcpv6.MessageTypeRequest, me, ours, ia(), ia()), "REPLY fd00:1::11/10m0s NoAddrsAvail"},
		{"request of others", ask6(dhcpv6.MessageTypeRequest, me, theirs, ia()), "pass"},
		{"request of nobody", ask6(dhcpv6.MessageTypeRequest, me, ia()), "gone"},
		{"renew", ask6(dhcpv6.MessageTypeRenew, me, ours, ia("fd00:1::11")), "REPLY fd00:1::11/10m0s"},
		{"renew an old one", ask6(dhcpv6.MessageTypeRenew, me, ours, ia("fd00:1::12")), "REPLY fd00:1::11/10m0s fd00:1::12/0s"},
		{"rebind", ask6(dhcpv6.MessageTypeRebind, me, ia("fd00:1::11")), "REPLY fd00:1::11/10m0s"},
		{"confirm", ask6(dhcpv6.MessageTypeConfirm, me, ia("fd00:1::11")), "REPLY Success"},
		{"confirm elsewhere", ask6(dhcpv6.MessageTypeConfirm, me, ia("fd00:9::11")), "REPLY NotOnLink"},
		{"confirm nothing", ask6(dhcpv6.MessageTypeConfirm, me), "pass"},
		{"release", ask6(dhcpv6.MessageTypeRelease, me, ours, ia("fd00:1::11")), "REPLY Success"},
		{"decline", ask6(dhcpv6.MessageTypeDecline, me, ours, ia("fd00:1::11")), "REPLY Success"},
		{"information", ask6(dhcpv6.MessageTypeInformationRequest), "REPLY"},
		{"nobody", ask6(dhcpv6.MessageTypeSolicit, ia()), "gone"},
		{"a reply", ask6(dhcpv6.MessageTypeReply, me), "gone"},
	} {
		w := newWire()
		_, payload, gone := w.handle(t, put6, frame6(c.ask))
		got := "pass"
		if gone {
			got = "gone"
		}
		if payload != nil {
			a, err := dhcpv6.MessageFromBytes(payload)
			if err != nil {
				t.Fatalf("%s: %v", c.what, err)
			}
			got = a.MessageType.String()
			for _, ia := range a.Options.IANA() {
				for _, has := range ia.Options.Addresses() {
					got += " " + has.IPv6Addr.String() + "/" + has.ValidLifetime.String()
				}
				if s := ia.Options.Status(); s != nil {
					got += " " + s.StatusCode.String()
				}
				if len(ia.Options.Addresses()) > 0 && (ia.T1.String() != "5m0s" || ia.T2.String() != "8m0s") {
					t.Errorf("%s: T1 %v, T2 %v", c.what, ia.T1, ia.T2)
				}
			}
			if s := a.Options.Status(); s != nil {
				got += " " + s.StatusCode.String()
			}
			if !a.Options.ServerID().Equal(own) || a.TransactionID != c.ask.TransactionID {
				t.Errorf("%s: %v", c.what, a)
			}
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
}

// TestDHCPv6Options: names are encoded as RFC 3646 has them; the client's name where it
// asks for it.
func TestDHCPv6Options(t *testing.T) {
	me := dhcpv6.WithClientID(&dhcpv6.DUIDLL{HWType: iana.HWTypeEthernet, LinkLayerAddr: mac})
	for _, asks := range []bool{false, true} {
		ask := ask6(dhcpv6.MessageTypeInformationRequest, me)
		if asks {
			ask.AddOption(&dhcpv6.OptionGeneric{OptionCode: dhcpv6.OptionFQDN, OptionData: []byte{fqdnServer, 1, 'x', 0}})
		}
		_, payload, _ := newWire().handle(t, put6, frame6(ask))
		a, err := dhcpv6.MessageFromBytes(payload)
		if err != nil {
			t.Fatal(err)
		}
		if l := a.Options.DomainSearchList(); l == nil || strings.Join(l.Labels, " ") != "example.test sub.example.test" {
			t.Errorf("search list %v", l)
		}
		if ips := a.Options.DNS(); len(ips) != 1 || ips[0].String() != "fd00:1::53" {
			t.Errorf("DNS %v", ips)
		}
		name := a.Options.FQDN()
		if (name != nil) != asks || asks && (name.Flags != fqdnNone|fqdnOverride || name.DomainName.Labels[0] != "vm1.example.test") {
			t.Errorf("name %v", name)
		}
	}
}

// TestForever: without times a lease has no end.
func TestForever(t *testing.T) {
	me := dhcpv6.WithClientID(&dhcpv6.DUIDLL{HWType: iana.HWTypeEthernet, LinkLayerAddr: mac})
	put := `reg0[3] = put_dhcpv6_opts(ia_addr = fd00:1::11, server_id = 40:44:00:00:ff:01); next;`
	_, payload, _ := newWire().handle(t, put, frame6(ask6(dhcpv6.MessageTypeSolicit, me, dhcpv6.WithIANA())))
	a, err := dhcpv6.MessageFromBytes(payload)
	if err != nil {
		t.Fatal(err)
	}
	ia := a.Options.OneIANA()
	if ia.T1.Seconds() != forever || ia.T2.Seconds() != forever || ia.Options.OneAddress().ValidLifetime.Seconds() != forever {
		t.Error(ia)
	}
}

// FuzzRequests: whatever a VM sends.
func FuzzRequests(f *testing.F) {
	f.Add(false, ask4(dhcpv4.MessageTypeDiscover).ToBytes())
	f.Add(true, ask6(dhcpv6.MessageTypeSolicit, dhcpv6.WithIANA()).ToBytes())
	w := newWire()
	f.Fuzz(func(t *testing.T, v6 bool, payload []byte) {
		if len(payload) > 1400 {
			return
		}
		if v6 {
			e := eth
			e.Type = packet.TypeIPv6
			w.handle(t, put6, packet.UDP{Src: 546, Dst: 547}.Datagram(nil, e, netip.MustParseAddr("fe80::1"), netip.MustParseAddr("ff02::1:2"), 64, payload))
			return
		}
		w.handle(t, put4, packet.UDP{Src: 68, Dst: 67}.Datagram(nil, eth, netip.IPv4Unspecified(), broadcast, 64, payload))
	})
}
