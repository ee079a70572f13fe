package ofctrl

import (
	"slices"
	"strings"

	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// Table is the desired flows, by owner. Several owners may want a flow of the
// same key; [Table.Want] says which one it is. A change costs what it changes.
type Table struct {
	owners map[string][]Flow
	slots  map[Key]slot
}

// claim is one owner's wish for a key.
type claim struct {
	owner string
	flow  *Flow
}

// slot holds the claims of one key. Almost always there is one.
type slot struct {
	claim
	more []claim
}

// NewTable makes an empty table.
func NewTable() *Table {
	return &Table{owners: map[string][]Flow{}, slots: map[Key]slot{}}
}

// Len is the number of keys for which there is a flow.
func (t *Table) Len() int { return len(t.slots) }

// Set replaces the flows of an owner; the slice is the table's from then on.
// touched is called for each key whose winner may have changed, perhaps more
// than once.
func (t *Table) Set(owner string, flows []Flow, touched func(Key)) {
	old := t.owners[owner]
	if len(flows) == 0 {
		delete(t.owners, owner)
	} else {
		t.owners[owner] = flows
	}
	same := 0
	for same < len(old) && same < len(flows) && old[same] == flows[same] {
		same++
	}
	// Claims point into the slices: all move to the new one, but only those
	// behind the equal beginning are changes.
	for i := range old {
		t.drop(old[i].Key(), &old[i])
		if i >= same {
			touched(old[i].Key())
		}
	}
	for i := range flows {
		t.add(flows[i].Key(), claim{owner, &flows[i]})
		if i >= same {
			touched(flows[i].Key())
		}
	}
}

// Delete removes all flows of an owner.
func (t *Table) Delete(owner string, touched func(Key)) { t.Set(owner, nil, touched) }

func (t *Table) add(k Key, c claim) {
	s, ok := t.slots[k]
	if !ok {
		s.claim = c
	} else {
		s.more = append(s.more, c)
	}
	t.slots[k] = s
}

func (t *Table) drop(k Key, f *Flow) {
	s := t.slots[k]
	if s.flow == f {
		if len(s.more) == 0 {
			delete(t.slots, k)
			return
		}
		s.claim, s.more = s.more[0], s.more[1:]
	} else {
		s.more = slices.DeleteFunc(s.more, func(c claim) bool { return c.flow == f })
	}
	if len(s.more) == 0 {
		s.more = nil
	}
	t.slots[k] = s
}

// Want returns the flow that is wanted for a key, and its owner.
//
// Of several claims an action list wins over a drop, and a drop over
// conjunction clauses; then the owner whose name sorts first; then the flow
// that the owner named first. Where all are conjunction clauses they are
// merged, since each belongs to another conjunctive match.
func (t *Table) Want(k Key) (f Flow, owner string, ok bool) {
	s, ok := t.slots[k]
	if !ok {
		return Flow{}, "", false
	}
	if len(s.more) == 0 {
		return *s.flow, s.owner, true
	}
	all := append([]claim{s.claim}, s.more...)
	slices.SortStableFunc(all, func(a, b claim) int {
		if d := rank(a.flow.Actions) - rank(b.flow.Actions); d != 0 {
			return d
		}
		if d := strings.Compare(a.owner, b.owner); d != 0 {
			return d
		}
		return position(t.owners[a.owner], a.flow, b.flow)
	})
	f = *all[0].flow
	if rank(f.Actions) == rankConjunction {
		f.Actions = mergeConjunctions(all)
	}
	return f, all[0].owner, true
}

// position orders two flows of one owner as the owner named them.
func position(flows []Flow, a, b *Flow) int {
	if a == b {
		return 0
	}
	for i := range flows {
		switch &flows[i] {
		case a:
			return -1
		case b:
			return 1
		}
	}
	return 0
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
		clauses = append(clauses, c.flow.Actions.Conjunctions()...)
	}
	slices.SortFunc(clauses, ofp.CompareConjunctions)
	return ofp.Actions(strings.Join(slices.Compact(clauses), ""))
}

// Keys calls fn for each key, in no order.
func (t *Table) Keys(fn func(Key)) {
	for k := range t.slots {
		fn(k)
	}
}
