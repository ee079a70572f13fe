package ofctrl

import (
	"cmp"
	"encoding/binary"
	"hash/maphash"
	"maps"
	"slices"
	"strings"

	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// Table is the desired flows, by owner, and beside each what the switch is known
// to hold for its key. A change costs what it changes.
//
// Of the flows of one key that are wanted by several owners, or several times
// by one, an action list wins over a drop, and a drop over conjunction clauses;
// then the owner whose name sorts first; then the flow that the owner named
// first. Where all are conjunction clauses they are merged, since each belongs
// to another conjunctive match.
//
// Most of what an agent keeps is this: a flow costs its part of the owner's
// list and a place in the map (28 bytes and the map's slack). A place is found
// by a hash of the key, which is long enough to be taken for the key, names the
// flow by owner and position, and says in one byte that the switch holds just
// that.
type Table struct {
	owners    map[string]*owner
	numbered  []*owner // by number; the first is nobody
	free      []uint32 // numbers that are
	seeds     [2]maphash.Seed
	places    map[hash]place
	rares     map[hash]*rare
	most      int              // of them, since that map was made
	contested map[Key]struct{} // keys that owners want differently
	wanted    int              // keys for which a flow is wanted
	held      int              // keys for which the switch holds a flow

	loose []loose // scratch: keys that are to be settled
}

// loose is a key whose claims have changed.
type loose struct {
	key  Key
	hash hash
}

// owner is one owner's flows, in the list that it gave.
type owner struct {
	name   string
	number uint32
	flows  Flows
}

// claim is one owner's wish for a key.
type claim struct {
	owner *owner
	at    uint32 // in the owner's list
}

func (c claim) flow() Flow { return c.owner.flows.At(int(c.at)) }

// hash stands for a key.
type hash [16]byte

// place is what is kept for a key.
type place struct {
	owner uint32 // of the wanted flow, by number; 0: none is wanted
	at    uint32
	holds holds
	seen  bool // in the reading under way
	sent  bool // what is wanted is on its way to the switch
}

// slot is what is wanted and what is there for one key, to be worked on.
type slot struct {
	place
	t    *Table
	hash hash
	rare *rare
}

// holds is what the switch holds for a key.
type holds uint8

const (
	holdsNone  holds = iota
	holdsWant        // the flow that is wanted
	holdsOther       // slot.rare.have
)

// rare is the part of a slot that almost none has.
type rare struct {
	key    Key
	claims []claim   // all, where there is more than one
	merged *Flow     // wanted in place of the winner's
	have   installed // where the switch holds another flow than is wanted
}

// NewTable makes an empty table.
func NewTable() *Table {
	return &Table{
		owners: map[string]*owner{}, numbered: []*owner{nil}, seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()},
		places: map[hash]place{}, rares: map[hash]*rare{}, contested: map[Key]struct{}{},
	}
}

// hash returns the hash of a key.
//
// Hot path: no allocation.
func (t *Table) hash(k Key) (h hash) {
	for i, seed := range t.seeds {
		binary.LittleEndian.PutUint64(h[8*i:], maphash.Comparable(seed, k))
	}
	return h
}

// slot returns the slot of a key, an empty one if there is none.
func (t *Table) slot(k Key) slot { return t.at(t.hash(k)) }

func (t *Table) at(h hash) slot { return slot{t.places[h], t, h, t.rares[h]} }

// keep keeps a slot.
func (t *Table) keep(s *slot) {
	t.places[s.hash] = s.place
	if s.rare != nil {
		t.rares[s.hash] = s.rare
		t.most = max(t.most, len(t.rares))
	} else {
		t.common(s.hash)
	}
}

// common notes that there is nothing rare about a key. A map does not shrink,
// and after a reading this one has had every key of the switch.
func (t *Table) common(h hash) {
	delete(t.rares, h)
	if t.most > 1024 && len(t.rares) < t.most/8 {
		left := make(map[hash]*rare, len(t.rares)) // a clone would be as large
		maps.Copy(left, t.rares)
		t.rares, t.most = left, len(left)
	}
}

