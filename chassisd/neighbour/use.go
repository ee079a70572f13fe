package neighbour

import (
	"encoding/binary"
	"net/netip"
	"time"

	"github.com/weft-sdn/weft/chassisd/duty"
	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/chassisd/packet"
	"github.com/weft-sdn/weft/chassisd/tables"
	"github.com/weft-sdn/weft/ofctrl/ofp"
	"github.com/weft-sdn/weft/schema"
)

// What is in use is not forgotten. The flows by which a neighbour is found tell how
// often that was: the switch is asked for those of ports where something ages, some
// times in the least age. A neighbour to whom something was sent, and of whom nothing
// was heard for half its age, is asked by unicast (RFC 1122, section 2.3.2.1); what it
// answers hits the flow that knows its address, on the chassis where it is, and that
// renews the record.

const (
	// countsPerAge is how often in the least age the switch is asked, with bounds on
	// the time between.
	countsPerAge       = 8
	minCount, maxCount = 250 * time.Millisecond, time.Minute
)

// use is what is known of the use of a neighbour.
type use struct {
	seen        time.Time // when anybody heard of it
	sent, heard counter
}

// counter is how many packets a flow has seen, and whether that was ever asked.
type counter struct {
	n     uint64
	known bool
}

// grows takes the next count and tells whether it is more.
func (c *counter) grows(n uint64) bool {
	more := c.known && n > c.n
	c.n, c.known = n, true
	return more
}

// noteSeen takes when a neighbour was heard of by anybody, ms since 1970.
func (l *learner) noteSeen(k tables.NeighbourKey, at int64, has bool) {
	if !has {
		delete(l.uses, k)
		return
	}
	u := l.uses[k]
	if u == nil {
		u = &use{}
		l.uses[k] = u
	}
	u.seen = time.UnixMilli(at)
	if l.count.IsZero() {
		l.count = u.seen // at once
	}
}

// askUse asks the switch for the use of all neighbours that age, and says when to
// do so again.
func (l *learner) askUse(out *duty.Out) {
	l.count = time.Time{}
	if len(l.uses) == 0 {
		return
	}
	least := time.Duration(0)
	for _, p := range l.of {
		if a := p.ages.Least(); a > 0 {
			if least == 0 || a < least {
				least = a
			}
			out.Count(lower.TableMACLookup, p.Cookie) // first: who was heard is not asked
			out.Count(lower.TableMACBinding, p.Cookie)
		}
	}
	if least > 0 {
		l.count = out.Now().Add(min(max(least/countsPerAge, minCount), maxCount))
	}
}

// counted takes what the switch has answered.
func (l *learner) counted(hits []ofp.Hits, out *duty.Out) {
	for _, h := range hits {
		k, ok := l.neighbourOf(h)
		u := l.uses[k]
		if !ok || u == nil {
			continue
		}
		switch h.Table {
		case lower.TableMACLookup:
			if u.heard.grows(h.Packets) {
				l.renew(k, u, out)
			}
		case lower.TableMACBinding:
			if u.sent.grows(h.Packets) {
				l.probe(k, u, out)
			}
		}
	}
}

// neighbourOf reads whose flow it is.
func (l *learner) neighbourOf(h ofp.Hits) (k tables.NeighbourKey, ok bool) {
	var at portKey
	var b [16]byte
	words := 0 // of the address: one is IPv4's, four are IPv6's
	_ = h.Match.Fields(func(f ofp.Field, v, _ ofp.U128) bool {
		switch f {
		case ofp.Metadata:
			at.datapath = lower.Key(v.Lo)
		case ofp.Reg14, ofp.Reg15:
			at.port = uint32(v.Lo)
		case ofp.Reg0, ofp.Reg1, ofp.Reg2, ofp.Reg3:
			binary.BigEndian.PutUint32(b[4*(f-ofp.Reg0):], uint32(v.Lo))
			words++
		}
		return true
	})
	if k.IP = netip.AddrFrom16(b); words == 1 {
		k.IP = netip.AddrFrom4([4]byte(b[:4]))
	}
	k.Port, ok = l.ports[at]
	return k, ok
}

// renew says that a neighbour was heard of here: in our record, or in one of ours in
// place of another's that nobody has renewed for a while.
func (l *learner) renew(k tables.NeighbourKey, u *use, out *duty.Out) {
	of := l.of[k.Port]
	mac, known := l.known[k]
	age := of.ages.Of(k.IP)
	id := schema.NameUUID("MAC_Binding", of.Name, k.IP.String())
	r, ours := l.own[id]
	since := out.Now().Sub(u.seen)
	if !known || age == 0 || ours && r.MAC == mac && since < age/4 || !ours && since < age*3/4 {
		return
	}
	u.seen = out.Now()
	l.record(id, of, k.IP, mac, out)
}

// probe asks a neighbour whether it is still there, where that has not been heard
// for half its age.
func (l *learner) probe(k tables.NeighbourKey, u *use, out *duty.Out) {
	of := l.of[k.Port]
	mac, known := l.known[k]
	age := of.ages.Of(k.IP)
	if !known || of.Silent || age == 0 || out.Now().Sub(u.seen) < age/2 {
		return
	}
	src, from, ok := of.Addresses.Towards(k.IP)
	if !ok {
		return
	}
	frame := packet.Probe(nil, packet.Ethernet{Src: src, Dst: mac}, from, k.IP)
	var m ofp.MatchBuilder
	m.Set(ofp.InPort, uint64(ofp.PortController))
	m.Set(ofp.Metadata, of.Metadata)
	m.Set(ofp.Reg10, 1<<lower.FlagLoopback)
	m.Set(ofp.Reg14, uint64(of.Key))
	m.Set(ofp.Reg15, uint64(of.Key))
	var a ofp.ActionBuilder
	a.Resubmit(lower.TableOutputLargeDetect)
	out.Send(&ofp.PacketOut{Fields: m.Match(), Actions: a.Actions(), Packet: frame})
}
