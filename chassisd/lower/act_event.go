package lower

import "github.com/weft-sdn/weft/lflow"

// Event are the arguments of OpEvent: 4 bytes of event type, then the three
// strings, each behind 2 bytes of length.
type Event struct {
	Type                        EventType
	VIP, Protocol, LoadBalancer string
}

// EventType says what happened.
type EventType uint32

// EventEmptyLBBackends is lflow.EventEmptyLBBackends.
const EventEmptyLBBackends EventType = 0

func (e *encoder) triggerEvent(a lflow.TriggerEvent) {
	b := append(appendUserdata(nil, OpEvent), 0, 0, 0, byte(EventEmptyLBBackends))
	for _, s := range [...]string{a.VIP, a.Protocol, a.LoadBalancer} {
		b = append(append(b, byte(len(s)>>8), byte(len(s))), s...)
	}
	e.metered(a.Meter, b)
}

func decodeEvent(r *reader) Event {
	text := func() string { return string(r.bytes(int(r.uint(2)))) }
	a := Event{Type: EventType(r.uint(4)), VIP: text(), Protocol: text(), LoadBalancer: text()}
	if a.Type != EventEmptyLBBackends {
		r.bad = true
	}
	return a
}
