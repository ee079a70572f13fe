package trace

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/lflow"
)

// twoDatapaths is switch sw (ports a, b, c, and sr that leads to the router)
// and router r, of which each table but the first goes on.
func twoDatapaths(t testing.TB) (*Network, *Datapath, *Datapath) {
	t.Helper()
	n := &Network{}
	sw := &Datapath{UUID: "aaaaaaaa-0000-0000-0000-000000000001", Name: "sw", Name2: "my switch", Key: 1}
	r := &Datapath{UUID: "aaaaaaaa-0000-0000-0000-000000000002", NBUUID: "bbbb0000-0000-0000-0000-000000000002", Name: "r", Key: 2}
	n.AddDatapath(sw)
	n.AddDatapath(r)
	var group []*Port
	for i, name := range []string{"a", "b", "c", "sr"} {
		p := &Port{Name: name, Key: uint32(i + 1)}
		if name == "sr" {
			p.Type, p.Peer = "patch", "rs"
		}
		n.AddPort(sw, p)
		group = append(group, p)
	}
	n.Port("a").Friendly = "my port"
	n.AddPort(r, &Port{Name: "rs", Type: "patch", Peer: "sr", Key: 1})
	n.AddPort(r, &Port{Name: "cr", Type: "chassisredirect", Distributed: "rs", Key: 2})
	sw.AddGroup(&Group{Name: "_MC_flood", Key: 32768, Ports: group})
	sw.AddFDB(lflow.MAC{2, 0, 0, 0, 0, 3}, 2)
	sw.AddEVPNHost(netip.MustParseAddr("10.0.0.2"))
	sw.AddRemoteFDB(lflow.MAC{2, 0, 0, 0, 0, 0xff}, 5)
	sw.AddDNS("vm1.example", "10.0.0.1 fd00::1")
	for ip, last := range map[string]byte{"10.0.0.1": 1, "fd00::1": 2} {
		if err := sw.AddMAC("a", ip, lflow.MAC{2, 0, 0, 0, 0, last}); err != nil {
			t.Fatal(err)
		}
	}
	add := func(d *Datapath, l lflow.Pipeline, table, priority int, match, actions, stage string) {
		d.AddFlow(&Flow{UUID: "12345678-0000", Pipeline: l, Table: table, Priority: priority, Match: match, Actions: actions, Stage: stage, Source: "me"})
	}
	add(sw, lflow.Ingress, 0, 9, `inport == "sr"`, `outport = "a"; output;`, "ls_in_zero")
	add(sw, lflow.Ingress, 1, 0, "1", "next;", "ls_in_one")
	add(sw, lflow.Ingress, 2, 9, "ip4", "ip.ttl--; next;", "ls_in_two")
	add(sw, lflow.Ingress, 2, 0, "1", "next;", "ls_in_two")
	add(sw, lflow.Ingress, 3, 9, `outport == "none"`, `outport = "c"; output;`, "ls_in_three")
	add(sw, lflow.Ingress, 3, 0, "1", `output;`, "ls_in_three")
	add(sw, lflow.Egress, 0, 9, "reg0 != 0", `drop;`, "ls_out_zero")
	add(sw, lflow.Egress, 0, 0, "1", `output;`, "ls_out_zero")
	add(r, lflow.Ingress, 0, 0, "1", `eth.src = 00:00:00:00:00:99; outport = "cr"; flags.loopback = 1; output;`, "lr_in_zero")
	add(r, lflow.Egress, 0, 0, "1", "output;", "lr_out_zero")
	return n, sw, r
}

const udp4 = "ip4 && ip4.src == 10.0.0.1 && ip4.dst == 10.0.0.2 && ip.ttl == 9 && udp.src == 5 && udp.dst == 6"

// trace runs actions that stand in table 0 and returns the minimal form.
func trace(t testing.TB, actions, packet string, o Options) string {
	t.Helper()
	n, sw, _ := twoDatapaths(t)
	sw.AddFlow(&Flow{Pipeline: lflow.Ingress, Priority: 5, Match: "1", Actions: actions, Stage: "ls_in_zero"})
	p, err := n.Microflow(`inport == "a" && eth.src == 02:00:00:00:00:01 && eth.dst == 02:00:00:00:00:ff && ` + packet)
	if err != nil {
		t.Fatal(err)
	}
	root, err := n.Trace(nil, p, o)
	if err != nil {
		t.Fatal(err)
	}
	return Minimal(root)
}

