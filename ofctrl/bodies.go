package ofctrl

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// bodies is the desired groups, or meters, by number: each is wanted while an
// owner lists it.
type bodies[B ~string] struct {
	owners    map[string][]uint32
	slots     map[uint32][]bodyClaim[B]
	contested map[uint32]struct{} // numbers for which different bodies are listed
}

// bodyClaim is one owner's body for a number. The claims of a number are in
// order of owner, and the first counts; others differ only where numbers were
// given out wrongly.
type bodyClaim[B ~string] struct {
	owner string
	body  B
}

func newBodies[B ~string]() *bodies[B] {
	return &bodies[B]{owners: map[string][]uint32{}, slots: map[uint32][]bodyClaim[B]{}, contested: map[uint32]struct{}{}}
}

// want returns the body of a number; empty: none.
func (t *bodies[B]) want(id uint32) B {
	if s := t.slots[id]; len(s) > 0 {
		return s[0].body
	}
	return ""
}

// owner is the owner whose body a number has; empty: none.
func (t *bodies[B]) owner(id uint32) string {
	if s := t.slots[id]; len(s) > 0 {
		return s[0].owner
	}
	return ""
}

// set replaces what an owner lists; entries without a body do not count.
// touched is called for each number that has another body now.
func (t *bodies[B]) set(owner string, list []Numbered[B], touched func(id uint32)) {
	old := t.owners[owner]
	if len(old)+len(list) == 0 {
		return
	}
	before := map[uint32]B{}
	for _, id := range old {
		before[id] = t.want(id)
	}
	for _, n := range list {
		before[n.ID] = t.want(n.ID)
	}
	for _, id := range old {
		t.put(id, slices.DeleteFunc(t.slots[id], func(c bodyClaim[B]) bool { return c.owner == owner }))
	}
	var ids []uint32
	for _, n := range list {
		if n.Body != "" {
			t.add(n.ID, bodyClaim[B]{owner, n.Body})
			ids = append(ids, n.ID)
		}
	}
	if t.owners[owner] = ids; len(ids) == 0 {
		delete(t.owners, owner)
	}
	for _, id := range slices.Sorted(maps.Keys(before)) {
		if t.want(id) != before[id] {
			touched(id)
		}
	}
}

// add adds a claim behind those of the same owner.
func (t *bodies[B]) add(id uint32, c bodyClaim[B]) {
	s := t.slots[id]
	i, _ := slices.BinarySearchFunc(s, c.owner, func(a bodyClaim[B], owner string) int {
		if a.owner <= owner {
			return -1
		}
		return cmp.Compare(a.owner, owner)
	})
	t.put(id, slices.Insert(s, i, c))
}

// put sets the claims of a number.
func (t *bodies[B]) put(id uint32, s []bodyClaim[B]) {
	if t.slots[id] = s; len(s) == 0 {
		delete(t.slots, id)
	}
	if slices.ContainsFunc(s, func(c bodyClaim[B]) bool { return c.body != s[0].body }) {
		t.contested[id] = struct{}{}
	} else {
		delete(t.contested, id)
	}
}

// contests describes contested numbers, the first few.
func (t *bodies[B]) contests(kind string) (out []string) {
	ids := slices.Sorted(maps.Keys(t.contested))
	for _, id := range ids[:min(len(ids), maxContests)] {
		s := t.slots[id]
		i := slices.IndexFunc(s, func(c bodyClaim[B]) bool { return c.body != s[0].body })
		out = append(out, fmt.Sprintf("%s %d: %s has it, %s wants another", kind, id, s[0].owner, s[i].owner))
	}
	return out
}
