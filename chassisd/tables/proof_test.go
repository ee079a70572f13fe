package tables

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/ofctrl"
	"github.com/weft-sdn/weft/ofctrl/ovstest"
	"github.com/weft-sdn/weft/schema/sb"
)

// TestSameVerdicts lowers random logical flows of datapaths and of groups of
// them in eight ways: groups of datapaths matched by bits or expanded, stages
// passed by or not, port groups matched by bits or port by port. Open vSwitch then says of random packets what becomes of them, from the
// ingress pipeline of a port or from a tunnel through the egress pipeline to
// the output: each time the same.
func TestSameVerdicts(t *testing.T) {
	sw := startCloudSwitch(t)
	seen, byBit := map[string]int{}, 0
	for seed := range uint64(12) {
		c := randomCloud(t, seed, cloudPorts)
		packets := make([]string, 14)
		for i := range packets {
			packets[i] = c.packet()
		}
		var want []string
		expanded := 0
		for way := range 8 {
			c.Elide.Set(struct{}{}, way&1 != 0)
			for i, g := range c.groups {
				c.GroupBits.Set(id(g), GroupBit{Bit: uint8(24 + 13*i), Matched: way&2 != 0})
			}
			for i, g := range []string{"pg", "pg2"} {
				c.PortGroupBits.Set(g, PortGroupBit{Bit: uint8(31 * i), Matched: way&4 != 0})
			}
			c.commit()
			flows := c.install(sw)
			if way&4 != 0 {
				byBit += len(regexp.MustCompile(`reg1[12]=`).FindAllString(strings.Join(sw.Flows(), "\n"), -1))
			}
			if way == 0 {
				expanded = flows
			} else if way&2 != 0 && flows >= expanded {
				t.Errorf("seed %d: %d flows with bits, %d without", seed, flows, expanded)
			}
			for i, p := range packets {
				got, trace := verdict(sw.Switch, p)
				if way == 0 {
					want = append(want, got)
					seen[strings.SplitN(got, ":", 2)[0]]++
				} else if got != want[i] {
					t.Fatalf("seed %d, way %d, %s: %s, want %s\n%s\n%s", seed, way, p, got, want[i], trace, strings.Join(sw.Flows(), "\n"))
				}
			}
		}
	}
	if seen["drop"] == 0 || seen["drop"] > 12*14/2 {
		t.Errorf("a weak test: %v", seen)
	}
	if byBit < 100 {
		t.Errorf("a weak test: %d flows match port groups by bits", byBit)
	}
}

var cloudPorts = []string{"vm11", "vm12", "vm21", "vm22", "vm31", "vm32"}

// startCloudSwitch starts a switch with the ports of a cloud, and a tunnel. One
// connection brings all its flows.
func startCloudSwitch(t *testing.T) *keptSwitch {
	sw := &keptSwitch{Switch: ovstest.StartBridge(t, cloudPorts...), t: t}
	sw.Vsctl("add-port", ovstest.Bridge, "tun", "--", "set", "interface", "tun", "ofport_request=9", "type=geneve",
		"options:remote_ip=10.0.0.2", "options:key=flow")
	sw.dial()
	t.Cleanup(func() { sw.stop() })
	return sw
}