func TestActions(t *testing.T) {
	const ns = "nd_ns && ip6.src == fd00::8 && ip6.dst == ff02::1:ff00:1 && nd.target == fd00::1"
	for _, c := range []struct{ actions, packet, want string }{
		{`drop;`, udp4, ""},
		{`next;`, udp4, "ip.ttl--;\noutput(\"c\");\n"},
		{`next(3);`, udp4, "output(\"c\");\n"},
		{`next(pipeline=egress, table=0);`, udp4, "*** output to null logical port;\n"},
		{`outport = "b"; output;`, udp4, "output(\"b\");\n"},
		{`outport = "nobody"; output;`, udp4, "*** output to null logical port;\n"},
		{`outport = inport; output;`, udp4, ""},
		{`outport = inport; flags.loopback = 1; output;`, udp4, "output(\"a\");\n"},
		{`outport = "_MC_flood"; reg0 = 5; output;`, udp4, "output(\"b\");\noutput(\"c\");\neth.src = 00:00:00:00:00:99;\noutput(\"a\");\n"},
		{`outport = "sr"; output;`, udp4, "eth.src = 00:00:00:00:00:99;\noutput(\"a\");\n"},
		{`eth.dst = eth.src; reg1 = ip4.dst; ip4.src = reg1; udp.src <-> udp.dst; pkt.mark = 0x7; eth.dst[0..7] = 0xab;`, udp4,
			"eth.dst = 02:00:00:00:00:01;\nip4.src = 0xa000002;\nudp.src = 6;\nudp.dst = 5;\npkt.mark = 0x7;\neth.dst[0..7] = 0xab;\n"},
		{`ip.ttl--;`, "ip4", "*** TTL underflow;\n"},
		{`clone { ip.ttl = 1; outport = "b"; output; }; ip4.src = ip4.dst; outport = "c"; output;`, udp4,
			"clone {\n    ip.ttl = 1;\n    output(\"b\");\n};\nip4.src = 10.0.0.2;\noutput(\"c\");\n"},
		{`arp { arp.tpa = arp.spa; arp.tha = arp.sha; arp.op = arp.op; };`, udp4, "arp {\n    arp.tpa = 10.0.0.1;\n    arp.tha = 02:00:00:00:00:01;\n    arp.op = 1;\n};\n"},
		{`nd_ns { ip6.src = ip6.src; ip6.dst = ip6.dst; nd.target = nd.target; eth.dst = eth.dst; };`, "ip6 && ip6.src == fd00::1 && ip6.dst == fd00::12:3456",
			"nd_ns {\n    ip6.src = fe80::ff:fe00:1;\n    ip6.dst = ff02::1:ff12:3456;\n    nd.target = fd00::12:3456;\n    eth.dst = 33:33:ff:12:34:56;\n};\n"},
		{`nd_na { ip6.src = ip6.src; ip6.dst = ip6.dst; nd.tll = nd.tll; eth.src = eth.src; };`, ns,
			"nd_na {\n    ip6.src = fd00::1;\n    ip6.dst = fd00::8;\n    nd.tll = 02:00:00:00:00:ff;\n    eth.src = 02:00:00:00:00:ff;\n};\n"},
		{`nd_na_router { outport = inport; flags.loopback = 1; output; };`, ns, "nd_na_router {\n    output(\"a\");\n};\n"},
		{`ct_next;`, udp4, "ct_next(ct_state=new|trk) {\n    ip.ttl--;\n    output(\"c\");\n};\n"},
		{`ct_next; ct_clear; outport = "b"; output;`, udp4, "ct_next(ct_state=new|trk) {\n    ip.ttl--;\n    output(\"c\");\n};\noutput(\"b\");\n"},
		{`reg0[0] = lookup_fdb(inport, eth.src); ip.ttl = reg0[0..7];`, udp4, "ip.ttl = 0;\n"},
		{`eth.src = 02:00:00:00:00:03; inport = "b"; reg0[0] = lookup_fdb(inport, eth.src); ip.ttl = reg0[0..7];`, udp4, "eth.src = 02:00:00:00:00:03;\nip.ttl = 0x1;\n"},
		{`eth.src = 02:00:00:00:00:03; outport = get_fdb(eth.src); output;`, udp4, "eth.src = 02:00:00:00:00:03;\noutput(\"b\");\n"},
		{`put_fdb(inport, eth.src); put_arp(inport, ip4.src, eth.src);`, udp4, ""},
		{`get_arp(inport, ip4.src);`, udp4, "eth.dst = 02:00:00:00:00:01;\n"},
		{`get_arp(outport, ip4.src);`, udp4, "eth.dst = 00:00:00:00:00:00;\n"},
		{`get_nd(inport, ip6.src);`, "ip6 && ip6.src == fd00::1", "eth.dst = 02:00:00:00:00:02;\n"},
		{`reg0[3] = lookup_arp(inport, ip4.src, eth.src); reg0[4] = lookup_arp(inport, ip4.src, eth.dst); reg0[5] = lookup_arp_ip(inport, ip4.src); reg0[6] = lookup_arp_ip(inport, ip4.dst); ip.ttl = reg0[0..7];`, udp4, "ip.ttl = 0x28;\n"},
		{`ct_lb_mark(backends=10.0.0.5:80,10.0.0.6:81);`, udp4, "ct_lb_mark {\n    ip.ttl--;\n    output(\"c\");\n};\n"},
		{`clone { reject { ip4.src = ip4.src; eth.dst = eth.dst; icmp4.type = icmp4.type; }; };`, udp4,
			"clone {\n    icmp4 {\n        ip4.src = 10.0.0.2;\n        eth.dst = 02:00:00:00:00:01;\n        icmp4.type = 3;\n    };\n};\n"},
		{`reg0[0..7] = 7; push(reg0[0..7]); pop(reg0[8..15]); pop(reg0); ip.ttl = reg0[8..15];`, udp4,
			"push(reg0[0..7]) -> 0x7;\npop(reg0[8..15]) <- 0x7;\n*** pop of an empty stack;\nip.ttl = 0x7;\n"},
		{`reg0[0..15] = select(1, 2);`, udp4, "select: reg0[0..15] = 2 /* Randomly selected. Use --select-id to specify. */ {\n    ip.ttl--;\n    output(\"c\");\n};\n"},
		{`fwd_group(childports="b", "c");`, udp4, "output(\"c\");\n"},
		{`reg0[0] = dns_lookup(); ip.ttl = reg0[0..7];`, udp4, "ip.ttl = 0;\n"},
		{`reg0[0] = put_dhcp_opts(offerip = 10.0.0.2); ip.ttl = reg0[0..7];`, udp4,
			"/* We assume that this packet is DHCPDISCOVER or DHCPREQUEST. */;\nput_dhcp_opts(offerip = 10.0.0.2);\nip.ttl = 0x1;\n"},
		{`reg0[0] = dhcp_relay_req_chk(10.0.0.9, 10.0.0.1); ip.ttl = reg0[0..7];`, udp4, "ip.ttl = 0x1;\n"},
		{`reg0[0] = dhcp_relay_resp_chk(10.0.0.9, 10.0.0.1); ip.ttl = reg0[0..7];`, udp4,
			"eth.dst = ff:ff:ff:ff:ff:ff;\nip4.dst = 255.255.255.255;\nip.ttl = 0x1;\n"},
		{`reg0[0] = dhcp_relay_resp_chk(10.0.0.9, 10.0.0.3); ip.ttl = reg0[0..7];`, udp4, "ip.ttl = 0;\n"},
		{`reg0[0] = put_nd_ra_opts(addr_mode = "slaac", slla = 00:00:00:00:10:02, prefix = aef0::/64); ip.ttl = reg0[0..7]; icmp6.type = icmp6.type;`, "nd_rs",
			"put_nd_ra_opts(addr_mode = \"slaac\", slla = 00:00:00:00:10:02, prefix = aef0::/64);\nip.ttl = 0x1;\nicmp6.type = 134;\n"},
		{`reg0[0] = put_nd_ra_opts(addr_mode = "slaac", slla = 00:00:00:00:10:02, prefix = aef0::/64); ip.ttl = reg0[0..7];`, ns, "ip.ttl = 0;\n"},
		{`mirror("b"); outport = "c"; output;`, udp4, "mirror {\n    output(\"b\");\n};\noutput(\"c\");\n"},
		{`mirror("nobody"); outport = "c"; output;`, udp4, "output(\"c\");\n"},
		{`reg0[0] = chk_evpn_arp(ip4.dst); reg0[1] = chk_evpn_arp(ip4.src); ip.ttl = reg0[0..7];`, udp4, "ip.ttl = 0x1;\n"},
		{`reg0 = get_remote_fdb(eth.dst); ip.ttl = reg0[0..7]; ip.ttl = reg1[0..7];`, udp4, "ip.ttl = 0x5;\nip.ttl = 0x5;\n"},
		{`reg0 = get_remote_fdb(eth.src); ip.ttl = reg0[0..7];`, udp4, "ip.ttl = 0;\n"},
		{`reg2 = ct_nw_dst(); reg0[0..7] = ct_proto(); reg0[8..23] = ct_tp_dst(); ip4.src = reg2; ip.ttl = reg0[0..7];`, udp4, "ip4.src = 0;\nip.ttl = 0;\n"},
		{`fwd_group(childports="b", "nobody");`, udp4, "output(\"b\");\n"},
		{`next(0);`, udp4, "*** more than 131072 tables, or 16384 nested ones: a loop;\n"},
	} {
		if got := trace(t, c.actions, c.packet, Options{CT: []CTState{tracked | 1}, Choose: func(n int) int { return n - 1 }}); got != c.want {
			t.Errorf("%s\ngot:\n%swant:\n%s", c.actions, got, c.want)
		}
	}
}

