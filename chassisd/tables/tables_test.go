package tables

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/weft-sdn/weft/chassisd/binding"
	"github.com/weft-sdn/weft/chassisd/packet"
	"github.com/weft-sdn/weft/ofctrl"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

func id(s string) schema.UUID { return schema.NameUUID(s) }

// world sets inputs by name.
type world struct {
	*Tables
	t testing.TB
}

func newWorld(t testing.TB) world { return furnish(New(), t) }

// furnish sets what worlds have in common.
func furnish(tables *Tables, t testing.TB) world {
	w := world{tables, t}
	w.Follow(AllDatapaths)
	w.Self.Set(struct{}{}, Self{Name: "hv1", Hostname: "host1", Encaps: map[string]schema.UUID{"10.0.0.11": id("encap11")}})
	for _, n := range []string{"hv1", "hv2", "hv3"} {
		w.Chassis.Set(id(n), &sb.Chassis{Name: n, Hostname: strings.Replace(n, "hv", "host", 1)})
	}
	w.Encaps.Set(id("encap22"), Encap{Encap: &sb.Encap{ChassisName: "hv2", Type: "geneve", IP: "10.0.0.22"}})
	w.Tunnels.Set("t2", Tunnel{"hv2", "10.0.0.2", 102})
	w.Tunnels.Set("t22", Tunnel{"hv2", "10.0.0.22", 122})
	w.Tunnels.Set("t3", Tunnel{"hv3", "10.0.0.3", 103})
	return w
}

func (w world) datapath(name string, key int64) {
	w.Datapaths.Set(id(name), &sb.DatapathBinding{TunnelKey: key})
	w.Groups.Set(id(name+"-flood"), &sb.MulticastGroup{Datapath: id(name), Name: "_MC_flood", TunnelKey: 32768})
}

// group makes a group of datapaths without a bit.
func (w world) group(name string, dps ...string) {
	w.GroupBits.Set(id(name), GroupBit{})
	for _, dp := range dps {
		w.DPGroups.Set(Member{id(name), id(dp)}, struct{}{})
	}
}

func (w world) port(dp, name string, key int64, requested string) {
	w.Ports.Set(id(name), Port{Name: name, Datapath: id(dp), Key: uint32(key), Requested: requested})
	w.GroupPorts.Set(Member{id(dp + "-flood"), id(name)}, struct{}{})
}

// door makes a port behind which there is another datapath; where chassis is
// not empty, on that one alone.
func (w world) door(dp, name, peer, chassis string) {
	row := Port{Name: name, Type: "patch", Datapath: id(dp), Key: 1, Peer: peer, Gateway: chassis}
	if chassis != "" {
		row.Type = "l3gateway"
	}
	w.Ports.Set(id(name), row)
	w.GroupPorts.Set(Member{id(dp + "-flood"), id(name)}, struct{}{})
}

// behindRouter makes a switch, sw, with vm1 here, and a router on it, r.
func (w world) behindRouter() {
	w.datapath("sw", 5)
	w.port("sw", "vm1", 1, "")
	w.iface("vm1", 7)
	w.datapath("r", 6)
	w.door("sw", "sw-r", "r-sw", "")
	w.door("r", "r-sw", "sw-r", "")
}

func (w world) iface(name string, ofport int) {
	w.Interfaces.Set("if-"+name, binding.Interface{UUID: "if-" + name, Name: name, ID: name, Ofport: ofport})
}

func (w world) claim(port, chassis string, rev int64, encap string) {
	c := Claim{Rev: rev}
	if encap != "" {
		c.Encap = id(encap)
	}
	w.Claims.Set(ClaimKey{id(port), chassis}, c)
}

func (w world) commit() {
	w.t.Helper()
	w.Engine.Commit()
	if err := w.Engine.Check(); err != nil {
		w.t.Fatal(err)
	}
	if errs := w.Engine.Errors(); len(errs) > 0 {
		w.t.Fatalf("%v\n%s", errs[0], errs[0].Stack)
	}
}

func text(flows ofctrl.Flows) string {
	var b strings.Builder
	for _, f := range flows.List() {
		fmt.Fprintln(&b, f)
	}
	return b.String()
}

func (w world) flowsOf(port string) string {
	f, _ := w.PortFlows.Get(id(port))
	return text(f)
}

