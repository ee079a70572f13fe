package physical

import (
	"strings"
	"testing"

	"github.com/weft-sdn/weft/ofctrl/ovstest"
)

// TestProvider: two switches with a VLAN each and one without share a wire: each
// takes in its own packets, and what goes out has its tag, but not the copy for a
// port behind the localnet port in a group.
func TestProvider(t *testing.T) {
	ovs := ovstest.StartBridge(t, "p1", "p2", "p3", "p4", "p5")
	flows := Static()
	const net = 9 // key of the localnet ports
	for i, v := range []VLAN{{Tag: 100}, {Tag: 200, Service: true}, {Pass: true}} {
		dp := uint32(i + 1)
		near := Port{Datapath: dp, Key: 1, Ofport: dp, Zones: zones(uint16(dp))}
		last := Port{Datapath: dp, Key: 12, Ofport: 5, Zones: zones(9)}
		out := Port{Datapath: dp, Key: net, Ofport: 4, Zones: zones(7)}
		flows = append(flows, Local(near)...)
		flows = append(flows, Local(last)[1:]...)
		flows = append(flows, Localnet(out, v, RouterMACs{})...)
		flows = append(flows, Beyond(RemotePort{Datapath: dp, Key: 2}, net)...)
		flows = append(flows, Multicast(Group{Datapath: dp, Key: 0x8000, Local: []Member{near.Member(), out.Member(), last.Member()}})...)
	}
	for _, f := range flows {
		ovs.Ofctl("add-flow", f.String())
	}
	for _, f := range []string{
		"table=8,dl_dst=00:00:00:00:00:01,actions=set_field:1->reg15,resubmit(,57)",
		"table=8,dl_dst=00:00:00:00:00:02,actions=set_field:2->reg15,resubmit(,57)",
		"table=8,dl_dst=00:00:00:00:00:03,actions=set_field:2->reg15,set_field:0x10->reg10,resubmit(,57)",
		"table=8,dl_dst=00:00:00:00:00:04,actions=set_field:2->reg15,set_field:0x400->reg10,resubmit(,57)",
		"table=8,dl_dst=00:00:00:00:00:05,actions=set_field:2->reg15,set_field:0x40010->reg10,resubmit(,57)",
		"table=8,dl_dst=ff:ff:ff:ff:ff:ff,actions=set_field:0x8000->reg15,resubmit(,57)",
		"table=62,actions=resubmit(,88)",
	} {
		ovs.Ofctl("add-flow", f)
	}
	for _, c := range []struct{ what, packet, want string }{
		{"to another chassis", "in_port=1,dl_dst=00:00:00:00:00:02", "push_vlan(vid=100,pcp=0),4"},
		{"with a service tag", "in_port=2,dl_dst=00:00:00:00:00:02", "push_vlan(tpid=0x88a8,vid=200,pcp=0),4"},
		{"without a tag", "in_port=3,dl_dst=00:00:00:00:00:02", "4"},
		{"with the port's own tag", "in_port=3,dl_vlan=7,dl_dst=00:00:00:00:00:02", "4"},
		{"for this chassis alone", "in_port=1,dl_dst=00:00:00:00:00:03", "drop"},
		{"of a localport", "in_port=1,dl_dst=00:00:00:00:00:04", "drop"},
		{"of the agent, which may", "in_port=1,dl_dst=00:00:00:00:00:05", "push_vlan(vid=100,pcp=0),4"},
		{"to a group", "in_port=1,dl_dst=ff:ff:ff:ff:ff:ff", "push_vlan(vid=100,pcp=0),4,pop_vlan,5"},
		{"from outside", "in_port=4,dl_vlan=100,dl_dst=00:00:00:00:00:01", "pop_vlan,1"},
		{"from the other VLAN", "in_port=4,dl_vlan=200,dl_dst=00:00:00:00:00:01", "pop_vlan,2"},
		{"from neither", "in_port=4,dl_dst=00:00:00:00:00:01", "3"},
		{"with a priority alone", "in_port=4,dl_vlan=0,dl_vlan_pcp=5,dl_dst=00:00:00:00:00:01", "pop_vlan,3"},
		{"from a VLAN that passes", "in_port=4,dl_vlan=7,dl_dst=00:00:00:00:00:01", "3"},
		{"back where it came from", "in_port=4,dl_vlan=100,dl_dst=00:00:00:00:00:02", "drop"},
		{"to all from outside", "in_port=4,dl_vlan=100,dl_dst=ff:ff:ff:ff:ff:ff", "pop_vlan,1,5"},
	} {
		out := ovs.Appctl("ofproto/trace", "br-int", c.packet)
		_, got, _ := strings.Cut(out, "Datapath actions: ")
		if got = strings.TrimSpace(got); got != c.want {
			t.Errorf("%s: %s, want %s\n%s", c.what, got, c.want, out)
		}
	}
}