// TestEveryAction: each row of the action table is evaluated, with and without
// state, on a packet that its example is for.
func TestEveryAction(t *testing.T) {
	for _, row := range lflow.ActionTable() {
		as, err := lflow.ParseActions(row.Example, lflow.Place{Pipeline: lflow.Ingress}, nil)
		if err != nil {
			t.Errorf("%s: %v", row.Name, err)
			continue
		}
		packet := udp4
		for _, kind := range []string{udp4, "ip4 && tcp", "ip4 && sctp", "arp", "nd_ns", "ip6 && udp"} {
			if pre := as.Prerequisite(); pre != nil && lflow.Evaluate(pre, mustPacket(t, packet)) {
				break
			}
			packet = kind
		}
		for _, o := range []Options{{}, {Conntrack: &Conntrack{}, Learned: &Learned{}}} {
			n, sw, _ := twoDatapaths(t)
			sw.AddFlow(&Flow{Pipeline: lflow.Ingress, Match: "1", Actions: row.Example, Stage: "s"})
			p, err := n.Microflow(`inport == "a" && ` + packet)
			if err != nil {
				t.Fatal(err)
			}
			root, err := n.Trace(sw, p, o)
			if err != nil {
				t.Fatal(err)
			}
			if text := Detailed(root); strings.Contains(text, "not evaluated") || !strings.Contains(text, row.Example) {
				t.Errorf("%s is not evaluated:\n%s", row.Name, text)
			}
		}
	}
}

