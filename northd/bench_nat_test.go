package northd_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/weft-sdn/weft/northd"
	"github.com/weft-sdn/weft/northd/northdtest"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
)

// BenchmarkAddFIP gives a VM a floating IP where the VM is, in a cloud of routers
// with a gateway and 200 others each on one provider network, and takes it away.
// It must not cost more where there are more routers.
func BenchmarkAddFIP(b *testing.B) {
	for _, routers := range []int{5, 50} {
		b.Run(fmt.Sprint(200*routers), func(b *testing.B) {
			n, fip := natCloud(routers, 200)
			n.C.Apply(n.Next)
			n.Next = northd.Input{}
			without := n.Rows[northdtest.ID("r0")].New.(*nb.LogicalRouter)
			row := fip(0, 200)
			with := nb.Schema().Table("Logical_Router").Clone(without).(*nb.LogicalRouter)
			with.NAT = sorted(append(slices.Clone(without.NAT), row.UUID))
			for b.Loop() {
				n.Put("NAT", row)
				n.Put("Logical_Router", with)
				out := n.C.Apply(n.Next)
				n.Next = northd.Input{}
				if b.N == 1 {
					b.Logf("%d units, %d rows, %d write-backs", len(out.Units), len(out.Rows), len(out.NB))
				}
				n.Put("Logical_Router", without)
				n.Remove(row.UUID)
				n.C.Apply(n.Next)
				n.Next = northd.Input{}
			}
		})
	}
}

// natCloud is routers with a gateway port on one provider network, and a switch
// of VMs each, all of which but one have a floating IP, every other one of its own
// Ethernet address; fip makes the row of a VM's.
func natCloud(routers, each int) (n *northdtest.Network, fip func(r, j int) *nb.NAT) {
	n = northdtest.New(northd.Options{})
	n.Put("NB_Global", &nb.NBGlobal{Header: schema.Header{UUID: northdtest.ID("global")}})
	header := func(name string) schema.Header { return schema.Header{UUID: northdtest.ID(name)} }
	join := func(sw, name string, options map[string]string) {
		n.AddPort(sw, &nb.LogicalSwitchPort{Header: header("at-" + name), Name: "at-" + name, Type: "router", Addresses: []string{"router"}, Options: options})
	}
	fip = func(r, j int) *nb.NAT {
		name := fmt.Sprintf("fip%d-%d", r, j)
		row := &nb.NAT{Header: header(name), Type: "dnat_and_snat", ExternalIP: fmt.Sprintf("172.17.%d.%d", r, j), LogicalIP: fmt.Sprintf("10.%d.0.%d", r, j+1)}
		if j%2 == 0 {
			port, mac := fmt.Sprintf("vm%d-%d", r, j), fmt.Sprintf("40:46:00:00:%02x:%02x", r, j)
			row.LogicalPort, row.ExternalMAC = &port, &mac
		}
		return row
	}
	n.PutSwitch(n.Switch("ext"))
	n.AddPort("ext", &nb.LogicalSwitchPort{Header: header("net"), Name: "net", Type: "localnet", Addresses: []string{"unknown"}, Options: map[string]string{"network_name": "phys"}})
	for r := range routers {
		router, sw := fmt.Sprint("r", r), fmt.Sprint("sw", r)
		in := &nb.LogicalRouterPort{Header: header(router + "-in"), Name: router + "-in", MAC: fmt.Sprintf("40:45:00:00:%02x:01", r), Networks: []string{fmt.Sprintf("10.%d.0.254/24", r)}}
		gateway := &nb.GatewayChassis{Header: header(router + "-hv"), Name: router + "-hv", ChassisName: fmt.Sprint("hv", r), Priority: 1}
		out := &nb.LogicalRouterPort{Header: header(router + "-out"), Name: router + "-out", MAC: fmt.Sprintf("40:45:00:00:%02x:02", r), Networks: []string{fmt.Sprintf("172.16.0.%d/12", r+1)}, GatewayChassis: []schema.UUID{gateway.UUID}}
		n.Put("Gateway_Chassis", gateway)
		n.Put("Logical_Router_Port", in)
		n.Put("Logical_Router_Port", out)
		n.PutSwitch(n.Switch(sw))
		join(sw, in.Name, map[string]string{"router-port": in.Name})
		join("ext", out.Name, map[string]string{"router-port": out.Name, "nat-addresses": "router"})
		lr := &nb.LogicalRouter{Header: header(router), Name: router, Ports: sorted([]schema.UUID{in.UUID, out.UUID})}
		for j := range each + 1 {
			name := fmt.Sprintf("vm%d-%d", r, j)
			n.AddPort(sw, &nb.LogicalSwitchPort{Header: header(name), Name: name, Addresses: []string{fmt.Sprintf("40:44:00:00:%02x:%02x 10.%d.0.%d", r, j, r, j+1)}})
			if j < each {
				row := fip(r, j)
				n.Put("NAT", row)
				lr.NAT = append(lr.NAT, row.UUID)
			}
		}
		lr.NAT = sorted(lr.NAT)
		n.Put("Logical_Router", lr)
	}
	return n, fip
}
