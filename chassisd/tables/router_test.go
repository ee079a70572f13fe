package tables

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/chassisd/zone"
	"github.com/weft-sdn/weft/schema/sb"
)

// routed are two switches with a VM each behind a router, in the words of
// northd's flows. The VMs are the first two ports of a cloud.
func routed(t testing.TB) *cloud {
	c := &cloud{world: newWorld(t)}
	c.Tunnels.Delete("t22")
	c.Tunnels.Delete("t3")
	c.Tunnels.Set("t2", Tunnel{"hv2", "10.0.0.2", 9})
	in := func(table uint8, priority uint16, match, actions string) sb.Flow {
		return sb.Flow{Pipeline: sb.Ingress, Table: table, Priority: priority, Match: match, Actions: actions, Stage: "test"}
	}
	out := sb.Flow{Pipeline: sb.Egress, Match: "1", Actions: "output;", Stage: "test"}
	for i, sw := range []string{"sw1", "sw2"} {
		n := string(rune('1' + i))
		c.datapath(sw, int64(i+1))
		c.port(sw, "vm"+n, 1, "")
		c.iface("vm"+n, i+1)
		c.door(sw, sw+"-r", "r-"+sw, "")
		c.Ports.Set(id(sw+"-r"), Port{Name: sw + "-r", Type: "patch", Datapath: id(sw), Key: 9, Peer: "r-" + sw})
		c.Ports.Set(id("r-"+sw), Port{Name: "r-" + sw, Type: "patch", Datapath: id("r"), Key: uint32(i + 1), Peer: sw + "-r"})
		c.chunk(sw, "base",
			in(0, 50, "eth.dst == 00:00:00:00:00:0"+n, `outport = "vm`+n+`"; output;`),
			in(0, 50, "eth.dst == 00:00:00:00:01:0"+n, `outport = "`+sw+`-r"; output;`),
			in(0, 70, "eth.mcast", `outport = "_MC_flood"; output;`), out)
	}
	c.Datapaths.Set(id("r"), &sb.DatapathBinding{TunnelKey: 3, Type: ptr("logical-router")})
	route := func(n string) string {
		return `ip.ttl--; reg0 = ip4.dst; reg1 = 10.0.` + n + `.254; eth.src = 00:00:00:00:01:0` + n + `; outport = "r-sw` + n + `"; flags.loopback = 1; next;`
	}
	c.chunk("r", "base",
		in(0, 50, `inport == "r-sw1" && (eth.dst == 00:00:00:00:01:01 || eth.mcast)`, "xreg0[0..47] = 00:00:00:00:01:01; next;"),
		in(0, 50, `inport == "r-sw2" && eth.dst == 00:00:00:00:01:02`, "xreg0[0..47] = 00:00:00:00:01:02; next;"),
		in(1, 100, `inport == "r-sw1" && ip4 && ip.ttl == {0, 1} && !ip.later_frag`,
			`icmp4 { eth.dst <-> eth.src; icmp4.type = 11; icmp4.code = 0; ip4.dst = ip4.src; ip4.src = 10.0.1.254; ip.ttl = 254; outport = "r-sw1"; flags.loopback = 1; output; };`),
		in(1, 100, `inport == "r-sw1" && ip6 && ip.ttl == {0, 1}`,
			`icmp6 { eth.dst <-> eth.src; ip6.dst <-> ip6.src; ip.ttl = 254; icmp6.type = 3; icmp6.code = 0; outport = "r-sw1"; flags.loopback = 1; output; };`),
		in(1, 90, `ip4.dst == 10.0.1.254 && icmp4.type == 8 && icmp4.code == 0`,
			`ip4.dst <-> ip4.src; ip.ttl = 255; icmp4.type = 0; flags.loopback = 1; next;`),
		in(1, 90, `inport == "r-sw1" && arp.op == 1 && arp.tpa == 10.0.1.254`,
			`eth.dst = eth.src; eth.src = xreg0[0..47]; arp.op = 2; arp.tha = arp.sha; arp.sha = xreg0[0..47]; arp.tpa <-> arp.spa; outport = inport; flags.loopback = 1; output;`),
		in(1, 50, "arp", `drop;`),
		in(1, 0, "1", "next;"),
		in(2, 74, "ip4.dst == 10.0.1.0/24", route("1")),
		in(2, 74, "ip4.dst == 10.0.2.0/24", route("2")),
		in(3, 100, `outport == "r-sw1" && reg0 == 10.0.1.1`, "eth.dst = 00:00:00:00:00:01; next;"),
		in(3, 100, `outport == "r-sw2" && reg0 == 10.0.2.1`, "eth.dst = 00:00:00:00:00:02; next;"),
		in(3, 0, "ip4", "get_arp(outport, reg0); next;"),
		in(4, 100, "eth.dst == 00:00:00:00:00:00 && ip4",
			"arp { eth.dst = ff:ff:ff:ff:ff:ff; arp.spa = reg1; arp.tpa = reg0; arp.op = 1; output; };"),
		in(4, 0, "1", "output;"), out)
	c.commit()
	return c
}