// all calls fn for each slot.
func (t *Table) all(fn func(*slot)) {
	for h, p := range t.places {
		fn(&slot{p, t, h, t.rares[h]})
	}
}

// unsettled calls fn for each key for which the switch does not hold what is
// wanted; fn may send that. It reads the lists of the owners, each once, since
// to find the flows one by one takes several times as long.
func (t *Table) unsettled(fn func(Key, *slot, *Flow)) {
	differ := make([]bool, len(t.numbered))
	for _, p := range t.places {
		differ[p.owner] = differ[p.owner] || p.holds != holdsWant
	}
	for _, o := range t.numbered {
		if o == nil || !differ[o.number] {
			continue
		}
		for i, f := range o.flows.List() {
			k := f.Key()
			s := t.slot(k)
			if s.claim() != (claim{o, uint32(i)}) || s.settled() {
				continue
			}
			if s.rare != nil && s.rare.merged != nil {
				f = *s.rare.merged
			}
			fn(k, &s, &f)
		}
	}
	for h, r := range t.rares {
		if s := (slot{t.places[h], t, h, r}); s.owner == 0 {
			fn(r.key, &s, nil)
		}
	}
}

// send notes that what is wanted for a key is on its way to the switch.
func (t *Table) send(s *slot) {
	s.sent = true
	t.places[s.hash] = s.place
}

// claim is that of the owner of the wanted flow, if there is one.
func (s *slot) claim() claim { return claim{s.t.numbered[s.owner], s.at} }

// want returns the flow that is wanted, nil for none.
func (s *slot) want() *Flow {
	switch {
	case s.owner == 0:
		return nil
	case s.rare != nil && s.rare.merged != nil:
		return s.rare.merged
	}
	f := s.claim().flow()
	return &f
}

// key returns the key of a slot in which there is something.
func (s *slot) key() Key {
	if s.rare != nil {
		return s.rare.key
	}
	return s.want().Key()
}

// have returns what the switch holds for the key.
func (s *slot) have() (v installed, there bool) {
	switch s.holds {
	case holdsWant:
		f := s.want()
		return installed{cookie: f.Cookie, actions: f.Actions}, true
	case holdsOther:
		return s.rare.have, true
	}
	return installed{}, false
}

// settled says that the switch holds what is wanted.
func (s *slot) settled() bool {
	return s.holds == holdsWant || s.holds == holdsNone && s.owner == 0
}

// Want returns the flow that is wanted for a key, and its owner.
func (t *Table) Want(k Key) (f Flow, owner string, ok bool) {
	s := t.slot(k)
	w := s.want()
	if w == nil {
		return Flow{}, "", false
	}
	return *w, s.claim().owner.name, true
}

// Set replaces the flows of an owner. touched is called for each key whose
// wanted flow may have changed.
func (t *Table) Set(name string, list Flows, touched func(Key)) {
	o := t.owners[name]
	switch {
	case o == nil && list == "":
		return
	case o == nil:
		o = t.addOwner(name)
	case o.flows == list:
		return
	}
	old, flows := o.flows.List(), list.List()
	head, tail := shared(old, flows)
	t.loose = t.loose[:0]
	for i := head; i < len(old)-tail; i++ {
		t.drop(old[i].Key(), claim{o, uint32(i)})
	}
	t.move(o, old, len(flows)-len(old), tail)
	o.flows = list
	for i := head; i < len(flows)-tail; i++ {
		t.add(flows[i].Key(), claim{o, uint32(i)})
	}
	for _, l := range t.loose {
		t.settle(l)
		touched(l.key)
	}
	if list == "" {
		t.removeOwner(o)
	}
	if cap(t.loose) > 1024 {
		t.loose = nil
	}
}

func (t *Table) addOwner(name string) *owner {
	o := &owner{name: name}
	if n := len(t.free); n > 0 {
		o.number, t.free = t.free[n-1], t.free[:n-1]
		t.numbered[o.number] = o
	} else {
		o.number = uint32(len(t.numbered))
		t.numbered = append(t.numbered, o)
	}
	t.owners[name] = o
	return o
}

func (t *Table) removeOwner(o *owner) {
	delete(t.owners, o.name)
	t.numbered[o.number] = nil
	t.free = append(t.free, o.number)
}

