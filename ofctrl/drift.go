package ofctrl

import (
	"errors"
	"maps"
	"slices"

	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// monitorID is the number of our flow monitor; it is the connection's own.
const monitorID = 1

// onFlowUpdates takes what the switch tells of changes by others. What a change
// has left in the switch is noted and its key compared again, so that it is put
// right at once.
func (s *session) onFlowUpdates(body []byte) error {
	var touched []Key
	err := func() error {
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
			if k, ok := s.updateLocked(&u); ok {
				touched = append(touched, k)
			}
		}
		return nil
	}()
	if len(touched) > 0 {
		s.c.st.drift(touched, nil, nil)
	}
	return err
}

// updateLocked applies one change; ok is false where nothing of concern
// changed.
func (s *session) updateLocked(u *ofp.FlowUpdate) (k Key, ok bool) {
	if u.Event < ofp.FlowEventAdded || u.Event > ofp.FlowEventChanged {
		return k, false
	}
	k, v, ok := s.flowLocked(&u.Flow)
	if !ok {
		return k, false
	}
	had, there := s.have.flows[k]
	if u.Event == ofp.FlowEventRemoved {
		delete(s.have.flows, k)
		return k, there
	}
	s.have.flows[k] = v
	return k, !there || had != v
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

// audit reads the groups and meters again, which no monitor tells of.
func (s *session) audit() error {
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
	groups, meters := differing(before.groups, s.have.groups), differing(before.meters, s.have.meters)
	if len(groups)+len(meters) > 0 {
		s.c.st.drift(nil, groups, meters)
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
