package tables

import (
	"strings"
	"testing"

	"github.com/weft-sdn/weft/chassisd/config"
	"github.com/weft-sdn/weft/chassisd/physical"
	"github.com/weft-sdn/weft/schema"
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

// withMACs makes a chassis with addresses of its own on physical networks.
func (w world) withMACs(name, mappings string) {
	w.Chassis.Set(id(name), &sb.Chassis{
		Header: schema.Header{UUID: id(name)}, Name: name, Hostname: strings.Replace(name, "hv", "host", 1),
		OtherConfig: map[string]string{config.ChassisMACsKey: mappings},
	})
}

// TestChassisMACs: the addresses of routers' ports that are on each chassis are
// replaced by this chassis's on the network, and come back where packets of others
// come in; that of a gateway port is not on its own chassis. To a gateway port of
// type bridged on another chassis the network leads.
func TestChassisMACs(t *testing.T) {
	w := newWorld(t)
	w.Datapaths.Set(id("r"), &sb.DatapathBinding{TunnelKey: 7, Type: ptr("logical-router")})
	link := func(sw, mac string, key int64) {
		w.datapath(sw, key)
		w.door(sw, sw+"-r", "r-"+sw, "")
		w.Ports.Set(id("r-"+sw), Port{Name: "r-" + sw, Type: "patch", Datapath: id("r"), Key: uint32(key), Peer: sw + "-r", Addresses: HostAddresses(mac + " 10.0.0.254/24")})
		w.wire(sw, sw+"-net", 9, "phys", physical.VLAN{})
		w.Patches.Set(sw, Patch{sw + "-net", uint32(30 + key)})
	}
	link("a", "40:44:00:00:ff:01", 5)
	link("p", "40:44:00:00:ff:02", 6)
	bridge := func(on bool) {
		w.standIn("r", "cr-r-p", "r-p", 2, "group")
		row, _ := w.Ports.Get(id("cr-r-p"))
		row.Bridged, row.Addresses = on, "40:44:00:00:ff:02 10.0.0.254/24"
		w.Ports.Set(id("cr-r-p"), row)
	}
	bridge(true)
	w.haGroup("group", "hv2")
	w.port("a", "vm", 2, "")
	w.iface("vm", 4)
	w.withMACs("hv1", "other:0a:00:00:00:00:09,phys:0a:00:00:00:00:01")
	w.withMACs("hv2", "phys:0a:00:00:00:00:02,other:0a:00:00:00:00:02")
	w.withMACs("hv3", "phys:nothing")
	w.commit()
	if n := w.ChassisMACFlows.Len(); n != 1 {
		t.Errorf("%d addresses of other chassis, want that of hv2", n)
	}
	const own = "set_field:0a:00:00:00:00:01->eth_src"
	for _, sw := range []string{"a", "p"} {
		f := w.flowsOf(sw + "-net")
		mac := map[string]string{"a": "40:44:00:00:ff:01", "p": "40:44:00:00:ff:02"}[sw]
		for _, part := range []string{"dl_src=" + mac + " actions=" + own, "conj_id=1", "set_field:" + mac + "->eth_src", "conjunction(1,2/2)"} {
			if !strings.Contains(f, part) {
				t.Errorf("%s: no %s in\n%s", sw, part, f)
			}
		}
	}
	if f := w.flowsOf("cr-r-p"); strings.Contains(f, "output") || !strings.Contains(f, "set_field:40:44:00:00:ff:02->eth_src,set_field:0x6->metadata,set_field:0x9->reg15") {
		t.Errorf("not by the network:\n%s", f)
	}
	bridge(false)
	w.commit()
	if f := w.flowsOf("cr-r-p"); !strings.Contains(f, "output:102") {
		t.Errorf("not by the tunnel:\n%s", f)
	}
	bridge(true)
	w.Patches.Delete("p")
	w.commit()
	if f := w.flowsOf("cr-r-p"); f != "" {
		t.Errorf("without the network:\n%s", f)
	}

	w.Patches.Set("p", Patch{"p-net", 36})
	w.haGroup("group", "hv1")
	w.commit()
	if f := w.flowsOf("p-net"); strings.Contains(f, own) {
		t.Errorf("the gateway port's address is replaced on its own chassis:\n%s", f)
	}
	if f := w.flowsOf("a-net"); !strings.Contains(f, own) {
		t.Errorf("that of a port beside it is not:\n%s", f)
	}
	w.withMACs("hv1", "")
	w.commit()
	if f := w.flowsOf("a-net"); strings.Contains(f, own) || !strings.Contains(f, "conjunction") {
		t.Errorf("without an address of its own:\n%s", f)
	}
	w.withMACs("hv2", "")
	w.commit()
	if n := w.ChassisMACFlows.Len(); n != 0 {
		t.Errorf("%d addresses of chassis that have none", n)
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

// TestTrackedPatch: a patch port that ACLs see connections at has a zone, which packets
// that enter and leave by it are looked up in.
func TestTrackedPatch(t *testing.T) {
	w := newWorld(t)
	w.behindRouter()
	w.commit()
	if w.Plugged.Len() != 0 {
		t.Errorf("%d ports have a zone", w.Plugged.Len())
	}
	row := &sb.PortBinding{LogicalPort: "sw-r", Type: "patch", Datapath: id("sw"), TunnelKey: 9,
		Options: map[string]string{"peer": "r-sw", "enable_router_port_acl": "true"}}
	w.Ports.Set(id("sw-r"), PortOf(row))
	w.commit()
	if p, ok := w.Plugged.Get(id("sw-r")); !ok || p.Name != "sw-r" {
		t.Fatalf("plugged in: %+v, %v", p, ok)
	}
	w.Zones.Set("sw-r", 12)
	w.commit()
	for _, port := range []string{"sw-r", "r-sw"} {
		if f := w.flowsOf(port); !strings.Contains(f, "set_field:0xc->reg13") {
			t.Errorf("flows of %s:\n%s", port, f)
		}
	}
}
