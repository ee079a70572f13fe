package tables

import (
	"testing"

	"github.com/weft-sdn/weft/chassisd/packet"
	"github.com/weft-sdn/weft/chassisd/zone"
	"github.com/weft-sdn/weft/schema/sb"
)

// TestReplyHops: next hops of local routers, in the zone where their connections are.
func TestReplyHops(t *testing.T) {
	w := newWorld(t)
	w.behindRouter()
	w.datapath("far", 7)
	w.commit()
	name, _ := w.ZoneNames.Get(id("r"))
	w.Zones.Set(zone.DNAT(name), 33)
	for hop, row := range map[string]*sb.ECMPNexthop{
		"known": {Nexthop: "10.0.0.1", Port: id("r-sw"), Datapath: id("r"), MAC: "02:00:00:00:00:01"},
		"asked": {Nexthop: "10.0.0.2", Port: id("r-sw"), Datapath: id("r")},
		"far":   {Nexthop: "10.0.0.3", Port: id("far-sw"), Datapath: id("far"), MAC: "02:00:00:00:00:03"},
	} {
		w.ECMPNexthops.Set(id(hop), row)
	}
	w.commit()
	for hop, want := range map[string]ReplyHop{"known": {33, packet.MAC{2, 5: 1}}, "asked": {Zone: 33}} {
		if got, ok := w.ReplyHops.Get(id(hop)); !ok || got != want {
			t.Errorf("%s: %+v, %v", hop, got, ok)
		}
	}
	if n := w.ReplyHops.Len(); n != 2 {
		t.Errorf("%d next hops of replies", n)
	}
}
