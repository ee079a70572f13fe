package fdb

import (
	"encoding/binary"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/weft-sdn/weft/chassisd/binding"
	"github.com/weft-sdn/weft/chassisd/duty"
	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/chassisd/packet"
	"github.com/weft-sdn/weft/chassisd/tables"
	"github.com/weft-sdn/weft/ofctrl/ofp"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// world is an agent with a switch of two ports, and without a switch of flows or an
// etcd.
type world struct {
	*duty.Runner
	t   *testing.T
	tab *tables.Tables
	now time.Time
}

func id(s string) schema.UUID { return schema.NameUUID(s) }

const switchKey = 5

func newWorld(t *testing.T, aging string) *world {
	w := &world{t: t, tab: tables.New(), now: time.Unix(1000, 0)}
	w.Runner = duty.NewRunner(duty.Config{Rate: 1e6, Now: func() time.Time { return w.now }}, Duty(slog.New(slog.DiscardHandler)))
	w.tab.Follow(tables.AllDatapaths)
	w.tab.Self.Set(struct{}{}, tables.Self{Name: "hv1"})
	row := &sb.DatapathBinding{TunnelKey: switchKey}
	if aging != "" {
		row.ExternalIDs = map[string]string{"fdb_age_threshold": aging}
	}
	w.tab.Datapaths.Set(id("sw"), row)
	for i, name := range []string{"vm1", "vm2"} {
		w.tab.Ports.Set(id(name), tables.Port{Name: name, Datapath: id("sw"), Key: uint32(i + 1)})
	}
	w.tab.SetInterface(binding.Interface{UUID: "if", Name: "vm1", ID: "vm1", Ofport: 1})
	w.commit()
	return w
}

func (w *world) commit() {
	w.Inputs(w.tab)
	w.tab.Engine.Commit()
	if err := w.tab.Engine.Check(); err != nil {
		w.t.Fatal(err)
	}
	w.Read(w.tab)
	w.Hear()
}

// put tells the duty of a sender, as the flows of a port do.
func (w *world) put(mac string, port uint64) {
	src, err := packet.ParseMAC(mac)
	if err != nil {
		w.t.Fatal(err)
	}
	var m ofp.MatchBuilder
	m.Set(ofp.Metadata, 1<<40|switchKey)
	m.Set(ofp.Reg14, port)
	w.Handle(&ofp.PacketIn{
		Packet: packet.Ethernet{Src: src, Type: packet.TypeARP}.Append(nil), Metadata: m.Match(),
		Userdata: append(binary.BigEndian.AppendUint32(nil, uint32(lower.OpPutFDB)), 0, 0, 0, 0),
	})
}

// want compares the records that the duty has changed: "mac port time" or "gone".
func (w *world) want(what string, want ...string) {
	w.t.Helper()
	var got []string
	for _, r := range w.Records() {
		if r.Value == nil {
			got = append(got, "gone")
			continue
		}
		row, err := schema.DecodeRow(sb.Schema().Table(r.Table), r.Row, r.Value)
		if err != nil {
			w.t.Fatal(err)
		}
		f := row.(*sb.FDB)
		if f.DPKey != switchKey {
			w.t.Errorf("record %+v", f)
		}
		got = append(got, fmt.Sprint(f.MAC, " ", f.PortKey, " ", f.Timestamp))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.t.Errorf("%s: %s", what, diff)
	}
}

// heard is what etcd then tells of a record.
func (w *world) heard(chassis, mac string, port uint32, at int64) {
	m, _ := packet.ParseMAC(mac)
	k := tables.SenderKey{Datapath: switchKey, MAC: m}
	w.tab.FDBs.Set(tables.RecordOf{Chassis: chassis, Row: idOf(k)}, tables.FDB{SenderKey: k, Port: port, Time: at})
	w.commit()
}

func (w *world) forget(chassis, mac string) {
	m, _ := packet.ParseMAC(mac)
	w.tab.FDBs.Delete(tables.RecordOf{Chassis: chassis, Row: idOf(tables.SenderKey{Datapath: switchKey, MAC: m})})
	w.commit()
}

func (w *world) pass(d time.Duration) {
	w.now = w.now.Add(d)
	w.Tick()
	w.commit()
}

const mac1, mac2 = "40:44:00:00:00:01", "40:44:00:00:00:02"

// TestLearn: a sender is recorded once, by one agent, and again when it moves.
func TestLearn(t *testing.T) {
	w := newWorld(t, "")
	w.put(mac1, 1)
	w.want("new", mac1+" 1 1000000")
	w.put(mac1, 1)
	w.want("on its way to etcd")
	w.heard("hv1", mac1, 1, 1_000_000)
	w.pass(time.Second)
	w.put(mac1, 1)
	w.want("known")
	w.put(mac1, 2)
	w.want("moved", mac1+" 2 1001000")
	w.heard("hv1", mac1, 2, 1_001_000)
	w.heard("hv2", mac1, 1, 1_009_000)
	w.want("another agent has it elsewhere, by a clock that is fast", "gone")
	w.forget("hv1", mac1)
	w.put(mac1, 2)
	w.want("moved back", mac1+" 2 1009001")
	w.heard("hv2", mac2, 2, 1)
	w.put(mac2, 2)
	w.want("known to another agent")
	for _, mac := range []string{"00:00:00:00:00:00", "01:00:5e:00:00:01"} {
		w.put(mac, 1)
		w.want(mac)
	}
}

// TestFlap: an address that two ports send from is not written for each packet.
func TestFlap(t *testing.T) {
	w := newWorld(t, "")
	w.heard("hv2", mac1, 2, 1)
	n := 0
	for range 100 {
		w.now = w.now.Add(10 * time.Millisecond)
		w.put(mac1, 1)
		n += len(w.Records())
	}
	if n != 5 {
		t.Errorf("%d records in a second", n)
	}
}

// TestAging: who sends is never forgotten, whoever hears it; who does not is, and
// half of the time before the next packet tells again.
func TestAging(t *testing.T) {
	w := newWorld(t, "10")
	doubts := func(what string, n int) {
		t.Helper()
		if got := w.tab.Doubts.Len(); got != n {
			t.Errorf("%s: %d doubts", what, got)
		}
	}
	w.put(mac1, 1)
	w.want("new", mac1+" 1 1000000")
	w.heard("hv1", mac1, 1, 1_000_000)
	w.pass(4 * time.Second)
	w.put(mac1, 1)
	w.want("4 s")
	doubts("4 s", 0)
	w.pass(time.Second)
	doubts("5 s", 1)
	w.put(mac1, 1)
	w.want("5 s", mac1+" 1 1005000")
	w.heard("hv1", mac1, 1, 1_005_000)
	w.commit()
	doubts("heard again", 0)
	w.pass(10 * time.Second)
	w.want("10 s later", "gone")
	w.forget("hv1", mac1)
	w.commit()
	doubts("forgotten", 0)

	w.heard("hv2", mac2, 2, 1_015_000)
	w.pass(6 * time.Second)
	doubts("another's", 1)
	w.put(mac2, 2)
	w.want("it is ours now", mac2+" 2 1021000")
}

// TestEarlierRun: what an earlier run has learned ages as if this one had.
func TestEarlierRun(t *testing.T) {
	w := newWorld(t, "10")
	m, _ := packet.ParseMAC(mac1)
	row := &sb.FDB{MAC: mac1, DPKey: switchKey, PortKey: 1, Timestamp: 995_000}
	w.Seen("FDB", idOf(tables.SenderKey{Datapath: switchKey, MAC: m}), encode(row))
	w.Seen("FDB", id("bad"), []byte(`{"mac":"no"}`))
	w.Hear()
	w.heard("hv1", mac1, 1, 995_000)
	w.pass(5 * time.Second)
	w.want("too old", "gone")
}

// TestBound: a port has so many records; the oldest makes room.
func TestBound(t *testing.T) {
	w := newWorld(t, "")
	mac := func(i int) string { return fmt.Sprintf("40:44:00:00:%02x:%02x", i>>8, i&0xff) }
	for i := range maxOfPort {
		w.now = w.now.Add(time.Millisecond)
		w.put(mac(i), 1)
	}
	if n := len(w.Records()); n != maxOfPort {
		t.Errorf("%d records", n)
	}
	w.put(mac1[:9]+"ff:ff:ff", 1)
	gone, there := 0, 0
	for _, r := range w.Records() {
		m, _ := packet.ParseMAC(mac(0))
		switch {
		case r.Value != nil:
			there++
		case r.Row == idOf(tables.SenderKey{Datapath: switchKey, MAC: m}):
			gone++
		}
	}
	if gone != 1 || there != 1 {
		t.Errorf("the oldest: %d, the new one: %d", gone, there)
	}
	w.put(mac2, 2)
	if n := len(w.Records()); n != 1 {
		t.Errorf("another port: %d records", n)
	}
}