// TestMends: a packet that is on its way when a port group gets its bit, and has
// not got it, meets the same flows as one that has it, and as one of a switch
// whose flows name the ports.
func TestMends(t *testing.T) {
	sw := startCloudSwitch(t)
	seen := map[string]int{}
	for seed := range uint64(8) {
		c := randomCloud(t, 100+seed, cloudPorts)
		for i, g := range c.groups {
			c.GroupBits.Set(id(g), GroupBit{Bit: uint8(24 + i)})
		}
		way := func(name string, b PortGroupBit) []string {
			for i, g := range []string{"pg", "pg2"} {
				b.Bit = uint8(31 * i)
				c.PortGroupBits.Set(g, b)
			}
			c.commit()
			c.install(sw)
			got := make([]string, 24)
			r := rand.New(rand.NewPCG(seed, 8))
			for i := range got {
				got[i], _ = onItsWay(sw.Switch, r)
				seen[name+": "+strings.SplitN(got[i], ":", 2)[0]]++
			}
			return got
		}
		want := way("named", PortGroupBit{None: true})
		for i, got := range way("fresh", PortGroupBit{Matched: true, Fresh: true}) {
			if got != want[i] {
				t.Errorf("seed %d, packet %d: %s, want %s", seed, i, got, want[i])
			}
		}
		for i, got := range way("matched", PortGroupBit{Matched: true}) {
			if got != want[i] {
				seen["missed the bit"]++
			}
		}
	}
	if seen["missed the bit"] < 10 || seen["named: drop"] > 8*24*3/4 {
		t.Errorf("a weak test: %v", seen)
	}
}

// onItsWay has a packet go on in the middle of the switch, at the beginning of a
// pipeline, with registers that hold no bits of port groups.
func onItsWay(ovs *ovstest.Switch, r *rand.Rand) (verdict, trace string) {
	packet := fmt.Sprintf("tcp,dl_src=%s,dl_dst=%s,nw_src=10.0.0.%d,nw_dst=10.0.0.%d,nw_ttl=64,tcp_src=1000,tcp_dst=%d",
		mac(1+r.IntN(3)), mac(1+r.IntN(3)), 1+r.IntN(3), 1+r.IntN(3), []int{80, 81, 443, 22}[r.IntN(4)])
	dp, in, out, table := 1+r.IntN(cloudDatapaths), 1+r.IntN(2), 0, lower.TableLogIngress
	if r.IntN(2) == 0 {
		in, out, table = 1+r.IntN(3), 1+r.IntN(2), lower.TableLogEgress
	}
	actions := fmt.Sprintf("set_field:%d->metadata,set_field:%d->reg14,set_field:%d->reg15,resubmit(,%d)", dp, in, out, table)
	return outcome(ovs.Appctl("ofproto/trace-packet-out", ovstest.Bridge, "in_port=controller,"+packet, actions))
}

// cloud is a random southbound database.
type cloud struct {
	world
	r      *rand.Rand
	ports  []string
	groups []string
	prio   map[[2]uint8]map[int]bool // priorities that are taken, by stage
}

const (
	cloudIngress, cloudEgress = 7, 5 // stages
	cloudDatapaths            = 3
)

func mac(i int) string { return fmt.Sprintf("00:00:00:00:00:%02x", i) }

