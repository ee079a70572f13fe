package lower

import (
	"encoding/hex"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// toAgent lowers one action and returns the userdata with which it pauses the
// packet, or not.
func toAgent(t *testing.T, action string) (Userdata, bool) {
	t.Helper()
	at := lflow.Place{Pipeline: lflow.Ingress, Table: 10, Tables: 35}
	as, err := lflow.ParseActions(action, at, nil)
	if err != nil {
		t.Fatalf("%s: %v", action, err)
	}
	var b ofp.ActionBuilder
	e := encoder{b: &b, env: vectorEnv(), at: at, tables: tablesOf(lflow.Ingress)}
	if err := e.all(as); err != nil {
		t.Fatalf("%s: %v", action, err)
	}
	text := printed(b.Actions())
	raw, err := hex.DecodeString(strings.ReplaceAll(userdata(text), ".", ""))
	if err != nil {
		t.Fatalf("%s: %s: %v", action, text, err)
	}
	u, err := DecodeUserdata(raw)
	if err != nil {
		t.Fatalf("%s: %s: %v", action, text, err)
	}
	return u, strings.Contains(text, ",pause)")
}

// TestDecode: the agent gets what the action says, and the packet waits where
// the action has a result.
func TestDecode(t *testing.T) {
	relay, server := netip.MustParseAddr("192.168.1.1"), netip.MustParseAddr("172.16.1.1")
	for _, c := range []struct {
		action string
		op     Opcode
		pause  bool
		want   any
	}{
		{`reg2[5] = put_dhcp_opts(mtu = 1400, offerip = 10.0.0.4, tftp_server = "tftp", ip_forward_enable = 1, next_server = 10.0.0.9);`, OpPutDHCP, true,
			PutDHCP{Bit{ofp.XXReg0, 0x25}, netip.MustParseAddr("10.0.0.4"), []DHCPOption{{26, []byte{5, 0x78}}, {66, []byte("tftp")}, {19, []byte{1}}, {253, []byte{10, 0, 0, 9}}}}},
		{`reg1[0] = put_dhcpv6_opts(server_id = 00:00:00:00:10:02, fqdn = "a.b");`, OpPutDHCPv6, true,
			PutDHCP{Bit{ofp.XXReg0, 64}, netip.Addr{}, []DHCPOption{{2, []byte{0, 0, 0, 0, 0x10, 2}}, {39, []byte("\x01a\x01b\x00")}}}},
		{`reg1[0] = put_dhcpv6_opts();`, OpPutDHCPv6, true, PutDHCP{Result: Bit{ofp.XXReg0, 64}}},
		{`reg9[7] = dhcp_relay_req_chk(192.168.1.1, 172.16.1.1);`, OpDHCPRelayReq, true, DHCPRelay{Bit{ofp.XReg4, 7}, relay, server}},
		{`flags.loopback = dhcp_relay_resp_chk(192.168.1.1, 172.16.1.1);`, OpDHCPRelayResp, true, DHCPRelay{Bit{ofp.Reg10, 0}, relay, server}},
		{`reg0[4] = dns_lookup();`, OpDNSLookup, true, DNSLookup{Bit{ofp.XXReg0, 100}}},
		{`reg1[0] = put_nd_ra_opts(addr_mode = "dhcpv6_stateful", slla = ae:01:02:03:04:10);`, OpPutNDRA, true,
			PutNDRA{Bit{ofp.XXReg0, 64}, []byte{134, 0, 0, 0, 255, 0x80, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0xae, 1, 2, 3, 4, 0x10}}},
		{`log(name="web", verdict=pass, severity=debug);`, OpLog, false, Log{lflow.VerdictPass, lflow.SeverityDebug, "web"}},
		{`log(verdict=drop);`, OpLog, false, Log{lflow.VerdictDrop, lflow.SeverityInfo, ""}},
		{`trigger_event(event = "empty_lb_backends", vip = "[::1]:80", protocol = "udp", load_balancer = "12345678-abcd-9876-fedc-11119f8e7d6c");`, OpEvent, false,
			Event{EventEmptyLBBackends, "[::1]:80", "udp", "12345678-abcd-9876-fedc-11119f8e7d6c"}},
		{`bind_vport("lsp1", inport);`, OpBindVport, false, BindVport{0x11}},
		{`icmp4.inner_ip4.src = 192.168.1.1;`, OpInnerIP4Src, true, relay},
		{`igmp;`, OpIGMP, false, nil},
		{`handle_svc_check(outport);`, OpSvcCheck, false, nil},
		{`handle_dhcpv6_reply;`, OpDHCPv6Reply, false, nil},
		{`handle_bfd_msg();`, OpBFD, false, nil},
		{`reject { drop; };`, OpReject, false, ofp.Actions("")},
		{`icmp6 { drop; };`, OpICMP, false, ofp.Actions("")},
		{`nd_ns { drop; };`, OpNDNS, true, ofp.Actions("")},
	} {
		u, pause := toAgent(t, c.action)
		got, err := u.Decode()
		if err != nil || u.Op != c.op || pause != c.pause || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %s, pause %v: %+v (%v), want %+v", c.action, u.Op, pause, got, err, c.want)
		}
		if len(u.Args) > 0 && !u.Nested() {
			if v, err := (Userdata{u.Op, u.Args[:1]}).Decode(); err == nil {
				t.Errorf("%s: arguments cut short are read as %+v", c.action, v)
			}
		}
	}
}

