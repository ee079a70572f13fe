package northd_test

import (
	"fmt"
	"testing"

	"github.com/weft-sdn/weft/northd"
	"github.com/weft-sdn/weft/northd/northdtest"
)

// flowsOf counts the flows of all units.
func flowsOf(n *northdtest.Network) (count int) {
	for path, chunk := range n.Units {
		count += len(northd.Unit{Path: path, Chunk: []byte(chunk)}.Flows())
	}
	return count
}

// TestSwitchOfRouters counts the flows of a switch of 1,000 ports with 10 routers:
// at most four a port and a hundred a router. That of OVN grows with the product.
func TestSwitchOfRouters(t *testing.T) {
	const ports, routers = 1000, 10
	n := northdtest.New(northd.Options{})
	n.Do(t, "ls sw")
	for i := range ports {
		n.Do(t, fmt.Sprintf("lsp sw p%d addresses %q", i, fmt.Sprintf("0a:00:00:00:%02x:%02x 10.0.%d.%d", i>>8, i&255, i/250, i%250)))
	}
	for i := range routers {
		n.Do(t, fmt.Sprintf("lr r%d", i))
		n.Do(t, fmt.Sprintf("lrp r%d r%d-sw mac 0a:01:00:00:00:%02x networks 10.0.9.%d/16", i, i, i, i+1))
		n.Do(t, fmt.Sprintf("lsp sw sw-r%d type router addresses router options router-port=r%d-sw", i, i))
	}
	n.Apply(t)
	got, limit := flowsOf(n), 4*ports+100*routers
	t.Logf("%d flows of at most %d", got, limit)
	if got > limit {
		t.Errorf("%d flows, want at most %d", got, limit)
	}
}

// routed is a cloud of routers with ten ports and ten routes each, in blocks of ten
// on ten switches.
func routed(t testing.TB, blocks int) *northdtest.Network {
	n := northdtest.New(northd.Options{})
	for b := range blocks {
		for i := range 10 {
			n.Do(t, fmt.Sprintf("ls sw%d-%d", b, i))
			n.Do(t, fmt.Sprintf("lsp sw%d-%d vm%d-%d addresses %q", b, i, b, i, fmt.Sprintf("0a:00:00:%02x:%02x:01 10.%d.%d.1", b, i, b, i)))
		}
		for j := range 10 {
			router := fmt.Sprintf("r%d-%d", b, j)
			n.Do(t, "lr "+router)
			for i := range 10 {
				port := fmt.Sprintf("%s-%d", router, i)
				n.Do(t, fmt.Sprintf("lrp %s %s mac 0a:01:%02x:%02x:%02x:00 networks 10.%d.%d.%d/24", router, port, b, j, i, b, i, 254-j))
				n.Do(t, fmt.Sprintf("lsp sw%d-%d to-%s type router addresses router options router-port=%s", b, i, port, port))
				n.Do(t, fmt.Sprintf("in Logical_Router %s static_routes Logical_Router_Static_Route %s ip_prefix 192.168.%d.0/24 nexthop 10.%d.%d.1", router, "route-"+port, i, b, i))
			}
		}
	}
	n.Apply(t)
	return n
}

// TestRouteCost: a route that is added costs the same whether there are twenty
// routers or a hundred, and two routes or thousands on its own: the rows computed
// and the units written are counted.
func TestRouteCost(t *testing.T) {
	const routes = 2000
	type cost struct{ evaluated, units, rows int }
	add := func(n *northdtest.Network, name string, prefix string) cost {
		n.Do(t, fmt.Sprintf("in Logical_Router r0-0 static_routes Logical_Router_Static_Route %s ip_prefix %s nexthop 10.0.0.1", name, prefix))
		out := n.Apply(t)
		return cost{n.C.Stats().Evaluated, len(out.Units), len(out.Rows)}
	}
	few, many := routed(t, 2), routed(t, 10)
	want := add(few, "new", "172.16.0.0/24")
	t.Logf("%+v", want)
	if want.units != 1 || want.rows != 0 || want.evaluated > 20 {
		t.Errorf("a route costs %+v, want one unit, no row, and few computed", want)
	}
	if got := add(many, "new", "172.16.0.0/24"); got != want {
		t.Errorf("among five times as many routers it costs %+v, among few %+v", got, want)
	}
	for i := range routes {
		n := fmt.Sprint("more", i)
		few.Do(t, fmt.Sprintf("in Logical_Router r0-0 static_routes Logical_Router_Static_Route %s ip_prefix 20.%d.%d.0/24 nexthop 10.0.0.1", n, i>>8, i&255))
	}
	few.Apply(t)
	if got := add(few, "newer", "172.16.1.0/24"); got != want {
		t.Errorf("among %d routes it costs %+v, among few %+v", routes, got, want)
	}
}

