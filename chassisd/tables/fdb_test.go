package tables

import (
	"strings"
	"testing"
	"time"

	"github.com/weft-sdn/weft/chassisd/packet"
	"github.com/weft-sdn/weft/chassisd/physical"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// TestFDB: of what agents have heard of an address all choose the same, a port of the
// switch before what is outside; who has heard something else takes it back.
func TestFDB(t *testing.T) {
	w := newWorld(t)
	w.datapath("sw", 5)
	w.Datapaths.Set(id("sw"), &sb.DatapathBinding{TunnelKey: 5, ExternalIDs: map[string]string{"fdb_age_threshold": "30"}})
	w.port("sw", "vm1", 1, "")
	w.port("sw", "vm2", 2, "")
	w.wire("sw", "net", 9, "phys", physical.VLAN{})
	key := SenderKey{5, packet.MAC{5: 1}}
	heard := func(chassis string, port uint32, time int64) {
		w.FDBs.Set(RecordOf{chassis, id("sender")}, FDB{key, port, time})
	}
	for _, step := range []struct {
		what string
		do   func()
		port uint32 // 0: nobody knows here
		lost int    // of our records
	}{
		{"the switch is not here", func() { heard("hv2", 1, 10) }, 0, 0},
		{"it is", func() { w.iface("vm1", 7) }, 1, 0},
		{"another agent's is newer", func() { heard("hv3", 2, 11) }, 2, 0},
		{"ours is older", func() { heard("hv1", 1, 9) }, 2, 1},
		{"ours is as new: by name", func() { heard("hv1", 1, 11) }, 2, 1},
		{"ours is newer", func() { heard("hv1", 1, 12) }, 1, 0},
		{"from outside, newer", func() { heard("hv3", 9, 99) }, 1, 0},
		{"ours from outside", func() { heard("hv1", 9, 100) }, 1, 1},
		{"nobody on the switch", func() { w.FDBs.Delete(RecordOf{"hv2", id("sender")}) }, 9, 0},
		{"a port that there is not", func() { heard("hv1", 4, 101) }, 9, 1},
		{"ours alone", func() { heard("hv1", 2, 102); w.FDBs.Delete(RecordOf{"hv3", id("sender")}) }, 2, 0},
		{"the port is gone", func() { w.Ports.Delete(id("vm2")) }, 0, 1},
		{"the switch is not needed any more", func() { heard("hv1", 1, 103); w.Interfaces.Delete("if-vm1") }, 0, 1},
	} {
		step.do()
		w.commit()
		s, ok := w.Senders.Get(key)
		if ok != (step.port != 0) || s.Port != step.port || s.Localnet != (step.port == 9) {
			t.Errorf("%s: %+v, %v", step.what, s, ok)
		}
		flows, _ := w.FDBFlows.Get(key)
		want := map[bool]int{false: 0, true: 3}[ok]
		if s.Localnet {
			want = 2
		}
		if n := len(flows.List()); n != want {
			t.Errorf("%s: %d flows\n%s", step.what, n, text(flows))
		}
		if w.Outdone.Len() != step.lost {
			t.Errorf("%s: %d records are outdone", step.what, w.Outdone.Len())
		}
		if l, ok := w.Learning.Get(id("sw")); ok && l != (Learning{5, 30 * time.Second}) {
			t.Errorf("%s: %+v", step.what, l)
		}
	}
}

// TestDoubt: who is doubted is found, but not known.
func TestDoubt(t *testing.T) {
	w := newWorld(t)
	w.datapath("sw", 5)
	w.port("sw", "vm1", 1, "")
	w.iface("vm1", 7)
	key := SenderKey{5, packet.MAC{5: 1}}
	w.FDBs.Set(RecordOf{"hv1", id("sender")}, FDB{key, 1, 1})
	known := func() bool {
		w.commit()
		flows, _ := w.FDBFlows.Get(key)
		f := text(flows)
		if !strings.Contains(f, "table=95") {
			t.Errorf("not found:\n%s", f)
		}
		return strings.Contains(f, "reg14=0x1")
	}
	if !known() {
		t.Error("not known")
	}
	w.Doubts.Set(key, struct{}{})
	if known() {
		t.Error("known in spite of the doubt")
	}
	w.Doubts.Delete(key)
	if !known() {
		t.Error("not known afterwards")
	}
}

// TestFDBRow: rows that make no sense are told, and left out.
func TestFDBRow(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		mac string
		bad bool
	}{{"00:00:00:00:00:09", false}, {"00-00-00-00-00-09", true}, {"host", true}} {
		row := &sb.FDB{MAC: c.mac, DPKey: 5, PortKey: 1}
		value := schema.EncodeRow(sb.Schema().Table("FDB"), row, func(*schema.Column) bool { return true })
		err := w.Feeds.Apply(sb.RecordKey("hv3", "FDB", id("x")), Event{Rev: 1, Value: value})
		if _, there := w.FDBs.Get(RecordOf{"hv3", id("x")}); (err != nil) != c.bad || there == c.bad {
			t.Errorf("%s: %v, there %v", c.mac, err, there)
		}
	}
}
