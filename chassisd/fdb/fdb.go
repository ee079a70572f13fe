package fdb

import (
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/weft-sdn/weft/chassisd/duty"
	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/chassisd/packet"
	"github.com/weft-sdn/weft/chassisd/tables"
	"github.com/weft-sdn/weft/ofctrl/ofp"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

const (
	// maxRecords is how many addresses an agent has learned at a time, maxOfPort how
	// many of them behind one port.
	maxRecords = 8192
	maxOfPort  = 2048
	// pace is the least time between two records of one address behind one port, so
	// that an address that two ports send from is not written for each packet.
	pace = 200 * time.Millisecond
)

var errNoHost = errors.New("fdb: not the address of a host")

// Duty makes the duty.
func Duty(log *slog.Logger) duty.Duty {
	l := &learner{
		log: log, known: map[tables.SenderKey]tables.Sender{}, own: map[schema.UUID]record{},
		aging: map[uint32]time.Duration{}, doubted: map[tables.SenderKey]bool{},
	}
	return duty.Duty{
		Name:    "fdb",
		Packets: map[lower.Opcode]duty.Handler{lower.OpPutFDB: l.put},
		Read:    l.read, Wake: l.wake,
		Table: "FDB", Max: maxRecords, Seen: l.seen,
	}
}

// learner is what is remembered. It belongs to the runner's goroutine.
type learner struct {
	log     *slog.Logger
	known   map[tables.SenderKey]tables.Sender // what all agents have learned
	own     map[schema.UUID]record             // what this one has
	aging   map[uint32]time.Duration           // by switch
	doubted map[tables.SenderKey]bool          // who is to be told of again
	next    time.Time                          // that was asked for
}

// record is a row of ours.
type record struct {
	tables.SenderKey
	port uint32
	at   time.Time // when it was heard
}

// of names what has the number of records of a port.
func (r record) of() [2]uint32 { return [2]uint32{r.Datapath, r.port} }

// read takes from a commit the switches, who is known there, and which of our
// records are good for nothing.
func (l *learner) read(t *tables.Tables) func(*duty.Out) {
	switches, senders, outdone := t.Learning.Changes(), t.Senders.Changes(), t.Outdone.Changes()
	if len(switches)+len(senders)+len(outdone) == 0 {
		return nil
	}
	// Changes are those of a commit; the runner looks later.
	switches, senders, outdone = slices.Clone(switches), slices.Clone(senders), slices.Clone(outdone)
	return func(out *duty.Out) {
		for _, c := range switches {
			if c.Had {
				delete(l.aging, c.Old.Key)
			}
		}
		for _, c := range switches {
			if c.Has && c.New.Aging > 0 {
				l.aging[c.New.Key] = c.New.Aging
			}
		}
		for _, c := range senders {
			if delete(l.known, c.Key); c.Has {
				l.known[c.Key] = c.New
			}
		}
		for _, c := range outdone {
			if c.Has {
				l.drop(c.Key.Row, out)
			}
		}
		l.wake(out)
	}
}

// put learns the sender of a packet.
func (l *learner) put(p *duty.Packet, out *duty.Out) error {
	eth, _, ok := packet.ParseEthernet(p.Packet)
	if !ok || eth.Src.IsGroup() || eth.Src == (packet.MAC{}) {
		return errNoHost
	}
	k := tables.SenderKey{Datapath: lower.Key(p.Field(ofp.Metadata)), MAC: eth.Src}
	r := record{k, uint32(p.Field(ofp.Reg14)), out.Now()}
	if l.isNews(r) {
		l.record(r, out)
	}
	return nil
}

// isNews tells whether a sender is to be recorded: unless it is known there already,
// from this agent or another, and not soon to be forgotten.
func (l *learner) isNews(r record) bool {
	fresh := func(at time.Time) bool {
		a := l.aging[r.Datapath]
		return a == 0 || r.at.Sub(at) < a/2
	}
	old, ours := l.own[idOf(r.SenderKey)]
	ours = ours && old.port == r.port
	known, there := l.known[r.SenderKey]
	switch {
	case ours && r.at.Sub(old.at) < pace:
		return false
	case there && known.Port != r.port:
		return true
	}
	return !(ours && fresh(old.at) || there && fresh(time.UnixMilli(known.Time)))
}

func idOf(k tables.SenderKey) schema.UUID { return schema.NameUUID("FDB", k.String()) }

// record writes what was heard. It counts as newer than what all know, whatever the
// clock of who heard that.
func (l *learner) record(r record, out *duty.Out) {
	id := idOf(r.SenderKey)
	if old, ours := l.own[id]; !ours || old.port != r.port {
		l.makeRoom(r.of(), out)
	}
	if known, there := l.known[r.SenderKey]; there && r.at.UnixMilli() <= known.Time {
		r.at = time.UnixMilli(known.Time + 1)
	}
	l.own[id] = r
	row := &sb.FDB{MAC: r.MAC.String(), DPKey: int64(r.Datapath), PortKey: int64(r.port), Timestamp: r.at.UnixMilli()}
	row.UUID = id
	if !out.Record(id, encode(row)) {
		delete(l.own, id)
		return
	}
	if a := l.aging[r.Datapath]; a > 0 {
		l.ask(r.at.Add(a/2), out)
	}
}

// encode writes the columns of a row, all of which are a chassis's.
func encode(row *sb.FDB) []byte {
	return schema.EncodeRow(sb.Schema().Table("FDB"), row, func(*schema.Column) bool { return true })
}

// makeRoom forgets the oldest record of the port, or of all, where there are as
// many as there may be.
func (l *learner) makeRoom(port [2]uint32, out *duty.Out) {
	ofPort := 0
	var oldest, oldestOfPort schema.UUID
	older := func(id, than schema.UUID) bool { return than.IsZero() || l.own[id].at.Before(l.own[than].at) }
	for id, r := range l.own {
		if older(id, oldest) {
			oldest = id
		}
		if r.of() != port {
			continue
		}
		if ofPort++; older(id, oldestOfPort) {
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
	decoded, err := schema.DecodeRow(sb.Schema().Table("FDB"), id, value)
	if err != nil {
		return
	}
	row := decoded.(*sb.FDB)
	if mac, err := packet.ParseMAC(row.MAC); err == nil {
		l.own[id] = record{tables.SenderKey{Datapath: uint32(row.DPKey), MAC: mac}, uint32(row.PortKey), time.UnixMilli(row.Timestamp)}
		l.wake(out)
	}
}
