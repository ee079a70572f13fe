package northd_test

import (
	"fmt"
	"github.com/weft-sdn/weft/northd"
	"github.com/weft-sdn/weft/northd/northdtest"
	"slices"
	"testing"

	"github.com/weft-sdn/weft/incr"
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
		n.Apply(t)
		n.AddPort("sw0", cloudPort(ports))
		n.Apply(t)
		cost = append(cost, n.C.Stats())
		if err := n.C.Check(); err != nil {
			t.Error(err)
		}
	}
	if cost[0] != cost[1] || cost[0].Evaluated > 25 {
		t.Errorf("a port costs %+v among 100 and %+v among 2000", cost[0], cost[1])
	}
}

// TestCostOfOnePortOnRouters: nor does it on a switch with routers, and what is
// written are the port's flows and its addresses, once for all routers.
func TestCostOfOnePortOnRouters(t *testing.T) {
	var cost []incr.Stats
	for _, ports := range []int{100, 1000} {
		n := northdtest.New(northd.Options{})
		for i := range ports {
			n.AddPort("sw0", cloudPort(i))
		}
		for i := range 3 {
			name := fmt.Sprint("r", i)
			n.Do(t, fmt.Sprintf("lrp %s %[1]s-sw0 mac 0a:00:00:00:ff:%02x networks 10.255.255.%d/8", name, i, i+1))
			n.Do(t, fmt.Sprintf("lsp sw0 sw0-%s type router addresses router options router-port=%[1]s-sw0", name))
		}
		n.Apply(t)
		n.AddPort("sw0", cloudPort(ports))
		out := n.Apply(t)
		cost = append(cost, n.C.Stats())
		if len(out.Units) != 2 || len(out.Units[0].Flows())+len(out.Units[1].Flows()) > 20 {
			t.Errorf("a port writes %d units: %v", len(out.Units), out.Units)
		}
	}
	if cost[0] != cost[1] || cost[0].Evaluated > 40 {
		t.Errorf("a port costs %+v among 100 and %+v among 1000", cost[0], cost[1])
	}
}

// TestCostOfAnotherRouter: a router that comes to a switch writes no address
// of the switch again.
func TestCostOfAnotherRouter(t *testing.T) {
	n := cloud(100)
	for i := range 3 {
		n.Do(t, fmt.Sprintf("lrp r%d r%[1]d-sw0 mac 0a:00:00:00:ff:%02[1]x networks 10.255.255.%d/8", i, i+1))
		n.Do(t, fmt.Sprintf("lsp sw0 sw0-r%d type router addresses router options router-port=r%[1]d-sw0", i))
		out := n.Apply(t)
		if i == 2 && len(out.Units) > 5 {
			t.Errorf("a third router writes %d units", len(out.Units))
		}
	}
}

// TestLargeSwitch: ports of one large switch come one by one.
func TestLargeSwitch(t *testing.T) {
	n := northdtest.New(northd.Options{})
	for i := range 300 {
		n.AddPort("sw0", cloudPort(i))
		n.Apply(t)
		if s := n.C.Stats(); s.Evaluated > 30 {
			t.Fatalf("port %d: %+v", i, s)
		}
	}
	if err := n.C.Check(); err != nil {
		t.Error(err)
	}
}

// TestUnreadTables: what rows say that nobody reads is counted, and no more
// when they are gone.
func TestUnreadTables(t *testing.T) {
	n := northdtest.New(northd.Options{})
	for _, name := range []string{"q1", "q2"} {
		n.Put("QoS", &nb.QoS{Header: schema.Header{UUID: northdtest.ID(name)}, Match: "ip"})
	}
	s := n.Switch("sw0")
	s.OtherConfig = map[string]string{"vlan-passthru": "true", "mcast_snoop": "true", "no_such_key": "1"}
	s.ExternalIDs = map[string]string{"somebody": "else's"}
	s.QoSRules = []schema.UUID{northdtest.ID("q1"), northdtest.ID("q2")}
	n.PutSwitch(s)
	n.Apply(t)
	want := []northd.Unread{
		{Table: "Logical_Switch", Column: "other_config", Key: "mcast_snoop", Rows: 1},
		{Table: "Logical_Switch", Column: "other_config", Key: "no_such_key", Unknown: true, Rows: 1},
		{Table: "Logical_Switch", Column: "qos_rules", Rows: 1},
		{Table: "QoS", Rows: 2},
	}
	if got := n.C.Unread(); !slices.Equal(got, want) {
		t.Errorf("nobody reads %+v, want %+v", got, want)
	}
	n.Remove(northdtest.ID("q1"))
	s = n.Switch("sw0")
	s.OtherConfig = map[string]string{"vlan-passthru": "true"}
	s.QoSRules = nil
	n.PutSwitch(s)
	n.Apply(t)
	if got := n.C.Unread(); !slices.Equal(got, []northd.Unread{{Table: "QoS", Rows: 1}}) {
		t.Errorf("nobody reads %+v", got)
	}
	if err := n.C.Check(); err != nil {
		t.Error(err)
	}
}

// TestExhaustion: what gets no tunnel key is reported and left out, and comes
// when a key is free.
func TestExhaustion(t *testing.T) {
	n := northdtest.New(northd.Options{MaxPortKey: 2})
	for _, p := range []string{"p0", "p1", "p2"} {
		n.AddPort("sw0", n.Port(p))
	}
	n.Apply(t)
	bound := n.SB["Port_Binding"]
	all := n.C.Problems()
	if len(bound) != 2 || len(all) != 1 || all[0].Reason != "all tunnel keys are in use" || bound[all[0].UUID] != nil {
		t.Fatalf("%d bindings, problems %v", len(bound), all)
	}
	for _, g := range n.SB["Multicast_Group"] {
		if len(g.(*sb.MulticastGroup).Ports) != 2 {
			t.Errorf("%v", g)
		}
	}
	for u := range bound {
		n.DelPort("sw0", n.Rows[u].New.(*nb.LogicalSwitchPort).Name)
		break
	}
	n.Apply(t)
	if len(n.SB["Port_Binding"]) != 2 || len(n.C.Problems()) != 0 {
		t.Errorf("%d bindings, problems %v", len(n.SB["Port_Binding"]), n.C.Problems())
	}
}

// TestPortsOfKeyless: which port of a datapath has no tunnel key is not told while
// the datapath has none: a fresh compiler, which no row tells who had one, may
// choose another.
func TestPortsOfKeyless(t *testing.T) {
	n := northdtest.New(northd.Options{MaxDatapathKey: 1, MaxPortKey: 1})
	n.PutSwitch(n.Switch("sw0"))
	n.Apply(t)
	n.PutSwitch(n.Switch("sw1"))
	ports := []string{"p0", "p1", "p2"}
	slices.SortFunc(ports, func(a, b string) int { return northdtest.ID(b).Compare(northdtest.ID(a)) })
	for _, p := range ports { // the last comes first in the order of a fresh compiler
		n.AddPort("sw1", n.Port(p))
		n.Apply(t)
	}
	verifyFresh(n, t)
	for _, p := range n.C.Problems() {
		if p.Table != "Logical_Switch" {
			t.Errorf("%s %s: %s", p.Table, p.Name, p.Reason)
		}
	}
}
