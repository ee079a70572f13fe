package tables

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/chassisd/packet"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// TestMACBindings: the newest of what agents have learned is a flow wherever the
// router is; rows that make no sense are told, and left out.
func TestMACBindings(t *testing.T) {
	w := newWorld(t)
	w.datapath("sw", 5)
	w.Datapaths.Set(id("r"), &sb.DatapathBinding{TunnelKey: 6, Type: ptr("logical-router"), ExternalIDs: map[string]string{"mac_binding_age_threshold": "300"}})
	w.port("sw", "vm", 9, "")
	w.door("sw", "sw-r", "r-sw", "")
	w.door("r", "r-sw", "sw-r", "")
	ip := netip.MustParseAddr("10.0.0.9")
	key := NeighbourKey{id("r-sw"), ip}
	bind := func(chassis, port string, mac byte, time int64) {
		w.MACBindings.Set(RecordOf{chassis, id("binding")}, MACBinding{id("r"), port, ip, packet.MAC{5: mac}, time})
	}
	for _, step := range []struct {
		what string
		do   func()
		mac  string // none: the neighbour is not known here
		lost int    // of our records
	}{
		{"the router is not here", func() { bind("hv2", "r-sw", 1, 10) }, "", 0},
		{"it is", func() { w.iface("vm", 7) }, "00:00:00:00:00:01", 0},
		{"another agent's is newer", func() { bind("hv3", "r-sw", 2, 11) }, "00:00:00:00:00:02", 0},
		{"ours is older", func() { bind("hv1", "r-sw", 3, 9) }, "00:00:00:00:00:02", 0},
		{"as new: by name", func() { bind("hv2", "r-sw", 4, 11) }, "00:00:00:00:00:02", 0},
		{"newer", func() { bind("hv2", "r-sw", 4, 12) }, "00:00:00:00:00:04", 0},
		{"of a port of another datapath", func() { bind("hv2", "sw-r", 4, 13) }, "00:00:00:00:00:02", 0},
		{"the port is gone", func() { w.Ports.Delete(id("r-sw")) }, "", 1},
		{"our record too", func() { w.MACBindings.Delete(RecordOf{"hv1", id("binding")}) }, "", 0},
	} {
		step.do()
		w.commit()
		mac, ok := w.Neighbours.Get(key)
		if got := mac.String(); ok != (step.mac != "") || ok && got != step.mac {
			t.Errorf("%s: %s, %v", step.what, got, ok)
		}
		flows, _ := w.NeighbourFlows.Get(key)
		if f := text(flows); ok && (!strings.Contains(f, "set_field:"+step.mac+"->eth_dst") || !strings.Contains(f, "dl_src="+step.mac)) || !ok && f != "" {
			t.Errorf("%s: flows\n%s", step.what, f)
		}
		if w.Orphans.Len() != step.lost {
			t.Errorf("%s: %d orphans", step.what, w.Orphans.Len())
		}
		if p, ok := w.RouterPorts.Get(id("r-sw")); ok && (p.Ages != "300" || p.DatapathKey != 6 || p.Key != 1) {
			t.Errorf("%s: router port %+v", step.what, p)
		}
	}

	row := func(mac, ip string) Event {
		b := &sb.MACBinding{LogicalPort: "r-sw", IP: ip, MAC: mac, Datapath: id("r")}
		return Event{Rev: 1, Value: schema.EncodeRow(sb.Schema().Table("MAC_Binding"), b, func(*schema.Column) bool { return true })}
	}
	path := sb.RecordKey("hv3", "MAC_Binding", id("other"))
	for _, c := range []struct {
		mac, ip string
		bad     bool
	}{{"00:00:00:00:00:09", "10.0.0.8", false}, {"00:00:00:00:00:09", "host", true}, {"00-00-00-00-00-09", "10.0.0.8", true}, {"00:00:00:00:00:09:00:09", "10.0.0.8", true}} {
		err := w.Feeds.Apply(path, row(c.mac, c.ip))
		if _, there := w.MACBindings.Get(RecordOf{"hv3", id("other")}); (err != nil) != c.bad || there == c.bad {
			t.Errorf("%+v: %v, there %v", c, err, there)
		}
	}
}