// shared is the number of flows that two lists share at their beginnings, and
// then at their ends.
func shared(a, b []Flow) (head, tail int) {
	n := min(len(a), len(b))
	for head < n && a[head] == b[head] {
		head++
	}
	for tail < n-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	return head, tail
}

// move lets the claims on the last flows of the old list point to where these
// stand in the new one, which is longer by shift.
func (t *Table) move(o *owner, old []Flow, shift, tail int) {
	if shift == 0 {
		return
	}
	for i := range tail {
		// In the order in which no claim meets one that has yet to move.
		at := len(old) - tail + i
		if shift > 0 {
			at = len(old) - 1 - i
		}
		t.renumber(o, old[at].Key(), at, at+shift)
	}
}

func (t *Table) renumber(o *owner, k Key, from, to int) {
	s := t.slot(k)
	if s.owner == o.number && s.at == uint32(from) {
		s.at = uint32(to)
	}
	if s.rare != nil {
		if i := slices.Index(s.rare.claims, claim{o, uint32(from)}); i >= 0 {
			s.rare.claims[i].at = uint32(to)
		}
	}
	t.keep(&s)
}

// drop takes a claim back and leaves the key to be settled.
func (t *Table) drop(k Key, c claim) {
	s := t.slot(k)
	s.loosen(k)
	left := 0
	if s.rare != nil {
		s.rare.claims = slices.DeleteFunc(s.rare.claims, func(d claim) bool { return d == c })
		left = len(s.rare.claims)
	}
	if left == 0 {
		s.owner, s.at = 0, 0
		t.wanted--
	}
	t.keep(&s)
	t.loose = append(t.loose, loose{k, s.hash})
}

// add adds a claim and leaves the key to be settled.
func (t *Table) add(k Key, c claim) {
	s := t.slot(k)
	s.loosen(k)
	if s.owner == 0 {
		s.owner, s.at = c.owner.number, c.at
		t.wanted++
	} else {
		r := s.needRare(k)
		if len(r.claims) == 0 {
			r.claims = []claim{s.claim()}
		}
		r.claims = append(r.claims, c)
	}
	t.keep(&s)
	t.loose = append(t.loose, loose{k, s.hash})
}

func (s *slot) needRare(k Key) *rare {
	if s.rare == nil {
		s.rare = &rare{key: k}
	}
	return s.rare
}

// loosen writes down what the switch holds before what is wanted changes.
func (s *slot) loosen(k Key) {
	s.sent = false
	if s.holds == holdsWant {
		v, _ := s.have()
		s.needRare(k).have, s.holds = v, holdsOther
	}
}

// settle finds what is wanted for a key and compares it with what is there.
func (t *Table) settle(l loose) {
	s := t.at(l.hash)
	switch {
	case s.rare != nil:
		t.choose(l.key, &s)
		if s.holds == holdsOther {
			s.compare(l.key, s.rare.have)
		}
		t.put(&s)
	case s.owner == 0:
		t.put(&s) // gone
	}
}

// compare notes that the switch holds v.
func (s *slot) compare(k Key, v installed) {
	if w := s.want(); w != nil && v == (installed{cookie: w.Cookie, actions: w.Actions}) {
		s.holds = holdsWant
	} else {
		s.holds, s.needRare(k).have = holdsOther, v
	}
}

// put keeps a slot, without what is of no use in it, while there is anything to
// say of its key.
func (t *Table) put(s *slot) {
	if s.rare != nil && s.holds != holdsOther {
		if s.rare.have = (installed{}); len(s.rare.claims) == 0 {
			s.rare = nil
		}
	}
	if s.owner == 0 && s.holds == holdsNone {
		delete(t.places, s.hash)
		t.common(s.hash)
	} else {
		t.keep(s)
	}
}

