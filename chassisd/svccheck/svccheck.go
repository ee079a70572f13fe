package svccheck

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

const (
	table = "Service_Monitor"
	// maxChecks is how many services an agent asks. Others are offline.
	maxChecks = 16384
	// answers is how many are taken a second, more than questions may be asked.
	answers = 32768
	// most is how many questions begin or end at a time, pause how long it is to the
	// next time.
	most  = 128
	pause = 5 * time.Millisecond
	// early is when a service is asked that is new: what brings its answers to the agent
	// is in the switch by then. The next one that is new comes apart later.
	early = 100 * time.Millisecond
	apart = time.Millisecond
	// ttl is that of questions, as OVN has it.
	ttl = 255
)

// Duty makes the duty.
func Duty() duty.Duty { return newChecker(rand.Uint64).duty() }

func newChecker(random func() uint64) *checker {
	return &checker{random: random, checks: map[schema.UUID]*check{}, byAnswer: map[answerKey]*check{}, told: map[schema.UUID]string{}}
}

func (s *checker) duty() duty.Duty {
	return duty.Duty{
		Name:    "svccheck",
		Packets: map[lower.Opcode]duty.Handler{lower.OpSvcCheck: s.hear}, Rate: answers,
		Read:  s.read,
		Wake:  s.wake,
		Table: table, Max: maxChecks, Seen: s.seen,
		Figures: []duty.Figure{
			{Name: "services", Help: "services behind ports of this chassis that are asked", Value: func() float64 { return float64(s.count.Load()) }},
			{Name: "services_online", Help: "those of them that are online", Value: func() float64 { return float64(s.online.Load()) }},
			{Name: "questions_total", Help: "questions to services", Counter: true, Value: func() float64 { return float64(s.asked.Load()) }},
		},
	}
}

// checker has all services. It belongs to the runner's goroutine, but for the figures.
type checker struct {
	random   func() uint64
	checks   map[schema.UUID]*check
	byAnswer map[answerKey]*check
	schedule schedule
	told     map[schema.UUID]string // status in the records of this chassis
	turn     time.Time              // when the newest of those that are new was to be asked

	count, online, asked atomic.Int64
}

// answerKey is how an answer names its service.
type answerKey struct {
	datapath, port uint32
	ip             netip.Addr
	proto          uint8
	number         uint16
}

func keyOf(l *tables.LocalService) answerKey {
	return answerKey{lower.Key(l.Via.Metadata), l.Via.Key, l.IP, l.Proto, l.Port}
}

var (
	errNoAnswer   = errors.New("svccheck: neither TCP nor an echo reply nor an ICMP error about a question")
	errNoQuestion = errors.New("svccheck: an answer to no question")
)

// read takes from a commit the services behind ports of this chassis, and which of its
// records are of others.
func (s *checker) read(t *tables.Tables) func(*duty.Out) {
	services, orphans := slices.Clone(t.LocalServices.Changes()), slices.Clone(t.ServiceOrphans.Changes())
	if len(services)+len(orphans) == 0 {
		return nil
	}
	return func(out *duty.Out) {
		for _, c := range services {
			if !c.Has {
				s.drop(c.Key, out)
			}
		}
		for _, c := range services {
			if c.Has {
				s.set(c.Key, c.New, out)
			}
		}
		for _, c := range orphans {
			if c.Has && s.checks[c.Key.Row] == nil {
				s.forget(c.Key.Row, out)
			}
		}
		s.wake(out)
	}
}

// forget takes back what was said of a service. It is offline, unless another chassis
// knows better.
func (s *checker) forget(id schema.UUID, out *duty.Out) {
	delete(s.told, id)
	out.Record(id, nil)
}

// drop ends the questions to a service of which the port is not here any more.
func (s *checker) drop(id schema.UUID, out *duty.Out) {
	c := s.checks[id]
	if c == nil {
		return
	}
	s.schedule.drop(c)
	s.unkey(c)
	delete(s.checks, id)
	if c.online {
		s.online.Add(-1)
	}
	s.count.Store(int64(len(s.checks)))
	if _, told := s.told[id]; told {
		s.forget(id, out)
	}
}

