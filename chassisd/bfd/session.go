package bfd

import (
	"time"

	"github.com/weft-sdn/weft/chassisd/packet"
)

// slow is the least interval of a session that is not up: RFC 5880, section 6.8.3.
const slow = time.Second

// settings are what a session is asked for: intervals, RFC 5880, section 6.8.1.
type settings struct {
	minTX, minRX time.Duration
	mult         uint8
}

// session is the state of a session, RFC 5880, section 6.8.1. Its functions are
// given the time; what they return is to be sent.
type session struct {
	settings
	disc  uint32
	state packet.BFDState
	diag  uint8
	poll  bool // what it asks for has changed, and the peer has not said that it knows
	// tx and rx are what it asks for as it counts now: while a session is up the
	// peer must know first (section 6.8.3).
	tx, rx time.Duration
	remote remote
	heard  time.Time // the last packet of the peer; zero for none
	next   time.Time // when to send; zero for never
	// jitter returns numbers from 0 up to 1.
	jitter func() float64
}

// remote is what the peer has said last.
type remote struct {
	state        packet.BFDState
	disc         uint32
	minTX, minRX time.Duration
	mult         uint8
}

// newSession returns one that begins: down, or where an earlier run of the agent
// left it up, up, with a peer of which it has heard just now and knows nothing. Not
// where the peer is asked not to send: it would be silent for ever.
func newSession(disc uint32, want settings, wasUp bool, now time.Time, jitter func() float64) *session {
	s := &session{settings: want, disc: disc, state: packet.BFDDown, jitter: jitter}
	s.forget()
	if wasUp && want.minRX > 0 {
		s.state, s.heard = packet.BFDUp, now
		s.remote.minTX, s.remote.mult = want.minTX, want.mult
	}
	s.tx, s.rx = s.desired(), want.minRX
	s.plan(now)
	return s
}

// forget forgets the peer: it may send once a microsecond until it says otherwise.
func (s *session) forget() { s.remote = remote{state: packet.BFDDown, minRX: time.Microsecond} }

// desired is the interval at which it wants to send.
func (s *session) desired() time.Duration {
	if s.state == packet.BFDUp {
		return s.minTX
	}
	return max(s.minTX, slow)
}

// ask changes what is asked for.
func (s *session) ask(want settings, now time.Time) {
	if want == s.settings {
		return
	}
	s.settings = want
	s.changed(now)
}

// changed has the peer told of other intervals, and uses those that may be used
// before it knows.
func (s *session) changed(now time.Time) {
	before := s.tx
	if s.desired() < s.tx || s.state != packet.BFDUp {
		s.tx = s.desired()
	}
	if s.minRX > s.rx || s.state != packet.BFDUp {
		s.rx = s.minRX
	}
	s.poll = s.state == packet.BFDUp
	if s.tx != before {
		s.hurry(now)
	}
}

// enter goes to another state and says so at once.
func (s *session) enter(state packet.BFDState, diag uint8, now time.Time) {
	s.state, s.diag = state, diag
	s.changed(now)
	s.next = now
}

// interval is the time between two packets, without jitter: zero is never.
func (s *session) interval() time.Duration {
	if s.remote.minRX == 0 || s.state == packet.BFDUp && s.remote.disc == 0 {
		return 0
	}
	return max(s.tx, s.remote.minRX)
}

// plan sets the time of the next packet: RFC 5880, section 6.8.7, a quarter earlier
// at most, and where one lost packet is too many a tenth at least.
func (s *session) plan(now time.Time) {
	d := s.interval()
	if d == 0 {
		s.next = time.Time{}
		return
	}
	least, most := 0.75, 1.0
	if s.mult == 1 {
		most = 0.9
	}
	s.next = now.Add(time.Duration(float64(d) * (least + (most-least)*s.jitter())))
}

// hurry is plan, for where the next packet may be due earlier than it was.
func (s *session) hurry(now time.Time) {
	was := s.next
	s.plan(now)
	if !was.IsZero() && !s.next.IsZero() && was.Before(s.next) {
		s.next = was
	}
}

// deadline is when the peer has been silent for too long: zero is never. It is as
// the peer's packets come, section 6.8.4.
func (s *session) deadline() time.Time {
	if s.heard.IsZero() || s.rx == 0 {
		return time.Time{}
	}
	return s.heard.Add(time.Duration(s.remote.mult) * max(s.rx, s.remote.minTX))
}

// wake is when there is something to do.
func (s *session) wake() time.Time {
	d := s.deadline()
	if d.IsZero() || !s.next.IsZero() && s.next.Before(d) {
		return s.next
	}
	return d
}

// run does what the time has come for; send tells whether message is to be sent.
func (s *session) run(now time.Time) (send bool) {
	if d := s.deadline(); !d.IsZero() && !now.Before(d) {
		s.heard = time.Time{}
		s.forget()
		if s.state == packet.BFDInit || s.state == packet.BFDUp {
			s.enter(packet.BFDDown, packet.BFDExpired, now)
		}
		s.hurry(now)
	}
	if s.next.IsZero() || now.Before(s.next) {
		return false
	}
	s.plan(now)
	return true
}

// hear takes a packet that is for the session: RFC 5880, section 6.8.6. final tells
// whether it is to be answered at once.
func (s *session) hear(p packet.BFD, now time.Time) (final bool) {
	if s.state == packet.BFDAdminDown {
		return false
	}
	before := s.interval()
	s.heard = now
	s.remote = remote{
		state: p.State, disc: p.Mine, mult: p.Mult,
		minTX: time.Duration(p.MinTX) * time.Microsecond, minRX: time.Duration(p.MinRX) * time.Microsecond,
	}
	if p.Final && s.poll {
		s.poll, s.tx, s.rx = false, s.desired(), s.minRX
	}
	switch to := answerTo(s.state, p.State); {
	case to == s.state:
	case to == packet.BFDDown:
		s.enter(to, packet.BFDNeighborDown, now)
	default:
		s.enter(to, packet.BFDNoDiagnostic, now)
	}
	switch now := s.interval(); {
	case before == 0 && now != 0:
		s.next = s.heard // the peer may have waited for long
	case before != now:
		s.hurry(s.heard)
	}
	return p.Poll
}

// answerTo is the state that follows from that of the peer: RFC 5880, section 6.2.
func answerTo(state, peers packet.BFDState) packet.BFDState {
	switch {
	case peers == packet.BFDAdminDown:
		return packet.BFDDown
	case state == packet.BFDDown && peers == packet.BFDDown:
		return packet.BFDInit
	case state == packet.BFDDown && peers == packet.BFDInit, state == packet.BFDInit && peers != packet.BFDDown:
		return packet.BFDUp
	case state == packet.BFDUp && peers == packet.BFDDown:
		return packet.BFDDown
	}
	return state
}

// rest makes the session admin_down.
func (s *session) rest(now time.Time) {
	s.heard, s.poll = time.Time{}, false
	s.enter(packet.BFDAdminDown, packet.BFDAdminDiag, now)
}

// message is what the session says now.
func (s *session) message(final bool) packet.BFD {
	return packet.BFD{
		Diag: s.diag, State: s.state, Poll: s.poll && !final, Final: final, Mult: s.mult,
		Mine: s.disc, Yours: s.remote.disc, MinTX: micros(s.desired()), MinRX: micros(s.minRX),
	}
}

func micros(d time.Duration) uint32 { return uint32(d / time.Microsecond) }
