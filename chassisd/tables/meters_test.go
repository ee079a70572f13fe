package tables

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/ofctrl"
	"github.com/weft-sdn/weft/ofctrl/ofp"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

func (w world) meter(name, unit string, rate, burst int64) {
	w.MeterBands.Set(id(name+"-band"), &sb.MeterBand{Action: "drop", Rate: rate, BurstSize: burst})
	w.Meters.Set(id(name), &sb.Meter{Name: name, Unit: unit, Bands: []schema.UUID{id(name + "-band")}})
}

// metered makes a world with a local switch and one unit.
func metered(t *testing.T, flows ...sb.Flow) (w world, unit func() Lowered) {
	w = newWorld(t)
	w.datapath("sw", 5)
	w.port("sw", "vm1", 1, "")
	w.iface("vm1", 7)
	w.chunk("sw", "acls", flows...)
	return w, func() Lowered {
		w.commit()
		l, _ := w.Units.Get(Path{id("sw"), "acls"})
		for _, c := range w.Units.Changes() {
			w.Keep(SharedUnit{c.Key.Owner, c.Key}, c.New)
		}
		return l
	}
}

func TestMeters(t *testing.T) {
	w, unit := metered(t,
		sb.Flow{Table: 1, Priority: 3, Match: "tcp", Actions: `log(verdict=drop, severity=info, meter="a");`, Stage: "s", Source: "acl"},
		sb.Flow{Table: 1, Priority: 2, Match: "udp", Actions: `log(verdict=drop, severity=info, meter="b");`, Stage: "s", Source: "acl"},
		sb.Flow{Table: 1, Priority: 1, Match: "1", Actions: `reject { };`, ControllerMeter: "c", Stage: "s", Source: "acl"},
	)
	w.meter("a", "pktps", 10, 0)
	l := unit()
	if got := fmt.Sprint(l.Errors); got != `[flow of s (acl): there is no meter "b" flow of s (acl): there is no meter "c"]` {
		t.Errorf("errors %s", got)
	}
	if l.Flows.Len() < 4 || len(l.Meters) != 1 || l.Meters[0].Body != ofp.NewMeterBody(ofp.MeterPktps|ofp.MeterStats, ofp.MeterBand{Rate: 10}) {
		t.Fatalf("meters %v, flows\n%s", l.Meters, text(l.Flows))
	}
	first := l.Meters[0].ID
	if f := text(l.Flows); strings.Count(f, "meter_id") != 2 || !strings.Contains(f, fmt.Sprintf("meter_id=%d", first)) {
		t.Errorf("flows\n%s", f) // twice: TCP over IPv4 and IPv6
	}

	w.meter("b", "pktps", 10, 0) // the same, but for other packets
	w.meter("c", "kbps", 100, 50)
	l = unit()
	if len(l.Errors) != 0 || len(l.Meters) != 3 || strings.Count(text(l.Flows), "meter_id") != 5 {
		t.Errorf("errors %q, meters %v, flows\n%s", l.Errors, l.Meters, text(l.Flows))
	}
	if !has(l.Meters, ofp.NewMeterBody(ofp.MeterKbps|ofp.MeterStats|ofp.MeterBurst, ofp.MeterBand{Rate: 100, Burst: 50})) {
		t.Errorf("meters %v", l.Meters)
	}

	before := text(l.Flows)
	w.meter("a", "pktps", 20, 0)
	l = unit()
	if text(l.Flows) != before {
		t.Errorf("another rate changes flows:\n%s", text(l.Flows))
	}
	if !has(l.Meters, ofp.NewMeterBody(ofp.MeterPktps|ofp.MeterStats, ofp.MeterBand{Rate: 20})) || w.meterIDs.Len() != 3 {
		t.Errorf("meters %v, %d numbers", l.Meters, w.meterIDs.Len())
	}

	w.MeterBands.Delete(id("b-band"))
	w.Meters.Delete(id("c"))
	l = unit()
	if got := fmt.Sprint(l.Errors); got != `[flow of s (acl): meter "b" has no bands flow of s (acl): there is no meter "c"]` {
		t.Errorf("errors %s", got)
	}
	w.Chunks.Delete(Path{id("sw"), "acls"})
	if l = unit(); w.meterIDs.Len() != 0 || l.Meters != nil {
		t.Errorf("%d numbers are still taken", w.meterIDs.Len())
	}
}

func has(ms []ofctrl.Meter, body ofp.MeterBody) bool {
	for _, m := range ms {
		if m.Body == body {
			return true
		}
	}
	return false
}

// TestRateMeters: each flow has its own.
func TestRateMeters(t *testing.T) {
	_, unit := metered(t,
		sb.Flow{Table: 1, Priority: 2, Match: "ip4.dst == 10.0.0.1", Actions: `set_meter(100, 10); next;`, Stage: "s"},
		sb.Flow{Table: 1, Priority: 2, Match: "ip4.dst == 10.0.0.2", Actions: `set_meter(100, 10); next;`, Stage: "s"},
	)
	l := unit()
	if len(l.Errors) != 0 || len(l.Meters) != 2 || l.Meters[0].Body != l.Meters[1].Body {
		t.Errorf("errors %q, meters %v", l.Errors, l.Meters)
	}
}

// TestSelectGroups: each flow has its group, and gives it back.
func TestSelectGroups(t *testing.T) {
	w, unit := metered(t, balance("10.0.0.1", 2), balance("10.0.0.2", 2))
	l := unit()
	if len(l.Errors) != 0 || len(l.Groups) != 2 || w.groupIDs.Len() != 2 || l.Groups[0].Body != l.Groups[1].Body {
		t.Fatalf("errors %q, groups %v", l.Errors, l.Groups)
	}
	for _, g := range l.Groups {
		if f := text(l.Flows); strings.Count(f, fmt.Sprintf("actions=group:%d\n", g.ID)) != 1 {
			t.Errorf("group %d: flows\n%s", g.ID, f)
		}
	}
	w.chunk("sw", "acls", balance("10.0.0.3", 1))
	if next := unit(); len(next.Groups) != 1 || slices.Contains(l.Groups, next.Groups[0]) || w.groupIDs.Len() != 1 {
		t.Errorf("groups %v, %d numbers", next.Groups, w.groupIDs.Len())
	}
}

// TestForwardingGroup: the liveness of a port behind a tunnel is the tunnel's.
func TestForwardingGroup(t *testing.T) {
	w, unit := metered(t, sb.Flow{Table: 1, Priority: 2, Match: "1", Stage: "s", Actions: `fwd_group(liveness="true", childports="vm1", "vm2");`})
	w.port("sw", "vm2", 2, "")
	w.claim("vm2", "hv2", 10, "")
	l := unit()
	spec := ofp.GroupSpec{Type: ofp.GroupSelect, Select: "dp_hash"}
	for i, watch := range []uint32{0, 102} {
		h := fnv.New32a()
		var b ofp.ActionBuilder
		b.Load(ofp.Sub(ofp.Reg15, 0, 16), ofp.U64(uint64(i+1)))
		b.Resubmit(lower.TableOutputLargeDetect)
		h.Write([]byte(b.Actions()))
		spec.Bucket = append(spec.Bucket, ofp.Bucket{ID: h.Sum32() % ofp.MaxBucketID, Weight: 100, WatchPort: watch, Actions: b.Actions()})
	}
	want, err := spec.Body()
	if err != nil {
		t.Fatal(err)
	}
	if len(l.Errors) != 0 || len(l.Groups) != 1 || l.Groups[0].Body != want {
		t.Errorf("errors %q, groups %v, want %v", l.Errors, l.Groups, want)
	}
}