// choose finds the winner of the claims of a key.
func (t *Table) choose(k Key, s *slot) {
	r := s.rare
	r.merged = nil
	delete(t.contested, k)
	if len(r.claims) == 0 {
		return
	}
	all := make([]claimed, len(r.claims))
	for i, c := range r.claims {
		all[i] = claimed{c, c.flow()}
	}
	slices.SortFunc(all, compareClaims)
	for i := range all {
		r.claims[i] = all[i].claim
	}
	s.owner, s.at = r.claims[0].owner.number, r.claims[0].at
	if len(r.claims) == 1 {
		r.claims = nil
		return
	}
	first := &all[0].flow
	switch {
	case first.Actions.IsConjunction():
		r.merged = &Flow{k.Table, k.Priority, first.Cookie, first.Match, mergeConjunctions(all)}
	case slices.ContainsFunc(all, func(c claimed) bool { return c.flow.Actions != first.Actions }):
		t.contested[k] = struct{}{}
	}
}

// claimed is a claim with its flow.
type claimed struct {
	claim
	flow Flow
}

// compareClaims puts the winner first.
func compareClaims(a, b claimed) int {
	return cmp.Or(
		rank(a.flow.Actions)-rank(b.flow.Actions),
		strings.Compare(a.owner.name, b.owner.name),
		cmp.Compare(a.at, b.at),
	)
}

const (
	rankActions = iota
	rankDrop
	rankConjunction
)

func rank(a ofp.Actions) int {
	switch {
	case len(a) == 0:
		return rankDrop
	case a.IsConjunction():
		return rankConjunction
	}
	return rankActions
}

// mergeConjunctions returns the clauses of all claims, each once, sorted by
// conjunction id.
func mergeConjunctions(all []claimed) ofp.Actions {
	var clauses []string
	for _, c := range all {
		clauses = append(clauses, c.flow.Actions.Conjunctions()...)
	}
	slices.SortFunc(clauses, ofp.CompareConjunctions)
	return ofp.Actions(strings.Join(slices.Compact(clauses), ""))
}

// Keys calls fn for each key for which a flow is wanted, in no order.
func (t *Table) Keys(fn func(Key)) {
	t.all(func(s *slot) {
		if s.owner != 0 {
			fn(s.key())
		}
	})
}

// hold notes what the switch holds for a key, and returns what was known before.
func (t *Table) hold(k Key, v installed) (before installed, there bool) {
	s := t.slot(k)
	if before, there = s.have(); !there {
		t.held++
	}
	if !there || before != v {
		s.compare(k, v)
	}
	s.seen = true
	t.put(&s)
	return before, there
}

// took notes that the switch has taken what it was sent for a key.
func (t *Table) took(s *slot, k Key, v installed) {
	if s.holds == holdsNone {
		t.held++
	}
	if s.sent {
		s.holds, s.sent = holdsWant, false
	} else {
		s.compare(k, v) // something else is wanted by now
	}
	s.seen = true
	t.put(s)
}

// gone notes that the switch holds nothing for a key, and tells whether it was
// known to hold something.
func (t *Table) gone(k Key) (there bool) {
	s := t.slot(k)
	return t.empty(&s)
}

// empty is gone for a slot.
func (t *Table) empty(s *slot) (there bool) {
	if s.holds == holdsNone {
		return false
	}
	t.held--
	s.holds = holdsNone
	t.put(s)
	return true
}

// unsee begins a reading of all that the switch holds.
func (t *Table) unsee() {
	for h, p := range t.places {
		if p.seen {
			p.seen = false
			t.places[h] = p
		}
	}
}

// unseen ends a reading: what was not seen is gone. It returns the number of
// those keys.
func (t *Table) unseen() (n int) {
	t.all(func(s *slot) {
		if !s.seen && t.empty(s) {
			n++
		}
	})
	return n
}

// maxContests bounds the examples in a status.
const maxContests = 10

// contests describes contested keys, the first few.
func (t *Table) contests() (out []string) {
	keys := slices.SortedFunc(maps.Keys(t.contested), compareKeys)
	for _, k := range keys[:min(len(keys), maxContests)] {
		claims := t.slot(k).rare.claims
		first := claims[0].flow()
		i := slices.IndexFunc(claims, func(c claim) bool { return c.flow().Actions != first.Actions })
		out = append(out, "flow "+first.String()+": "+claims[0].owner.name+" has it, "+claims[i].owner.name+" wants another")
	}
	return out
}
