package ofctrl

import (
	"maps"
	"slices"
	"sync"

	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// state is the desired state and what is known of the switch, shared between
// the callers of Update and the connection.
type state struct {
	wake        chan struct{} // has a value where there may be something to send
	installedCh chan int64

	mu       sync.Mutex
	table    *Table
	groups   *bodies[ofp.GroupBody]
	meters   *bodies[ofp.MeterBody]
	gen      int64
	complete bool

	// What may differ from the switch. While all is set the three sets are
	// not kept: everything will be compared.
	all         bool
	dirty       map[Key]struct{}
	dirtyGroups map[uint32]struct{}
	dirtyMeters map[uint32]struct{}

	// flush holds the zones to be flushed, and which request it was, so that
	// one that comes again meanwhile is not lost.
	flush    map[uint16]uint64
	flushSeq uint64

	refused       map[Key]refusedFlow
	refusedGroups map[uint32]Refusal
	refusedMeters map[uint32]Refusal

	known     bool // all flows of the switch have been read once
	connected bool
	packets   bool // the switch sends packets to us
	sending   bool // a batch is on its way
	doneGen   int64
	told      bool // doneGen has been told over this connection
	lastError string
	count     Counters
}

type refusedFlow struct {
	want  installed
	owner string
	err   error
}

func newState() *state {
	return &state{
		wake:          make(chan struct{}, 1),
		installedCh:   make(chan int64, 1),
		table:         NewTable(),
		groups:        newBodies[ofp.GroupBody](),
		meters:        newBodies[ofp.MeterBody](),
		all:           true,
		dirty:         map[Key]struct{}{},
		dirtyGroups:   map[uint32]struct{}{},
		dirtyMeters:   map[uint32]struct{}{},
		flush:         map[uint16]uint64{},
		refused:       map[Key]refusedFlow{},
		refusedGroups: map[uint32]Refusal{},
		refusedMeters: map[uint32]Refusal{},
	}
}

func (s *state) update(u Update) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range u.Flows {
		o := &u.Flows[i]
		packed := o.Packed
		if len(o.Flows) > 0 {
			packed = Pack(o.Flows)
		}
		s.table.Set(o.Owner, packed, s.touchLocked)
		s.groups.set(o.Owner, o.Groups, func(id uint32) { s.touchIDLocked(s.dirtyGroups, id) })
		s.meters.set(o.Owner, o.Meters, func(id uint32) { s.touchIDLocked(s.dirtyMeters, id) })
	}
	for _, z := range u.FlushZones {
		s.flushSeq++
		s.flush[z] = s.flushSeq
	}
	s.gen = max(s.gen, u.Gen)
	if u.Complete && !s.complete {
		s.complete = true
		s.allLocked()
	}
	s.wakeUp()
}

// touchLocked notes that a key may have begun or ceased to differ. Only those
// that do are remembered, so that keys that come and go do not add up.
func (s *state) touchLocked(k Key) {
	if s.all {
		return
	}
	slot := s.table.slot(k)
	s.touchSlotLocked(k, &slot)
}

func (s *state) touchSlotLocked(k Key, slot *slot) {
	if s.all {
		return
	}
	if _, refused := s.refused[k]; slot.settled() && !refused {
		delete(s.dirty, k)
		return
	}
	s.dirty[k] = struct{}{}
	s.wakeUp()
}

// maxDirtyIDs bounds the groups, or meters, that are remembered as changed.
const maxDirtyIDs = 1024

// touchIDLocked notes that a group or meter may differ. Where that are many, as
// when they come and go while the switch does not read, anything may.
func (s *state) touchIDLocked(set map[uint32]struct{}, id uint32) {
	switch {
	case s.all:
	case len(set) == maxDirtyIDs:
		s.allLocked()
	default:
		set[id] = struct{}{}
	}
}

// allLocked says that anything may differ.
func (s *state) allLocked() {
	s.all = true
	s.dirty = map[Key]struct{}{}
	s.dirtyGroups = map[uint32]struct{}{}
	s.dirtyMeters = map[uint32]struct{}{}
}

func (s *state) wakeUp() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// batch is the difference that is to be sent.
type batch struct {
	gen    int64
	flush  map[uint16]uint64
	flows  []flowOp
	groups []idOp[ofp.GroupBody]
	meters []idOp[ofp.MeterBody]
	// forgiven are earlier refusals that no longer hold; to be told.
	forgiven []Refusal
}

