package northd_test

import (
	"fmt"
	"github.com/weft-sdn/weft/northd"
	"github.com/weft-sdn/weft/northd/northdtest"
	"runtime"
	"slices"
	"testing"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
)

// cloud is ports spread over up to 500 switches, 20 on each.
func cloud(ports int) *northdtest.Network {
	n := northdtest.New(northd.Options{})
	n.Put("NB_Global", &nb.NBGlobal{Header: schema.Header{UUID: northdtest.ID("global")}})
	switches := max(1, ports/20)
	byPort := make([][]schema.UUID, switches)
	for i := range ports {
		p := cloudPort(i)
		byPort[i%switches] = append(byPort[i%switches], p.UUID)
		n.PutPort(p)
	}
	for i, list := range byPort {
		s := n.Switch(fmt.Sprint("sw", i))
		s.Ports = sorted(list)
		n.PutSwitch(s)
	}
	return n
}

func sorted(list []schema.UUID) []schema.UUID {
	slices.SortFunc(list, schema.UUID.Compare)
	return slices.Compact(list)
}

func cloudPort(i int) *nb.LogicalSwitchPort {
	name := fmt.Sprint("port", i)
	mac := fmt.Sprintf("0a:00:00:%02x:%02x:%02x", i>>16, i>>8&255, i&255)
	return &nb.LogicalSwitchPort{
		Header: schema.Header{UUID: northdtest.ID(name)}, Name: name,
		Addresses:    []string{fmt.Sprintf("%s 10.%d.%d.%d fd00::%x", mac, i>>16, i>>8&255, i&255, i+1)},
		PortSecurity: []string{mac},
	}
}

// BenchmarkAddPort adds a port to a switch and removes it again.
func BenchmarkAddPort(b *testing.B) {
	for _, ports := range []int{100, 10_000} {
		b.Run(fmt.Sprint(ports), func(b *testing.B) {
			n := cloud(ports)
			n.C.Apply(n.Next)
			n.Next = northd.Input{}
			p := cloudPort(ports)
			for b.Loop() {
				n.AddPort("sw0", p)
				out := n.C.Apply(n.Next)
				n.Next = northd.Input{}
				if len(out.Units) != 1 || len(out.Rows) != 3 || len(out.NB) != 1 {
					b.Fatalf("%d units, %d rows, %d write-backs", len(out.Units), len(out.Rows), len(out.NB))
				}
				n.DelPort("sw0", p.Name)
				n.C.Apply(n.Next)
				n.Next = northd.Input{}
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
		n.C.Apply(n.Next)
		b.StopTimer()
		n.Next = northd.Input{}
		n.C.Apply(n.Next) // the change feeds are let go
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
	n.PutGroup("group", names...)
	for i := range 100 {
		a := n.ACL(fmt.Sprint("acl", i))
		a.Match, a.Action = fmt.Sprintf("outport == @group && ip4.src == $group_ip4 && tcp.dst == %d", i), "allow-related"
		n.AddACL("group", a)
	}
	n.C.Apply(n.Next)
	n.Next = northd.Input{}
	p := cloudPort(ports)
	without, written := n.Rows[northdtest.ID("group")].New.(*nb.PortGroup), 0
	with := *without
	with.Ports = sorted(append([]schema.UUID{p.UUID}, with.Ports...))
	for b.Loop() {
		n.AddPort("sw0", p)
		n.Put("Port_Group", &with)
		out := n.C.Apply(n.Next)
		n.Next = northd.Input{}
		for _, u := range out.Units {
			written += len(u.Chunk)
		}
		// The port's flows and write-back; its binding, two flood groups, the
		// group on the switch, two address sets.
		if len(out.Units) != 1 || len(out.Rows) != 6 || len(out.NB) != 1 {
			b.Fatalf("%d units, %d rows, %d write-backs", len(out.Units), len(out.Rows), len(out.NB))
		}
		n.Put("Port_Group", without)
		n.DelPort("sw0", p.Name)
		n.C.Apply(n.Next)
		n.Next = northd.Input{}
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
	n.PutSet("set", all[1:]...)
	a := n.ACL("acl")
	a.Match = "ip4.src == $set && tcp"
	n.AddACL("sw0", a)
	n.C.Apply(n.Next)
	n.Next = northd.Input{}
	without := n.Rows[northdtest.ID("set")].New.(*nb.AddressSet)
	with := *without
	with.Addresses = append([]string{"10.0.0.0"}, without.Addresses...)
	for b.Loop() {
		for _, set := range []*nb.AddressSet{&with, without} {
			n.Put("Address_Set", set)
			out := n.C.Apply(n.Next)
			n.Next = northd.Input{}
			if len(out.Units) != 0 || len(out.Rows) != 1 {
				b.Fatalf("%d units, %d rows", len(out.Units), len(out.Rows))
			}
		}
	}
	b.ReportMetric(2*goalGroup, "goal-ns/op")
}

// BenchmarkAddRoute gives a router a route more, among few and among many, and
// removes it again.
func BenchmarkAddRoute(b *testing.B) {
	for _, routes := range []int{100, 10_000} {
		b.Run(fmt.Sprint(routes), func(b *testing.B) {
			n := northdtest.New(northd.Options{})
			n.Put("NB_Global", &nb.NBGlobal{Header: schema.Header{UUID: northdtest.ID("global")}})
			lrp := &nb.LogicalRouterPort{Header: schema.Header{UUID: northdtest.ID("lrp")}, Name: "lrp", MAC: "0a:00:00:00:00:01", Networks: []string{"10.0.0.254/24"}}
			n.Put("Logical_Router_Port", lrp)
			lr := &nb.LogicalRouter{Header: schema.Header{UUID: northdtest.ID("lr")}, Name: "lr", Ports: []schema.UUID{lrp.UUID}}
			route := func(i int) *nb.LogicalRouterStaticRoute {
				r := &nb.LogicalRouterStaticRoute{Header: schema.Header{UUID: northdtest.ID(fmt.Sprint("route", i))}, IPPrefix: fmt.Sprintf("20.%d.%d.0/24", i>>8, i&255), Nexthop: "10.0.0.1"}
				n.Put("Logical_Router_Static_Route", r)
				return r
			}
			for i := range routes {
				lr.StaticRoutes = append(lr.StaticRoutes, route(i).UUID)
			}
			lr.StaticRoutes = sorted(lr.StaticRoutes)
			n.Put("Logical_Router", lr)
			n.C.Apply(n.Next)
			n.Next = northd.Input{}
			table := nb.Schema().Table("Logical_Router")
			for b.Loop() {
				more := table.Clone(lr).(*nb.LogicalRouter)
				more.StaticRoutes = sorted(append(slices.Clone(lr.StaticRoutes), route(routes).UUID))
				n.Put("Logical_Router", more)
				out := n.C.Apply(n.Next)
				n.Next = northd.Input{}
				if len(out.Units) != 1 {
					b.Fatalf("%d units", len(out.Units))
				}
				n.Put("Logical_Router", lr)
				n.Remove(northdtest.ID(fmt.Sprint("route", routes)))
				n.C.Apply(n.Next)
				n.Next = northd.Input{}
			}
		})
	}
}
