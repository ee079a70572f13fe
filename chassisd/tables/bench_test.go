package tables

import (
	"fmt"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/weft-sdn/weft/ofctrl"
	"github.com/weft-sdn/weft/schema/sb"
)

// setACLs makes a switch with ACLs that use a set of n addresses.
func setACLs(t testing.TB, acls, n int, more string) world {
	w := newWorld(t)
	w.datapath("sw", 5)
	w.port("sw", "vm1", 1, "")
	w.iface("vm1", 7)
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255)
	}
	w.addressSet("set", all...)
	flows := make([]sb.Flow, acls)
	for i := range flows {
		flows[i] = sb.Flow{Table: 8, Priority: uint16(2000 + i), Match: fmt.Sprintf("reg0[7] == 1 && (inport == \"vm1\" && ip4.dst == $set%s)", more), Actions: "next;"}
	}
	w.chunk("sw", "acl", flows...)
	w.Engine.Commit()
	return w
}

// flowCount is the number of flows of all units.
func (w world) flowCount() (n int) {
	for _, l := range w.Units.All() {
		n += l.Flows.Len()
	}
	for _, l := range w.FamilyFlows.All() {
		n += l.Flows.Len()
	}
	return n
}

// ports is a range of TCP ports that few prefixes make up.
const ports = " && tcp.dst >= 1001 && tcp.dst <= 2000"

// BenchmarkOneAddress adds an address to a set of 10,000 that 5 ACLs use, up to
// the controller's table of flows.
func BenchmarkOneAddress(b *testing.B) {
	for name, more := range map[string]string{"alone": "", "with ports": ports} {
		b.Run(name, func(b *testing.B) {
			w := setACLs(b, 5, 10_000, more)
			table, touched := ofctrl.NewTable(), 0
			apply := func() {
				w.Engine.Commit()
				for _, c := range w.FamilyFlows.Changes() {
					table.Set(c.Key.String(), c.New.Flows, func(ofctrl.Key) { touched++ })
				}
			}
			apply()
			touched = 0
			cpu := cpuTime(b)
			for i := 0; b.Loop(); i++ {
				m := SetMember{id("set"), fmt.Sprintf("192.168.%d.%d", i>>9&255, i>>1&255)}
				if i%2 == 0 {
					w.Addresses.Set(m, struct{}{})
				} else {
					w.Addresses.Delete(m)
				}
				apply()
			}
			b.ReportMetric(float64(cpuTime(b)-cpu)/float64(b.N), "cpu-ns/op")
			b.ReportMetric(1e6, "goal-cpu-ns/op")
			b.ReportMetric(float64(touched)/float64(b.N), "flows/op")
		})
	}
}

// BenchmarkMemory says what 100,000 logical flows of the ports of a switch take
// in the tables, with the chunks that they come in and the texts remembered.
func BenchmarkMemory(b *testing.B) {
	const units, each = 5_000, 20
	for b.Loop() {
		w := newWorld(b)
		w.datapath("sw", 5)
		w.port("sw", "vm1", 1, "")
		w.iface("vm1", 7)
		before := heap()
		for u := range units {
			flows := make([]sb.Flow, each)
			for i := range flows {
				n := u*each + i
				flows[i] = sb.Flow{Table: uint8(i), Priority: 50, Match: fmt.Sprintf("eth.dst == 0a:00:00:%02x:%02x:%02x && ip4.dst == 10.%d.%d.%d",
					n>>16, n>>8&255, n&255, n>>16, n>>8&255, n&255), Actions: "next;", Stage: "ls_in_test", Source: "test", Hint: id(fmt.Sprint(n))}
			}
			w.chunk("sw", fmt.Sprint("lsp/", id(fmt.Sprint("p", u))), flows...)
		}
		w.Engine.Commit()
		b.ReportMetric(float64(heap()-before)/(units*each), "B/flow")
		runtime.KeepAlive(w)
	}
	b.ReportMetric(350, "goal-B/flow")
}

// heap is what is in use after a collection.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// cpuTime is what this process has had of the processors.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkSetAndRange counts the flows of one ACL with a set of 10,000
// addresses and a thousand ports: their sum, not their product.
func BenchmarkSetAndRange(b *testing.B) {
	n := 0
	for b.Loop() {
		n = setACLs(b, 1, 10_000, " && tcp.dst == {"+list(1000)+"}").flowCount()
	}
	b.ReportMetric(float64(n), "flows")
	b.ReportMetric(11_001, "goal-flows")
}

// list is n odd numbers, of which no two make a prefix.
func list(n int) string {
	s := make([]string, n)
	for i := range s {
		s[i] = fmt.Sprint(2*i + 1)
	}
	return strings.Join(s, ", ")
}