// take compares what may differ with what the switch has and forgets that it
// may differ: whoever takes a batch sends it, or asks for everything again.
func (s *state) take(have *switchState) batch {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := batch{gen: s.gen, flush: maps.Clone(s.flush)}
	s.forgiveLocked(&b)
	if s.all {
		s.takeAllLocked(have, &b)
	} else {
		for k := range s.dirty {
			slot := s.table.slot(k)
			s.diffLocked(k, &slot, slot.want(), &b)
		}
	}
	s.takeIDsLocked(have, &b)
	if len(s.dirty) > 1024 {
		s.dirty = map[Key]struct{}{} // a map does not shrink
	} else {
		clear(s.dirty)
	}
	clear(s.dirtyGroups)
	clear(s.dirtyMeters)
	s.all = false
	s.sending = len(b.flows)+len(b.groups)+len(b.meters)+len(b.flush) > 0
	return b
}

func (s *state) takeAllLocked(have *switchState, b *batch) {
	b.flows = make([]flowOp, 0, max(0, s.table.wanted-s.table.held)) // at a first connect all; else about as many
	s.table.unsettled(func(k Key, slot *slot, want *Flow) { s.diffLocked(k, slot, want, b) })
	for k := range s.refused {
		if slot := s.table.slot(k); slot.settled() {
			s.diffLocked(k, &slot, slot.want(), b)
		}
	}
	addIDs(s.dirtyGroups, s.groups, have.groups)
	addIDs(s.dirtyMeters, s.meters, have.meters)
}

// addIDs adds the numbers that are wanted or there.
func addIDs[B ~string](set map[uint32]struct{}, want *bodies[B], have map[uint32]B) {
	for id := range want.slots {
		set[id] = struct{}{}
	}
	for id := range have {
		set[id] = struct{}{}
	}
}

// forgiveLocked lets refused flows be tried again where a group or meter
// changes, since that may be what they lacked; a changed group or meter is
// itself tried again. At a new connection everything is.
func (s *state) forgiveLocked(b *batch) {
	if !s.all && len(s.dirtyGroups)+len(s.dirtyMeters) == 0 {
		return
	}
	b.forgiven = s.forgiveIDsLocked(b.forgiven, s.refusedGroups, s.dirtyGroups)
	b.forgiven = s.forgiveIDsLocked(b.forgiven, s.refusedMeters, s.dirtyMeters)
	for k, r := range s.refused {
		r.want.odd = true // as nothing wanted is: not the same any more
		s.refused[k] = r
		s.touchLocked(k)
	}
}

func (s *state) forgiveIDsLocked(told []Refusal, refused map[uint32]Refusal, dirty map[uint32]struct{}) []Refusal {
	for _, id := range slices.Sorted(maps.Keys(refused)) {
		if _, changed := dirty[id]; changed || s.all {
			r := refused[id]
			r.Err = nil
			told = append(told, r)
			delete(refused, id)
		}
	}
	return told
}

// diffLocked adds to the batch what brings one key to what is wanted, nil for
// nothing.
func (s *state) diffLocked(k Key, slot *slot, want *Flow, b *batch) {
	if r, ok := s.refused[k]; ok {
		if want != nil && r.want == (installed{cookie: want.Cookie, actions: want.Actions}) {
			want = nil // and so what the switch has in its place goes
		} else {
			delete(s.refused, k)
			b.forgiven = append(b.forgiven, Refusal{Kind: "flow", Flow: r.flow(k), Owner: r.owner})
		}
	}
	have, there := slot.have()
	op, ok := diffFlow(k, want, have, there)
	if !ok || op.delete && !s.complete {
		return
	}
	op.hash = slot.hash
	if !op.delete {
		op.owner = slot.claim().owner.name
		s.table.send(slot)
	}
	b.flows = append(b.flows, op)
}

func (r *refusedFlow) flow(k Key) Flow {
	return Flow{k.Table, k.Priority, r.want.cookie, k.Match, r.want.actions}
}

func (s *state) takeIDsLocked(have *switchState, b *batch) {
	for id := range s.refusedGroups {
		delete(s.dirtyGroups, id)
	}
	for id := range s.refusedMeters {
		delete(s.dirtyMeters, id)
	}
	b.groups = diffIDs(s.dirtyGroups, s.groups.want, have.groups)
	b.meters = diffIDs(s.dirtyMeters, s.meters.want, have.meters)
	if !s.complete {
		b.groups = slices.DeleteFunc(b.groups, func(o idOp[ofp.GroupBody]) bool { return o.body == "" })
		b.meters = slices.DeleteFunc(b.meters, func(o idOp[ofp.MeterBody]) bool { return o.body == "" })
	}
}

// refuseFlow notes that the switch did not take a flow.
func (s *state) refuseFlow(op *flowOp, err error) Refusal {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count.Refusals++
	r := refusedFlow{op.want, op.owner, err}
	s.refused[op.key] = r
	s.touchLocked(op.key) // an older flow of this key may have to go
	return Refusal{Kind: "flow", Flow: r.flow(op.key), Owner: op.owner, Err: err}
}