func mustPacket(t testing.TB, microflow string) *Packet {
	t.Helper()
	p, err := new(Network).Microflow(microflow)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestForms(t *testing.T) {
	n, sw, _ := twoDatapaths(t)
	sw.AddFlow(&Flow{UUID: "87654321", Pipeline: lflow.Ingress, Match: `inport == "a"`, Actions: `ct_next; outport = "_MC_flood"; output;`, Stage: "ls_in_zero"})
	p, err := n.Microflow(`inport == "a" && ` + udp4)
	if err != nil {
		t.Fatal(err)
	}
	root, err := n.Trace(nil, p, Options{Friendly: true})
	if err != nil {
		t.Fatal(err)
	}
	const detailed = `
ingress(dp="my switch", inport="my port")
-----------------------------------------
 0. ls_in_zero: inport == "my port", priority 0, uuid 87654321
    ct_next(dnat);

    ct_next(ct_state=est|trk /* default (use --ct to customize) */)
    ---------------------------------------------------------------
         2. ls_in_two (me): ip4, priority 9, uuid 12345678
            ip.ttl--;
            next;
         3. ls_in_three (me): outport == "none", priority 9, uuid 12345678
            outport = "c";
            output;

        egress(dp="my switch", inport="my port", outport="c")
        -----------------------------------------------------
         0. ls_out_zero (me): 1, priority 0, uuid 12345678
            output;
            /* output to "c", type "" */
    outport = "_MC_flood";
    output;

multicast(dp="my switch", mcgroup="_MC_flood")
----------------------------------------------

    egress(dp="my switch", inport="my port", outport="my port")
    -----------------------------------------------------------
            /* omitting output because inport == outport && !flags.loopback */
`
	if got := Detailed(root); !strings.HasPrefix(got, detailed) {
		t.Errorf("detailed:\n%s", got)
	}
	const summary = `        /* omitting output because inport == outport && !flags.loopback */;
        };
        egress(dp="my switch", inport="my port", outport="b") {
            output;
            /* output to "b", type "" */;
        };
`
	if got := Summary(root); !strings.Contains(got, summary) {
		t.Errorf("summary:\n%s", got)
	}
	var names []string
	for _, port := range root.Delivered() {
		names = append(names, port.Name)
	}
	if got := strings.Join(names, " "); got != "c b c a" {
		t.Errorf("delivered to %s", got)
	}
	if len(root.Steps) != 1 || root.Steps[0].Flow == nil || root.Steps[0].Flow.UUID != "87654321" {
		t.Errorf("first step: %+v", root.Steps[0])
	}
}

func TestMicroflow(t *testing.T) {
	n, _, _ := twoDatapaths(t)
	for _, c := range []struct{ text, want string }{
		{`inport == "b"`, "reg14=0x2,vlan_tci=0x0000,dl_src=00:00:00:00:00:00,dl_dst=00:00:00:00:00:00,dl_type=0x0000"},
		{`inport == "a" && outport == "_MC_flood" && vlan.vid == 3 && xreg0 == 5`, "reg1=0x5,reg14=0x1,reg15=0x8000,dl_vlan=3,dl_vlan_pcp=0,vlan_tci1=0x0000,dl_src=00:00:00:00:00:00,dl_dst=00:00:00:00:00:00,dl_type=0x0000"},
		{`arp.op == 1 && arp.tpa == 1.2.3.4`, "arp,vlan_tci=0x0000,dl_src=00:00:00:00:00:00,dl_dst=00:00:00:00:00:00,arp_spa=0.0.0.0,arp_tpa=1.2.3.4,arp_op=1,arp_sha=00:00:00:00:00:00,arp_tha=00:00:00:00:00:00"},
		{`ip6 && tcp.flags == 0x12 && ct.est && ip.dscp == 10`, "ct_state=est|trk,tcp6,vlan_tci=0x0000,dl_src=00:00:00:00:00:00,dl_dst=00:00:00:00:00:00,ipv6_src=::,ipv6_dst=::,ipv6_label=0x00000,nw_tos=40,nw_ecn=0,nw_ttl=0,nw_frag=no,tp_src=0,tp_dst=0,tcp_flags=syn|ack"},
		{`ip4 || ip4.src == 10.0.0.1`, "ip,vlan_tci=0x0000,dl_src=00:00:00:00:00:00,dl_dst=00:00:00:00:00:00,nw_src=0.0.0.0,nw_dst=0.0.0.0,nw_proto=0,nw_tos=0,nw_ecn=0,nw_ttl=0,nw_frag=no"},
		{`ip4 && (udp.src == 5 || (tcp && ip6))`, "udp,vlan_tci=0x0000,dl_src=00:00:00:00:00:00,dl_dst=00:00:00:00:00:00,nw_src=0.0.0.0,nw_dst=0.0.0.0,nw_tos=0,nw_ecn=0,nw_ttl=0,nw_frag=no,tp_src=5,tp_dst=0"},
		{`ip4 && ip6`, "error parsing flow: constraints are contradictory"},
		{`eth.src == 5 && eth.src != 5`, "error parsing flow: constraints are contradictory"},
		{`tcp.src == 80`, "error parsing flow: constraints are ambiguous: tcp.src == 0x50 && ip.proto == 0x6 && (eth.type == 0x800 || eth.type == 0x86dd)"},
		{`ip4 && tcp.src > 1024`, "error parsing flow: constraints are ambiguous: eth.type == 0x800 && tcp.src > 0x400 && ip.proto == 0x6 && (eth.type == 0x800 || eth.type == 0x86dd)"},
		{`inport ==`, "error parsing flow: lflow: at offset 9: found end of input where a constant was expected"},
	} {
		p, err := n.Microflow(c.text)
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			got = p.OpenFlow()
		}
		if got != c.want {
			t.Errorf("%s\ngot  %s\nwant %s", c.text, got, c.want)
		}
	}
}

