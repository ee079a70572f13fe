package ofctrl

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"unsafe"

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
// Most of what an agent keeps is this: a flow costs a slot of the map (48 bytes
// and the map's slack) beside its place in the owner's list. A slot therefore
// names the flow by owner and place, and says in one byte that the switch holds
// just that.
type Table struct {
	owners    map[string]*owner
	slots     map[Key]slot
	contested map[Key]struct{} // keys that owners want differently
	wanted    int              // keys for which a flow is wanted
	held      int              // keys for which the switch holds a flow

	loose []Key // scratch: keys that are to be settled
}

// owner is one owner's flows, in the list that it gave.
type owner struct {
	name  string
	flows []Flow
}

// claim is one owner's wish for a key.
type claim struct {
	owner *owner
	at    uint32 // in the owner's list
}

func (c claim) flow() *Flow { return &c.owner.flows[c.at] }

// slot is what is wanted and what is there for one key.
type slot struct {
	owner *owner // of the wanted flow; nil: none is wanted
	at    uint32
	holds holds
	seen  bool // in the reading under way
	rare  *rare
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
	claims []claim   // all, where there is more than one
	merged *Flow     // wanted in place of the winner's
	have   installed // where the switch holds another flow than is wanted
}

// NewTable makes an empty table.
func NewTable() *Table {
	return &Table{owners: map[string]*owner{}, slots: map[Key]slot{}, contested: map[Key]struct{}{}}
}

// want returns the flow that is wanted, nil for none.
func (s *slot) want() *Flow {
	switch {
	case s.owner == nil:
		return nil
	case s.rare != nil && s.rare.merged != nil:
		return s.rare.merged
	}
	return claim{s.owner, s.at}.flow()
}

// have returns what the switch holds.
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
	return s.holds == holdsWant || s.holds == holdsNone && s.owner == nil
}

// Want returns the flow that is wanted for a key, and its owner.
func (t *Table) Want(k Key) (f Flow, owner string, ok bool) {
	s := t.slots[k]
	w := s.want()
	if w == nil {
		return Flow{}, "", false
	}
	return *w, s.owner.name, true
}

// Set replaces the flows of an owner; the list is the table's from then on.
// touched is called for each key whose wanted flow may have changed.
func (t *Table) Set(name string, flows []Flow, touched func(Key)) {
	o := t.owners[name]
	if o == nil {
		if len(flows) == 0 {
			return
		}
		o = &owner{name: name}
		t.owners[name] = o
	}
	old := o.flows
	head, tail := common(old, flows)
	t.loose = t.loose[:0]
	for i := head; i < len(old)-tail; i++ {
		t.drop(old[i].Key(), claim{o, uint32(i)})
	}
	t.move(o, flows, head, tail)
	o.flows = flows
	for i := head; i < len(flows)-tail; i++ {
		t.add(flows[i].Key(), claim{o, uint32(i)})
	}
	if len(flows) == 0 {
		delete(t.owners, name)
	}
	for _, k := range t.loose {
		t.settle(k)
		touched(k)
	}
	if cap(t.loose) > 1024 {
		t.loose = nil
	}
}

// common is the number of flows that two lists share at their beginnings, and
// then at their ends.
func common(a, b []Flow) (head, tail int) {
	n := min(len(a), len(b))
	for head < n && a[head] == b[head] {
		head++
	}
	for tail < n-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	return head, tail
}

// move lets the claims on the flows that stay point into the new list, and the
// map's keys with them, so that the old list can go.
func (t *Table) move(o *owner, flows []Flow, head, tail int) {
	old := o.flows
	for i := range head {
		t.renumber(o, i, i, &old[i], &flows[i])
	}
	shift := len(flows) - len(old)
	for i := range tail {
		// In the order in which no claim meets one that has yet to move.
		at := len(old) - tail + i
		if shift > 0 {
			at = len(old) - 1 - i
		}
		t.renumber(o, at, at+shift, &old[at], &flows[at+shift])
	}
}

func (t *Table) renumber(o *owner, from, to int, was, is *Flow) {
	if from == to && unsafe.StringData(string(was.Match)) == unsafe.StringData(string(is.Match)) {
		return
	}
	k := is.Key()
	s := t.slots[k]
	if s.owner == o && s.at == uint32(from) {
		s.at = uint32(to)
	}
	if s.rare != nil {
		if i := slices.Index(s.rare.claims, claim{o, uint32(from)}); i >= 0 {
			s.rare.claims[i].at = uint32(to)
		}
	}
	t.slots[k] = s // with the new list's string as the key's
}

// drop takes a claim back and leaves the key to be settled.
func (t *Table) drop(k Key, c claim) {
	s := t.slots[k]
	s.loosen()
	left := 0
	if s.rare != nil {
		s.rare.claims = slices.DeleteFunc(s.rare.claims, func(d claim) bool { return d == c })
		left = len(s.rare.claims)
	}
	if left == 0 {
		s.owner, s.at = nil, 0
		t.wanted--
	}
	t.slots[k] = s
	t.loose = append(t.loose, k)
}