func (s *checker) unkey(c *check) {
	if k := keyOf(&c.LocalService); s.byAnswer[k] == c {
		delete(s.byAnswer, k)
	}
}

// set has a service be asked as its row wants it. What was found out of one that changes
// stays.
func (s *checker) set(id schema.UUID, l tables.LocalService, out *duty.Out) {
	c := s.checks[id]
	if c == nil {
		if len(s.checks) >= maxChecks {
			return
		}
		c = &check{id: id, place: -1}
		s.checks[id] = c
		s.resume(c)
		s.count.Store(int64(len(s.checks)))
	}
	s.unkey(c)
	same := c.Service == l.Service
	c.LocalService = l
	if s.byAnswer[keyOf(&l)] = c; same {
		return
	}
	c.asked = false
	c.due = s.early(out.Now())
	s.schedule.set(c)
}

// early is when it is the turn of a service that is new: they come one after another.
func (s *checker) early(now time.Time) time.Time {
	s.turn = s.turn.Add(apart)
	if first := now.Add(early); s.turn.Before(first) {
		s.turn = first
	}
	return s.turn
}

// resume goes on with what an earlier run has said.
func (s *checker) resume(c *check) {
	if c.online = s.told[c.id] == "online"; c.online {
		s.online.Add(1)
	}
}

// seen takes over what an earlier run has said, and says again what somebody has taken
// away.
func (s *checker) seen(id schema.UUID, value []byte, out *duty.Out) {
	c := s.checks[id]
	if value == nil {
		if delete(s.told, id); c != nil {
			s.tell(c, out)
		}
		return
	}
	if _, ours := s.told[id]; ours {
		return
	}
	row, err := schema.DecodeRow(sb.Schema().Table(table), id, value)
	if err != nil {
		return
	}
	if status := row.(*sb.ServiceMonitor).Status; status != nil {
		if s.told[id] = *status; c != nil && !c.tried {
			s.resume(c)
		}
	}
}

// tell records the status of a service where it has changed.
func (s *checker) tell(c *check, out *duty.Out) {
	status := c.status()
	if was, told := s.told[c.id]; was == status || !told && !c.online {
		return
	}
	row := &sb.ServiceMonitor{Header: schema.Header{UUID: c.id}, Status: &status}
	value := schema.EncodeRow(sb.Schema().Table(table), row, func(c *schema.Column) bool { return c.Owner == schema.OwnerChassis })
	if out.Record(c.id, value) {
		s.told[c.id] = status
	}
}

// wake asks whose turn it is, and ends what has waited for too long.
//
// Hot path: 5000 services at the shortest interval are 5000 questions a second, at a few
// microseconds each.
func (s *checker) wake(out *duty.Out) {
	now := out.Now()
	for range most {
		c := s.schedule.next()
		if c == nil || c.due.After(now) {
			break
		}
		if c.asked {
			s.end(c, c.silent(), out)
			continue
		}
		c.ask(now, s.random())
		s.schedule.set(c)
		s.asked.Add(1)
		out.Send(question(c))
	}
	s.plan(out)
}

// plan asks for the next time.
func (s *checker) plan(out *duty.Out) {
	c := s.schedule.next()
	if c == nil {
		out.At(time.Time{})
		return
	}
	at := c.due
	if soon := out.Now().Add(pause); at.Before(soon) {
		at = soon
	}
	out.At(at)
}

// end ends a question.
func (s *checker) end(c *check, success bool, out *duty.Out) {
	was := c.online
	c.answer(success, out.Now())
	s.schedule.set(c)
	switch {
	case c.online && !was:
		s.online.Add(1)
	case was && !c.online:
		s.online.Add(-1)
	}
	s.tell(c, out)
}