// refuseID notes that the switch did not take a group or meter.
func (s *state) refuseID(kind string, id uint32, err error) Refusal {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count.Refusals++
	r := Refusal{Kind: kind, ID: id, Err: err}
	if kind == "group" {
		r.Owner = s.groups.owner(id)
		s.refusedGroups[id] = r
	} else {
		r.Owner = s.meters.owner(id)
		s.refusedMeters[id] = r
	}
	return r
}

// setPackets notes whether the switch sends packets to us. A generation is not
// told before: packets that its flows send to the controller would be lost.
func (s *state) setPackets(up bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.packets = up; up {
		s.wakeUp()
	}
}

// finished notes that a batch is in the switch, and tells so where nothing
// that belongs to its generation is left.
func (s *state) finished(b *batch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sending = false
	for z, seq := range b.flush {
		if s.flush[z] == seq {
			delete(s.flush, z)
		}
	}
	if s.told && s.doneGen == b.gen || !s.packets {
		return
	}
	s.doneGen, s.told = b.gen, true
	select {
	case <-s.installedCh: // the reader has not taken the last; it is out of date
	default:
	}
	s.installedCh <- b.gen
}

// setConnected notes that a connection is up, or has ended because of err.
func (s *state) setConnected(up bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if up {
		s.count.Connects++
		s.lastError = ""
	} else {
		if s.connected {
			s.count.Disconnects++
		}
		if err != nil {
			s.lastError = err.Error()
		}
		s.sending = false
		s.doneGen, s.told = 0, false
		s.allLocked()
	}
	s.connected = up
}

// noteFlows notes that flows are in the switch as a bundle said.
func (s *state) noteFlows(items []item) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range items {
		op := items[i].flow
		if op == nil {
			continue
		}
		slot := s.table.at(op.hash)
		if op.delete {
			s.table.empty(&slot)
			s.count.FlowDeletes++
		} else {
			s.table.took(&slot, op.key, op.want)
			s.count.FlowAdds++
		}
		s.touchSlotLocked(op.key, &slot) // it may have changed while it was on its way
	}
}

// beginReading prepares for all flows of the switch to be noted.
func (s *state) beginReading() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.table.unsee()
}

// endReading notes that there are no others.
func (s *state) endReading() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.driftLocked(Drift{FlowsMissing: uint64(s.table.unseen())})
	s.known = true
}

// driftLocked counts drift, once it is known what was in the switch before.
func (s *state) driftLocked(d Drift) {
	if s.known {
		s.count.Drift.add(d)
	}
}

// driftIDs notes that groups and meters were found otherwise than they were
// left.
func (s *state) driftIDs(groups, meters []uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range groups {
		s.touchIDLocked(s.dirtyGroups, id)
	}
	for _, id := range meters {
		s.touchIDLocked(s.dirtyMeters, id)
	}
	s.count.Drift.Groups += uint64(len(groups))
	s.count.Drift.Meters += uint64(len(meters))
	s.wakeUp()
}

// bump changes the counters.
func (s *state) bump(fn func(*Counters)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fn(&s.count)
}

func (s *state) isConnected() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.connected
}

const maxStatusRefusals = 100

func (s *state) status(p *packets) Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	dirty := s.all || s.sending || len(s.dirty)+len(s.dirtyGroups)+len(s.dirtyMeters) > 0
	st := Status{
		Connected: s.connected,
		Packets:   s.packets,
		Synced:    s.connected && !dirty && s.doneGen == s.gen,
		Gen:       s.doneGen,
		Wanted:    s.gen,
		Desired:   s.table.wanted,
		Installed: s.table.held,
		Groups:    len(s.groups.slots),
		Meters:    len(s.meters.slots),
		LastError: s.lastError,
		Contested: len(s.table.contested) + len(s.groups.contested) + len(s.meters.contested),
		Contests:  slices.Concat(s.table.contests(), s.groups.contests("group"), s.meters.contests("meter")),
		Counters:  s.count,
	}
	keys := slices.SortedFunc(maps.Keys(s.refused), compareKeys)
	for _, k := range keys[:min(len(keys), maxStatusRefusals)] {
		r := s.refused[k]
		st.Refused = append(st.Refused, Refusal{Kind: "flow", Flow: r.flow(k), Owner: r.owner, Err: r.err})
	}
	for _, m := range []map[uint32]Refusal{s.refusedGroups, s.refusedMeters} {
		for _, id := range slices.Sorted(maps.Keys(m)) {
			st.Refused = append(st.Refused, m[id])
		}
	}
	p.addCounters(&st.Counters)
	return st
}
