package trace

import (
	"fmt"

	"github.com/weft-sdn/weft/lflow"
)

// tracking is what a packet carries of its connection, as the metadata of a
// switch does: in the zone where it was found it is not looked up again.
type tracking struct {
	conn  *conn // nil: not tracked, or invalid
	state CTState
	reply bool // which direction the packet is in
}

// request is what an action asks of connection tracking.
type request struct {
	zone   string
	commit bool
	nat    bool // apply the translation that the connection has
	to     *nat // the translation that a new connection gets
	// set changes the mark and label of a connection that is committed.
	set func(k *conn)
}

// track sends a packet through connection tracking and writes what is found
// into its fields. It is false where the switch drops the packet, as its
// connection cannot be committed.
func (c *Conntrack) track(p *Packet, q request) bool {
	if k := p.track.conn; k == nil || k.zone != q.zone {
		p.track = c.find(p, q.zone)
	}
	if p.track.conn != nil && q.commit && !c.confirm(p, q) {
		return false
	}
	k := p.track.conn
	if k != nil && q.nat && p.track.state&(stateSNAT|stateDNAT) == 0 {
		p.translate()
	}
	p.set(lflow.CTState, lflow.U(uint64(p.track.state)))
	var mark, label lflow.Value
	var orig tuple
	if k != nil {
		mark, label, orig = k.mark, k.label, k.orig
	}
	p.began(orig)
	p.set(lflow.CTMark, mark)
	p.set(lflow.CTLabel, label)
	return true
}

// find looks for the packet's connection; one that is not there begins.
func (c *Conntrack) find(p *Packet, zone string) tracking {
	if !p.is(lflow.IP) {
		return tracking{state: tracked | invalid}
	}
	t := p.tuple()
	if t.isError() {
		return c.findRelated(p, zone)
	}
	k := c.zones[zone][t]
	if k != nil && k.isOver() && p.tcpFlags()&(tcpSYN|tcpACK) == tcpSYN {
		c.remove(k)
		k = nil
	}
	if k == nil {
		reply, ok := t.reversed()
		if !ok || !p.mayBegin(t) {
			return tracking{state: tracked | invalid}
		}
		return tracking{conn: &conn{zone: zone, orig: t, reply: reply, syn: p.tcpFlags()&tcpSYN != 0}, state: tracked | stateNew}
	}
	return k.see(p, t != k.orig)
}

// findRelated finds the connection of the datagram that an ICMP error quotes:
// the error goes the other way.
func (c *Conntrack) findRelated(p *Packet, zone string) tracking {
	if p.quoted == nil || !p.quoted.is(lflow.IP) {
		return tracking{state: tracked | invalid}
	}
	t, ok := p.quoted.tuple().reversed()
	k := c.zones[zone][t]
	if !ok || k == nil {
		return tracking{state: tracked | invalid}
	}
	f := tracking{conn: k, state: tracked | stateRel, reply: t != k.orig}
	if f.reply {
		f.state |= stateRpl
	}
	return f
}

// see notes a packet of the connection. Until there is a reply it is new.
func (k *conn) see(p *Packet, reply bool) tracking {
	flags := p.tcpFlags()
	switch {
	case flags&tcpRST != 0:
		k.reset = true
	case flags&tcpFIN != 0 && reply:
		k.fin[1] = true
	case flags&tcpFIN != 0:
		k.fin[0] = true
	case flags&(tcpSYN|tcpACK) == tcpACK && !reply && k.syn && !k.replied:
		return tracking{state: tracked | invalid} // acknowledges what nobody sent
	}
	k.replied = k.replied || reply
	f := tracking{conn: k, reply: reply, state: tracked | stateEst}
	switch {
	case reply:
		f.state |= stateRpl
	case !k.replied:
		f.state = tracked | stateNew
	}
	return f
}

// isOver tells whether a TCP connection was closed or reset.
func (k *conn) isOver() bool { return k.reset || k.fin[0] && k.fin[1] }