// toAgent is how ofproto/trace says that an action is the agent's.
var toAgent = regexp.MustCompile(`userdata=00\.00\.00\.([0-9a-f]{2})`)

// TestRouted: the flows of a router take packets from switch to switch, and back
// where they came from.
func TestRouted(t *testing.T) {
	sw := startCloudSwitch(t)
	routed(t).install(sw)
	for _, c := range []struct{ what, packet, want string }{
		{"from switch to switch", "in_port=1,icmp,dl_src=00:00:00:00:00:01,dl_dst=00:00:00:00:01:01,nw_src=10.0.1.1,nw_dst=10.0.2.1,nw_ttl=64",
			"set(eth(src=00:00:00:00:01:02,dst=00:00:00:00:00:02)),set(ipv4(ttl=63)),12"},
		{"ping of the router", "in_port=1,icmp,dl_src=00:00:00:00:00:01,dl_dst=00:00:00:00:01:01,nw_src=10.0.1.1,nw_dst=10.0.1.254,nw_ttl=64,icmp_type=8",
			"set(eth(src=00:00:00:00:01:01,dst=00:00:00:00:00:01)),set(ipv4(src=10.0.1.254,dst=10.0.1.1,ttl=254)),set(icmp(type=0,code=0)),11"},
		{"back where it came from", "in_port=1,icmp,dl_src=00:00:00:00:00:01,dl_dst=00:00:00:00:01:01,nw_src=10.0.2.9,nw_dst=10.0.1.1,nw_ttl=64",
			"set(eth(src=00:00:00:00:01:01,dst=00:00:00:00:00:01)),set(ipv4(ttl=63)),11"},
		{"the TTL is at its end", "in_port=1,icmp,dl_src=00:00:00:00:00:01,dl_dst=00:00:00:00:01:01,nw_src=10.0.1.1,nw_dst=10.0.2.1,nw_ttl=1", "icmp4 or icmp6"},
		{"and of IPv6", "in_port=1,icmp6,dl_src=00:00:00:00:00:01,dl_dst=00:00:00:00:01:01,nw_ttl=1", "icmp4 or icmp6"},
		{"a next hop that nobody knows", "in_port=1,icmp,dl_src=00:00:00:00:00:01,dl_dst=00:00:00:00:01:01,nw_src=10.0.1.1,nw_dst=10.0.2.77,nw_ttl=64",
			"arp"},
		{"a request for the router's address", "in_port=1,arp,dl_src=00:00:00:00:00:01,dl_dst=ff:ff:ff:ff:ff:ff,arp_op=1,arp_sha=00:00:00:00:00:01,arp_spa=10.0.1.1,arp_tpa=10.0.1.254",
			"set(eth(src=00:00:00:00:01:01,dst=00:00:00:00:00:01)),set(arp(sip=10.0.1.254,tip=10.0.1.1,op=2,sha=00:00:00:00:01:01,tha=00:00:00:00:00:01)),11"},
	} {
		got, trace := verdict(sw.Switch, c.packet)
		if m := toAgent.FindStringSubmatch(trace); m != nil {
			op, err := strconv.ParseUint(m[1], 16, 8)
			if err != nil {
				t.Fatal(err)
			}
			got = lower.Opcode(op).String()
		}
		if got != c.want {
			t.Errorf("%s: %s\nwant %s", c.what, got, c.want)
		}
	}
}

