package neighbour

import (
	"net/netip"
	"time"

	"github.com/weft-sdn/weft/chassisd/duty"
	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/chassisd/packet"
	"github.com/weft-sdn/weft/chassisd/tables"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// Packets wait for their next hop, as in OVN: four for one, a thousand next hops,
// ten seconds. OVN does not bound their bytes.
const (
	maxWaiting   = 1000
	maxOfHop     = 4
	maxWaitBytes = 4 << 20
	maxWaitTime  = 10 * time.Second
)

// hop is a next hop that is not known.
type hop struct {
	portKey
	ip netip.Addr
}

// waiting are packets whose next hop is asked for, the oldest first.
type waiting struct {
	of    map[hop][]waitingPacket
	bytes int
}

type waitingPacket struct {
	packet *duty.Packet
	since  time.Time
}

// add keeps a packet; the oldest for the same next hop makes room. Where too many
// next hops are waited for, or too much waits, it is lost.
func (w *waiting) add(h hop, p *duty.Packet, now time.Time) {
	if w.of[h] == nil && len(w.of) >= maxWaiting {
		return
	}
	if n := len(w.of[h]); n >= maxOfHop {
		w.bytes -= len(w.of[h][0].packet.Packet)
		w.of[h] = w.of[h][1:]
	}
	if w.bytes+len(p.Packet) > maxWaitBytes {
		return
	}
	w.of[h] = append(w.of[h], waitingPacket{p, now})
	w.bytes += len(p.Packet)
}

// take takes away those that wait for a next hop.
func (w *waiting) take(h hop) []waitingPacket {
	ps := w.of[h]
	for _, p := range ps {
		w.bytes -= len(p.packet.Packet)
	}
	delete(w.of, h)
	return ps
}

// expire forgets what has waited for too long.
func (w *waiting) expire(now time.Time) {
	for h, ps := range w.of {
		if len(ps) == 0 || now.Sub(ps[len(ps)-1].since) >= maxWaitTime {
			w.take(h)
		}
	}
}

// next is when something has waited for too long, zero for never.
func (w *waiting) next() (t time.Time) {
	for _, ps := range w.of {
		if len(ps) == 0 {
			continue
		}
		if end := ps[len(ps)-1].since.Add(maxWaitTime); t.IsZero() || end.Before(t) {
			t = end
		}
	}
	return t
}

// ask sends, in place of a packet whose next hop's Ethernet address is not known,
// the question for it; the nested actions fill in who asks whom. The packet waits
// for the answer.
func (l *learner) ask(p *duty.Packet, out *duty.Out) error {
	d, ok := packet.ParseDatagram(p.Packet)
	if !ok {
		return errNotIP
	}
	h := hop{keyOf(p, ofp.Reg15), addressIn(p, p.Op == lower.OpNDNS)}
	if port, ok := l.ports[h.portKey]; ok {
		if mac, known := l.known[tables.NeighbourKey{Port: port, IP: h.ip}]; known {
			return l.forward(p, mac, out) // its flows are on their way
		}
		l.waiting.add(h, p, out.Now())
		l.plan(out)
	}
	return out.Reply(p, d.Ask(nil), p.Nested())
}

// release lets the packets go that wait for a neighbour.
func (l *learner) release(k tables.NeighbourKey, mac packet.MAC, out *duty.Out) {
	of, ok := l.of[k.Port]
	if !ok {
		return
	}
	h := hop{portKey{of.DatapathKey, of.Key}, k.IP}
	for _, w := range l.waiting.take(h) {
		if err := l.forward(w.packet, mac, out); err != nil {
			l.log.Debug("a packet that waited for its next hop", "err", err)
		}
	}
}

// forward sends a packet to its next hop.
func (l *learner) forward(p *duty.Packet, mac packet.MAC, out *duty.Out) error {
	var a ofp.ActionBuilder
	a.Resubmit(lower.TableOutputLargeDetect)
	copy(p.Packet, mac[:]) // the destination begins a frame
	return out.Reply(p, p.Packet, a.Actions())
}
