package tables

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/weft-sdn/weft/chassisd/physical"
	"github.com/weft-sdn/weft/northd"
	"github.com/weft-sdn/weft/ofctrl"
	"github.com/weft-sdn/weft/ofctrl/ovstest"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
	"github.com/weft-sdn/weft/schema/sb"
)

const (
	largeSwitches  = 500
	largePorts     = 22 // of a switch; one is bound here
	largeBalancers = 500
)

// network is a southbound database as northd makes it of switches with so many
// ports each, one of them bound here, and their addresses enforced.
func network(b *testing.B, switches, ports, addresses int) world {
	w := newWorld(b)
	var in northd.Input
	put := func(table string, id schema.UUID, row schema.Row) {
		in.NB = append(in.NB, northd.Change{Table: table, UUID: id, New: row})
	}
	put("NB_Global", id("global"), &nb.NBGlobal{Header: schema.Header{UUID: id("global")}})
	for s := range switches {
		sw := &nb.LogicalSwitch{Header: schema.Header{UUID: id(fmt.Sprint("sw", s))}, Name: fmt.Sprint("sw", s)}
		for i := range ports {
			p := largePort(s, i, addresses)
			sw.Ports = append(sw.Ports, p.UUID)
			put("Logical_Switch_Port", p.UUID, p)
		}
		put("Logical_Switch", sw.UUID, sw)
		w.iface(largePort(s, 0, addresses).Name, 1+s)
	}
	out := northd.New(northd.Options{}).Apply(in)
	if len(out.Problems) > 0 {
		b.Fatal(out.Problems)
	}
	for _, c := range out.Rows {
		switch row := c.New.(type) {
		case *sb.DatapathBinding:
			w.Datapaths.Set(c.UUID, row)
		case *sb.PortBinding:
			w.Ports.Set(c.UUID, PortOf(row))
		case *sb.MulticastGroup:
			w.Groups.Set(c.UUID, row)
			for _, p := range row.Ports {
				w.GroupPorts.Set(Member{c.UUID, p}, struct{}{})
			}
		case *sb.LogicalDPGroup:
			for _, dp := range row.Datapaths {
				w.DPGroups.Set(Member{c.UUID, dp}, struct{}{})
			}
		}
	}
	for _, u := range out.Units {
		owner, err := schema.ParseUUID(u.Path[:36])
		if err != nil {
			b.Fatal(err)
		}
		w.Chunks.Set(Path{owner, u.Path[37:]}, string(u.Chunk))
	}
	w.Elide.Set(struct{}{}, true)
	return w
}

// large is a network of 500 switches with 22 ports each, and beside it 500 load
// balancers of three flows each on a group of all switches.
func large(b *testing.B) world {
	w := network(b, largeSwitches, largePorts, 1)
	for dp := range w.Datapaths.All() {
		w.DPGroups.Set(Member{id("balanced"), dp}, struct{}{})
	}
	for i := range largeBalancers {
		vip := fmt.Sprintf("172.16.%d.%d", i>>8, i&255)
		w.chunk("balanced", fmt.Sprint("lb", i),
			sb.Flow{Table: 6, Priority: 120, Match: "ip4.dst == " + vip + " && tcp.dst == 80", Actions: "reg1 = 1; next;"},
			sb.Flow{Table: 12, Priority: 120, Match: "ct.new && ip4.dst == " + vip + " && tcp.dst == 80", Actions: "reg0[1] = 0; reg2 = 1; next;"},
			sb.Flow{Table: 14, Priority: 110, Match: "ct.trk && ip4.src == " + vip, Actions: "ct_next;"})
	}
	return w
}

func largePort(sw, i, ips int) *nb.LogicalSwitchPort {
	name := fmt.Sprintf("sw%d-p%d", sw, i)
	mac := fmt.Sprintf("0a:00:%02x:%02x:00:%02x", sw>>8, sw&255, i)
	addresses := mac
	for n := range ips {
		addresses += fmt.Sprintf(" 10.%d.%d.%d", sw>>8, sw&255, i*ips+n+1)
	}
	return &nb.LogicalSwitchPort{Header: schema.Header{UUID: id(name)}, Name: name, Addresses: []string{addresses}, PortSecurity: []string{addresses}}
}

// decide does with groups what the agent does at its first state.
func (w world) decide(bits bool) {
	w.Engine.Commit()
	bit := uint8(24)
	for _, c := range w.GroupUse.Changes() {
		b := GroupBit{}
		if bits && bit < 64 {
			b = GroupBit{Bit: bit, Matched: true}
			bit++
		}
		w.GroupBits.Set(c.Key, b)
	}
	w.Engine.Commit()
}