// TestInterfaceVersion: a port that asks for a version of its interface follows
// what the interface says of itself.
func TestInterfaceVersion(t *testing.T) {
	w := newWorld(t)
	w.datapath("sw", 5)
	w.port("sw", "vm1", 1, "")
	bound := func(asked, has string) bool {
		p, _ := w.Ports.Get(id("vm1"))
		p.Version = asked
		w.Ports.Set(id("vm1"), p)
		w.Interfaces.Set("if", binding.Interface{UUID: "if", Name: "vm1", ID: "vm1", Ofport: 7, Version: has})
		w.commit()
		_, ok := w.Bound.Get(id("vm1"))
		return ok
	}
	for _, c := range []struct {
		asked, has string
		want       bool
	}{{"", "", true}, {"new", "old", false}, {"new", "new", true}, {"new", "", false}, {"", "old", true}} {
		if got := bound(c.asked, c.has); got != c.want {
			t.Errorf("asks for %q, is %q: bound %v", c.asked, c.has, got)
		}
	}
}

func TestBinding(t *testing.T) {
	w := newWorld(t)
	w.datapath("sw", 5)
	w.datapath("other", 6)
	w.port("sw", "vm1", 1, "")
	w.port("sw", "vm2", 2, "")
	w.port("other", "vm3", 1, "")
	w.claim("vm2", "hv2", 10, "")
	w.claim("vm3", "hv2", 10, "")
	w.iface("vm1", 7)
	w.Zones.Set("vm1", 3)
	w.commit()
	if b, ok := w.Bound.Get(id("vm1")); !ok || b.Name != "vm1" || b.Interface.Ofport != 7 {
		t.Errorf("vm1 is bound as %+v, %v, before its claim is written", b, ok)
	}
	if f := w.flowsOf("vm1"); !strings.Contains(f, "in_port=7 actions=set_field:0x3->reg13,set_field:0->reg11,set_field:0->reg12,set_field:0x5->metadata") {
		t.Errorf("flows of vm1:\n%s", f)
	}
	if f := w.flowsOf("vm2"); !strings.Contains(f, "output:102") {
		t.Errorf("flows of vm2:\n%s", f)
	}
	if f := w.flowsOf("vm3"); f != "" {
		t.Errorf("flows on a datapath that is not here:\n%s", f)
	}
	flood, _ := w.GroupFlows.Get(id("sw-flood"))
	if f := text(flood); !strings.Contains(f, "output:102,resubmit(,60)") || !strings.Contains(f, "set_field:0x1->reg15") {
		t.Errorf("flood:\n%s", f)
	}

	for _, c := range []struct {
		what   string
		change func()
		bound  bool
		flows  string
	}{
		{"an older claim of another does not take the port", func() { w.claim("vm1", "hv2", 20, ""); w.claim("vm1", "hv1", 21, "") }, true, "output:7"},
		{"a newer one does", func() { w.claim("vm1", "hv2", 22, "") }, false, "output:102"},
		{"by the address that the claim names", func() { w.claim("vm1", "hv2", 23, "encap22") }, false, "output:122"},
		{"unless we are asked for", func() { w.port("sw", "vm1", 1, "hv1") }, true, "output:7"},
		{"by our host's name", func() { w.port("sw", "vm1", 1, "host1") }, true, "output:7"},
		{"another is asked for", func() { w.port("sw", "vm1", 1, "host2") }, false, "output:122"},
		{"somebody who does not claim it", func() { w.port("sw", "vm1", 1, "hv3"); w.Claims.Delete(ClaimKey{id("vm1"), "hv2"}) }, false, ""},
		{"nobody", func() { w.port("sw", "vm1", 1, "") }, true, "output:7"},
		{"the interface goes", func() { w.Interfaces.Delete("if-vm1") }, false, ""},
		{"it comes without a port number", func() { w.iface("vm1", -1) }, false, ""},
		{"and gets one", func() { w.iface("vm1", 8) }, true, "output:8"},
		{"the port is deleted", func() { w.Ports.Delete(id("vm1")) }, false, ""},
	} {
		c.change()
		w.commit()
		if _, bound := w.Bound.Get(id("vm1")); bound != c.bound {
			t.Errorf("%s: bound %v", c.what, bound)
		}
		if f := w.flowsOf("vm1"); c.flows != "" && c.bound && !strings.Contains(f, c.flows) {
			t.Errorf("%s: flows\n%s", c.what, f)
		}
	}
	if w.Local.Len() != 0 {
		t.Errorf("%d datapaths are local to a chassis without ports", w.Local.Len())
	}
}