// confirm commits the packet's connection.
func (c *Conntrack) confirm(p *Packet, q request) bool {
	k := p.track.conn
	if !k.committed {
		if q.to != nil && !c.translate(k, *q.to) {
			return false
		}
		if there := c.zones[k.zone][k.orig]; there != nil && there.orig == k.orig {
			k = there // a copy of the packet was first
			p.track.conn = k
		} else if !c.commit(k) {
			return false
		}
	}
	if q.set != nil {
		q.set(k)
	}
	return true
}

// translate does with the packet what its connection is committed with, or in
// the other direction undoes it; of what an ICMP error quotes, too.
func (p *Packet) translate() {
	k, there := p.track.conn, p.track.conn.reply
	snat, dnat := k.snat, k.dnat
	if p.track.reply {
		there = k.orig
		snat, dnat = dnat, snat
	}
	to, _ := there.reversed()
	if p.track.state&stateRel != 0 && (snat || dnat) {
		p.quoted = p.quoted.clone()
		p.quoted.setTuple(there)
		t := p.tuple() // of the error itself, whose protocol is another
		if snat {
			t.src = to.src
		}
		if dnat {
			t.dst = to.dst
		}
		to = t
	}
	if snat {
		p.track.state |= stateSNAT
	}
	if dnat {
		p.track.state |= stateDNAT
	}
	if snat || dnat {
		p.setTuple(to)
	}
}

// isError tells whether an ICMP message quotes a datagram: RFC 792, RFC 4443.
func (t tuple) isError() bool {
	switch t.proto {
	case protoICMP:
		return t.sport == 3 || t.sport == 4 || t.sport == 5 || t.sport == 11 || t.sport == 12
	case protoICMP6:
		return t.sport >= 1 && t.sport <= 4
	}
	return false
}

// TCP flags: RFC 9293, section 3.1.
const (
	tcpFIN = 1 << 0
	tcpSYN = 1 << 1
	tcpRST = 1 << 2
	tcpACK = 1 << 4
)

// tcpFlags returns 0 for what is no TCP, and where the microflow says nothing
// of flags: such a packet is taken for what the connection needs.
func (p *Packet) tcpFlags() uint64 {
	if !p.is(lflow.TCP) {
		return 0
	}
	return p.get(lflow.F("tcp.flags")).Lo
}

// mayBegin tells whether a packet can be the first of a connection. As in
// Linux, TCP may be picked up midway.
func (p *Packet) mayBegin(t tuple) bool {
	flags := p.tcpFlags()
	switch {
	case t.proto == protoICMP || t.proto == protoICMP6:
		return t.asks()
	case flags&(tcpRST|tcpFIN) != 0, flags&(tcpSYN|tcpACK) == tcpSYN|tcpACK:
		return false
	}
	return true
}

// zone returns where an action that names the DNAT or the SNAT zone looks: a
// switch has only the port's.
func (x *exec) zone(snat bool) string {
	switch {
	case !x.dp.Router:
		return x.p.zone
	case snat:
		return x.dp.UUID + "_snat"
	}
	return x.dp.UUID + "_dnat"
}

// zone returns the conntrack zone of a port; ports that are between two
// datapaths have none.
func (p *Port) zone() (name string, ok bool) {
	switch p.Type {
	case "patch", "l3gateway", "chassisredirect":
		return "", false
	}
	return p.Name, true
}

// recirculate tracks the packet and goes on in the next table with it. What
// stands behind the action sees it untracked.
func (x *exec) recirculate(name string, q request) {
	p := x.p.clone()
	before := p.tuple()
	if !x.opts.Conntrack.track(p, q) {
		x.super.addf(Problem, "*** %s: the connection cannot be committed, the packet is dropped", name)
		return
	}
	text := name + "(ct_state=" + p.track.state.String()
	after := p.tuple()
	for _, c := range []struct {
		field   string
		changed bool
		value   any
	}{
		{"src", before.src != after.src, after.src}, {"dst", before.dst != after.dst, after.dst},
		{"sport", before.sport != after.sport, after.sport}, {"dport", before.dport != after.dport, after.dport},
	} {
		if c.changed {
			text += fmt.Sprintf(", %s=%v", c.field, c.value)
		}
	}
	x.fork(p, text+")")
	x.p.forgetState()
}