// hear takes what a port's flows take for an answer.
func (s *checker) hear(p *duty.Packet, out *duty.Out) error {
	d, ok := packet.ParseDatagram(p.Packet)
	if !ok || d.Frag != packet.NoFragment {
		return errNoAnswer
	}
	k := answerKey{datapath: lower.Key(p.Field(ofp.Metadata)), port: uint32(p.Field(ofp.Reg14))}
	if e, ok := d.EchoReply(); ok {
		k.ip, k.proto = d.Src, d.Proto
		c := s.waiting(k, d.Dst, e.ID)
		if c == nil || e.Seq != uint16(c.seq) {
			return errNoQuestion
		}
		s.end(c, true, out)
		return nil
	}
	if d.Proto != packet.ProtoTCP {
		q, ok := d.UnreachableQuote()
		if !ok {
			return errNoAnswer
		}
		k.ip, k.proto, k.number = q.Dst, q.Proto, q.DstPort
		c := s.waiting(k, d.Dst, q.SrcPort)
		if c == nil || q.Src != c.SrcIP {
			return errNoQuestion
		}
		s.end(c, false, out)
		return nil
	}
	t, ok := packet.ParseTCP(d.Upper)
	if !ok {
		return errNoAnswer
	}
	k.ip, k.proto, k.number = d.Src, packet.ProtoTCP, t.Src
	c := s.waiting(k, d.Dst, t.Dst)
	if c == nil || t.Flags&packet.TCPACK == 0 || t.Ack != c.seq+1 {
		return errNoQuestion
	}
	switch {
	case t.Flags&packet.TCPRST != 0:
		s.end(c, false, out)
	case t.Flags&packet.TCPSYN != 0:
		out.Send(send(c, packet.TCP{Src: c.from, Dst: c.Port, Seq: c.seq + 1, Flags: packet.TCPRST}.Segment(nil, ethernet(c), c.SrcIP, c.IP, ttl)))
		s.end(c, true, out)
	default:
		return errNoQuestion
	}
	return nil
}

// waiting finds the service that waits for an answer to an address and port.
func (s *checker) waiting(k answerKey, to netip.Addr, port uint16) *check {
	if c := s.byAnswer[k]; c != nil && c.asked && to == c.SrcIP && port == c.from {
		return c
	}
	return nil
}

// question is what a service is asked: whether it takes a connection, or eight zeros, or
// an echo of them.
func question(c *check) *ofp.PacketOut {
	switch c.Proto {
	case packet.ProtoICMP, packet.ProtoICMPv6:
		return send(c, packet.Echo{ID: c.from, Seq: uint16(c.seq)}.Request(nil, ethernet(c), c.SrcIP, c.IP, ttl, make([]byte, 8)))
	case packet.ProtoTCP:
		return send(c, packet.TCP{Src: c.from, Dst: c.Port, Seq: c.seq, Flags: packet.TCPSYN, Window: 65160}.Segment(nil, ethernet(c), c.SrcIP, c.IP, ttl))
	}
	return send(c, packet.UDP{Src: c.from, Dst: c.Port}.Datagram(nil, ethernet(c), c.SrcIP, c.IP, ttl, make([]byte, 8)))
}

func ethernet(c *check) packet.Ethernet {
	eth := packet.Ethernet{Src: c.SrcMAC, Dst: c.MAC, Type: packet.TypeIPv4}
	if c.IP.Is6() {
		eth.Type = packet.TypeIPv6
	}
	return eth
}

// send sends a packet out of the service's port, through the egress pipeline.
func send(c *check, frame []byte) *ofp.PacketOut {
	var m ofp.MatchBuilder
	m.Set(ofp.InPort, uint64(ofp.PortController))
	m.Set(ofp.Metadata, c.Via.Metadata)
	m.Set(ofp.Reg15, uint64(c.Via.Key))
	var a ofp.ActionBuilder
	a.Resubmit(lower.TableLocalOutput)
	return &ofp.PacketOut{Fields: m.Match(), Actions: a.Actions(), Packet: frame}
}
