package ofctrl

import (
	"errors"
	"slices"

	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// maxRead bounds the flows, groups and meters that a switch can make us keep by
// saying that it has them; no bridge comes near.
const maxRead = 8 << 20

var errTooMany = errors.New("ofctrl: the switch says that it holds more than can be")

// readBack learns the ports, groups, meters and flows of the switch. before is
// what the last session left, nil at first; what differs from it is drift.
func (s *session) readBack(before *switchState) error {
	s.have = newSwitchState()
	st := s.c.st
	st.beginReading()
	err := s.request(s.onMultipart, func(xid uint32) {
		// The monitor comes first, so that no change falls between.
		s.buf = ofp.AppendFlowMonitorRequest(s.buf, xid, monitorID, ofp.AllTables)
		s.buf = ofp.AppendPortDescRequest(s.buf, xid)
		s.buf = ofp.AppendGroupDescRequest(s.buf, xid)
		s.buf = ofp.AppendMeterDescRequest(s.buf, xid)
		s.buf = ofp.AppendFlowDescRequest(s.buf, xid, ofp.AllTables)
	})
	if err != nil {
		return err
	}
	st.endReading()
	if before != nil {
		st.driftIDs(differing(before.groups, s.have.groups), differing(before.meters, s.have.meters))
	}
	return nil
}

// onMultipart takes the answers of a read back.
func (s *session) onMultipart(h ofp.Header, msg []byte) error {
	if h.Type != ofp.TypeMultipartReply {
		return nil
	}
	typ, _, body, err := ofp.ParseMultipart(msg[8:])
	if err != nil {
		return err
	}
	switch typ {
	case ofp.MultipartFlowDesc:
		return s.readFlows(body)
	case ofp.MultipartGroupDesc:
		return s.readGroups(body)
	case ofp.MultipartMeterDesc:
		return s.readMeters(body)
	case ofp.MultipartPortDesc:
		return s.readPorts(body)
	}
	return nil
}

func (s *session) readFlows(body []byte) error {
	st := s.c.st
	st.mu.Lock()
	defer st.mu.Unlock()
	for len(body) > 0 {
		var d ofp.FlowDesc
		rest, err := ofp.ParseFlowDesc(body, &d)
		if err != nil {
			return err
		}
		body = rest
		if k, v, ok := s.flow(&d); ok {
			was, there := st.table.hold(k, v)
			st.driftLocked(flowDrift(was, there, v))
			st.count.FlowsRead++
		}
		if st.table.held > maxRead {
			return errTooMany
		}
	}
	return nil
}

// flow makes a flow of the switch comparable. ok is false for a flow that the
// switch learned itself.
func (s *session) flow(d *ofp.FlowDesc) (k Key, v installed, ok bool) {
	if d.Idle|d.Hard != 0 && slices.Contains(s.c.cfg.LearnTables, d.Table) {
		return k, v, false
	}
	var buf [512]byte
	s.match.Reset()
	match, odd := d.OXM, !d.Plain()
	if err := s.match.Decode(d.OXM); err != nil {
		odd = true // not ours: it is only ever deleted, with the match as it is
	} else {
		match = s.match.Append(buf[:0])
	}
	return Key{ofp.Match(match), d.Priority, d.Table}, installed{cookie: d.Cookie, actions: ofp.Actions(d.Actions), odd: odd}, true
}

func (s *session) readGroups(body []byte) error {
	for len(body) > 0 {
		g, rest, err := ofp.ParseGroupDesc(body)
		if err != nil {
			return err
		}
		s.have.groups[g.ID], body = g.Body, rest
	}
	if len(s.have.groups) > maxRead {
		return errTooMany
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
	if len(s.have.meters) > maxRead {
		return errTooMany
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
