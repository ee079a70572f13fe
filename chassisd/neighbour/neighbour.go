package neighbour

import (
	"encoding/binary"
	"errors"
	"log/slog"
	"net/netip"
	"slices"
	"time"

	"github.com/weft-sdn/weft/chassisd/duty"
	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/chassisd/packet"
	"github.com/weft-sdn/weft/chassisd/tables"
	"github.com/weft-sdn/weft/lflow/address"
	"github.com/weft-sdn/weft/ofctrl/ofp"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

const (
	// maxRecords is how many neighbours an agent has learned at a time, maxOfPort
	// how many of them behind one port.
	maxRecords = 8192
	maxOfPort  = 2048
	// removalDelay is the time between two times that as many go as may.
	removalDelay = 5 * time.Second
)

// Duty makes the duty.
func Duty(log *slog.Logger) duty.Duty {
	l := &learner{
		log: log, ports: map[portKey]schema.UUID{}, of: map[schema.UUID]port{},
		known: map[tables.NeighbourKey]packet.MAC{}, own: map[schema.UUID]record{}, waiting: waiting{of: map[hop][]waitingPacket{}},
		uses: map[tables.NeighbourKey]*use{},
	}
	return duty.Duty{
		Name: "neighbour",
		Packets: map[lower.Opcode]duty.Handler{
			lower.OpARP:    l.ask,
			lower.OpNDNS:   l.ask,
			lower.OpPutARP: l.put,
			lower.OpPutND:  l.put,
		},
		Read:    l.read,
		Wake:    l.wake,
		Counted: l.counted,
		Table:   "MAC_Binding", Max: maxRecords, Seen: l.seen,
	}
}

// learner is what is remembered. It belongs to the runner's goroutine.
type learner struct {
	log     *slog.Logger
	ports   map[portKey]schema.UUID // by the keys that packets have
	of      map[schema.UUID]port
	known   map[tables.NeighbourKey]packet.MAC // what all agents have learned
	own     map[schema.UUID]record             // what this one has
	waiting waiting
	// uses are the neighbours that are forgotten some time; count is when the switch
	// is to be asked for their use, zero for never; limit bounds how many are
	// forgotten at a time, and late is when the next may be.
	uses  map[tables.NeighbourKey]*use
	count time.Time
	limit int
	late  time.Time

	toldLimit int // belongs to who owns the tables
}

// port is a router's port with what was read of it.
type port struct {
	tables.RouterPort
	ages address.Ages
}

// portKey is how a packet names a port.
type portKey struct{ datapath, port uint32 }

// record is a row of ours.
type record struct {
	Port string
	IP   netip.Addr
	MAC  packet.MAC
	at   time.Time // when it was learned, or seen again
}

var (
	errNotIP  = errors.New("neighbour: not an IP packet")
	errNoPort = errors.New("neighbour: no router's port here")
	errNoHost = errors.New("neighbour: not the address of a host")
)

// read takes from a commit the routers' ports, who is known behind them, and which
// of our records are of ports that are gone.
func (l *learner) read(t *tables.Tables) func(*duty.Out) {
	ports, neighbours, orphans, seen := t.RouterPorts.Changes(), t.Neighbours.Changes(), t.Orphans.Changes(), t.NeighbourSeen.Changes()
	limit := 0
	for _, n := range t.RemovalLimit.All() {
		limit = n
	}
	if len(ports)+len(neighbours)+len(orphans)+len(seen) == 0 && limit == l.toldLimit {
		return nil
	}
	l.toldLimit = limit
	// Changes are those of a commit; the runner looks later.
	ports, neighbours, orphans, seen = slices.Clone(ports), slices.Clone(neighbours), slices.Clone(orphans), slices.Clone(seen)
	return func(out *duty.Out) {
		l.limit = limit
		for _, c := range ports {
			if key := (portKey{c.Old.DatapathKey, c.Old.Key}); c.Had && l.ports[key] == c.Key {
				delete(l.ports, key)
				delete(l.of, c.Key)
			}
		}
		for _, c := range ports {
			if c.Has {
				l.ports[portKey{c.New.DatapathKey, c.New.Key}] = c.Key
				ages, _ := address.ParseAges(c.New.Ages) // northd has told
				l.of[c.Key] = port{c.New, ages}
			}
		}
		for _, c := range neighbours {
			if !c.Has {
				delete(l.known, c.Key)
				continue
			}
			l.known[c.Key] = c.New
			l.release(c.Key, c.New, out)
		}
		for _, c := range seen {
			l.noteSeen(c.Key, c.New, c.Has)
		}
		for _, c := range orphans {
			if c.Has {
				l.drop(c.Key.Row, out)
			}
		}
		l.plan(out)
	}
}

// addressIn is where the actions have the neighbour's address.
func addressIn(p *duty.Packet, v6 bool) netip.Addr {
	var b [16]byte
	for i, r := range []ofp.Field{ofp.Reg0, ofp.Reg1, ofp.Reg2, ofp.Reg3} {
		binary.BigEndian.PutUint32(b[4*i:], uint32(p.Field(r)))
	}
	if v6 {
		return netip.AddrFrom16(b)
	}
	return netip.AddrFrom4([4]byte(b[:4]))
}

func keyOf(p *duty.Packet, port ofp.Field) portKey {
	return portKey{lower.Key(p.Field(ofp.Metadata)), uint32(p.Field(port))}
}

// put learns the neighbour that a packet tells of.
func (l *learner) put(p *duty.Packet, out *duty.Out) error {
	eth, _, ok := packet.ParseEthernet(p.Packet)
	port, there := l.ports[keyOf(p, ofp.Reg14)]
	ip := addressIn(p, p.Op == lower.OpPutND)
	switch {
	case !there:
		return errNoPort
	case !ok || eth.Src.IsGroup() || eth.Src == packet.MAC{} || ip.IsUnspecified() || ip.IsMulticast():
		return errNoHost
	}
	l.learn(tables.NeighbourKey{Port: port, IP: ip}, eth.Src, out)
	return nil
}

// learn records a neighbour, unless it is known already: from another agent, or
// from this one and not soon to be forgotten.
func (l *learner) learn(k tables.NeighbourKey, mac packet.MAC, out *duty.Out) {
	l.release(k, mac, out)
	of, now := l.of[k.Port], out.Now()
	age := of.ages.Of(k.IP)
	id := schema.NameUUID("MAC_Binding", of.Name, k.IP.String())
	old, ours := l.own[id]
	known, there := l.known[k]
	switch {
	case there && known != mac: // it is another's now
	case ours && old.MAC == mac && (age == 0 || now.Sub(old.at) < age/4), there && !ours:
		return
	}
	l.record(id, of, k.IP, mac, out)
}

// record makes a neighbour a record of ours, or renews it.
func (l *learner) record(id schema.UUID, of port, ip netip.Addr, mac packet.MAC, out *duty.Out) {
	now := out.Now()
	if _, ours := l.own[id]; !ours {
		l.makeRoom(of.Name, out)
	}
	l.own[id] = record{of.Name, ip, mac, now}
	row := &sb.MACBinding{LogicalPort: of.Name, IP: ip.String(), MAC: mac.String(), Datapath: of.Datapath, Timestamp: now.UnixMilli()}
	row.UUID = id
	if !out.Record(id, encode(row)) {
		delete(l.own, id)
	}
	l.plan(out)
}

// encode writes the columns of a row, all of which are a chassis's.
func encode(row *sb.MACBinding) []byte {
	return schema.EncodeRow(sb.Schema().Table("MAC_Binding"), row, func(*schema.Column) bool { return true })
}

// makeRoom forgets the oldest record of the port, or of all, where there are as
// many as there may be.
func (l *learner) makeRoom(port string, out *duty.Out) {
	ofPort := 0
	var oldest, oldestOfPort schema.UUID
	for id, r := range l.own {
		if oldest.IsZero() || r.at.Before(l.own[oldest].at) {
			oldest = id
		}
		if r.Port != port {
			continue
		}
		ofPort++
		if oldestOfPort.IsZero() || r.at.Before(l.own[oldestOfPort].at) {
			oldestOfPort = id
		}
	}
	switch {
	case ofPort >= maxOfPort:
		l.drop(oldestOfPort, out)
	case len(l.own) >= maxRecords:
		l.drop(oldest, out)
	}
}

// drop takes a record back.
func (l *learner) drop(id schema.UUID, out *duty.Out) {
	delete(l.own, id)
	out.Record(id, nil)
}

// seen takes over what an earlier run has learned, and forgets what somebody has
// taken away.
func (l *learner) seen(id schema.UUID, value []byte, out *duty.Out) {
	if value == nil {
		delete(l.own, id)
		return
	}
	if _, ours := l.own[id]; ours {
		return
	}
	decoded, err := schema.DecodeRow(sb.Schema().Table("MAC_Binding"), id, value)
	if err != nil {
		return
	}
	row := decoded.(*sb.MACBinding)
	mac, err := packet.ParseMAC(row.MAC)
	if ip, bad := netip.ParseAddr(row.IP); err == nil && bad == nil {
		l.own[id] = record{row.LogicalPort, ip, mac, time.UnixMilli(row.Timestamp)}
		l.plan(out)
	}
}

// wake forgets what is too old: records, and packets that wait; and asks for the use
// of what will be.
func (l *learner) wake(out *duty.Out) {
	now := out.Now()
	if !l.count.IsZero() && !now.Before(l.count) {
		l.askUse(out)
	}
	if !now.Before(l.late) {
		l.forget(out)
	}
	l.waiting.expire(now)
	l.plan(out)
}

// forget drops what is too old, but not more than may go at a time.
func (l *learner) forget(out *duty.Out) {
	now, gone := out.Now(), 0
	ages := l.ages()
	for id, r := range l.own {
		a := ages[r.Port].Of(r.IP)
		if a == 0 || now.Sub(r.at) < a {
			continue
		}
		if l.limit > 0 && gone == l.limit {
			l.late = now.Add(removalDelay)
			return
		}
		l.drop(id, out)
		gone++
	}
}

// ages are those of ports where something is forgotten.
func (l *learner) ages() map[string]address.Ages {
	ages := map[string]address.Ages{}
	for _, p := range l.of {
		if p.ages.Least() > 0 {
			ages[p.Name] = p.ages
		}
	}
	return ages
}

// plan asks for the time at which something is too old, or its use is to be known.
func (l *learner) plan(out *duty.Out) {
	next := l.waiting.next()
	soon := func(t time.Time) {
		if !t.IsZero() && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	if ages := l.ages(); len(ages) > 0 {
		for _, r := range l.own {
			if a := ages[r.Port].Of(r.IP); a > 0 {
				at := r.at.Add(a)
				if at.Before(l.late) {
					at = l.late
				}
				soon(at)
			}
		}
	}
	soon(l.count)
	out.At(next)
}
