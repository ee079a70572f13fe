package ofctrl

import (
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// monitorID is the number of our flow monitor; it is the connection's own.
const monitorID = 1

// onFlowUpdates takes what the switch tells of changes by others. What a change
// has left in the switch is noted and its key compared again, so that it is put
// right at once.
func (s *session) onFlowUpdates(body []byte) error {
	st := s.c.st
	st.mu.Lock()
	defer st.mu.Unlock()
	for len(body) > 0 {
		var u ofp.FlowUpdate
		rest, err := ofp.ParseFlowUpdate(body, &u)
		if err != nil {
			return err
		}
		body = rest
		s.updateLocked(&u)
	}
	if st.table.held > maxRead {
		return errTooMany
	}
	return nil
}

// updateLocked applies one change.
func (s *session) updateLocked(u *ofp.FlowUpdate) {
	if u.Event < ofp.FlowEventAdded || u.Event > ofp.FlowEventChanged {
		return
	}
	k, v, ok := s.flow(&u.Flow)
	if !ok {
		return
	}
	st := s.c.st
	if u.Event == ofp.FlowEventRemoved {
		if !st.table.gone(k) {
			return
		}
		st.driftLocked(Drift{FlowsMissing: 1})
		// The flows of a group or meter go with it; it must be known to be
		// missing before they are put back.
		s.auditNow = s.auditNow || u.Reason == ofp.RemovedGroup || u.Reason == ofp.RemovedMeter
	} else {
		was, there := st.table.hold(k, v)
		if there && was == v {
			return
		}
		st.driftLocked(flowDrift(was, there, v))
	}
	st.touchLocked(k)
}

// flowDrift is what it counts as that the switch holds v.
func flowDrift(was installed, there bool, v installed) (d Drift) {
	switch {
	case !there:
		d.FlowsForeign = 1
	case was != v:
		d.FlowsAltered = 1
	}
	return d
}

// auditTLV ends the session when our TLV map is gone: flows that need it were
// refused or mean something else now, so the next session begins from nothing.
func (s *session) auditTLV() error {
	maps, err := s.tlvTable()
	if err != nil {
		return err
	}
	for _, w := range s.c.cfg.TLV {
		if !slices.Contains(maps, w) {
			return errors.New("somebody changed the TLV map")
		}
	}
	return nil
}

// auditSoon puts the next audit forward: somebody has changed a group or a meter, and
// may go on to do so.
func (s *session) auditSoon() {
	if !s.auditing {
		s.auditing = true
		s.audits.Reset(s.c.cfg.Audit / 20)
	}
}

// auditShare is how much longer than an audit takes there is none, up to
// auditLongest times Config.Audit: of many groups it costs both sides tens of
// milliseconds, and the switch tells of most changes.
const auditShare, auditLongest = 1000, 30

// audit reads the groups and meters again: no monitor tells of them, and not every
// switch forwards what others do to them.
func (s *session) audit() error {
	start := time.Now()
	defer func() {
		s.audits.Reset(min(max(auditShare*time.Since(start), s.c.cfg.Audit), auditLongest*s.c.cfg.Audit))
	}()
	s.auditNow, s.auditing = false, false
	before := *s.have
	s.have.groups, s.have.meters = map[uint32]ofp.GroupBody{}, map[uint32]ofp.MeterBody{}
	err := s.request(s.onMultipart, func(xid uint32) {
		s.buf = ofp.AppendGroupDescRequest(s.buf, xid)
		s.buf = ofp.AppendMeterDescRequest(s.buf, xid)
	})
	if err != nil {
		return err
	}
	if err := s.auditTLV(); err != nil {
		return err
	}
	s.sink = nil
	groups, meters := differing(before.groups, s.have.groups), differing(before.meters, s.have.meters)
	if len(groups)+len(meters) > 0 {
		s.c.st.driftIDs(groups, meters)
	}
	return nil
}

// differing returns the ids whose body is not the same in a and b.
func differing[B ~string](a, b map[uint32]B) []uint32 {
	var ids []uint32
	for id := range maps.Keys(a) {
		if a[id] != b[id] {
			ids = append(ids, id)
		}
	}
	for id := range maps.Keys(b) {
		if _, ok := a[id]; !ok {
			ids = append(ids, id)
		}
	}
	return ids
}
