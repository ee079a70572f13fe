package tables

import (
	"fmt"
	"testing"

	"github.com/weft-sdn/weft/schema/sb"
)

const (
	groupSwitches = 10
	groupACLs     = 100
	groupPorts    = 1000 // on all switches together, all of them bound here
)

// groupPort makes a port of this chassis in the port group pg.
func (w world) groupPort(i int) (name string) {
	s, name := i%groupSwitches, fmt.Sprint("p", i)
	w.port(fmt.Sprint("sw", s), name, int64(1+i/groupSwitches), "")
	w.iface(name, 1+i)
	w.portGroup(fmt.Sprint(1+s, "_pg"), name)
	return name
}

// groupACLWorld is what northd makes of ACLs on a port group that has ports on
// several switches: two flows for each.
func groupACLWorld(b *testing.B, bit bool) world {
	w := newWorld(b)
	for s := range groupSwitches {
		w.datapath(fmt.Sprint("sw", s), int64(1+s))
		w.group("switches", fmt.Sprint("sw", s))
	}
	for i := range groupPorts {
		w.groupPort(i)
	}
	var flows []sb.Flow
	for i := range groupACLs {
		for hint := 7; hint <= 8; hint++ {
			flows = append(flows, sb.Flow{
				Pipeline: sb.Egress, Table: 3, Priority: 2000,
				Match:   fmt.Sprintf("reg0[%d] == 1 && (outport == @pg && ip4 && tcp.dst == %d)", hint, 1000+i),
				Actions: "reg8[16] = 1; next;",
			})
		}
	}
	w.chunk("switches", "acl", flows...)
	w.GroupBits.Set(id("switches"), GroupBit{Bit: 24, Matched: true})
	w.PortGroupBits.Set("pg", PortGroupBit{None: !bit, Matched: bit})
	w.Engine.Commit()
	return w
}

// BenchmarkPortGroupFlows counts the flows of ACLs on a port group: four for a
// port and a few for an ACL, not one for each port and ACL. ns/op is for
// computing all of it.
func BenchmarkPortGroupFlows(b *testing.B) {
	for name, bit := range map[string]bool{"bit": true, "port by port": false} {
		b.Run(name, func(b *testing.B) {
			var w world
			for b.Loop() {
				w = groupACLWorld(b, bit)
			}
			b.ReportMetric(float64(len(w.flows())), "flows")
			if bit {
				b.ReportMetric(4*groupPorts+2*2*groupACLs, "goal-flows")
			}
		})
	}
}

// BenchmarkPortGroupPort binds one port more that is in the group, and lets it
// go: two changes.
func BenchmarkPortGroupPort(b *testing.B) {
	for name, bit := range map[string]bool{"bit": true, "port by port": false} {
		b.Run(name, func(b *testing.B) {
			w := groupACLWorld(b, bit)
			for b.Loop() {
				port := w.groupPort(groupPorts)
				w.Engine.Commit()
				w.Interfaces.Delete("if-" + port)
				w.PortGroupPorts.Delete(SetMember{id("1_pg"), port})
				w.Engine.Commit()
			}
			if bit {
				b.ReportMetric(2e6, "goal-ns/op") // 1 ms for each
			}
		})
	}
}