func (w world) chunk(owner, unit string, flows ...sb.Flow) {
	w.Chunks.Set(Path{id(owner), unit}, string(sb.EncodeFlows(flows)))
}

func TestUnits(t *testing.T) {
	w := newWorld(t)
	w.datapath("sw", 5)
	w.datapath("sw2", 6)
	w.port("sw", "vm1", 1, "")
	w.port("sw2", "vm2", 1, "")
	w.iface("vm1", 7)
	w.chunk("sw", "base", sb.Flow{Table: 1, Match: `eth.dst == 01:00:00:00:00:01`, Actions: `outport = "vm1"; output;`},
		sb.Flow{Table: 1, Match: `nonsense`, Actions: `next;`, Stage: "s", Source: "f"})
	w.chunk("sw2", "base", sb.Flow{Match: "1", Actions: "next;"})
	w.chunk("group", "base", sb.Flow{Table: 2, Match: `inport == "vm1"`, Actions: `outport = "_MC_flood"; output;`},
		sb.Flow{Table: 3, Match: "1", Actions: "next;"})
	w.group("group", "sw", "sw2")
	w.Chunks.Set(Path{id("sw"), "torn"}, "what is this")
	w.commit()
	base, _ := w.Units.Get(Path{id("sw"), "base"})
	if f := text(base.Flows); !strings.Contains(f, "table=9, priority=0,metadata=0x5/0xffffff,dl_dst=01:00:00:00:00:01 actions=set_field:0x1->reg15,resubmit(,") || base.Flows.Len() != 1 {
		t.Errorf("base: %s", f)
	}
	if len(base.Errors) != 1 || !strings.HasPrefix(base.Errors[0], `flow of s (f): match "nonsense"`) {
		t.Errorf("errors %q", base.Errors)
	}
	if torn, _ := w.Units.Get(Path{id("sw"), "torn"}); len(torn.Errors) != 1 {
		t.Errorf("torn unit: %+v", torn)
	}
	if _, ok := w.Units.Get(Path{id("sw2"), "base"}); ok {
		t.Error("a unit of a datapath that is not here is lowered")
	}
	shared := func(dp string) string {
		l, _ := w.SharedUnits.Get(SharedUnit{id(dp), Path{id("group"), "base"}})
		return text(l.Flows)
	}
	if f := shared("sw"); !strings.Contains(f, "reg14=0x1,metadata=0x5/0xffffff") || !strings.Contains(f, "set_field:0x8000->reg15") || !strings.Contains(f, "table=11") {
		t.Errorf("shared: %s", f)
	}
	if w.SharedUnits.Len() != 1 {
		t.Errorf("%d shared units", w.SharedUnits.Len())
	}
	// A port gets another key, a second switch becomes local.
	w.port("sw", "vm1", 9, "")
	w.iface("vm2", 8)
	w.commit()
	if f := shared("sw"); !strings.Contains(f, "reg14=0x9,metadata=0x5/0xffffff") {
		t.Errorf("shared, another key: %s", f)
	}
	if f := shared("sw2"); !strings.Contains(f, "metadata=0x6/0xffffff") || strings.Contains(f, "reg14") {
		t.Errorf("shared, another switch: %s", f)
	}
	w.DPGroups.Delete(Member{id("group"), id("sw")})
	w.Chunks.Delete(Path{id("sw"), "base"})
	w.commit()
	if w.SharedUnits.Len() != 1 || shared("sw") != "" || w.Units.Len() != 2 {
		t.Errorf("%d shared units, %d units", w.SharedUnits.Len(), w.Units.Len())
	}
}

