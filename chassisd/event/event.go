package event

import (
	"github.com/weft-sdn/weft/chassisd/duty"
	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/chassisd/tables"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// maxEvents is how many events wait to be dealt with.
const maxEvents = 1024

// Duty makes the duty.
func Duty() duty.Duty {
	t := &teller{told: map[schema.UUID]int64{}}
	return duty.Duty{
		Name:    "event",
		Packets: map[lower.Opcode]duty.Handler{lower.OpEvent: t.tell},
		Read:    t.read,
		Table:   "Controller_Event", Max: maxEvents, Seen: t.seen,
	}
}

// teller is what is remembered. It belongs to the runner's goroutine, but for self.
type teller struct {
	told    map[schema.UUID]int64 // the numbers of the events that wait
	last    int64                 // the last number that was given
	chassis string                // our name
	self    string                // the same, for read
}

// read takes the chassis's name from a commit.
func (t *teller) read(tab *tables.Tables) func(*duty.Out) {
	self, _ := tab.Self.Get(struct{}{})
	if self.Name == t.self {
		return nil
	}
	t.self = self.Name
	return func(*duty.Out) { t.chassis = self.Name }
}

// tell tells of an event, unless somebody is yet to deal with that.
func (t *teller) tell(p *duty.Packet, out *duty.Out) error {
	args, err := lower.Userdata{Op: p.Op, Args: p.Args}.Decode()
	if err != nil {
		return err
	}
	e := args.(lower.Event)
	id := schema.NameUUID("Controller_Event", t.chassis, lflow.EventEmptyLBBackends, e.VIP, e.Protocol, e.LoadBalancer)
	if _, waits := t.told[id]; waits || t.chassis == "" {
		return nil
	}
	if len(t.told) >= maxEvents {
		t.forget(out)
	}
	t.last++
	chassis := schema.NameUUID("Chassis", t.chassis)
	row := &sb.ControllerEvent{
		Header: schema.Header{UUID: id}, EventType: lflow.EventEmptyLBBackends, Chassis: &chassis, SeqNum: t.last,
		EventInfo: map[string]string{"vip": e.VIP, "protocol": e.Protocol, "load_balancer": e.LoadBalancer},
	}
	if out.Record(id, schema.EncodeRow(sb.Schema().Table("Controller_Event"), row, func(*schema.Column) bool { return true })) {
		t.told[id] = t.last
	}
	return nil
}

// forget takes the oldest event back.
func (t *teller) forget(out *duty.Out) {
	var oldest schema.UUID
	for id, n := range t.told {
		if oldest.IsZero() || n < t.told[oldest] {
			oldest = id
		}
	}
	delete(t.told, oldest)
	out.Record(oldest, nil)
}

// seen takes over the events of an earlier run, and forgets those that somebody has
// dealt with.
func (t *teller) seen(id schema.UUID, value []byte, _ *duty.Out) {
	if value == nil {
		delete(t.told, id)
		return
	}
	if _, ours := t.told[id]; ours {
		return
	}
	if row, err := schema.DecodeRow(sb.Schema().Table("Controller_Event"), id, value); err == nil {
		n := row.(*sb.ControllerEvent).SeqNum
		t.told[id] = n
		t.last = max(t.last, n)
	}
}
