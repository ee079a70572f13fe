package ofctrl

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// ErrTooLarge is a flow, group or meter that does not fit a message of the protocol.
var ErrTooLarge = errors.New("ofctrl: too large for an OpenFlow message")

// maxWhole is how many times a batch is sent whole, without what was refused,
// before it is sent in halves: the switch names one bad message a try.
const maxWhole = 8

// item is a flow or a group in a bundle: one message, or, where buckets of a
// group change, several of one transaction id.
type item struct {
	flow  *flowOp
	group *idOp[ofp.GroupBody]
}

// send brings the switch to what a batch says: meters first, since they cannot
// be part of a bundle, then the zones are flushed and one bundle sent behind
// that at once (groups that are added or changed, flows, groups that go), then
// the meters that go.
func (s *session) send(b *batch) error {
	if err := s.sendMeters(b.meters, false); err != nil {
		return err
	}
	if err := s.install(b.items(), slices.Sorted(maps.Keys(b.flush))); err != nil {
		return err
	}
	return s.sendMeters(b.meters, true)
}

// items are the messages of a batch's bundle, in order.
func (b *batch) items() []item {
	items := make([]item, 0, len(b.flows)+len(b.groups))
	for i := range b.groups {
		if b.groups[i].body != "" {
			items = append(items, item{group: &b.groups[i]})
		}
	}
	groups := len(items)
	for i := range b.flows {
		items = append(items, item{flow: &b.flows[i]})
	}
	// Flows that are alike one after the other take OVS a seventh less time.
	slices.SortFunc(items[groups:], func(x, y item) int { return compareKeys(x.flow.key, y.flow.key) })
	for i := range b.groups {
		if b.groups[i].body == "" {
			items = append(items, item{group: &b.groups[i]})
		}
	}
	return items
}

// flushed notes that zones were flushed; err is why some were not.
func (s *session) flushed(zones []uint16, err error) {
	if err != nil {
		s.c.cfg.Log.Warn("switch does not flush conntrack zones", "err", err)
		return
	}
	s.c.st.bump(func(c *Counters) { c.ZonesFlushed += uint64(len(zones)) })
}

// sendMeters sends the meters of a batch that are deleted, or the others.
func (s *session) sendMeters(ops []idOp[ofp.MeterBody], deleted bool) error {
	for i := range ops {
		op := &ops[i]
		if (op.body == "") != deleted {
			continue
		}
		command := ofp.MeterCmdAdd
		switch {
		case deleted:
			command = ofp.MeterCmdDelete
		case op.was != "":
			command = ofp.MeterCmdModify
		}
		fits := true
		err := s.request(nil, func(xid uint32) {
			from := len(s.buf)
			s.buf = ofp.AppendMeterMod(s.buf, xid, command, op.id, op.body)
			if fits = ofp.Fits(s.buf, from); !fits {
				s.buf = s.buf[:from]
			}
		})
		if err == nil && !fits {
			err = ErrTooLarge
		}
		var fault *ofp.Error
		switch {
		case errors.As(err, &fault), errors.Is(err, ErrTooLarge):
			s.told(s.c.st.refuseID("meter", op.id, err))
			continue
		case err != nil:
			return err
		}
		setBody(s.have.meters, op.id, op.body)
		s.c.st.bump(func(c *Counters) { c.MeterMods++ })
	}
	return nil
}

// install sends items as one bundle, again without those that are refused
// until the rest is in. A group of which buckets are refused, which may not be
// those that we knew, is sent whole then. Before the first zones are flushed.
func (s *session) install(items []item, zones []uint16) error {
	for try := 0; len(items)+len(zones) > 0; try++ {
		if try >= maxWhole && len(items) > 1 {
			half := len(items) / 2
			if err := s.install(items[:half], nil); err != nil {
				return err
			}
			return s.install(items[half:], nil)
		}
		if try > 0 {
			s.c.st.bump(func(c *Counters) { c.BundleRetries++ })
		}
		refused, committed, err := s.bundle(items, zones)
		zones = nil
		if err != nil {
			return err
		}
		if !committed && len(refused) == 0 {
			return errors.New("ofctrl: the switch refused a bundle without naming a message")
		}
		var again []item // groups whose buckets are not as we knew them
		for i := range items {
			switch err := refused[i]; {
			case err == nil:
			case items[i].isBuckets():
				items[i].group.whole = true
				again = append(again, items[i])
				delete(refused, i)
			default:
				s.refuse(&items[i], err)
			}
		}
		if items = without(items, refused); committed {
			items = again
		}
	}
	return nil
}

// isBuckets tells whether an item is sent as a change of buckets.
func (it *item) isBuckets() bool {
	if it.group == nil || it.group.whole {
		return false
	}
	_, _, ok := it.group.was.BucketChange(it.group.body)
	return ok
}

// without returns the items that were not refused.
func without(items []item, refused map[int]error) []item {
	if len(refused) == 0 {
		return items
	}
	kept := make([]item, 0, len(items))
	for i := range items {
		if refused[i] == nil {
			kept = append(kept, items[i])
		}
	}
	return kept
}

func (s *session) refuse(it *item, err error) {
	if it.flow != nil {
		s.told(s.c.st.refuseFlow(it.flow, err))
	} else {
		s.told(s.c.st.refuseID("group", it.group.id, err))
	}
}

