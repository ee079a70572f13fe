package northd_test

import (
	"fmt"
	"maps"
	"testing"

	"github.com/weft-sdn/weft/northd/northdtest"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
)

// balancerCost is what a change costs: rows computed, units and rows written, and the
// flows and bytes of these units.
type balancerCost struct{ evaluated, units, rows, flows, bytes int }

// applied is what the change that waits costs.
func applied(t *testing.T, n *northdtest.Network) balancerCost {
	t.Helper()
	out := n.Apply(t)
	c := balancerCost{evaluated: n.C.Stats().Evaluated, units: len(out.Units), rows: len(out.Rows) + len(out.NB)}
	for _, u := range out.Units {
		c.flows, c.bytes = c.flows+len(u.Flows()), c.bytes+len(u.Chunk)
	}
	return c
}

// TestBackendCost: a backend more of one of 500 load balancers, which 500 switches have by
// a group, costs what it costs on five switches with five: the unit of its VIP. What is
// computed is where each of the five kinds of datapaths has the VIP.
func TestBackendCost(t *testing.T) {
	cost := func(many int) balancerCost {
		n, more := balanced(many, many)
		n.Apply(t)
		n.Put("Load_Balancer", more)
		return applied(t, n)
	}
	few, many := cost(5), cost(500)
	t.Logf("%+v", many)
	if many.units != 1 || many.rows != 0 || many.evaluated > 16 || many.flows > 25 || many.bytes > 1<<10 {
		t.Errorf("a backend costs %+v, want one unit of few flows, no row, and few computed", many)
	}
	if few.evaluated != many.evaluated || few.units != many.units || few.rows != many.rows || few.flows != many.flows {
		t.Errorf("among 500 load balancers a backend costs %+v, among five %+v", many, few)
	}
}

// forwarding is a router with a gateway port and a load balancer that forwards ports of
// one address outside.
func forwarding(t *testing.T, pairs int) (n *northdtest.Network, row *nb.LoadBalancer) {
	t.Helper()
	n = floating(t, 1, 0)
	n.Do(t, "in Logical_Router r0 load_balancer Load_Balancer pf name pf-floatingip-x-tcp")
	row = &nb.LoadBalancer{Header: schema.Header{UUID: northdtest.ID("pf")}, Name: "pf-floatingip-x-tcp", VIPs: map[string]string{}}
	for i := range pairs {
		forward(row, i)
	}
	n.Put("Load_Balancer", row)
	n.Apply(t)
	return n, row
}

// forward adds a pair.
func forward(row *nb.LoadBalancer, i int) {
	row.VIPs[fmt.Sprintf("172.0.9.9:%d", 1000+i)] = fmt.Sprintf("10.0.%d.%d:22", i>>8, i&255)
}

// TestForwardedCost: a port more that is forwarded writes the same beside a thousand as
// beside two: the unit of its own, of two flows. So does another backend for it, and its
// end. What is computed is the load balancer's row, and of each of its VIPs that it is as
// it was.
func TestForwardedCost(t *testing.T) {
	few, fewRow := forwarding(t, 2)
	many, manyRow := forwarding(t, 1000)
	for _, c := range []struct {
		what   string
		change func(*nb.LoadBalancer)
		flows  int
	}{
		{"a port more", func(row *nb.LoadBalancer) { forward(row, 5000) }, 2},
		{"another VM for it", func(row *nb.LoadBalancer) { row.VIPs["172.0.9.9:6000"] = "10.0.99.99:22" }, 2},
		{"its end", func(row *nb.LoadBalancer) { delete(row.VIPs, "172.0.9.9:6000") }, 0},
	} {
		cost := func(n *northdtest.Network, row **nb.LoadBalancer) balancerCost {
			next := **row
			next.VIPs = maps.Clone(next.VIPs)
			c.change(&next)
			*row = &next
			n.Put("Load_Balancer", &next)
			return applied(t, n)
		}
		want, got := cost(few, &fewRow), cost(many, &manyRow)
		t.Logf("%s: %+v", c.what, got)
		if got.units != 1 || got.rows != 0 || got.flows != c.flows || got.evaluated > 1000+20 || got.bytes > 1<<10 {
			t.Errorf("%s costs %+v, want one unit of %d flows, no row, and few computed", c.what, got, c.flows)
		}
		if got.evaluated-1000 != want.evaluated-2 || got.units != want.units || got.rows != want.rows || got.flows != want.flows {
			t.Errorf("beside a thousand %s costs %+v, beside two %+v", c.what, got, want)
		}
	}
}
