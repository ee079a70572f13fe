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