// floating is a provider network with routers that have some floating IPs each.
func floating(t testing.TB, routers, each int) *northdtest.Network {
	n := northdtest.New(northd.Options{})
	n.Do(t, "lsp ext net type localnet addresses unknown options network_name=phys")
	n.Do(t, "in HA_Chassis_Group group ha_chassis HA_Chassis member chassis_name hv1 priority 1")
	for i := range routers {
		n.Do(t, fmt.Sprintf("lr r%d", i))
		n.Do(t, fmt.Sprintf("lrp r%d r%d-ext mac 0a:01:00:00:%02x:01 networks 172.16.0.%d/12", i, i, i, i+1))
		n.Do(t, fmt.Sprintf("in Logical_Router_Port r%d-ext ha_chassis_group HA_Chassis_Group group", i))
		n.Do(t, fmt.Sprintf("lsp ext ext-r%d type router addresses router options router-port=r%d-ext,nat-addresses=router", i, i))
		n.Do(t, fmt.Sprintf("lrp r%d r%d-in mac 0a:01:00:00:%02x:02 networks 10.0.255.254/16", i, i, i))
		n.Do(t, fmt.Sprintf("lsp in%d in%d-r type router addresses router options router-port=r%d-in", i, i, i))
		for j := range each {
			addFloating(t, n, i, j)
		}
	}
	n.Apply(t)
	return n
}

// addFloating adds one, every other one where its VM is.
func addFloating(t testing.TB, n *northdtest.Network, router, i int) {
	own := ""
	if i%2 == 1 {
		own = fmt.Sprintf(" logical_port vm%d-%d external_mac 0a:02:%02x:00:%02x:%02x", router, i, router, i>>8, i&255)
	}
	n.Do(t, fmt.Sprintf("in Logical_Router r%d nat NAT fip%d-%d type dnat_and_snat external_ip 172.%d.%d.%d logical_ip 10.0.%d.%d%s", router, router, i, 17+i>>8, router, i&255, i>>8, i&255+1, own))
}

// TestFloatingCost: a floating IP that is added costs the same whether there are a
// thousand or ten thousand: units are counted, and rows, of which the one of the
// port that announces it is as long as its router has floating IPs.
func TestFloatingCost(t *testing.T) {
	type cost struct{ units, rows, flows int }
	add := func(n *northdtest.Network, i int) (c cost, evaluated int) {
		before := flowsOf(n)
		addFloating(t, n, 0, i)
		out := n.Apply(t)
		return cost{len(out.Units), len(out.Rows), flowsOf(n) - before}, n.C.Stats().Evaluated
	}
	few, many := floating(t, 5, 200), floating(t, 50, 200)
	for i := 200; i < 202; i++ {
		want, rows := add(few, i)
		t.Logf("%+v, %d computed", want, rows)
		if want.units != 3 || want.rows != 1 || want.flows > 16 || rows > 20 {
			t.Errorf("a floating IP costs %+v and %d computed, want three units, one row, sixteen flows and few computed", want, rows)
		}
		if got, all := add(many, i); got != want || all != rows {
			t.Errorf("among ten times as many routers it costs %+v and %d computed, among few %+v and %d", got, all, want, rows)
		}
	}
}
