package northd

import (
	"slices"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/pipeline"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
	"github.com/weft-sdn/weft/schema/sb"
)

// TestCostOfOnePort: what is computed for a new port does not depend on how
// many there are.
func TestCostOfOnePort(t *testing.T) {
	var cost []incr.Stats
	for _, ports := range []int{100, 2000} {
		n := cloud(ports)
		n.apply(t)
		n.addPort("sw0", cloudPort(ports))
		n.apply(t)
		cost = append(cost, n.c.Stats())
		if err := n.c.Check(); err != nil {
			t.Error(err)
		}
	}
	if cost[0] != cost[1] || cost[0].Evaluated > 25 {
		t.Errorf("a port costs %+v among 100 and %+v among 2000", cost[0], cost[1])
	}
}

// TestLargeSwitch: ports of one large switch come one by one.
func TestLargeSwitch(t *testing.T) {
	n := newNetwork(Options{})
	for i := range 300 {
		n.addPort("sw0", cloudPort(i))
		n.apply(t)
		if s := n.c.Stats(); s.Evaluated > 30 {
			t.Fatalf("port %d: %+v", i, s)
		}
	}
	if err := n.c.Check(); err != nil {
		t.Error(err)
	}
}

// TestPanicOfOnePort: a port whose compilation panics is reported, the others
// are there, and it comes back with a row that does not panic.
func TestPanicOfOnePort(t *testing.T) {
	n := newNetwork(Options{})
	n.c.features = append(n.c.features, feature{name: "bad", port: func(_ *Compiler, _ *incr.Reader, f *flows, p *lport) {
		if p.Name == "p1" && !p.Enabled {
			panic("no such thing")
		}
		f.add(pipeline.LSInL2Lkup, 1, lflow.Eq(lflow.Inport, p.Name), lflow.Drop{})
	}})
	off, on := false, true
	p := n.lsp("p1")
	p.Enabled = &off
	n.addPort("sw0", p)
	n.addPort("sw0", n.lsp("p2"))
	n.apply(t)
	if all := n.c.Problems(); len(all) != 1 || !strings.Contains(all[0].String(), "internal error: no such thing") || all[0].UUID != id("p1") {
		t.Errorf("problems %v", all)
	}
	if len(n.units) != 2 || len(n.flowsOf("sw0")) == 0 {
		t.Errorf("units %d", len(n.units))
	}
	p = n.lsp("p1")
	p.Enabled = &on
	n.putLSP(p)
	n.apply(t)
	if len(n.c.Problems()) != 0 || len(n.units) != 3 {
		t.Errorf("problems %v, %d units", n.c.Problems(), len(n.units))
	}
}

// TestUnreadTables: rows of tables that nothing is compiled from are reported
// where they ask for something.
func TestUnreadTables(t *testing.T) {
	n := newNetwork(Options{})
	n.put("Logical_Router", &nb.LogicalRouter{Header: schema.Header{UUID: id("r")}, Name: "r"})
	n.apply(t)
	var got []string
	for _, p := range n.c.Problems() {
		got = append(got, p.Table+" "+p.Name)
	}
	if !slices.Equal(got, []string{"Logical_Router r"}) {
		t.Errorf("problems of %v", got)
	}
	n.remove(id("r"))
	if out := n.apply(t); len(out.Solved) != 1 || out.Solved[0].Table != "Logical_Router" {
		t.Errorf("solved %v", out.Solved)
	}
}

// TestExhaustion: what gets no tunnel key is reported and left out, and comes
// when a key is free.
func TestExhaustion(t *testing.T) {
	n := newNetwork(Options{MaxPortKey: 2})
	for _, p := range []string{"p0", "p1", "p2"} {
		n.addPort("sw0", n.lsp(p))
	}
	n.apply(t)
	bound := n.sb["Port_Binding"]
	all := n.c.Problems()
	if len(bound) != 2 || len(all) != 1 || all[0].Reason != "all tunnel keys are in use" || bound[all[0].UUID] != nil {
		t.Fatalf("%d bindings, problems %v", len(bound), all)
	}
	for _, g := range n.sb["Multicast_Group"] {
		if len(g.(*sb.MulticastGroup).Ports) != 2 {
			t.Errorf("%v", g)
		}
	}
	for u := range bound {
		n.delPort("sw0", n.rows[u].New.(*nb.LogicalSwitchPort).Name)
		break
	}
	n.apply(t)
	if len(n.sb["Port_Binding"]) != 2 || len(n.c.Problems()) != 0 {
		t.Errorf("%d bindings, problems %v", len(n.sb["Port_Binding"]), n.c.Problems())
	}
}