// TestPatches: ports of a switch and a router lead to each other where both are
// here, on every chassis; a group's copy for them is made where the packet is
// sent.
func TestPatches(t *testing.T) {
	w := newWorld(t)
	w.datapath("sw", 5)
	w.datapath("router", 6)
	w.port("sw", "vm", 9, "")
	w.iface("vm", 7)
	w.door("sw", "sw-router", "router-sw", "")
	w.door("router", "router-sw", "sw-router", "")
	w.Zones.Set("vm", 3)
	w.Zones.Set(zone.DNAT(id("sw").String()), 4)
	w.Zones.Set(zone.SNAT(id("router").String()), 8)
	flood := func() string {
		f, _ := w.GroupFlows.Get(id("sw-flood"))
		return text(f)
	}
	const toRouter = "clone(ct_clear,set_field:0->reg13,set_field:0->reg11,set_field:0x8->reg12,set_field:0x6->metadata,set_field:0x1->reg14"
	const toSwitch = "clone(ct_clear,set_field:0->reg13,set_field:0x4->reg11,set_field:0->reg12,set_field:0x5->metadata,set_field:0x1->reg14"
	const flooded = "table=59, priority=100,reg15=0x8000,metadata=0x5/0xffffff actions=set_field:0x5->metadata,set_field:0->reg13,set_field:0x4->reg11,set_field:0->reg12,set_field:0x1->reg15,resubmit(,61)"
	for _, step := range []struct {
		what    string
		do      func()
		joined  bool
		gateway bool
	}{
		{"both are here", func() {}, true, false},
		{"flows of the router are not read", func() {
			w.Unfollow(AllDatapaths)
			w.Follow(id("sw"))
		}, false, false},
		{"they are", func() { w.Follow(id("router")) }, true, false},
		{"the peer is gone", func() { w.Ports.Delete(id("router-sw")) }, false, false},
		{"and there again", func() { w.door("router", "router-sw", "sw-router", "") }, true, false},
		{"on another chassis", func() { w.door("router", "router-sw", "sw-router", "hv2") }, false, false},
		{"on this one", func() {
			w.door("router", "router-sw", "sw-router", "hv1")
			w.door("sw", "sw-router", "router-sw", "host1")
		}, true, true},
		{"no port is here, but the gateway router", func() { w.Interfaces.Delete("if-vm") }, true, true},
	} {
		step.do()
		w.commit()
		if got := strings.Contains(w.flowsOf("sw-router"), toRouter); got != step.joined {
			t.Errorf("%s: to the router: %v\n%s", step.what, got, w.flowsOf("sw-router"))
		}
		if got := strings.Contains(w.flowsOf("router-sw"), toSwitch); got != step.joined {
			t.Errorf("%s: to the switch: %v\n%s", step.what, got, w.flowsOf("router-sw"))
		}
		// The port of a gateway router is on one chassis: others send there too.
		gateway := strings.Contains(flood(), "table=60") && strings.Contains(flood(), "set_field:0x1->reg15,resubmit(,61)")
		if got := strings.Contains(flood(), flooded) || step.gateway && gateway; got != step.joined || step.gateway && strings.Contains(flood(), "table=59") {
			t.Errorf("%s: flooded: %v\n%s", step.what, got, flood())
		}
	}
}
