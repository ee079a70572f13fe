package event

import (
	"fmt"
	"testing"
	"time"

	"github.com/weft-sdn/weft/chassisd/duty"
	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/chassisd/tables"
	"github.com/weft-sdn/weft/ofctrl/ofp"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

const balancer = "12345678-abcd-9876-fedc-11119f8e7d6c"

// world is an agent without a switch or an etcd.
type world struct {
	*duty.Runner
	t   *testing.T
	tab *tables.Tables
	all map[schema.UUID]*sb.ControllerEvent // its records
}

func newWorld(t *testing.T, name string) *world {
	w := &world{t: t, tab: tables.New(), all: map[schema.UUID]*sb.ControllerEvent{}}
	w.Runner = duty.NewRunner(duty.Config{Rate: 1e6, Now: func() time.Time { return time.Unix(1000, 0) }}, Duty())
	w.tab.Self.Set(struct{}{}, tables.Self{Name: name})
	w.tab.Engine.Commit()
	w.Read(w.tab)
	w.Hear()
	return w
}

// packet is what a flow of a VIP sends.
func (w *world) packet(args []byte) {
	w.Handle(&ofp.PacketIn{Userdata: append([]byte{0, 0, 0, byte(lower.OpEvent), 0, 0, 0, 0}, args...), Packet: make([]byte, 60)})
}

func (w *world) wants(vip string) {
	b := []byte{0, 0, 0, 0}
	for _, s := range []string{vip, "tcp", balancer} {
		b = append(append(b, byte(len(s)>>8), byte(len(s))), s...)
	}
	w.packet(b)
}

// records are those that there are by now.
func (w *world) records() map[schema.UUID]*sb.ControllerEvent {
	for _, r := range w.Records() {
		if delete(w.all, r.Row); r.Value == nil {
			continue
		}
		row, err := schema.DecodeRow(sb.Schema().Table(r.Table), r.Row, r.Value)
		if err != nil {
			w.t.Fatal(err)
		}
		w.all[r.Row] = row.(*sb.ControllerEvent)
	}
	return w.all
}

// TestEvents: an event is told once, until somebody has dealt with it; then it is told
// again, by another number.
func TestEvents(t *testing.T) {
	w := newWorld(t, "hv1")
	for range 3 {
		w.wants("10.9.0.1:80")
	}
	w.wants("[fd00:9::1]:80")
	all := w.records()
	numbers := map[int64]string{}
	for _, row := range all {
		numbers[row.SeqNum] = row.EventInfo["vip"]
		if row.EventType != "empty_lb_backends" || row.EventInfo["protocol"] != "tcp" || row.EventInfo["load_balancer"] != balancer || *row.Chassis != schema.NameUUID("Chassis", "hv1") {
			t.Errorf("%+v", row)
		}
	}
	if fmt.Sprint(numbers) != "map[1:10.9.0.1:80 2:[fd00:9::1]:80]" {
		t.Fatalf("told are %v", numbers)
	}
	for id, row := range all {
		if row.SeqNum == 1 {
			w.Seen("Controller_Event", id, nil)
		}
	}
	w.Hear()
	w.wants("10.9.0.1:80")
	for _, row := range w.records() {
		if row.EventInfo["vip"] == "10.9.0.1:80" && row.SeqNum != 3 {
			t.Errorf("told again with number %d", row.SeqNum)
		}
	}
	w.packet([]byte{0, 0, 0, 9})
	if n := len(w.records()); n != 2 {
		t.Errorf("a packet with bad arguments makes an event: %d", n)
	}
}

// TestEarlierRun: events of an earlier run wait too, and numbers go on from theirs.
func TestEarlierRun(t *testing.T) {
	w := newWorld(t, "hv1")
	row := &sb.ControllerEvent{EventType: "empty_lb_backends", SeqNum: 41, EventInfo: map[string]string{"vip": "10.9.0.1:80"}}
	id := schema.NameUUID("Controller_Event", "hv1", "empty_lb_backends", "10.9.0.1:80", "tcp", balancer)
	w.Seen("Controller_Event", id, schema.EncodeRow(sb.Schema().Table("Controller_Event"), row, func(*schema.Column) bool { return true }))
	w.Hear()
	w.wants("10.9.0.1:80")
	w.wants("10.9.0.2:80")
	for _, row := range w.records() {
		if row.EventInfo["vip"] == "10.9.0.2:80" && row.SeqNum != 42 {
			t.Errorf("the next has number %d", row.SeqNum)
		}
	}
}

// TestBounded: there are so many events; the oldest goes.
func TestBounded(t *testing.T) {
	w := newWorld(t, "hv1")
	for i := range maxEvents + 10 {
		w.wants(fmt.Sprintf("10.9.%d.%d:80", i/256, i%256))
	}
	all := w.records()
	if len(all) != maxEvents {
		t.Errorf("%d events", len(all))
	}
	for _, row := range all {
		if row.SeqNum <= 10 {
			t.Errorf("event %d is still there", row.SeqNum)
		}
	}
}