// TestUnknownVport: a virtual port that is not known here cannot be bound.
func TestUnknownVport(t *testing.T) {
	var b ofp.ActionBuilder
	e := encoder{b: &b, env: vectorEnv()}
	as, err := lflow.ParseActions(`bind_vport("nobody", outport);`, lflow.Place{Pipeline: lflow.Ingress}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.all(as); err != nil || b.Len() != 0 || !e.asked {
		t.Errorf("%s, %v, asked %v", b.Actions(), err, e.asked)
	}
}

// TestMeters: what names a meter of its own is limited by that one, the rest
// by that of the flow.
func TestMeters(t *testing.T) {
	for action, want := range map[string]string{
		`log(verdict=drop, meter="own");`: "own", `log(verdict=drop);`: "flow", `igmp;`: "flow",
		`trigger_event(event = "empty_lb_backends", meter = "own", vip = "1.2.3.4", protocol = "tcp", load_balancer = "12345678-abcd-9876-fedc-11119f8e7d6c");`: "own",
	} {
		as, err := lflow.ParseActions(action, lflow.Place{Pipeline: lflow.Ingress}, nil)
		if err != nil {
			t.Fatal(err)
		}
		var asked []string
		env := vectorEnv()
		env.Meter = func(name string) uint32 { asked = append(asked, name); return 7 }
		e := encoder{b: new(ofp.ActionBuilder), env: env, meter: "flow"}
		if err := e.all(as); err != nil || len(asked) != 1 || asked[0] != want || e.meter != "flow" {
			t.Errorf("%s: asked for %q (%v), want %s", action, asked, err, want)
		}
	}
}

// TestDHCPDefinitions: the definitions are the datapath's own where it has
// some, and are not mixed up with another's.
func TestDHCPDefinitions(t *testing.T) {
	l, seen := New(), map[ofp.Actions]bool{}
	for code := range uint8(3) {
		env := vectorEnv()
		env.DHCP = func(name string) (lflow.DHCPOption, bool) {
			o := lflow.DHCPOption{Name: name, Type: lflow.DHCPIPv4}
			if name == "mine" {
				o.Code = 230 + code
			}
			return o, true
		}
		f := Logical{Pipeline: lflow.Ingress, Match: "1", Actions: "reg0[0] = put_dhcp_opts(offer = 1.2.3.4, mine = 5.6.7.8);"}
		flows, err := l.Flow(nil, &f, 1, env)
		if err != nil || len(flows) != 1 || seen[flows[0].Actions] {
			t.Fatalf("%v, %v", flows, err)
		}
		seen[flows[0].Actions] = true
	}
}

// TestTooLong: what does not fit into a message is refused.
func TestTooLong(t *testing.T) {
	long := `"` + strings.Repeat("x", 31000) + `"`
	f := Logical{Pipeline: lflow.Ingress, Match: "1", Actions: "reg0[0] = put_dhcpv6_opts(domain_search = " + long + ", bootfile_name = " + long + ");"}
	if flows, err := New().Flow(nil, &f, 1, vectorEnv()); err == nil {
		t.Errorf("accepted as %d flows", len(flows))
	}
}

// FuzzDecodeUserdata: whatever a packet-in brings, nothing panics.
func FuzzDecodeUserdata(f *testing.F) {
	for op := range opcodeNames {
		f.Add(appendUserdata(nil, Opcode(op)))
		f.Add(append(appendUserdata(nil, Opcode(op)), "\x05\x06xxreg0\x0a\x00\x00\x01\x03\x01\x02"...))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		u, err := DecodeUserdata(b)
		if err != nil {
			return
		}
		v, err := u.Decode()
		if err != nil && v != nil {
			t.Errorf("%s: both %v and %v", u.Op, v, err)
		}
		if a, ok := v.(ofp.Actions); ok {
			_ = a.String()
		}
	})
}