// note records that items are in the switch.
func (s *session) note(items []item) {
	s.c.st.noteFlows(items)
	mods := uint64(0)
	for _, it := range items {
		if it.group != nil {
			setBody(s.have.groups, it.group.id, it.group.body)
			mods++
		}
	}
	s.c.st.bump(func(c *Counters) {
		c.Bundles++
		c.GroupMods += mods
	})
}

// setBody notes what a number has; an empty body is none.
func setBody[B ~string](m map[uint32]B, id uint32, body B) {
	if body == "" {
		delete(m, id)
	} else {
		m[id] = body
	}
}

// bundle has zones flushed, sends items as one atomic, ordered bundle and waits
// for the barrier behind it: one round trip, since the switch may be some
// milliseconds away in its own work. refused tells, by position, what the switch
// did not take; an item refused while it was added is simply not part of what is
// committed.
func (s *session) bundle(items []item, zones []uint16) (refused map[int]error, committed bool, err error) {
	n := len(items)
	base := s.nextXid(n + 4)
	id, commit, barrier, flush := base+uint32(n), base+uint32(n)+1, base+uint32(n)+2, base+uint32(n)+3
	refused = map[int]error{}
	var fault, unflushed error
	done := false
	s.sink = func(h ofp.Header, msg []byte) error {
		switch {
		case h.Type == ofp.TypeBarrierReply:
			done = done || h.Xid == barrier
		case h.Type == ofp.TypeBundleControl && h.Xid == commit:
			// Noted here, not behind the barrier: what others change between
			// the two is told between the two.
			committed = true
			s.note(without(items, refused))
		case h.Type == ofp.TypeError:
			e, err := ofp.ParseError(msg)
			if err != nil {
				return err
			}
			switch i := int(e.Xid - base); {
			case i < n && refused[i] == nil:
				refused[i] = e
			case e.Xid == flush:
				unflushed = errors.Join(unflushed, e)
			case e.Xid == id:
				fault = fmt.Errorf("ofctrl: open a bundle: %w", e)
			case e.Xid == commit && e.Name() != "OFPBFC_MSG_FAILED":
				fault = fmt.Errorf("ofctrl: commit a bundle: %w", e)
			}
		}
		return nil
	}
	if len(zones) > 0 {
		for _, z := range zones {
			s.buf = ofp.AppendCTFlushZone(s.buf, flush, z)
		}
		s.buf = ofp.AppendEmpty(s.buf, ofp.TypeBarrierRequest, flush)
	}
	if err := s.fill(items, base, id, commit, refused); err != nil {
		return nil, false, err
	}
	s.buf = ofp.AppendEmpty(s.buf, ofp.TypeBarrierRequest, barrier)
	if err := s.await(func() bool { return done }); err != nil {
		return nil, false, err
	}
	if len(zones) > 0 {
		s.flushed(zones, unflushed)
	}
	return refused, committed || n == 0, fault
}

// fill appends a bundle of items, if there are any, and sends it but for its
// end. refused gets those that no message can hold.
func (s *session) fill(items []item, base, id, commit uint32, refused map[int]error) error {
	if len(items) == 0 {
		return nil
	}
	s.buf = ofp.AppendBundleControl(s.buf, id, id, ofp.BundleOpen)
	for i := range items {
		from := len(s.buf)
		s.buf = appendItem(s.buf, base+uint32(i), id, &items[i])
		if !ofp.Fits(s.buf, from) {
			s.buf = s.buf[:from]
			refused[i] = ErrTooLarge
		}
		if err := s.room(false); err != nil {
			return err
		}
	}
	s.buf = ofp.AppendBundleControl(s.buf, commit, id, ofp.BundleCommit)
	return nil
}

// appendItem appends what adds an item to a bundle.
//
// Hot path: no allocation for a flow.
func appendItem(b []byte, xid, bundle uint32, it *item) []byte {
	if it.group != nil && !it.group.whole {
		if gone, come, ok := it.group.was.BucketChange(it.group.body); ok {
			return appendBuckets(b, xid, bundle, it.group.id, gone, come)
		}
	}
	b, at := ofp.BeginBundleAdd(b, xid, bundle)
	switch {
	case it.group != nil:
		command := ofp.GroupCmdAdd
		switch {
		case it.group.body == "":
			command = ofp.GroupCmdDelete
		case it.group.was != "":
			command = ofp.GroupCmdModify
		}
		b = ofp.AppendGroupMod(b, xid, command, it.group.id, it.group.body)
	default:
		op := it.flow
		m := ofp.FlowMod{Table: op.key.Table, Priority: op.key.Priority, Match: op.key.Match}
		if op.delete {
			m.Command = ofp.FlowDeleteStrict
		} else {
			m.Command, m.Cookie, m.Actions = ofp.FlowAdd, op.want.cookie, op.want.actions
		}
		b = ofp.AppendFlowMod(b, xid, &m)
	}
	return ofp.EndBundleAdd(b, at)
}

// appendBuckets appends the messages that take buckets out of a group and put
// others in.
func appendBuckets(b []byte, xid, bundle, id uint32, gone []uint32, come ofp.GroupBody) []byte {
	for _, k := range gone {
		m, at := ofp.BeginBundleAdd(b, xid, bundle)
		b = ofp.EndBundleAdd(ofp.AppendRemoveBucket(m, xid, id, ofp.GroupSelect, k), at)
	}
	if come != "" {
		m, at := ofp.BeginBundleAdd(b, xid, bundle)
		b = ofp.EndBundleAdd(ofp.AppendInsertBuckets(m, xid, id, come), at)
	}
	return b
}
