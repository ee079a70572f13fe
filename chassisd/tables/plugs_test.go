package tables

import (
	"strings"
	"testing"

	"github.com/weft-sdn/weft/chassisd/physical"
	"github.com/weft-sdn/weft/schema/sb"
)

// wire makes a localnet port of a switch, and patch the way to its network.
func (w world) wire(dp, name string, key uint32, network string, v physical.VLAN) {
	w.Ports.Set(id(name), Port{Name: name, Type: localnet, Datapath: id(dp), Key: key, Network: network, VLAN: v})
	w.GroupPorts.Set(Member{id(dp + "-flood"), id(name)}, struct{}{})
}

func (w world) groupFlowsOf(dp string) string {
	f, _ := w.GroupFlows.Get(id(dp + "-flood"))
	return text(f)
}

// TestLocalnet: where a chassis is connected to a switch's physical network, packets
// for other chassis take that; where it is not, the tunnel.
func TestLocalnet(t *testing.T) {
	w := newWorld(t)
	w.datapath("sw", 5)
	w.port("sw", "vm1", 1, "")
	w.port("sw", "vm2", 2, "")
	w.claim("vm2", "hv2", 3, "")
	w.wire("sw", "net", 9, "phys", physical.VLAN{Tag: 100})
	w.iface("vm1", 7)
	w.commit()
	if n, ok := w.Localnets.Get(id("net")); !ok || n != (Localnet{"net", "phys", id("sw"), true}) {
		t.Errorf("localnet %+v, %v", n, ok)
	}
	if f := w.flowsOf("vm2"); !strings.Contains(f, "output:102") {
		t.Errorf("no tunnel:\n%s", f)
	}
	if f := w.groupFlowsOf("sw"); !strings.Contains(f, "output:102") {
		t.Errorf("no tunnel of the group:\n%s", f)
	}
	if f := w.flowsOf("net"); f != "" {
		t.Errorf("flows of what is not plugged in:\n%s", f)
	}

	w.Patches.Set("p", Patch{"net", 33})
	w.Zones.Set("net", 12)
	w.commit()
	if f := w.flowsOf("vm2"); strings.Contains(f, "output") || !strings.Contains(f, "set_field:0x9->reg15") {
		t.Errorf("not by the network:\n%s", f)
	}
	if f := w.flowsOf("net"); !strings.Contains(f, "in_port=33,dl_vlan=100") || !strings.Contains(f, "output:33") || !strings.Contains(f, "set_field:0xc->reg13") {
		t.Errorf("flows of the localnet port:\n%s", f)
	}
	if f := w.groupFlowsOf("sw"); strings.Contains(f, "output") || !strings.Contains(f, "set_field:0x9->reg15") {
		t.Errorf("the group's flows:\n%s", f)
	}
	if near := w.Near(id("sw")); len(near) != 0 {
		t.Errorf("tunnels from others %v", near)
	}

	// The network of a switch that is only reached is not asked for by hosts.
	w.datapath("far", 6)
	w.wire("far", "net2", 9, "other", physical.VLAN{})
	w.door("sw", "sw-far", "far-sw", "")
	w.door("far", "far-sw", "sw-far", "")
	w.commit()
	if n, ok := w.Localnets.Get(id("net2")); !ok || n.Hosts {
		t.Errorf("localnet %+v, %v", n, ok)
	}
	w.Patches.Delete("p")
	w.commit()
	if f := w.flowsOf("vm2"); !strings.Contains(f, "output:102") {
		t.Errorf("no tunnel:\n%s", f)
	}
}

// TestLocalport: it works where it has an interface, is claimed by nobody, and gets
// of what is for groups only what is sent here.
func TestLocalport(t *testing.T) {
	w := newWorld(t)
	w.datapath("sw", 5)
	w.port("sw", "vm1", 1, "")
	w.Ports.Set(id("meta"), Port{Name: "meta", Type: localport, Datapath: id("sw"), Key: 3})
	w.GroupPorts.Set(Member{id("sw-flood"), id("meta")}, struct{}{})
	w.iface("meta", 8)
	w.commit()
	if w.Needed.Len() != 0 || w.Plugged.Len() != 0 {
		t.Error("a localport alone needs its switch")
	}
	w.iface("vm1", 7)
	w.commit()
	if w.Asked.Len() != 1 || w.Plugged.Len() != 1 {
		t.Errorf("asked %d, plugged in %d", w.Asked.Len(), w.Plugged.Len())
	}
	if f := w.flowsOf("meta"); !strings.Contains(f, "in_port=8") || !strings.Contains(f, "set_field:0x400->reg10") || !strings.Contains(f, "output:8") {
		t.Errorf("flows:\n%s", f)
	}
	for _, f := range strings.Split(w.groupFlowsOf("sw"), "\n") {
		if strings.Contains(f, "set_field:0x3->reg15") != strings.Contains(f, "table=59") {
			t.Errorf("flows of the group: %s", f)
		}
	}
	w.Interfaces.Delete("if-meta")
	w.commit()
	if f := w.flowsOf("meta"); f != "" {
		t.Errorf("flows without an interface:\n%s", f)
	}
}

// TestLocalnetRow: what is read of the row, and of what no sense can be made.
func TestLocalnetRow(t *testing.T) {
	tag := func(n int64) *int64 { return &n }
	for _, c := range []struct {
		row  sb.PortBinding
		want physical.VLAN
	}{
		{sb.PortBinding{Type: "localnet", Tag: tag(7)}, physical.VLAN{Tag: 7}},
		{sb.PortBinding{Type: "localnet", Tag: tag(4096)}, physical.VLAN{}},
		{sb.PortBinding{Type: "localnet", Tag: tag(7), Options: map[string]string{"ethtype": "802.1AD"}}, physical.VLAN{Tag: 7, Service: true}},
		{sb.PortBinding{Type: "localnet", Options: map[string]string{"ethtype": "802.1q", "vlan-passthru": "true"}}, physical.VLAN{Pass: true}},
		{sb.PortBinding{Tag: tag(7)}, physical.VLAN{}},
	} {
		if got := PortOf(&c.row).VLAN; got != c.want {
			t.Errorf("%+v: %+v", c.row, got)
		}
	}
}
