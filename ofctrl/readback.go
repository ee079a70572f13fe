package ofctrl

import (
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// readBack learns the ports, groups, meters and flows of the switch. before is
// what the last session left, nil at first; what differs from it is drift.
func (s *session) readBack(before *switchState) error {
	s.have = newSwitchState()
	var builder ofp.MatchBuilder
	err := s.request(s.onMultipart(&builder), func(xid uint32) {
		s.buf = ofp.AppendPortDescRequest(s.buf, xid)
		s.buf = ofp.AppendGroupDescRequest(s.buf, xid)
		s.buf = ofp.AppendMeterDescRequest(s.buf, xid)
		s.buf = ofp.AppendFlowDescRequest(s.buf, xid, ofp.AllTables)
	})
	if err != nil {
		return err
	}
	drift := 0
	if before != nil {
		drift = countDrift(before.flows, s.have.flows)
	}
	s.c.st.bump(func(c *Counters) {
		c.FlowsRead += uint64(len(s.have.flows))
		c.Drift += uint64(drift)
	})
	return nil
}

// countDrift counts the keys whose flow differs.
func countDrift(before, now map[Key]installed) int {
	n := 0
	for k, v := range before {
		if w, ok := now[k]; !ok || w != v {
			n++
		}
	}
	for k := range now {
		if _, ok := before[k]; !ok {
			n++
		}
	}
	return n
}

func (s *session) onMultipart(builder *ofp.MatchBuilder) func(ofp.Header, []byte) error {
	return func(h ofp.Header, msg []byte) error {
		if h.Type != ofp.TypeMultipartReply {
			return nil
		}
		typ, _, body, err := ofp.ParseMultipart(msg[8:])
		if err != nil {
			return err
		}
		switch typ {
		case ofp.MultipartFlowDesc:
			return s.readFlows(body, builder)
		case ofp.MultipartGroupDesc:
			return s.readGroups(body)
		case ofp.MultipartMeterDesc:
			return s.readMeters(body)
		case ofp.MultipartPortDesc:
			return s.readPorts(body)
		}
		return nil
	}
}

func (s *session) readFlows(body []byte, builder *ofp.MatchBuilder) error {
	st := s.c.st
	st.mu.Lock() // the desired flows lend their strings
	defer st.mu.Unlock()
	var buf [512]byte
	for len(body) > 0 {
		var d ofp.FlowDesc
		rest, err := ofp.ParseFlowDesc(body, &d)
		if err != nil {
			return err
		}
		body = rest
		builder.Reset()
		match, odd := d.OXM, !d.Plain()
		if err := builder.Decode(d.OXM); err != nil {
			odd = true // not ours: it is only ever deleted, with the match as it is
		} else {
			match = builder.Append(buf[:0])
		}
		k, actions := st.intern(d.Table, d.Priority, match, d.Actions)
		s.have.flows[k] = installed{cookie: d.Cookie, actions: actions, odd: odd}
	}
	return nil
}

func (s *session) readGroups(body []byte) error {
	for len(body) > 0 {
		g, rest, err := ofp.ParseGroupDesc(body)
		if err != nil {
			return err
		}
		s.have.groups[g.ID], body = g.Body, rest
	}
	return nil
}

func (s *session) readMeters(body []byte) error {
	for len(body) > 0 {
		m, rest, err := ofp.ParseMeterDesc(body)
		if err != nil {
			return err
		}
		s.have.meters[m.ID], body = m.Body, rest
	}
	return nil
}

func (s *session) readPorts(body []byte) error {
	for len(body) > 0 {
		p, rest, err := ofp.ParsePort(body)
		if err != nil {
			return err
		}
		body = rest
		if s.c.cfg.PortStatus != nil {
			s.c.cfg.PortStatus(ofp.PortStatus{Reason: ofp.PortPresent, Port: p})
		}
	}
	return nil
}