// TestChassisMACs: what a distributed router sends to a network has the chassis's
// address there, and nowhere else; what comes from another chassis has the router's
// again, and what comes from others stays as it is. What is for a gateway port beyond
// the network leaves as from that.
func TestChassisMACs(t *testing.T) {
	ovs := ovstest.StartBridge(t, "p1", "p2", "p3", "p4", "p5")
	own, router, gateway := [6]byte{10, 0, 0, 0, 0, 1}, [6]byte{4, 0, 0, 0, 0, 1}, [6]byte{4, 0, 0, 0, 0, 2}
	const net = 9 // key of the localnet ports
	flows := append(Static(), ChassisMAC(1, [6]byte{10, 0, 0, 0, 0, 2})...)
	var flat Port
	for i, v := range []VLAN{{Tag: 100}, {}} {
		dp := uint32(i + 1)
		near := Port{Datapath: dp, Key: 1, Ofport: dp, Zones: zones(uint16(dp))}
		last := Port{Datapath: dp, Key: 12, Ofport: 5, Zones: zones(9)}
		out := Port{Datapath: dp, Key: net, Ofport: 3 + dp - 1, Zones: zones(7)}
		flows = append(flows, Local(near)...)
		flows = append(flows, Local(last)[1:]...)
		flows = append(flows, Localnet(out, v, RouterMACs{Own: own, Replaced: [][6]byte{router, gateway}, Restored: router})...)
		flows = append(flows, Multicast(Group{Datapath: dp, Key: 0x8000, Local: []Member{near.Member(), out.Member(), last.Member()}})...)
		flat = out
	}
	flows = append(flows, Bridged(RemotePort{Datapath: 7, Key: 3}, gateway, flat)...)
	for _, f := range flows {
		ovs.Ofctl("add-flow", f.String())
	}
	for _, f := range []string{
		"table=8,dl_dst=00:00:00:00:00:01,actions=set_field:1->reg15,resubmit(,57)",
		"table=8,dl_dst=00:00:00:00:00:02,actions=set_field:9->reg15,resubmit(,57)",
		"table=8,dl_dst=00:00:00:00:00:03,actions=set_field:7->metadata,set_field:3->reg15,resubmit(,57)",
		"table=8,dl_dst=ff:ff:ff:ff:ff:ff,actions=set_field:0x8000->reg15,resubmit(,57)",
		"table=62,actions=resubmit(,88)",
	} {
		ovs.Ofctl("add-flow", f)
	}
	const theirs = "0a:00:00:00:00:02"
	for _, c := range []struct{ what, packet, want string }{
		{"routed", "in_port=1,dl_src=04:00:00:00:00:01,dl_dst=00:00:00:00:00:02", "set(eth(src=0a:00:00:00:00:01)),push_vlan(vid=100,pcp=0),3"},
		{"routed, without a VLAN", "in_port=2,dl_src=04:00:00:00:00:01,dl_dst=00:00:00:00:00:02", "set(eth(src=0a:00:00:00:00:01)),4"},
		{"of a VM", "in_port=1,dl_src=06:00:00:00:00:01,dl_dst=00:00:00:00:00:02", "push_vlan(vid=100,pcp=0),3"},
		{"to a group", "in_port=1,dl_src=04:00:00:00:00:01,dl_dst=ff:ff:ff:ff:ff:ff",
			"set(eth(src=0a:00:00:00:00:01)),push_vlan(vid=100,pcp=0),3,set(eth(src=04:00:00:00:00:01)),pop_vlan,5"},
		{"for a gateway port", "in_port=1,dl_src=06:00:00:00:00:01,dl_dst=00:00:00:00:00:03", "set(eth(src=0a:00:00:00:00:01)),4"},
		{"of another chassis", "in_port=3,dl_vlan=100,dl_src=" + theirs + ",dl_dst=00:00:00:00:00:01", "set(eth(src=04:00:00:00:00:01)),pop_vlan,1"},
		{"of another chassis, without a VLAN", "in_port=4,dl_src=" + theirs + ",dl_dst=00:00:00:00:00:01", "set(eth(src=04:00:00:00:00:01)),2"},
		{"of another chassis, with a priority alone", "in_port=4,dl_vlan=0,dl_src=" + theirs + ",dl_dst=00:00:00:00:00:01", "set(eth(src=04:00:00:00:00:01)),pop_vlan,2"},
		{"of another chassis to all", "in_port=3,dl_vlan=100,dl_src=" + theirs + ",dl_dst=ff:ff:ff:ff:ff:ff", "set(eth(src=04:00:00:00:00:01)),pop_vlan,1,5"},
		{"of another chassis, of no VLAN that there is", "in_port=3,dl_vlan=101,dl_src=" + theirs + ",dl_dst=00:00:00:00:00:01", "drop"},
		{"of a VM that has the address", "in_port=1,dl_src=" + theirs + ",dl_dst=00:00:00:00:00:02", "push_vlan(vid=100,pcp=0),3"},
		{"from others", "in_port=3,dl_vlan=100,dl_src=06:00:00:00:00:01,dl_dst=00:00:00:00:00:01", "pop_vlan,1"},
	} {
		out := ovs.Appctl("ofproto/trace", "br-int", c.packet)
		_, got, _ := strings.Cut(out, "Datapath actions: ")
		if got = strings.TrimSpace(got); got != c.want {
			t.Errorf("%s: %s, want %s\n%s", c.what, got, c.want, out)
		}
	}
}
