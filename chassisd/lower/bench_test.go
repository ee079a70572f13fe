package lower

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// switchFlows returns logical flows as a switch with n ports has them.
func switchFlows(n int) []Logical {
	var fs []Logical
	add := func(l lflow.Pipeline, table uint8, prio uint16, match, actions string) {
		fs = append(fs, Logical{Pipeline: l, Table: table, Priority: prio, Match: match, Actions: actions})
	}
	for i := range n {
		mac := fmt.Sprintf("40:44:00:00:%02x:%02x", i>>8&255, i&255)
		ip := fmt.Sprintf("192.168.%d.%d", i>>8&255, i&255)
		port := fmt.Sprintf("sw0-port%d", i)
		add(lflow.Ingress, 0, 70, fmt.Sprintf(`inport == "%s"`, port), "reg0[15] = check_in_port_sec(); next;")
		add(lflow.Ingress, 0, 50, fmt.Sprintf(`inport == "%s" && eth.src == {%s}`, port, mac), "next;")
		add(lflow.Ingress, 18, 50, fmt.Sprintf(`arp.tpa == %s && arp.op == 1`, ip),
			fmt.Sprintf("eth.dst = eth.src; eth.src = %s; arp.op = 2; arp.tha = arp.sha; arp.sha = %s; arp.tpa = arp.spa; arp.spa = %s; outport = inport; flags.loopback = 1; output;", mac, mac, ip))
		add(lflow.Ingress, 18, 100, fmt.Sprintf(`arp.tpa == %s && arp.op == 1 && inport == "%s"`, ip, port), "next;")
		add(lflow.Ingress, 26, 50, fmt.Sprintf(`eth.dst == %s`, mac), fmt.Sprintf(`outport = "%s"; output;`, port))
		add(lflow.Ingress, 8, 2002, fmt.Sprintf(`inport == "%s" && ip4 && ip4.dst == 10.0.%d.0/24 && tcp.dst == {80, 443}`, port, i&255), "reg0[1] = 1; next;")
		add(lflow.Egress, 9, 50, fmt.Sprintf(`outport == "%s" && eth.dst == {%s}`, port, mac), "output;")
		add(lflow.Egress, 4, 2001, fmt.Sprintf(`outport == "%s" && ip4`, port), "next;")
	}
	return fs
}

func benchEnv() *Env {
	return &Env{Scope: Datapath(3), Port: func(name string) (Port, bool) {
		return Port{Key: uint32(len(name)) + uint32(name[len(name)-1])}, true
	}}
}

// BenchmarkFlows takes 100,000 logical flows to the bytes of OpenFlow messages,
// on one core.
func BenchmarkFlows(b *testing.B) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	fs := switchFlows(12500)
	for _, known := range []bool{false, true} {
		name := "new"
		if known {
			name = "known"
		}
		b.Run(name, func(b *testing.B) {
			l, env := New(), benchEnv()
			var out []Flow
			var message []byte
			for range 2 { // a text is known from the second time on; and room for the result
				out = out[:0]
				for i := range fs {
					out, _ = l.Flow(out, &fs[i], 0, env)
				}
			}
			b.ReportAllocs()
			for b.Loop() {
				if !known {
					l = New()
				}
				out = out[:0]
				for i := range fs {
					var err error
					if out, err = l.Flow(out, &fs[i], uint64(i), env); err != nil {
						b.Fatal(err)
					}
				}
				for i := range out {
					f := &out[i]
					message = ofp.AppendFlowMod(message[:0], uint32(i), &ofp.FlowMod{Table: f.Table, Priority: f.Priority, Cookie: f.Cookie, Match: f.Match, Actions: f.Actions})
				}
			}
			b.ReportMetric(float64(len(out)), "flows")
			b.ReportMetric(1e9, "goal-ns/op")
			b.ReportMetric(6e5, "goal-allocs/op")
			b.ReportMetric(6e7, "goal-B/op")
		})
	}
}
