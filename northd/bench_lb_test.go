package northd_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/northd"
	"github.com/weft-sdn/weft/northd/northdtest"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
)

// balanced is a cloud of switches that have load balancers of 10 backends by a group.
func balanced(switches, balancers int) (n *northdtest.Network, first *nb.LoadBalancer) {
	n = northdtest.New(northd.Options{})
	n.Put("NB_Global", &nb.NBGlobal{Header: schema.Header{UUID: northdtest.ID("global")}})
	group := &nb.LoadBalancerGroup{Header: schema.Header{UUID: northdtest.ID("group")}, Name: "group"}
	for i := range balancers {
		id := northdtest.ID(fmt.Sprint("lb", i))
		group.LoadBalancer = append(group.LoadBalancer, id)
		n.Put("Load_Balancer", balancer(i, 10))
	}
	group.LoadBalancer = sorted(group.LoadBalancer)
	n.Put("Load_Balancer_Group", group)
	for i := range switches {
		s := n.Switch(fmt.Sprint("sw", i))
		s.LoadBalancerGroup = []schema.UUID{group.UUID}
		n.PutSwitch(s)
	}
	return n, balancer(0, 11)
}

func balancer(i, backends int) *nb.LoadBalancer {
	var all []string
	for j := range backends {
		all = append(all, fmt.Sprintf("10.%d.%d.%d:8080", i>>8, i&255, j+1))
	}
	return &nb.LoadBalancer{Header: schema.Header{UUID: northdtest.ID(fmt.Sprint("lb", i))}, Name: fmt.Sprint("lb", i),
		VIPs: map[string]string{fmt.Sprintf("172.16.%d.%d:80", i>>8, i&255): strings.Join(all, ",")}}
}

// BenchmarkBalancers compiles 500 load balancers on 500 switches from nothing.
func BenchmarkBalancers(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		n, _ := balanced(500, 500)
		b.StartTimer()
		out := n.C.Apply(n.Next)
		size := 0
		for _, u := range out.Units {
			size += len(u.Chunk)
		}
		b.ReportMetric(float64(len(out.Units)), "units")
		b.ReportMetric(float64(size), "B-chunks")
	}
}

// BenchmarkAddBackend gives a load balancer of a group a backend more, and takes it
// away: its unit is all that is written.
func BenchmarkAddBackend(b *testing.B) {
	n, more := balanced(500, 500)
	n.C.Apply(n.Next)
	n.Next = northd.Input{}
	was := n.Rows[more.UUID].New.(*nb.LoadBalancer)
	for b.Loop() {
		for _, row := range []*nb.LoadBalancer{more, was} {
			n.Put("Load_Balancer", row)
			out := n.C.Apply(n.Next)
			n.Next = northd.Input{}
			if len(out.Units) != 1 || len(out.Rows) != 0 {
				b.Fatalf("%d units, %d rows", len(out.Units), len(out.Rows))
			}
		}
	}
}

// TestPortForwarded: one port more of an address that forwards a thousand is one unit
// more, and no row; so is one less.
func TestPortForwarded(t *testing.T) {
	n := northdtest.New(northd.Options{})
	for _, line := range []string{
		"chassis hv1 host1", "lr r", "lrp r r-p mac 40:44:00:00:ff:02 networks 172.16.0.252/24",
		"in Logical_Router_Port r-p gateway_chassis Gateway_Chassis r-hv1 name r-hv1 chassis_name hv1 priority 1",
		"lsp p p-r type router addresses router options router-port=r-p,nat-addresses=router",
		"lsp p p-net type localnet addresses unknown options network_name=phys",
		"in Logical_Router r load_balancer Load_Balancer pf name pf",
	} {
		n.Do(t, line)
	}
	forward := func(pairs int) *nb.LoadBalancer {
		row := &nb.LoadBalancer{Header: schema.Header{UUID: northdtest.ID("pf")}, Name: "pf", VIPs: map[string]string{}}
		for i := range pairs {
			row.VIPs[fmt.Sprintf("172.16.0.111:%d", 1000+i)] = fmt.Sprintf("10.0.%d.%d:22", i>>8, i&255)
		}
		return row
	}
	n.Put("Load_Balancer", forward(1000))
	n.Apply(t)
	for _, pairs := range []int{1001, 1000} {
		n.Put("Load_Balancer", forward(pairs))
		out := n.Apply(t)
		if len(out.Units) != 1 || len(out.Rows) != 0 || len(out.NB) != 0 {
			t.Errorf("%d pairs: %d units, %d rows, %d write-backs", pairs, len(out.Units), len(out.Rows), len(out.NB))
		}
		for _, u := range out.Units {
			if flows := len(u.Flows()); pairs == 1001 && flows != 2 {
				t.Errorf("%d flows", flows)
			}
		}
	}
	// What a backend changes is its unit as well.
	row := forward(1000)
	row.VIPs = maps.Clone(row.VIPs)
	row.VIPs["172.16.0.111:1007"] = "10.9.9.9:22"
	n.Put("Load_Balancer", row)
	if out := n.Apply(t); len(out.Units) != 1 || len(out.Rows) != 0 {
		t.Errorf("%d units, %d rows", len(out.Units), len(out.Rows))
	}
}
