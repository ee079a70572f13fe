package tables

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/chassisd/zone"
	"github.com/weft-sdn/weft/schema/sb"
)

// standIn makes a port that stands for another one, on a chassis of a group.
func (w world) standIn(dp, name, of string, key int64, group string) {
	w.Ports.Set(id(name), Port{Name: name, Type: standInType, Datapath: id(dp), Key: uint32(key), For: of, Group: id(group)})
}

// haGroup makes a group of chassis: the first is the preferred one.
func (w world) haGroup(name string, chassis ...string) {
	row := &sb.HAChassisGroup{Name: name}
	for i, c := range chassis {
		member, at := id(name+c), id(c)
		w.HAChassis.Set(member, &sb.HAChassis{Chassis: &at, Priority: int64(100 - i)})
		row.HAChassis = append(row.HAChassis, member)
	}
	w.HAGroups.Set(id(name), row)
}

// TestStandIn: packets for a port that stands for a gateway port go to the
// chassis of its group with the highest priority that there is, and there to the
// gateway port.
func TestStandIn(t *testing.T) {
	w := newWorld(t)
	w.Datapaths.Set(id("r"), &sb.DatapathBinding{TunnelKey: 7, Type: ptr("logical-router")})
	w.datapath("sw", 5)
	w.door("sw", "sw-r", "r-sw", "")
	w.door("r", "r-sw", "sw-r", "")
	w.standIn("r", "cr-r-sw", "r-sw", 2, "group")
	w.chunk("r", "base", sb.Flow{Match: `is_chassis_resident("cr-r-sw")`, Actions: "next;"})
	w.haGroup("group", "hv1", "hv3", "hv2")
	w.Zones.Set("cr-r-sw", 11)
	w.Zones.Set(zone.DNAT("r"), 12)
	w.commit()

	if _, ok := w.Hosted.Get(id("cr-r-sw")); !ok {
		t.Error("it is not here")
	}
	if w.Needed.Len() != 2 {
		t.Errorf("%d datapaths are needed without a VM, want the router and the switch", w.Needed.Len())
	}
	flow := w.flowsOf("cr-r-sw")
	for _, part := range []string{"table=60", "reg15=0x2,metadata=0x7", "0x1->reg15", "0xb->reg13", "resubmit(,61)"} {
		if !strings.Contains(strings.ReplaceAll(flow, "set_field:", ""), part) {
			t.Errorf("here: no %s in %s", part, flow)
		}
	}
	if flows, _ := w.unit("r", "base"); flows == "" {
		t.Error("no flow for what is resident")
	}

	w.Chassis.Delete(id("hv1"))
	w.port("sw", "vm", 9, "")
	w.iface("vm", 4)
	w.commit()
	if flow := w.flowsOf("cr-r-sw"); !strings.Contains(flow, "table=59") || !strings.Contains(flow, "output:103") {
		t.Errorf("on hv3: %s", flow)
	}
	if flows, _ := w.unit("r", "base"); flows != "" {
		t.Errorf("resident elsewhere: %s", flows)
	}
	w.Chassis.Delete(id("hv3"))
	w.commit()
	if flow := w.flowsOf("cr-r-sw"); !strings.Contains(flow, "output:102") {
		t.Errorf("on hv2: %s", flow)
	}
	w.haGroup("group")
	w.commit()
	if flow := w.flowsOf("cr-r-sw"); flow != "" {
		t.Errorf("nowhere: %s", flow)
	}
}

// TestGatewayRouterIsNeeded: the chassis of a gateway router needs it and what is
// behind it, without a VM.
func TestGatewayRouterIsNeeded(t *testing.T) {
	w := newWorld(t)
	w.Datapaths.Set(id("g"), &sb.DatapathBinding{TunnelKey: 7, Type: ptr("logical-router")})
	w.datapath("sw", 5)
	w.door("sw", "sw-g", "g-sw", "host1")
	w.door("g", "g-sw", "sw-g", "host1")
	w.commit()
	if w.Needed.Len() != 2 || w.Hosted.Len() != 2 {
		t.Errorf("%d datapaths are needed, %d ports here; want 2 and 2", w.Needed.Len(), w.Hosted.Len())
	}
	w.Self.Set(struct{}{}, Self{Name: "hv2", Hostname: "host2"})
	w.commit()
	if w.Needed.Len() != 0 || w.Hosted.Len() != 0 {
		t.Errorf("elsewhere: %d datapaths are needed, %d ports here", w.Needed.Len(), w.Hosted.Len())
	}
}

// mutateHosts changes HA groups and what names them.
func (w world) mutateHosts(r *rand.Rand, pick func(...string) string, dp, vm string) {
	switch group := pick("ha", "ha2"); r.IntN(6) {
	case 0:
		w.standIn(dp, vm, pick("vm1", "vm2", "vm3", "vm4"), int64(1+r.IntN(5)), group)
	case 1:
		w.haGroup(group, []string{"hv1", "hv2", "hv3"}[r.IntN(3):]...)
	case 2:
		w.HAGroups.Delete(id(group))
	case 3, 4:
		w.watch(pick("t2", "t22", "t3") + "=" + pick("", "up", "down", "down", "new", "back", "unsure"))
		w.BFDTimes.Set(globalRow, BFDTimes{Mult: r.IntN(2)})
	default:
		name := pick("hv1", "hv2", "hv3")
		if r.IntN(3) == 0 {
			w.Chassis.Delete(id(name))
		} else {
			w.withMACs(name, pick("", "phys:0a:00:00:00:00:01", "phys:0a:00:00:00:00:02"))
		}
	}
}