func randomCloud(t testing.TB, seed uint64, ports []string) *cloud {
	c := &cloud{newWorld(t), rand.New(rand.NewPCG(seed, 7)), ports, []string{"all", "some"}, map[[2]uint8]map[int]bool{}}
	c.Tunnels.Delete("t22")
	c.Tunnels.Delete("t3")
	c.Tunnels.Set("t2", Tunnel{"hv2", "10.0.0.2", 9})
	for d := 1; d <= cloudDatapaths; d++ {
		dp := fmt.Sprint("sw", d)
		c.datapath(dp, int64(d))
		for k := 1; k <= 2; k++ {
			c.port(dp, fmt.Sprintf("vm%d%d", d, k), int64(k), "")
			c.iface(fmt.Sprintf("vm%d%d", d, k), 2*(d-1)+k)
		}
		c.port(dp, fmt.Sprint("far", d), 3, "")
		c.claim(fmt.Sprint("far", d), "hv2", 10, "")
		if c.r.IntN(3) == 0 { // a group that is not the same everywhere
			c.Groups.Set(id(dp+"-query"), &sb.MulticastGroup{Datapath: id(dp), Name: "query", TunnelKey: int64(32769 + c.r.IntN(2))})
			c.GroupPorts.Set(Member{id(dp + "-query"), id(fmt.Sprintf("vm%d1", d))}, struct{}{})
		}
	}
	c.portGroup("1_pg", "vm11", "far1")
	c.portGroup("2_pg", "vm21", "vm22")
	c.portGroup("1_pg2", "vm11", "vm12")
	c.portGroup("3_pg2", "vm32", "far3")
	c.addressSet("as", "10.0.0.1", "10.0.0.3")
	c.group("all", "sw1", "sw2", "sw3")
	c.group("some", "sw2", "sw3")
	units := map[string][]sb.Flow{}
	// Each stage has its default from one place, and some have more.
	for pipeline, stages := range []uint8{cloudIngress, cloudEgress} {
		for s := range stages {
			owners := [][]string{{"all"}, {"sw1", "some"}, {"sw1", "sw2", "sw3"}}[c.r.IntN(3)]
			for _, o := range owners {
				actions := "next;"
				if s == stages-1 {
					actions = "output;"
				}
				units[o] = append(units[o], sb.Flow{Pipeline: uint8(pipeline), Table: s, Match: "1", Actions: actions})
			}
		}
	}
	for range 40 {
		owner := []string{"all", "all", "some", "sw1", "sw2", "sw3"}[c.r.IntN(6)]
		units[owner] = append(units[owner], c.flow())
	}
	for d := 1; d <= cloudDatapaths; d++ {
		dp := fmt.Sprint("sw", d)
		for k, p := range []string{fmt.Sprintf("vm%d1", d), fmt.Sprintf("vm%d2", d), fmt.Sprint("far", d)} {
			units[dp] = append(units[dp], sb.Flow{Table: cloudIngress - 1, Priority: 1, Match: "eth.dst == " + mac(k+1), Actions: `outport = "` + p + `"; output;`})
		}
		units[dp] = append(units[dp], sb.Flow{Table: cloudIngress - 1, Priority: 1, Match: "eth.mcast", Actions: `outport = "_MC_flood"; output;`})
	}
	for o, flows := range units {
		half := c.r.IntN(len(flows) + 1)
		c.chunk(o, "one", flows[:half]...)
		c.chunk(o, "two", flows[half:]...)
	}
	return c
}

func (c *cloud) pick(s ...string) string { return s[c.r.IntN(len(s))] }

// flow is a random flow, of a priority of its own in its stage.
func (c *cloud) flow() sb.Flow {
	f := sb.Flow{Pipeline: uint8(c.r.IntN(2))}
	stages, port := cloudIngress, "inport"
	if f.Pipeline == sb.Egress {
		stages, port = cloudEgress, "outport"
	}
	f.Table = uint8(c.r.IntN(stages - 1))
	taken := c.prio[[2]uint8{f.Pipeline, f.Table}]
	if taken == nil {
		taken = map[int]bool{}
		c.prio[[2]uint8{f.Pipeline, f.Table}] = taken
	}
	prio := 2 + c.r.IntN(100)
	for taken[prio] {
		prio++
	}
	taken[prio] = true
	f.Priority = uint16(prio)
	vm := func() string { return `"` + c.pick(append([]string{"far1"}, c.ports...)...) + `"` }
	f.Match = c.pick(port+" == "+vm(), port+" == @pg", port+" == @pg && ip4.src == $as && tcp.dst == {80, 443}",
		"inport == @pg", "outport == @pg2", "!(!("+port+" == @pg2)) && ip4", port+" == {@pg, @pg2}", port+" == @pg && "+port+" == @pg2", port+" == {@pg2, "+vm()+"} && ip4.src == {10.0.0.1, 10.0.0.2} && tcp.dst == {80, 81, 443}",
		"inport == @pg && outport == @pg2", "ip4.src == 10.0.0."+c.pick("1", "2", "3"), "tcp.dst == {80, 443}", "ip4 && tcp.dst != 80", "eth.mcast",
		port+" == "+vm(), port+" == "+vm(), port+" == "+vm()+" && ip4", port+" == {"+vm()+", "+vm()+", "+vm()+"} && ip4",
		port+" == {"+vm()+", "+vm()+", "+vm()+"} && ip4.src == {10.0.0.1, 10.0.0.2} && tcp.dst == {80, 81, 443}",
		"ip4.src == {10.0.0.1, 10.0.0.2} && ip4.dst == {10.0.0.1, 10.0.0.3} && tcp.dst == {80, 81, 443}",
		"inport == "+vm()+" && outport == "+vm(), `outport == "query"`, `outport == "_MC_flood"`, "reg0[1] == 1", "reg0[1] == 0 && ip4", "ip.ttl == 63", "1")
	next := fmt.Sprintf("next(%d);", int(f.Table)+1+c.r.IntN(stages-1-int(f.Table)))
	f.Actions = c.pick("next;", "next;", "drop;", next, next, "reg0[1] = 1; next;", "ip.ttl--; next;", "ip.ttl--; next;", "ip.ttl--; next;", "ct_next;", "eth.dst = "+mac(1+c.r.IntN(3))+"; next;",
		"outport = "+vm()+"; next;", "clone { outport = "+vm()+"; output; }; next;", "flags.loopback = 1; next;", `outport = "query"; next;`,
		"reg0[1] = 1; ct_commit { ct_mark = 1; }; next;")
	if f.Pipeline == sb.Egress {
		f.Actions = strings.NewReplacer("outport = ", "reg1[0..3] = 5; inport = ").Replace(f.Actions)
	}
	return f
}

