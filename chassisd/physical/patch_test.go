package physical

import (
	"strings"
	"testing"

	"github.com/weft-sdn/weft/ofctrl/ovstest"
)

// TestRoute: through a router a packet gets to a port of another switch, to one
// of its own, and back to the one that it came from; a broadcast passes the
// router's port on the chassis that it is sent on, and on no other.
func TestRoute(t *testing.T) {
	ovs := ovstest.StartBridge(t, "p1", "p2", "p3")
	ovs.Vsctl("add-port", ovstest.Bridge, "tun", "--", "set", "interface", "tun", "ofport_request=9", "type=geneve",
		"options:remote_ip=10.0.0.2", "options:key=flow")
	ovs.Ofctl("add-tlv-map", "{class=0x102,type=0x80,len=4}->tun_metadata0")
	const sw1, sw2, router = 1, 2, 3
	flows := append(Static(), Tunnel(9)...)
	for _, p := range []Port{
		{Datapath: sw1, Bits: 1 << 40, Key: 1, Ofport: 1, Zones: zones(11)},
		{Datapath: sw1, Bits: 1 << 40, Key: 2, Ofport: 2, Zones: zones(12)},
		{Datapath: sw2, Key: 1, Ofport: 3, Zones: zones(13)},
	} {
		flows = append(flows, Local(p)...)
	}
	join := func(a, b Port) { flows = append(append(flows, Patch(a, b)...), Patch(b, a)...) }
	of1 := Port{Datapath: sw1, Bits: 1 << 40, Key: 7, Zones: zones(0)}
	join(of1, Port{Datapath: router, Bits: 1 << 41, Key: 1, Router: true, Zones: Zones{DNAT: 5, SNAT: 6}})
	join(Port{Datapath: sw2, Key: 7}, Port{Datapath: router, Bits: 1 << 41, Key: 2, Router: true, Zones: Zones{DNAT: 5, SNAT: 6}})
	flows = append(flows, Router(Port{Datapath: router, Bits: 1 << 41, Zones: Zones{DNAT: 5, SNAT: 6}})...)
	flows = append(flows, Multicast(Group{Datapath: sw1, Bits: 1 << 40, Key: 0x8000, Patches: []Member{of1.Member()}, Tunnels: []uint32{9},
		Local: []Member{{1, zones(11), 0}, {2, zones(12), 0}}})...)
	for _, f := range flows {
		ovs.Ofctl("add-flow", f.String())
	}
	for _, f := range []string{
		// The switches: by destination; what has the router's address goes there.
		"table=8,metadata=0x10000000001,dl_dst=00:00:00:00:00:01,actions=set_field:1->reg15,resubmit(,57)",
		"table=8,metadata=0x10000000001,dl_dst=00:00:00:00:00:02,actions=set_field:2->reg15,resubmit(,57)",
		"table=8,metadata=0x10000000001,dl_dst=00:00:00:00:00:0f,actions=set_field:7->reg15,set_field:99->reg0,resubmit(,57)",
		"table=8,metadata=0x10000000001,dl_dst=ff:ff:ff:ff:ff:ff,actions=set_field:0x8000->reg15,resubmit(,57)",
		"table=8,metadata=2,dl_dst=00:00:00:00:00:03,actions=set_field:1->reg15,resubmit(,57)",
		// The router, which finds nothing of the switch in the registers.
		"table=8,priority=9,metadata=0x20000000003,ct_state=0,reg15=0,reg10=0,reg13=0,reg11=5,reg12=6,reg0=0,ip,actions=dec_ttl,resubmit(,9)",
		"table=9,metadata=0x20000000003,ip,nw_dst=10.0.1.1,actions=set_field:1->reg15,set_field:00:00:00:00:00:01->dl_dst,set_field:1->reg10,resubmit(,57)",
		"table=9,metadata=0x20000000003,ip,nw_dst=10.0.1.2,actions=set_field:1->reg15,set_field:00:00:00:00:00:02->dl_dst,set_field:1->reg10,resubmit(,57)",
		"table=9,metadata=0x20000000003,ip,nw_dst=10.0.2.3,actions=set_field:2->reg15,set_field:00:00:00:00:00:03->dl_dst,set_field:1->reg10,resubmit(,57)",
		"table=9,metadata=0x20000000003,ip,nw_dst=255.255.255.255,actions=set_field:2->reg15,set_field:00:00:00:00:00:03->dl_dst,set_field:1->reg10,resubmit(,57)",
		"table=62,actions=resubmit(,88)",
	} {
		ovs.Ofctl("add-flow", f)
	}
	for _, c := range []struct{ packet, want string }{
		{"in_port=1,icmp,dl_dst=00:00:00:00:00:0f,nw_dst=10.0.2.3", "set(eth(dst=00:00:00:00:00:03)),set(ipv4(ttl=63)),3"},
		{"in_port=1,icmp,dl_dst=00:00:00:00:00:0f,nw_dst=10.0.1.2", "set(eth(dst=00:00:00:00:00:02)),set(ipv4(ttl=63)),2"},
		{"in_port=1,icmp,dl_dst=00:00:00:00:00:0f,nw_dst=10.0.1.1", "set(eth(dst=00:00:00:00:00:01)),set(ipv4(ttl=63)),1"},
		{"in_port=3,icmp,dl_dst=00:00:00:00:00:03,nw_dst=10.0.1.1", "drop"}, // to itself
		{"in_port=1,icmp,dl_dst=ff:ff:ff:ff:ff:ff,nw_dst=255.255.255.255",
			"set(eth(dst=00:00:00:00:00:03)),set(ipv4(ttl=63)),3,set(eth(dst=ff:ff:ff:ff:ff:ff)),set(ipv4(ttl=64)),5,2"}, // 5 is the tunnel
		{"in_port=9,tun_id=1,tun_metadata0=0x38000,icmp,dl_dst=ff:ff:ff:ff:ff:ff,nw_dst=255.255.255.255", "1,2"},
	} {
		out := ovs.Appctl("ofproto/trace", "br-int", c.packet+",nw_ttl=64")
		_, got, _ := strings.Cut(out, "Datapath actions: ")
		if got = strings.TrimSpace(got); got != c.want {
			t.Errorf("%s: %s, want %s", c.packet, got, c.want)
		}
	}
}