// TestConjunctions: ids are the same each time, nobody else's, and free again.
func TestConjunctions(t *testing.T) {
	flow := sb.Flow{Match: "ip4.src == {10.0.0.1, 10.0.0.2, 10.0.0.3} && ip4.dst == {10.0.1.1, 10.0.1.2, 10.0.1.3}", Actions: "next;"}
	ids := func(w world) string {
		l, _ := w.Units.Get(Path{id("sw"), "acl"})
		return text(l.Flows)
	}
	run := func() world {
		w := newWorld(t)
		w.datapath("sw", 5)
		w.port("sw", "vm1", 1, "")
		w.iface("vm1", 7)
		w.chunk("sw", "acl", flow)
		w.commit()
		return w
	}
	w := run()
	first := ids(w)
	if !strings.Contains(first, "conjunction(") {
		t.Fatalf("no conjunction in %s", first)
	}
	if again := ids(run()); again != first {
		t.Errorf("after a restart\n%s\nbefore\n%s", again, first)
	}
	w.Engine.Recompute()
	if again := ids(w); again != first {
		t.Errorf("lowered again\n%s\nbefore\n%s", again, first)
	}
	c := newConjunctions(numBlocks)
	unit := SharedUnit{Datapath: id("a")}
	a := c.take(conjKey{unit, 1}, 7, 2)
	b := c.take(conjKey{unit, 2}, 6, 2) // would reach into the other's run
	if a != 1+7*blockSize || b < a+2*blockSize {
		t.Errorf("runs at %d and %d", a, b)
	}
	if got := c.take(conjKey{unit, 1}, 7, 1); got != a {
		t.Errorf("a smaller run is elsewhere: %d", got)
	}
	if got := c.take(conjKey{unit, 1}, 7, 3); got == a {
		t.Error("a larger run reaches into the other's")
	}
	c.release(unit)
	if len(c.blocks)+len(c.runs)+len(c.units) != 0 {
		t.Errorf("left after release: %v %v %v", c.blocks, c.runs, c.units)
	}
	if got := c.take(conjKey{unit, 3}, numBlocks-1, 2); got != 1 {
		t.Errorf("a run at the end of all ids begins at %d", got)
	}
}

// TestIncrementalIsFull mutates at random and compares with computing from
// nothing after every step.
func TestIncrementalIsFull(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		w.Tables.sets.few = 1
		r := rand.New(rand.NewPCG(uint64(rapid.Uint64().Draw(rt, "seed")), 1))
		pick := func(s ...string) string { return s[r.IntN(len(s))] }
		dps := []string{"sw", "sw2", "sw3"}
		vms := []string{"vm1", "vm2", "vm3", "vm4"}
		for range 60 {
			for range 1 + r.IntN(3) {
				w.mutate(r, pick, dps, vms)
			}
			w.commit()
		}
	})
}

func (w world) mutate(r *rand.Rand, pick func(...string) string, dps, vms []string) {
	dp, vm, hv := pick(dps...), pick(vms...), pick("hv1", "hv2", "hv3")
	switch r.IntN(33) {
	case 0:
		w.datapath(dp, int64(1+r.IntN(9)))
		if r.IntN(5) == 0 {
			w.Datapaths.Set(id(dp), &sb.DatapathBinding{TunnelKey: int64(1 + r.IntN(9)), Type: ptr("logical-router")})
			w.Groups.Set(id(dp+"-flood"), &sb.MulticastGroup{Datapath: id(dp), Name: "_MC_flood", TunnelKey: int64(32768 + r.IntN(2))})
		}
	case 1:
		w.Datapaths.Delete(id(dp))
	case 2, 3:
		w.port(dp, vm, int64(1+r.IntN(5)), pick("", "", "hv1", "host2"))
	case 4:
		w.Ports.Delete(id(vm))
	case 5, 6:
		w.iface(vm, r.IntN(6)-1)
	case 7:
		w.Interfaces.Delete("if-" + vm)
	case 8:
		w.claim(vm, hv, int64(r.IntN(50)), pick("", "encap22"))
	case 9:
		w.Claims.Delete(ClaimKey{id(vm), hv})
	case 10:
		w.Tunnels.Set("t2", Tunnel{"hv2", "10.0.0.2", uint32(100 + r.IntN(3))})
	case 11:
		w.chunk(pick(append(dps, "group", "group2")...), pick("base", "acl", sb.WideUnit("acl", id("group2"))), sb.Flow{
			Table: uint8(r.IntN(3)), Match: `inport == "` + vm + `" && ip4.src == {1.1.1.1, 2.2.2.2} && ip4.dst == {3.3.3.3, 4.4.4.4, 5.5.5.5}`,
			Actions: `outport = "` + pick(append(vms, "_MC_flood")...) + `"; output;`,
		})
	case 12:
		set := Member{id(pick("group", "group2")), id(dp)}
		if r.IntN(2) == 0 {
			w.DPGroups.Set(set, struct{}{})
		} else {
			w.DPGroups.Delete(set)
		}
	case 13:
		w.GroupPorts.Delete(Member{id(dp + "-flood"), id(vm)})
		w.Zones.Set(vm, uint16(r.IntN(3)))
	case 14, 15:
		g := id(pick("group", "group2"))
		if r.IntN(9) == 0 {
			w.GroupBits.Delete(g)
		} else {
			w.GroupBits.Set(g, GroupBit{Bit: uint8(24 + r.IntN(3)), Matched: r.IntN(4) > 0})
		}
	case 16:
		w.Elide.Set(struct{}{}, r.IntN(3) > 0)
	case 17:
		w.chunk(pick(append(dps, "group", "group2")...), pick("defaults", "more"), randomStages(r)...)
	case 18, 19:
		w.mutateSampling(r, pick, dp, vm)
	case 20, 21:
		if name := pick("pg", "pg2"); r.IntN(4) == 0 {
			w.PortGroupBits.Delete(name)
		} else {
			w.PortGroupBits.Set(name, PortGroupBit{Bit: uint8(14 + r.IntN(4)), None: r.IntN(5) == 0, Matched: r.IntN(3) > 0, Fresh: r.IntN(2) == 0})
		}
	case 22, 23:
		w.door(dp, vm, pick(vms...), pick("", "", "hv1", "hv2"))
	case 24:
		if d := pick(append(dps, "", "")...); d == "" {
			w.Follow(AllDatapaths)
		} else if r.IntN(3) == 0 {
			w.Unfollow(AllDatapaths)
			w.Unfollow(id(d))
		} else {
			w.Follow(id(d))
		}
	case 25:
		k := RecordOf{hv, id(vm)}
		if r.IntN(4) == 0 {
			w.MACBindings.Delete(k)
			break
		}
		w.MACBindings.Set(k, MACBinding{
			Datapath: id(dp), Port: vm, IP: netip.MustParseAddr(pick("10.0.0.1", "fd00::1")), MAC: packet.MAC{5: byte(r.IntN(3))}, Time: int64(r.IntN(3)),
		})
	case 26, 27, 28:
		w.mutateHosts(r, pick, dp, vm)
	default:
		w.mutateSets(r, pick, dp, vm)
	}
}

