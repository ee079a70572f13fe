package neighbour

import (
	"maps"
	"net/netip"
	"time"

	"github.com/weft-sdn/weft/chassisd/duty"
	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/chassisd/packet"
	"github.com/weft-sdn/weft/chassisd/tables"
	"github.com/weft-sdn/weft/ofctrl/ofp"
	"github.com/weft-sdn/weft/schema"
)

// Packets wait for their next hop, as in OVN: four for one, a thousand next hops,
// ten seconds.
const (
	maxWaiting  = 1000
	maxOfHop    = 4
	maxWaitTime = 10 * time.Second
)

// hop is a next hop that is not known.
type hop struct {
	port schema.UUID
	ip   netip.Addr
}

// waiting are packets whose next hop is asked for, the oldest first.
type waiting map[hop][]waitingPacket

type waitingPacket struct {
	packet *duty.Packet
	since  time.Time
}

// add keeps a packet; the oldest for the same next hop makes room. Where too many
// next hops are waited for it is lost.
func (w waiting) add(h hop, p *duty.Packet, now time.Time) {
	if w[h] == nil && len(w) >= maxWaiting {
		return
	}
	w[h] = append(w[h], waitingPacket{p, now})
	if n := len(w[h]); n > maxOfHop {
		w[h] = w[h][n-maxOfHop:]
	}
}

// expire forgets what has waited for too long.
func (w waiting) expire(now time.Time) {
	maps.DeleteFunc(w, func(_ hop, ps []waitingPacket) bool { return now.Sub(ps[len(ps)-1].since) >= maxWaitTime })
}

// next is when something has waited for too long, zero for never.
func (w waiting) next() (t time.Time) {
	for _, ps := range w {
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
	if port, ok := l.ports[keyOf(p, ofp.Reg15)]; ok {
		h := hop{port, address(p, p.Op == lower.OpNDNS)}
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
	h := hop{k.Port, k.IP}
	for _, w := range l.waiting[h] {
		if err := l.forward(w.packet, mac, out); err != nil {
			l.log.Debug("a packet that waited for its next hop", "err", err)
		}
	}
	delete(l.waiting, h)
}

// forward sends a packet to its next hop.
func (l *learner) forward(p *duty.Packet, mac packet.MAC, out *duty.Out) error {
	var a ofp.ActionBuilder
	a.Resubmit(lower.TableOutputLargeDetect)
	copy(p.Packet, mac[:]) // the destination begins a frame
	return out.Reply(p, p.Packet, a.Actions())
}
