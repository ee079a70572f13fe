package northd

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
)

// cloud is ports spread over up to 500 switches, 20 on each.
func cloud(ports int) *network {
	n := newNetwork(Options{})
	n.put("NB_Global", &nb.NBGlobal{Header: schema.Header{UUID: id("global")}})
	switches := max(1, ports/20)
	byPort := make([][]schema.UUID, switches)
	for i := range ports {
		p := cloudPort(i)
		byPort[i%switches] = append(byPort[i%switches], p.UUID)
		n.putLSP(p)
	}
	for i, list := range byPort {
		s := n.ls(fmt.Sprint("sw", i))
		s.Ports = sorted(list)
		n.putLS(s)
	}
	return n
}

func sorted(list []schema.UUID) []schema.UUID {
	set := map[schema.UUID]bool{}
	for _, u := range list {
		set[u] = true
	}
	return sortedKeys(set)
}

func cloudPort(i int) *nb.LogicalSwitchPort {
	name := fmt.Sprint("port", i)
	mac := fmt.Sprintf("0a:00:00:%02x:%02x:%02x", i>>16, i>>8&255, i&255)
	return &nb.LogicalSwitchPort{
		Header: schema.Header{UUID: id(name)}, Name: name,
		Addresses:    []string{fmt.Sprintf("%s 10.%d.%d.%d fd00::%x", mac, i>>16, i>>8&255, i&255, i+1)},
		PortSecurity: []string{mac},
	}
}

// BenchmarkAddPort adds a port to a switch and removes it again.
func BenchmarkAddPort(b *testing.B) {
	for _, ports := range []int{100, 10_000} {
		b.Run(fmt.Sprint(ports), func(b *testing.B) {
			n := cloud(ports)
			n.c.Apply(n.next)
			n.next = Input{}
			p := cloudPort(ports)
			for b.Loop() {
				n.addPort("sw0", p)
				out := n.c.Apply(n.next)
				n.next = Input{}
				if len(out.Units) != 1 || len(out.Rows) != 3 || len(out.NB) != 1 {
					b.Fatalf("%d units, %d rows, %d write-backs", len(out.Units), len(out.Rows), len(out.NB))
				}
				n.delPort("sw0", p.Name)
				n.c.Apply(n.next)
				n.next = Input{}
			}
		})
	}
}

// BenchmarkFull compiles 10,000 ports on 500 switches from nothing.
func BenchmarkFull(b *testing.B) {
	heap := func() uint64 {
		runtime.GC()
		var s runtime.MemStats
		runtime.ReadMemStats(&s)
		return s.HeapAlloc
	}
	const ports = 10_000
	for b.Loop() {
		b.StopTimer()
		n := cloud(ports)
		before := heap()
		b.StartTimer()
		n.c.Apply(n.next)
		b.StopTimer()
		n.next = Input{}
		n.c.Apply(n.next) // the change feeds are let go
		b.ReportMetric(float64(heap()-before)/ports, "B/port")
		runtime.KeepAlive(n)
		b.StartTimer()
	}
}

// goalGroup is what a change of one member may cost, in ns.
const goalGroup = 1e6

// BenchmarkGroupPort adds a port to a port group of 1,000 ports with 100 ACLs,
// and removes it again: no chunk of an ACL is written.
func BenchmarkGroupPort(b *testing.B) {
	const ports = 1000
	n := cloud(ports)
	var names []string
	for i := range ports {
		names = append(names, cloudPort(i).Name)
	}
	n.putPG("group", names...)
	for i := range 100 {
		a := n.acl(fmt.Sprint("acl", i))
		a.Match, a.Action = fmt.Sprintf("outport == @group && ip4.src == $group_ip4 && tcp.dst == %d", i), "allow-related"
		n.addACL("group", a)
	}
	n.c.Apply(n.next)
	n.next = Input{}
	p := cloudPort(ports)
	without, written := n.rows[id("group")].New.(*nb.PortGroup), 0
	with := *without
	with.Ports = sorted(append([]schema.UUID{p.UUID}, with.Ports...))
	for b.Loop() {
		n.addPort("sw0", p)
		n.put("Port_Group", &with)
		out := n.c.Apply(n.next)
		n.next = Input{}
		for _, u := range out.Units {
			written += len(u.Chunk)
		}
		// The port's flows and write-back; its binding, two flood groups, the
		// group on the switch, two address sets.
		if len(out.Units) != 1 || len(out.Rows) != 6 || len(out.NB) != 1 {
			b.Fatalf("%d units, %d rows, %d write-backs", len(out.Units), len(out.Rows), len(out.NB))
		}
		n.put("Port_Group", without)
		n.delPort("sw0", p.Name)
		n.c.Apply(n.next)
		n.next = Input{}
	}
	b.ReportMetric(float64(written)/float64(b.N), "B-chunks/op")
	b.ReportMetric(2*goalGroup, "goal-ns/op")
}

// BenchmarkSetAddress adds an address to an address set of 10,000 that an ACL
// uses, and removes it again: no chunk is written.
func BenchmarkSetAddress(b *testing.B) {
	n := cloud(20)
	var all []string
	for i := range 10_000 {
		all = append(all, fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255))
	}
	n.putAS("set", all[1:]...)
	a := n.acl("acl")
	a.Match = "ip4.src == $set && tcp"
	n.addACL("sw0", a)
	n.c.Apply(n.next)
	n.next = Input{}
	without := n.rows[id("set")].New.(*nb.AddressSet)
	with := *without
	with.Addresses = append([]string{"10.0.0.0"}, without.Addresses...)
	for b.Loop() {
		for _, set := range []*nb.AddressSet{&with, without} {
			n.put("Address_Set", set)
			out := n.c.Apply(n.next)
			n.next = Input{}
			if len(out.Units) != 0 || len(out.Rows) != 1 {
				b.Fatalf("%d units, %d rows", len(out.Units), len(out.Rows))
			}
		}
	}
	b.ReportMetric(2*goalGroup, "goal-ns/op")
}