// TestRefusedOnce: nobody refuses a refusal, also where the packet is none of IP,
// of which ovn-trace makes one as well.
func TestRefusedOnce(t *testing.T) {
	for _, packet := range []string{udp4, "arp && arp.op == 1", "ip6 && ip6.src == fd00::1 && ip6.dst == fd00::2 && udp", "eth.type == 0x1234"} {
		got := trace(t, "reject { outport <-> inport; next(pipeline=ingress, table=0); };", packet, Options{})
		if n := strings.Count(got, "icmp"); n != 1 {
			t.Errorf("%s: %d refusals\n%s", packet, n, got)
		}
	}
}

func TestRefusals(t *testing.T) {
	n, sw, r := twoDatapaths(t)
	for name, want := range map[string]*Datapath{"sw": sw, "my switch": sw, sw.UUID: sw, "bbbb": r, "aaaa": nil, "bb": nil, "x": nil} {
		if got, err := n.Datapath(name); got != want || (err == nil) != (want != nil) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	for _, c := range []struct {
		d         *Datapath
		microflow string
	}{{sw, "ip4"}, {r, `inport == "a"`}, {nil, `inport == "nobody"`}} {
		p, err := n.Microflow(c.microflow)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := n.Trace(c.d, p, Options{}); err == nil {
			t.Errorf("%s: no error", c.microflow)
		}
	}
	if err := sw.AddMAC("a", "10.0.0.0.1", lflow.MAC{}); err == nil {
		t.Error("a bad address was bound")
	}
	var warned []string
	sw.AddFlow(&Flow{Pipeline: lflow.Ingress, Priority: 7, Match: "1", Actions: "what;"})
	sw.AddFlow(&Flow{Pipeline: lflow.Ingress, Priority: 6, Match: "what", Actions: "next;"})
	p, err := n.Microflow(`inport == "a"`)
	if err != nil {
		t.Fatal(err)
	}
	root, err := n.Trace(nil, p, Options{Warn: func(err error) { warned = append(warned, err.Error()) }})
	if err != nil || len(warned) != 2 {
		t.Errorf("%v, warnings %q", err, warned)
	}
	if got := Detailed(root); !strings.Contains(got, " 0. ls_in_zero: no match (implicit drop)") {
		t.Error(got)
	}
}

func TestCTState(t *testing.T) {
	for _, c := range []struct {
		text, want string
		ok         bool
	}{
		{"new", "new|trk", true}, {"trk", "trk", true}, {"est,rpl dnat", "est|rpl|trk|dnat", true}, {"inv,trk", "inv|trk", true},
		{"new,inv", "new|inv|trk", false}, {"new,est", "new|est|trk", false}, {"foo", "", false},
	} {
		s, err := ParseCTState(c.text)
		if s.String() != c.want || (err == nil) != c.ok {
			t.Errorf("%s: %s, %v", c.text, s, err)
		}
	}
}

// TestBackends: load is balanced to the backend that the options prefer or
// choose, and the next table sees it.
func TestBackends(t *testing.T) {
	n, sw, _ := twoDatapaths(t)
	sw.AddFlow(&Flow{Pipeline: lflow.Ingress, Priority: 5, Match: "1", Actions: `ct_lb_mark(backends=10.0.0.5:80,10.0.0.6:81);`})
	sw.AddFlow(&Flow{Pipeline: lflow.Ingress, Table: 1, Priority: 5, Match: "ct.dnat && ct_mark.natted", Actions: `ip4.src = ip4.dst; udp.src = udp.dst;`})
	p, err := n.Microflow(`inport == "a" && ` + udp4)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		o    Options
		want string
	}{
		{Options{}, "ip4.src = 10.0.0.5;\n    udp.src = 80;"},
		{Options{Choose: func(int) int { return 1 }}, "ip4.src = 10.0.0.6;\n    udp.src = 81;"},
		{Options{LBDst: "10.0.0.6"}, "ip4.src = 10.0.0.6;\n    udp.src = 81;"},
		{Options{LBDst: "10.0.0.5:80", Choose: func(int) int { return 1 }}, "ip4.src = 10.0.0.5;\n    udp.src = 80;"},
	} {
		root, err := n.Trace(nil, p, c.o)
		if err != nil {
			t.Fatal(err)
		}
		if got := Minimal(root); !strings.Contains(got, c.want) {
			t.Errorf("%+v:\n%s", c.o.LBDst, got)
		}
	}
}
