package physical

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/ofctrl"
	"github.com/weft-sdn/weft/ofctrl/ofp"
	"github.com/weft-sdn/weft/ofctrl/ovstest"
)

func text(flows []ofctrl.Flow) string {
	var b strings.Builder
	for _, f := range flows {
		fmt.Fprintf(&b, "cookie=%#x, table=%d, %s actions=%s\n", f.Cookie, f.Table, ofp.FlowMatchString(f.Priority, f.Match), f.Actions)
	}
	return b.String()
}

func zones(n uint16) Zones { return Zones{Port: n, DNAT: 2, SNAT: 1} }

// TestFlows compares with what OVN's controller installs, but for table numbers
// and notation.
func TestFlows(t *testing.T) {
	for _, c := range []struct {
		name  string
		flows []ofctrl.Flow
		want  string
	}{
		{"local", Local(Port{Cookie: 0xea546801, Datapath: 1, Bits: 3 << 40, Key: 3, Ofport: 2, Zones: zones(3)}), `
cookie=0xea546801, table=0, priority=100,in_port=2 actions=set_field:0x3->reg13,set_field:0x2->reg11,set_field:0x1->reg12,set_field:0x30000000001->metadata,set_field:0x3->reg14,resubmit(,8)
cookie=0xea546801, table=60, priority=100,reg15=0x3,metadata=0x1/0xffffff actions=set_field:0x3->reg13,set_field:0x2->reg11,set_field:0x1->reg12,set_field:0x30000000001->metadata,resubmit(,61)
cookie=0xea546801, table=61, priority=100,reg10=0/0x1,reg14=0x3,reg15=0x3,metadata=0x1/0xffffff actions=drop
cookie=0xea546801, table=89, priority=100,reg15=0x3,metadata=0x1/0xffffff actions=output:2
`},
		{"remote", Remote(RemotePort{Cookie: 1, Datapath: 1, Key: 2, Tunnel: 7}), `
cookie=0x1, table=59, priority=100,reg15=0x2,metadata=0x1/0xffffff actions=set_field:0x1->tun_id,set_field:0x2->tun_metadata0,move:NXM_NX_REG14[0..14]->NXM_NX_TUN_METADATA0[16..30],output:7
`},
		{"remote, on one of several", RemoteOnFirst(RemotePort{Cookie: 1, Datapath: 1, Key: 2}, []uint32{7, 5}), `
cookie=0x1, table=59, priority=100,reg15=0x2,metadata=0x1/0xffffff actions=set_field:0x1->tun_id,set_field:0x2->tun_metadata0,move:NXM_NX_REG14[0..14]->NXM_NX_TUN_METADATA0[16..30],bundle(eth_src,0,active_backup,ofport,members:7,5)
`},
		{"tunnel", Tunnel(1), `
cookie=0x0, table=0, priority=100,in_port=1 actions=move:NXM_NX_TUN_ID[0..23]->OXM_OF_METADATA[0..23],move:NXM_NX_TUN_METADATA0[16..30]->NXM_NX_REG14[0..14],move:NXM_NX_TUN_METADATA0[0..15]->NXM_NX_REG15[0..15],resubmit(,60)
`},
		{"group", Multicast(Group{Cookie: 5, Datapath: 1, Bits: 3 << 40, Key: 0x8000, Local: []Member{{3, zones(3), 0}, {1, zones(4), 0x80000001}}, Tunnels: []uint32{9, 7, 9}}), `
cookie=0x5, table=59, priority=100,reg15=0x8000,metadata=0x1/0xffffff actions=set_field:0x1->tun_id,set_field:0x8000->tun_metadata0,move:NXM_NX_REG14[0..14]->NXM_NX_TUN_METADATA0[16..30],output:7,output:9,resubmit(,60)
cookie=0x5, table=60, priority=100,reg15=0x8000,metadata=0x1/0xffffff actions=set_field:0x30000000001->metadata,set_field:0x4->reg13,set_field:0x10002->reg11,set_field:0x80000001->reg12,set_field:0x1->reg15,resubmit(,61),set_field:0x3->reg13,set_field:0x2->reg11,set_field:0x1->reg12,set_field:0x3->reg15,resubmit(,61),set_field:0x8000->reg15
`},
		{"patch", Patch(Port{Cookie: 7, Datapath: 1, Bits: 1 << 40, Key: 3, Zones: zones(0)},
			Port{Datapath: 2, Bits: 1 << 41, Key: 4, Zones: Zones{DNAT: 5, SNAT: 6}, Groups: 1}), `
cookie=0x7, table=60, priority=100,reg15=0x3,metadata=0x1/0xffffff actions=set_field:0->reg13,set_field:0x2->reg11,set_field:0x1->reg12,set_field:0x10000000001->metadata,resubmit(,61)
cookie=0x7, table=61, priority=100,reg10=0/0x1,reg14=0x3,reg15=0x3,metadata=0x1/0xffffff actions=drop
cookie=0x7, table=89, priority=100,reg15=0x3,metadata=0x1/0xffffff actions=clone(ct_clear,set_field:0->reg13,set_field:0x10005->reg11,set_field:0x6->reg12,set_field:0x20000000002->metadata,set_field:0x4->reg14,set_field:0->reg10,set_field:0->reg15,set_field:0->reg0,set_field:0->reg1,set_field:0->reg2,set_field:0->reg3,set_field:0->reg4,set_field:0->reg5,set_field:0->reg6,set_field:0->reg7,set_field:0->reg8,set_field:0->reg9,resubmit(,8))
`},
		{"group with patch ports", Multicast(Group{Datapath: 1, Bits: 3 << 40, Key: 0x8000, Patches: []Member{{5, zones(0), 0}}, Local: []Member{{3, zones(3), 0}}, Tunnels: []uint32{9}}), `
cookie=0x0, table=59, priority=100,reg15=0x8000,metadata=0x1/0xffffff actions=set_field:0x30000000001->metadata,set_field:0->reg13,set_field:0x2->reg11,set_field:0x1->reg12,set_field:0x5->reg15,resubmit(,61),set_field:0x8000->reg15,set_field:0x1->tun_id,set_field:0x8000->tun_metadata0,move:NXM_NX_REG14[0..14]->NXM_NX_TUN_METADATA0[16..30],output:9,resubmit(,60)
cookie=0x0, table=60, priority=100,reg15=0x8000,metadata=0x1/0xffffff actions=set_field:0x30000000001->metadata,set_field:0x3->reg13,set_field:0x2->reg11,set_field:0x1->reg12,set_field:0x3->reg15,resubmit(,61),set_field:0x8000->reg15
`},
		{"group of a patch port alone", Multicast(Group{Datapath: 1, Key: 0x8000, Patches: []Member{{5, Zones{}, 0}}}), `
cookie=0x0, table=59, priority=100,reg15=0x8000,metadata=0x1/0xffffff actions=set_field:0x1->metadata,set_field:0->reg13,set_field:0->reg11,set_field:0->reg12,set_field:0x5->reg15,resubmit(,61),set_field:0x8000->reg15,resubmit(,60)
`},
		{"neighbour", Neighbour(NeighbourOf{Cookie: 8, Datapath: 6, Port: 2, IP: netip.MustParseAddr("10.0.0.9"), MAC: [6]byte{0x40, 0x44, 5: 1}}), `
cookie=0x8, table=90, priority=100,reg0=0xa000009,reg15=0x2,metadata=0x6/0xffffff actions=set_field:40:44:00:00:00:01->eth_dst,set_field:0x40/0x40->reg10
cookie=0x8, table=91, priority=100,reg0=0xa000009,reg14=0x2,metadata=0x6/0xffffff,dl_src=40:44:00:00:00:01 actions=set_field:0x40/0x40->reg10
`},
		{"neighbour of IPv6", Neighbour(NeighbourOf{Datapath: 6, Port: 2, IP: netip.MustParseAddr("fd00::9"), MAC: [6]byte{0x40, 0x44, 5: 1}})[:1], `
cookie=0x0, table=90, priority=100,reg0=0xfd000000,reg1=0,reg2=0,reg3=0x9,reg15=0x2,metadata=0x6/0xffffff actions=set_field:40:44:00:00:00:01->eth_dst,set_field:0x40/0x40->reg10
`},
		{"localport", Localport(Port{Cookie: 1, Datapath: 1, Key: 3, Ofport: 2, Zones: zones(3)})[:1], `
cookie=0x1, table=0, priority=100,in_port=2 actions=set_field:0x3->reg13,set_field:0x2->reg11,set_field:0x1->reg12,set_field:0x1->metadata,set_field:0x3->reg14,set_field:0x400->reg10,resubmit(,8)
`},
		{"localnet", Localnet(Port{Cookie: 1, Datapath: 1, Key: 3, Ofport: 2, Zones: zones(3)}, VLAN{}, RouterMACs{}), `
cookie=0x1, table=0, priority=100,in_port=2,vlan_tci=0x0000/0x1fff actions=set_field:0x3->reg13,set_field:0x2->reg11,set_field:0x1->reg12,set_field:0x1->metadata,set_field:0x3->reg14,resubmit(,8)
cookie=0x1, table=0, priority=100,in_port=2,dl_vlan=0 actions=pop_vlan,set_field:0x3->reg13,set_field:0x2->reg11,set_field:0x1->reg12,set_field:0x1->metadata,set_field:0x3->reg14,resubmit(,8)
cookie=0x1, table=60, priority=100,reg15=0x3,metadata=0x1/0xffffff actions=set_field:0x3->reg13,set_field:0x2->reg11,set_field:0x1->reg12,set_field:0x1->metadata,resubmit(,61)
cookie=0x1, table=61, priority=100,reg10=0/0x1,reg14=0x3,reg15=0x3,metadata=0x1/0xffffff actions=drop
cookie=0x1, table=61, priority=150,reg10=0x10/0x40010,reg15=0x3,metadata=0x1/0xffffff actions=drop
cookie=0x1, table=61, priority=150,reg10=0x400/0x400,reg15=0x3,metadata=0x1/0xffffff actions=drop
cookie=0x1, table=89, priority=100,reg15=0x3,metadata=0x1/0xffffff actions=output:2
`},
		{"localnet with a tag", onlyPhysical(Localnet(Port{Cookie: 1, Datapath: 1, Key: 3, Ofport: 2}, VLAN{Tag: 100, Service: true, Pass: true}, RouterMACs{})), `
cookie=0x1, table=0, priority=150,in_port=2,dl_vlan=100 actions=pop_vlan,set_field:0->reg13,set_field:0->reg11,set_field:0->reg12,set_field:0x1->metadata,set_field:0x3->reg14,resubmit(,8)
cookie=0x1, table=89, priority=100,reg15=0x3,metadata=0x1/0xffffff actions=push_vlan:0x88a8,set_field:4196->vlan_vid,output:2,pop_vlan
`},
		{"localnet that passes tags", Localnet(Port{Cookie: 1, Datapath: 1, Key: 3, Ofport: 2}, VLAN{Pass: true}, RouterMACs{})[2:3], `
cookie=0x1, table=0, priority=99,in_port=2,vlan_tci=0x1000/0x1000 actions=set_field:0->reg13,set_field:0->reg11,set_field:0->reg12,set_field:0x1->metadata,set_field:0x3->reg14,resubmit(,8)
`},
		{"beyond a localnet port", Beyond(RemotePort{Cookie: 1, Datapath: 1, Key: 2}, 3), `
cookie=0x1, table=60, priority=100,reg15=0x2,metadata=0x1/0xffffff actions=set_field:0x3->reg15,resubmit(,60)
`},
		{"learned", FDB(Learned{Cookie: 1, Datapath: 1, Port: 2, MAC: [6]byte{0x40, 0x44, 5: 1}}), `
cookie=0x1, table=95, priority=100,metadata=0x1/0xffffff,dl_dst=40:44:00:00:00:01 actions=set_field:0x2->reg15
cookie=0x1, table=96, priority=100,reg14=0x2,metadata=0x1/0xffffff,dl_src=40:44:00:00:00:01 actions=set_field:0x100/0x100->reg10
cookie=0x1, table=96, priority=100,reg10=0x8000/0x8000,metadata=0x1/0xffffff,dl_src=40:44:00:00:00:01 actions=set_field:0x100/0x100->reg10
`},
		{"learned from outside, doubted", FDB(Learned{Cookie: 1, Datapath: 1, Port: 2, MAC: [6]byte{0x40, 0x44, 5: 1}, Localnet: true, Doubted: true}), `
cookie=0x1, table=95, priority=100,metadata=0x1/0xffffff,dl_dst=40:44:00:00:00:01 actions=set_field:0x2->reg15
`},
		{"group of nobody", Multicast(Group{Datapath: 1, Key: 0x8001}), "\n"},
		{"static", Static(), `
cookie=0x0, table=0, priority=0 actions=drop
cookie=0x0, table=57, priority=0 actions=resubmit(,59)
cookie=0x0, table=58, priority=10,reg10=0x1/0x1 actions=resubmit(,60)
cookie=0x0, table=58, priority=0 actions=resubmit(,59)
cookie=0x0, table=59, priority=150,reg10=0x10/0x10 actions=resubmit(,60)
cookie=0x0, table=59, priority=150,reg10=0x400/0x400 actions=resubmit(,60)
cookie=0x0, table=59, priority=150,reg10=0x2/0x3 actions=resubmit(,60)
cookie=0x0, table=59, priority=0 actions=resubmit(,60)
cookie=0x0, table=60, priority=0 actions=drop
cookie=0x0, table=60, priority=151,reg0=0,reg14=0,dl_dst=02:00:00:00:00:01,dl_type=0x88b5 actions=set_field:0x1->reg0,set_field:02:00:00:00:00:02->eth_dst,set_field:ANY->in_port,resubmit(,59)
cookie=0x0, table=60, priority=151,reg0=0,reg14=0,dl_dst=02:00:00:00:00:02,dl_type=0x88b5 actions=controller(userdata=00.01.00.00.00.00.00.00)
cookie=0x0, table=60, priority=150,reg14=0,dl_type=0x88b5 actions=drop
cookie=0x0, table=61, priority=0 actions=set_field:0->reg0,set_field:0->reg1,set_field:0->reg2,set_field:0->reg3,set_field:0->reg4,set_field:0->reg5,set_field:0->reg6,set_field:0->reg7,set_field:0->reg8,set_field:0->reg9,resubmit(,62)
cookie=0x0, table=88, priority=100,reg10=0x1/0x1 actions=push:NXM_OF_IN_PORT[],set_field:ANY->in_port,resubmit(,89),pop:NXM_OF_IN_PORT[]
cookie=0x0, table=88, priority=0 actions=resubmit(,89)
cookie=0x0, table=89, priority=0 actions=drop
`},
	} {
		if diff := cmp.Diff(strings.TrimPrefix(c.want, "\n"), text(c.flows)); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

// onlyPhysical are the flows of the tables where packets come in and go out.
func onlyPhysical(flows []ofctrl.Flow) (out []ofctrl.Flow) {
	for _, f := range flows {
		if f.Table == lower.TablePhyToLog || f.Table == lower.TableLogToPhy {
			out = append(out, f)
		}
	}
	return out
}

// TestSwitchTakesThem: the flows are in the form in which the switch prints
// them, and take a packet where it must go.
func TestSwitchTakesThem(t *testing.T) {
	ovs := ovstest.StartBridge(t, "p1", "p2", "p3")
	ovs.Vsctl("add-port", ovstest.Bridge, "tun", "--", "set", "interface", "tun", "ofport_request=9", "type=geneve",
		"options:remote_ip=10.0.0.2", "options:key=flow")
	ovs.Ofctl("add-tlv-map", "{class=0x102,type=0x80,len=4}->tun_metadata0")
	flows := Static()
	for _, p := range []Port{
		{Datapath: 1, Key: 1, Ofport: 1, Zones: zones(3)},
		{Datapath: 1, Key: 2, Ofport: 2, Zones: zones(4)},
		{Datapath: 2, Key: 1, Ofport: 3, Zones: zones(5)},
	} {
		flows = append(flows, Local(p)...)
	}
	flows = append(flows, Remote(RemotePort{Datapath: 1, Key: 3, Tunnel: 9})...)
	flows = append(flows, Tunnel(9)...)
	flows = append(flows, Multicast(Group{Datapath: 1, Key: 0x8000, Local: []Member{{1, zones(3), 0}, {2, zones(4), 0}}, Tunnels: []uint32{9}})...)
	for _, f := range flows {
		ovs.Ofctl("add-flow", f.String())
	}
	// A pipeline of one stage each: by destination address.
	for _, f := range []string{
		"table=8,metadata=1,dl_dst=00:00:00:00:00:01,actions=set_field:1->reg15,resubmit(,57)",
		"table=8,metadata=1,dl_dst=00:00:00:00:00:03,actions=set_field:3->reg15,resubmit(,57)",
		"table=8,metadata=1,dl_dst=00:00:00:00:00:04,actions=set_field:1->reg15,set_field:1->reg10,resubmit(,57)",
		"table=8,metadata=1,dl_dst=ff:ff:ff:ff:ff:ff,actions=set_field:0x8000->reg15,resubmit(,57)",
		"table=62,actions=resubmit(,88)",
	} {
		ovs.Ofctl("add-flow", f)
	}
	for _, c := range []struct {
		packet string
		want   string
		not    []string
	}{
		{"in_port=2,dl_dst=00:00:00:00:00:01", "output:1", []string{"output:2", "output:3"}},
		{"in_port=1,dl_dst=00:00:00:00:00:01", "drop", nil},     // to itself
		{"in_port=1,dl_dst=00:00:00:00:00:04", "output:1", nil}, // to itself, which is allowed
		{"in_port=1,dl_dst=ff:ff:ff:ff:ff:ff", "output:2", []string{">> output:1", "output:3"}},
		{"in_port=9,tun_id=1,tun_metadata0=0x38000", "output:2", []string{"output:9", "output:3"}},
		{"in_port=9,tun_id=1,tun_metadata0=0x30001", "output:1", []string{"output:2"}},
		{"in_port=9,tun_id=2,tun_metadata0=0x30001", "output:3", []string{"output:1"}},
		{"in_port=9,tun_id=3,tun_metadata0=0x30001", "drop", []string{"output"}},
		{"in_port=2,dl_dst=00:00:00:00:00:03", "output:9", []string{"output:1"}},
		{"in_port=2,dl_dst=00:00:00:00:00:03", "set_field:0x3->tun_metadata0", nil},
	} {
		out := ovs.Appctl("ofproto/trace", "br-int", c.packet)
		if !strings.Contains(out, c.want) {
			t.Errorf("%s: no %q in\n%s", c.packet, c.want, out)
		}
		for _, n := range c.not {
			if strings.Contains(out, n) {
				t.Errorf("%s: %q in\n%s", c.packet, n, out)
			}
		}
	}
}

// TestMarks: the zones and the bits of port groups, which share registers, do
// not disturb each other, and are those of the port by which a packet came in
// or will leave.
func TestMarks(t *testing.T) {
	ovs := ovstest.StartBridge(t, "p1", "p2", "p3")
	ovs.Vsctl("add-port", ovstest.Bridge, "tun", "--", "set", "interface", "tun", "ofport_request=9", "type=geneve",
		"options:remote_ip=10.0.0.2", "options:key=flow")
	ovs.Ofctl("add-tlv-map", "{class=0x102,type=0x80,len=4}->tun_metadata0")
	const low, high = 1 << 3, 1 << 20 // bits of reg11 and of reg12
	ports := []Port{
		{Datapath: 1, Key: 1, Ofport: 1, Zones: Zones{Port: 11, DNAT: 2, SNAT: 3}, Groups: low},
		{Datapath: 1, Key: 2, Ofport: 2, Zones: Zones{Port: 12, DNAT: 2, SNAT: 3}, Groups: high},
		{Datapath: 1, Key: 3, Ofport: 3},
	}
	flows, group := append(Static(), Tunnel(9)...), Group{Datapath: 1, Key: 0x8000}
	for _, p := range ports {
		flows = append(flows, Local(p)...)
		group.Local = append(group.Local, Member{p.Key, p.Zones, p.Groups})
	}
	flows = append(flows, Multicast(group)...)
	for _, f := range flows {
		ovs.Ofctl("add-flow", f.String())
	}
	// Each pipeline shows the zones, and the bits in a mark.
	const show = "ct(zone=NXM_NX_REG11[0..15]),ct(zone=NXM_NX_REG12[0..15])"
	for table, then := range map[string]string{"8": "resubmit(,9)", "62": "resubmit(,88)"} {
		ovs.Ofctl("add-flow", "table="+table+",tcp,actions="+show+",set_field:0->pkt_mark,move:NXM_NX_REG11[16..31]->NXM_NX_PKT_MARK[0..15],move:NXM_NX_REG12[16..31]->NXM_NX_PKT_MARK[16..31],"+then)
	}
	for addr, port := range map[string]string{"01": "1", "02": "2", "03": "3", "ff": "0x8000"} {
		ovs.Ofctl("add-flow", "table=9,dl_dst=00:00:00:00:00:"+addr+",actions=set_field:"+port+"->reg15,resubmit(,57)")
	}
	for _, c := range []struct{ packet, want string }{
		{"in_port=1,dl_dst=00:00:00:00:00:02", "ct(zone=2),ct(zone=3),set(skb_mark(0x8)),ct(zone=2),ct(zone=3),set(skb_mark(0x100000)),2"},
		{"in_port=2,dl_dst=00:00:00:00:00:01", "ct(zone=2),ct(zone=3),set(skb_mark(0x100000)),ct(zone=2),ct(zone=3),set(skb_mark(0x8)),1"},
		{"in_port=1,dl_dst=00:00:00:00:00:03", "ct(zone=2),ct(zone=3),set(skb_mark(0x8)),ct,ct,set(skb_mark(0)),3"},
		{"in_port=1,dl_dst=00:00:00:00:00:ff", "ct(zone=2),ct(zone=3),set(skb_mark(0x8)),ct(zone=2),ct(zone=3),set(skb_mark(0x100000)),2,ct,ct,set(skb_mark(0)),3"},
		{"in_port=3,dl_dst=00:00:00:00:00:ff", "ct,ct,ct(zone=2),ct(zone=3),set(skb_mark(0x8)),1,ct(zone=2),ct(zone=3),set(skb_mark(0x100000)),2"},
		{"in_port=9,tun_id=1,tun_metadata0=0x70002", "ct(zone=2),ct(zone=3),set(skb_mark(0x100000)),2"},
		{"in_port=9,tun_id=1,tun_metadata0=0x78000", "ct(zone=2),ct(zone=3),set(skb_mark(0x8)),1,ct(zone=2),ct(zone=3),set(skb_mark(0x100000)),2,ct,ct,set(skb_mark(0)),3"},
	} {
		out := ovs.Appctl("ofproto/trace", "br-int", c.packet+",tcp,dl_src=00:00:00:00:00:09")
		_, got, _ := strings.Cut(out, "Datapath actions: ")
		if got = strings.TrimSpace(got); got != c.want {
			t.Errorf("%s: %s\nwant %s", c.packet, got, c.want)
		}
	}
}
