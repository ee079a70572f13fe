package ofctrl

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// switchState is what the switch is known to hold beside flows, which stand in
// the table. The connection's goroutine owns it.
type switchState struct {
	groups map[uint32]ofp.GroupBody
	meters map[uint32]ofp.MeterBody
}

func newSwitchState() *switchState {
	return &switchState{map[uint32]ofp.GroupBody{}, map[uint32]ofp.MeterBody{}}
}

// session is one connection that installs flows.
type session struct {
	*conn
	c    *Controller
	ctx  context.Context
	xid  uint32
	buf  []byte
	have *switchState
	// sink takes the messages that belong to what the session is doing.
	sink  func(h ofp.Header, msg []byte) error
	heard time.Time
	match ofp.MatchBuilder // scratch

	audits   *time.Timer // for the next audit
	auditing bool        // it was put forward, for the switch tells of changes by others
	auditNow bool        // groups or meters are known to have been deleted
}

// runFlows keeps a session up until ctx ends.
func (c *Controller) runFlows(ctx context.Context) {
	var before *switchState // what the last session left
	wait := c.cfg.BackoffMin
	logged := ""
	for ctx.Err() == nil {
		began := time.Now()
		path, one, cancel := c.target.get(ctx)
		have, err := c.session(one, path, before)
		if have != nil {
			before = have
		}
		if ctx.Err() == nil && one.Err() != nil {
			before, wait = nil, c.cfg.BackoffMin // of another bridge
		}
		cancel()
		if ctx.Err() != nil {
			err = nil
		}
		c.st.setConnected(false, err)
		if err != nil && err.Error() != logged { // once, not at every attempt
			logged = err.Error()
			c.cfg.Log.Warn("switch connection", "target", path, "err", err)
		}
		if have != nil {
			logged = ""
		}
		if time.Since(began) > 10*time.Second {
			wait = c.cfg.BackoffMin
		}
		pause(ctx, wait)
		wait = min(2*wait, c.cfg.BackoffMax)
	}
}

// pause waits about d, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d/2 + rand.N(d/2+1))
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// session connects, reads back what the switch has and keeps it as desired
// until the connection breaks. It returns what it left in the switch, where it
// came to know that.
func (c *Controller) session(ctx context.Context, target string, before *switchState) (*switchState, error) {
	cn, err := dial(ctx, target, c.cfg.Stall)
	if err != nil {
		return nil, err
	}
	defer cn.close()
	s := &session{conn: cn, c: c, ctx: ctx, xid: 1, heard: time.Now()}
	s.buf = cn.buffer()
	s.audits = time.NewTimer(c.cfg.Audit)
	defer s.audits.Stop()
	if err := s.setUp(); err != nil {
		return nil, fmt.Errorf("ofctrl: set up: %w", err)
	}
	if err := s.readBack(before); err != nil {
		return nil, fmt.Errorf("ofctrl: read back: %w", err)
	}
	c.st.setConnected(true, nil)
	err = s.loop()
	return s.have, err
}

// loop sends what differs whenever something may.
func (s *session) loop() error {
	for {
		for s.auditNow { // again where more is deleted meanwhile
			if err := s.audit(); err != nil {
				return err
			}
		}
		b := s.c.st.take(s.have)
		for _, r := range b.forgiven {
			s.told(r)
		}
		if err := s.send(&b); err != nil {
			return err
		}
		s.c.st.finished(&b)
		if err := s.idle(); err != nil {
			return err
		}
	}
}

// idle handles messages until there may be something to send, and probes a
// silent switch.
func (s *session) idle() error {
	s.sink = nil
	tick := time.NewTicker(s.c.cfg.Echo)
	defer tick.Stop()
	for {
		select {
		case <-s.audits.C:
			if err := s.audit(); err != nil {
				return err
			}
		case <-s.c.st.wake:
			return nil
		case msg := <-s.in:
			if err := s.handle(msg); err != nil {
				return err
			}
		case now := <-tick.C:
			if silent := now.Sub(s.heard); silent > 2*s.c.cfg.Echo {
				return fmt.Errorf("ofctrl: the switch has been silent for %v", silent.Round(time.Second))
			} else if silent >= s.c.cfg.Echo/2 {
				s.post(ofp.AppendEmpty(nil, ofp.TypeEchoRequest, 0))
			}
		case <-s.done:
			return s.err
		case <-s.ctx.Done():
			return s.ctx.Err()
		}
	}
}

// nextXid returns n transaction ids in a row.
func (s *session) nextXid(n int) uint32 {
	x := s.xid
	s.xid += uint32(n)
	return x
}

// room hands the buffer to the writer where it is full, or where now is set,
// reading meanwhile.
func (s *session) room(now bool) error {
	if len(s.buf) == 0 || len(s.buf) < chunk && !now {
		return nil
	}
	full := s.buf
	for out, free := s.out, (chan []byte)(nil); ; {
		select {
		case out <- full:
			out, free = nil, s.free
		case s.buf = <-free:
			return nil
		case msg := <-s.in:
			if err := s.handle(msg); err != nil {
				return err
			}
		case <-s.done:
			return s.err
		case <-s.ctx.Done():
			return s.ctx.Err()
		}
	}
}

// await sends what is in the buffer and handles messages until done.
func (s *session) await(done func() bool) error {
	if err := s.room(true); err != nil {
		return err
	}
	t := time.NewTimer(s.c.cfg.Stall)
	defer t.Stop()
	for !done() {
		select {
		case msg := <-s.in:
			if err := s.handle(msg); err != nil {
				return err
			}
		case <-s.done:
			return s.err
		case <-s.ctx.Done():
			return s.ctx.Err()
		case <-t.C:
			return errors.New("ofctrl: no answer from the switch")
		}
	}
	return nil
}

// handle takes one message of the switch.
func (s *session) handle(msg []byte) error {
	s.heard = time.Now()
	h, err := ofp.ParseHeader(msg)
	if err != nil {
		return err
	}
	switch h.Type {
	case ofp.TypeEchoRequest:
		s.post(ofp.AppendEcho(nil, ofp.TypeEchoReply, h.Xid, msg[8:]))
		return nil
	case ofp.TypeEchoReply:
		return nil
	case ofp.TypePortStatus:
		ps, err := ofp.ParsePortStatus(msg[8:])
		if err == nil && s.c.cfg.PortStatus != nil {
			s.c.cfg.PortStatus(ps)
		}
		return err
	case ofp.TypeRequestForward:
		s.auditSoon()
		return nil
	case ofp.TypeMultipartReply:
		typ, _, body, err := ofp.ParseMultipart(msg[8:])
		switch {
		case err != nil:
			return err
		case typ == ofp.MultipartFlowMonitor:
			return s.onFlowUpdates(body)
		}
	}
	if s.sink != nil {
		return s.sink(h, msg)
	}
	if h.Type == ofp.TypeError {
		e, err := ofp.ParseError(msg)
		if err != nil {
			return err
		}
		s.c.cfg.Log.Warn("switch reports an error", "err", e, "xid", e.Xid)
	}
	return nil
}

// told reports a refusal, or its end.
func (s *session) told(r Refusal) {
	if r.Err != nil {
		s.c.cfg.Log.Warn("switch refuses", "what", r.String())
	}
	if s.c.cfg.Refused != nil {
		s.c.cfg.Refused(r)
	}
}