// add adds a claim and leaves the key to be settled.
func (t *Table) add(k Key, c claim) {
	s := t.slots[k]
	s.loosen()
	if s.owner == nil {
		s.owner, s.at = c.owner, c.at
		t.wanted++
	} else {
		r := s.needRare()
		if len(r.claims) == 0 {
			r.claims = []claim{{s.owner, s.at}}
		}
		r.claims = append(r.claims, c)
	}
	t.slots[k] = s
	t.loose = append(t.loose, k)
}

func (s *slot) needRare() *rare {
	if s.rare == nil {
		s.rare = &rare{}
	}
	return s.rare
}

// loosen writes down what the switch holds before what is wanted changes.
func (s *slot) loosen() {
	if s.holds == holdsWant {
		v, _ := s.have()
		s.needRare().have, s.holds = v, holdsOther
	}
}

// settle finds what is wanted for a key and compares it with what is there.
func (t *Table) settle(k Key) {
	s, ok := t.slots[k]
	if !ok || s.rare == nil && s.owner != nil {
		return // gone, or new
	}
	if s.rare != nil {
		t.choose(k, &s)
	}
	if s.holds == holdsOther {
		s.compare(s.rare.have)
	}
	t.put(k, s)
}

// compare notes that the switch holds v.
func (s *slot) compare(v installed) {
	if w := s.want(); w != nil && v == (installed{cookie: w.Cookie, actions: w.Actions}) {
		s.holds = holdsWant
	} else {
		s.holds, s.needRare().have = holdsOther, v
	}
}

// put keeps a slot, without what is of no use in it, while there is anything to
// say of its key.
func (t *Table) put(k Key, s slot) {
	if s.rare != nil && s.holds != holdsOther {
		if s.rare.have = (installed{}); len(s.rare.claims) == 0 {
			s.rare = nil
		}
	}
	if s.owner == nil && s.holds == holdsNone {
		delete(t.slots, k)
	} else {
		t.slots[k] = s
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
	slices.SortFunc(r.claims, compareClaims)
	s.owner, s.at = r.claims[0].owner, r.claims[0].at
	if len(r.claims) == 1 {
		r.claims = nil
		return
	}
	first := r.claims[0].flow()
	switch {
	case first.Actions.IsConjunction():
		r.merged = &Flow{k.Table, k.Priority, first.Cookie, first.Match, mergeConjunctions(r.claims)}
	case slices.ContainsFunc(r.claims, func(c claim) bool { return c.flow().Actions != first.Actions }):
		t.contested[k] = struct{}{}
	}
}

// compareClaims puts the winner first.
func compareClaims(a, b claim) int {
	return cmp.Or(
		rank(a.flow().Actions)-rank(b.flow().Actions),
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
func mergeConjunctions(all []claim) ofp.Actions {
	var clauses []string
	for _, c := range all {
		clauses = append(clauses, c.flow().Actions.Conjunctions()...)
	}
	slices.SortFunc(clauses, ofp.CompareConjunctions)
	return ofp.Actions(strings.Join(slices.Compact(clauses), ""))
}

// Keys calls fn for each key for which a flow is wanted, in no order.
func (t *Table) Keys(fn func(Key)) {
	for k, s := range t.slots {
		if s.owner != nil {
			fn(k)
		}
	}
}

// have returns what the switch holds for a key.
func (t *Table) have(k Key) (v installed, there bool) {
	s := t.slots[k]
	return s.have()
}

// hold notes what the switch holds for a key, and returns what was known before.
func (t *Table) hold(k Key, v installed) (before installed, there bool) {
	s := t.slots[k]
	if before, there = s.have(); !there {
		t.held++
	}
	s.compare(v)
	s.seen = true
	t.put(k, s)
	return before, there
}

// gone notes that the switch holds nothing for a key, and tells whether it was
// known to hold something.
func (t *Table) gone(k Key) (there bool) {
	s := t.slots[k]
	if s.holds == holdsNone {
		return false
	}
	t.held--
	s.holds = holdsNone
	t.put(k, s)
	return true
}

// unsee begins a reading of all that the switch holds.
func (t *Table) unsee() {
	for k, s := range t.slots {
		if s.seen {
			s.seen = false
			t.slots[k] = s
		}
	}
}

// unseen ends a reading: what was not seen is gone. It returns the number of
// those keys.
func (t *Table) unseen() (n int) {
	for k, s := range t.slots {
		if !s.seen && t.gone(k) {
			n++
		}
	}
	return n
}

// maxContests bounds the examples in a status.
const maxContests = 10

// contests describes contested keys, the first few.
func (t *Table) contests() (out []string) {
	keys := slices.SortedFunc(maps.Keys(t.contested), compareKeys)
	for _, k := range keys[:min(len(keys), maxContests)] {
		claims := t.slots[k].rare.claims
		first := claims[0].flow()
		i := slices.IndexFunc(claims, func(c claim) bool { return c.flow().Actions != first.Actions })
		out = append(out, "flow "+first.String()+": "+claims[0].owner.name+" has it, "+claims[i].owner.name+" wants another")
	}
	return out
}