// packet is one from a port, or out of a tunnel, as ofproto/trace takes it.
func (c *cloud) packet() string {
	head := fmt.Sprintf("tcp,dl_src=%s,dl_dst=%s,nw_src=10.0.0.%d,nw_dst=10.0.0.%d,nw_ttl=64,tp_src=1000,tp_dst=%s",
		mac(1+c.r.IntN(3)), c.pick(mac(1), mac(2), mac(3), "ff:ff:ff:ff:ff:ff"), 1+c.r.IntN(3), 1+c.r.IntN(3), c.pick("80", "81", "443", "22"))
	if c.r.IntN(3) == 0 {
		out := c.pick("0x1", "0x2", "0x8000")
		return fmt.Sprintf("in_port=9,tun_id=%d,tun_metadata0=0x3%04s,%s", 1+c.r.IntN(cloudDatapaths), strings.TrimPrefix(out, "0x"), head)
	}
	return fmt.Sprintf("in_port=%d,%s", 1+c.r.IntN(len(c.ports)), head)
}

// install replaces the flows of the switch and returns their number.
func (c *cloud) install(sw *keptSwitch) int {
	all := ofctrl.NewTable()
	for _, o := range c.owners() {
		all.Set(o.Owner, o.Packed, func(ofctrl.Key) {})
	}
	complain := func(owner fmt.Stringer, l Lowered) {
		for _, err := range l.Errors {
			c.t.Errorf("%s: %s", owner, err)
		}
	}
	for k, l := range c.Units.All() {
		complain(k, l)
	}
	for k, l := range c.SharedUnits.All() {
		complain(k.Path, l)
	}
	var flows []ofctrl.Flow
	all.Keys(func(k ofctrl.Key) {
		f, _, _ := all.Want(k)
		flows = append(flows, f)
	})
	sw.update([]ofctrl.OwnerFlows{{Owner: "cloud", Flows: flows}})
	if s := sw.c.Status(); len(s.Refused) > 0 {
		c.t.Fatalf("refused: %+v", s.Refused)
	}
	return len(flows)
}

// verdict is what the switch does with the packet, through all recirculations.
func verdict(ovs *ovstest.Switch, packet string) (verdict, trace string) {
	return outcome(ovs.Appctl("ofproto/trace", ovstest.Bridge, packet))
}

// outcome is what a trace comes to.
func outcome(trace string) (verdict, _ string) {
	var all []string
	for line := range strings.Lines(trace) {
		if a, ok := strings.CutPrefix(line, "Datapath actions: "); ok {
			all = append(all, regexp.MustCompile(`recirc\(0x[0-9a-f]+\)`).ReplaceAllString(strings.TrimSpace(a), "recirc"))
		}
	}
	return strings.Join(all, "; "), trace
}