// mutateSets changes address sets, port groups and what refers to them.
func (w world) mutateSets(r *rand.Rand, pick func(...string) string, dp, vm string) {
	set, group := pick("as1", "as2"), pick("1", "2", "3")+pick("_pg", "_pg2")
	switch r.IntN(6) {
	case 0:
		w.addressSet(set, fmt.Sprint("10.0.0.", r.IntN(300)), pick("10.0.0.0/28", "fd00::1", "bad"))
	case 1:
		w.AddressSets.Delete(id(set))
	case 2:
		for m := range w.Addresses.All() {
			w.Addresses.Delete(m)
			break
		}
	case 3:
		w.portGroup(group, vm)
	case 4:
		w.PortGroupPorts.Delete(SetMember{id(group), vm})
	case 5:
		w.chunk(pick(dp, "group", "group2"), pick("base", "acl"), sb.Flow{
			Pipeline: uint8(r.IntN(2)), Match: pick("inport", "outport") + pick(" == @pg", " == {@pg, @pg2}") + " && ip4.src == $" + set, Actions: "next;",
		})
	}
}

func ptr[X any](x X) *X { return &x }

// randomStages are defaults of some stages, and flows in one or two.
func randomStages(r *rand.Rand) (flows []sb.Flow) {
	for stage := range uint8(5) {
		if r.IntN(4) > 0 {
			flows = append(flows, sb.Flow{Table: stage, Match: "1", Actions: "next;"})
		}
		if r.IntN(5) == 0 {
			flows = append(flows, sb.Flow{Table: stage, Priority: 10, Match: "ip4", Actions: "ct_next;"})
		}
	}
	return flows
}

// BenchmarkOnePort adds a port to a cloud: what it costs must not grow with the
// cloud's ports.
func BenchmarkOnePort(b *testing.B) {
	for _, n := range []int{1000, 10000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			w := newWorld(b)
			for i := range n {
				dp := fmt.Sprint("sw", i/20)
				if i%20 == 0 {
					w.datapath(dp, int64(1+i/20))
				}
				name := fmt.Sprint("p", i)
				w.port(dp, name, int64(1+i%20), "")
				if i%20 == 0 {
					w.iface(name, 1000+i)
				} else {
					w.claim(name, "hv2", int64(i), "")
				}
			}
			w.Engine.Commit()
			b.ResetTimer()
			for i := range b.N {
				name := fmt.Sprint("new", i%2)
				w.port("sw3", name, int64(100+i%2), "")
				w.iface(name, 7+i%2)
				w.Engine.Commit()
				w.Interfaces.Delete("if-" + name)
				w.Ports.Delete(id(name))
				w.Engine.Commit()
			}
		})
	}
}
