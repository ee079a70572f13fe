package bfd

import (
	"errors"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"github.com/weft-sdn/weft/chassisd/duty"
	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/chassisd/packet"
	"github.com/weft-sdn/weft/chassisd/tables"
	"github.com/weft-sdn/weft/ofctrl/ofp"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// maxSessions is how many sessions an agent has at a time. Others say nothing.
const maxSessions = 1024

// Duty makes the duty.
func Duty() duty.Duty { return newSpeaker(rand.Float64).duty() }

func newSpeaker(jitter func() float64) *speaker {
	return &speaker{jitter: jitter, sessions: map[schema.UUID]*running{}, byPeer: map[peerKey]schema.UUID{}, told: map[schema.UUID]string{}}
}

func (s *speaker) duty() duty.Duty {
	return duty.Duty{
		Name:    "bfd",
		Packets: map[lower.Opcode]duty.Handler{lower.OpBFD: s.hear},
		Read:    s.read,
		Wake:    s.wake,
		Table:   "BFD", Max: maxSessions, Seen: s.seen,
		Figures: []duty.Figure{
			{Name: "sessions", Help: "sessions of ports on this chassis", Value: func() float64 { return float64(s.count.Load()) }},
			{Name: "sessions_up", Help: "those of them that are up", Value: func() float64 { return float64(s.up.Load()) }},
		},
	}
}

// speaker has all sessions. It belongs to the runner's goroutine, but for the
// figures.
type speaker struct {
	jitter    func() float64
	sessions  map[schema.UUID]*running
	byPeer    map[peerKey]schema.UUID
	told      map[schema.UUID]string // status in the records of this chassis
	next      time.Time              // that was asked for
	count, up atomic.Int64
}

// running is a row, and its session unless it rests.
type running struct {
	tables.BFDSession
	session *session
	ends    time.Time // of one that is told to rest; the peer shall know
}

// peerKey is how a packet names its session.
type peerKey struct {
	datapath, port uint32
	peer           netip.Addr
}

func keyOf(s tables.BFDSession) peerKey {
	return peerKey{lower.Key(s.Port.Metadata), s.Port.Key, s.Peer}
}

func (r *running) settings() settings { return settings{r.MinTX, r.MinRX, r.Mult} }

var (
	errNotBFD    = errors.New("bfd: not a control packet of a neighbour")
	errNoSession = errors.New("bfd: no session with the sender")
)

// read takes from a commit the sessions of this chassis, and which of its records
// are of others.
func (s *speaker) read(t *tables.Tables) func(*duty.Out) {
	sessions, orphans := slices.Clone(t.BFDSessions.Changes()), slices.Clone(t.BFDOrphans.Changes())
	if len(sessions)+len(orphans) == 0 {
		return nil
	}
	return func(out *duty.Out) {
		for _, c := range sessions {
			if !c.Has {
				s.drop(c.Key)
			}
		}
		for _, c := range sessions {
			if c.Has {
				s.set(c.Key, c.New, out)
			}
		}
		for _, c := range orphans {
			if c.Has && s.sessions[c.Key.Row] == nil {
				delete(s.told, c.Key.Row)
				out.Record(c.Key.Row, nil)
			}
		}
		s.wake(out)
	}
}

// drop ends a session without a word: another chassis may go on with it.
func (s *speaker) drop(id schema.UUID) {
	if r := s.sessions[id]; r != nil {
		if k := keyOf(r.BFDSession); s.byPeer[k] == id {
			delete(s.byPeer, k)
		}
		delete(s.sessions, id)
	}
}

// set makes a session as its row wants it.
func (s *speaker) set(id schema.UUID, row tables.BFDSession, out *duty.Out) {
	now := out.Now()
	was := s.sessions[id]
	if was == nil && len(s.sessions) >= maxSessions {
		return
	}
	s.drop(id)
	r := &running{BFDSession: row}
	s.sessions[id], s.byPeer[keyOf(row)] = r, id
	goesOn := was != nil && was.session != nil && was.Disc == row.Disc && was.Rests == row.Rests
	switch {
	case goesOn:
		r.session, r.ends = was.session, was.ends
		r.session.ask(r.settings(), now)
	case !row.Rests:
		wasUp := was == nil && s.told[id] == status(packet.BFDUp)
		r.session = newSession(row.Disc, r.settings(), wasUp, now, s.jitter)
	case was != nil && was.session != nil:
		r.session = was.session
		r.session.rest(now)
		r.ends = now.Add(time.Duration(row.Mult) * r.session.interval())
	}
	s.tell(id, r, out)
}

// status is a state as the database has it.
func status(s packet.BFDState) string { return [...]string{"admin_down", "down", "init", "up"}[s&3] }

// tell records the state of a session where it has changed.
func (s *speaker) tell(id schema.UUID, r *running, out *duty.Out) {
	state := packet.BFDAdminDown
	if r.session != nil {
		state = r.session.state
	}
	if s.told[id] == status(state) {
		return
	}
	row := &sb.BFD{Header: schema.Header{UUID: id}, Status: status(state)}
	value := schema.EncodeRow(sb.Schema().Table("BFD"), row, func(c *schema.Column) bool { return c.Owner == schema.OwnerChassis })
	if out.Record(id, value) {
		s.told[id] = row.Status
	}
}

// seen takes over what an earlier run has said, and says again what somebody has
// taken away.
func (s *speaker) seen(id schema.UUID, value []byte, out *duty.Out) {
	if value == nil {
		delete(s.told, id)
		if r := s.sessions[id]; r != nil {
			s.tell(id, r, out)
		}
		return
	}
	if _, ours := s.told[id]; ours {
		return
	}
	if row, err := schema.DecodeRow(sb.Schema().Table("BFD"), id, value); err == nil {
		s.told[id] = row.(*sb.BFD).Status
	}
}

// hear takes a control packet.
func (s *speaker) hear(p *duty.Packet, out *duty.Out) error {
	d, ok := packet.ParseDatagram(p.Packet)
	if !ok || d.Proto != packet.ProtoUDP || d.Frag != packet.NoFragment || d.TTL() != packet.BFDTTL {
		return errNotBFD
	}
	udp, payload, ok := packet.ParseUDP(d.Upper)
	if !ok || udp.Dst != packet.BFDPort {
		return errNotBFD
	}
	msg, ok := packet.ParseBFD(payload)
	if !ok {
		return errNotBFD
	}
	id := s.byPeer[peerKey{lower.Key(p.Field(ofp.Metadata)), uint32(p.Field(ofp.Reg14)), d.Src}]
	r := s.sessions[id]
	if r == nil || r.session == nil || d.Dst != r.Local || msg.Yours != 0 && msg.Yours != r.Disc {
		return errNoSession
	}
	if r.session.hear(msg, out.Now()) {
		r.send(true, out)
	}
	s.step(id, r, out)
	s.soon(r.session.wake(), out)
	return nil
}

// step has a session do what the time has come for.
func (s *speaker) step(id schema.UUID, r *running, out *duty.Out) {
	if r.session.run(out.Now()) {
		r.send(false, out)
	}
	s.tell(id, r, out)
}

// soon has the runner wake the duty at a time, or earlier if it asked so before.
func (s *speaker) soon(at time.Time, out *duty.Out) {
	if !at.IsZero() && (s.next.IsZero() || at.Before(s.next)) {
		s.next = at
		out.At(at)
	}
}

// wake has all sessions do what the time has come for, and asks for the next time.
//
// Hot path: each packet that is sent is a look at all sessions: a thousand that send
// five a second are 5 million looks.
func (s *speaker) wake(out *duty.Out) {
	s.next = time.Time{}
	up := int64(0)
	for id, r := range s.sessions {
		if r.session == nil {
			continue
		}
		s.step(id, r, out)
		if !r.ends.IsZero() && !out.Now().Before(r.ends) {
			r.session = nil
			continue
		}
		s.soon(r.session.wake(), out)
		if r.session.state == packet.BFDUp {
			up++
		}
	}
	s.count.Store(int64(len(s.sessions)))
	s.up.Store(up)
	out.At(s.next)
}

// send sends what the session says: as a packet that comes in by the port from the
// router itself, which the router's flows send to the peer.
func (r *running) send(final bool, out *duty.Out) {
	eth := packet.Ethernet{Src: r.MAC, Dst: r.MAC, Type: packet.TypeIPv4}
	if r.Peer.Is6() {
		eth.Type = packet.TypeIPv6
	}
	udp := packet.UDP{Src: r.SrcPort, Dst: packet.BFDPort}
	frame := udp.Datagram(nil, eth, r.Local, r.Peer, packet.BFDTTL, r.session.message(final).Append(nil))
	var m ofp.MatchBuilder
	m.Set(ofp.InPort, uint64(ofp.PortController))
	m.Set(ofp.Metadata, r.Port.Metadata)
	m.Set(ofp.Reg14, uint64(r.Port.Key))
	var a ofp.ActionBuilder
	a.Resubmit(lower.TableLogIngress)
	out.Send(&ofp.PacketOut{Fields: m.Match(), Actions: a.Actions(), Packet: frame})
}