// owners is all that the switch holds.
func (w world) owners() (all []ofctrl.OwnerFlows) {
	add := func(owner string, flows ofctrl.Flows) {
		all = append(all, ofctrl.OwnerFlows{Owner: owner, Packed: flows})
	}
	add("static", ofctrl.Pack(physical.Static()))
	for k, f := range w.PortFlows.All() {
		add("port/"+k.String(), f)
	}
	for k, f := range w.RouterFlows.All() {
		add("router/"+k.String(), f)
	}
	for k, f := range w.GroupFlows.All() {
		add("group/"+k.String(), f)
	}
	for k, f := range w.TunnelFlows.All() {
		add("tunnel/"+k, f)
	}
	for k, f := range w.MendFlows.All() {
		add("mend/"+k.String(), f)
	}
	for k, l := range w.Units.All() {
		add("unit/"+k.String(), l.Flows)
	}
	for k, l := range w.SharedUnits.All() {
		add(fmt.Sprint("shared/", k), l.Flows)
	}
	return all
}

// flows are the flows of the switch.
func (w world) flows() map[ofctrl.Key]ofctrl.Flow {
	all := map[ofctrl.Key]ofctrl.Flow{}
	for _, o := range w.owners() {
		for _, f := range o.Packed.List() {
			all[f.Key()] = f
		}
	}
	return all
}

// BenchmarkLargeFlows counts the OpenFlow flows of the large network with one
// port of each switch bound here. Stock OVN installs 839,055; the goal is a
// twentieth. ns/op is for computing all of it.
func BenchmarkLargeFlows(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		w := large(b)
		b.StartTimer()
		w.decide(true)
		b.StopTimer()
		b.ReportMetric(float64(len(w.flows())), "flows")
		b.StartTimer()
	}
	b.ReportMetric(839055/20, "goal-flows")
}

// BenchmarkLargePort binds a port of the large network and lets it go: two
// changes. Stock OVN's controller takes 178 ms of CPU for one.
func BenchmarkLargePort(b *testing.B) {
	w := large(b)
	w.decide(true)
	name := largePort(7, 3, 1).Name
	for b.Loop() {
		w.iface(name, 9000)
		w.Engine.Commit()
		w.Interfaces.Delete("if-" + name)
		w.Engine.Commit()
	}
	b.ReportMetric(6e6, "goal-ns/op") // 3 ms for each
}

// BenchmarkNewFlows computes 100,000 flows, nearly each from a text of its own,
// and says what one takes of memory.
func BenchmarkNewFlows(b *testing.B) {
	var allocs, bytes uint64
	flows := 0
	for range b.N {
		b.StopTimer()
		w := network(b, 345, 20, 12)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		b.StartTimer()
		w.decide(true)
		b.StopTimer()
		runtime.ReadMemStats(&after)
		allocs += after.Mallocs - before.Mallocs
		bytes += after.TotalAlloc - before.TotalAlloc
		flows += len(w.flows())
	}
	b.ReportMetric(float64(allocs)/float64(flows), "allocs/flow")
	b.ReportMetric(25, "goal-allocs/flow")
	b.ReportMetric(float64(bytes)/float64(flows), "B/flow")
	b.ReportMetric(4000, "goal-B/flow")
}

// BenchmarkFromLogicalFlows is the time from logical flows in memory, as etcd has
// them, to the barrier behind the 100,000 flows that are made of them; the peer
// is ovs-ofctl, with the same flows from a file.
func BenchmarkFromLogicalFlows(b *testing.B) {
	var ours, theirs time.Duration
	for range b.N {
		w := network(b, 345, 20, 12)
		s := &keptSwitch{Switch: ovstest.StartBridge(b), t: b}
		s.dial()
		began := time.Now()
		w.decide(true)
		s.update(w.owners())
		ours += time.Since(began)
		s.stop()

		flows := w.flows()
		var text strings.Builder
		for _, f := range flows {
			fmt.Fprintln(&text, f)
		}
		file := filepath.Join(b.TempDir(), "flows")
		if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
			b.Fatal(err)
		}
		s.KillVswitchd()
		s.StartVswitchd()
		s.Ofctl("add-tlv-map", "{class=0x102,type=0x80,len=4}->tun_metadata0")
		began = time.Now()
		s.Ofctl("add-flows", file, "--bundle")
		theirs += time.Since(began)
		b.ReportMetric(float64(len(flows)), "flows")
	}
	b.ReportMetric(ours.Seconds()*1e3/float64(b.N), "ms")
	b.ReportMetric(theirs.Seconds()*1e3/float64(b.N), "peer-ms")
	b.ReportMetric(1.2, "goal-ratio-ms")
}
