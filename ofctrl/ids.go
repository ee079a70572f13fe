package ofctrl

import "hash/fnv"

// IDs gives out numbers of groups or meters by content: what has the same
// content has the same number. A number is derived from the content, so that a
// restarted agent gives out the numbers that are in the switch already. Its
// methods are not safe for concurrent use.
type IDs struct {
	limit uint32
	byKey map[string]*idUse
	taken map[uint32]struct{}
}

type idUse struct {
	id   uint32
	uses int
}

// Limits of the numbers that Open vSwitch takes.
const (
	MaxGroupID uint32 = 0xffffff00
	MaxMeterID uint32 = 1 << 16
)

// NewIDs gives out numbers from 1 to limit.
func NewIDs(limit uint32) *IDs {
	return &IDs{limit: limit, byKey: map[string]*idUse{}, taken: map[uint32]struct{}{}}
}

// Acquire returns the number of a content; fresh says that it is the first use,
// so that the group or meter has to be made. ok is false where all numbers are
// taken.
func (a *IDs) Acquire(content string) (id uint32, fresh, ok bool) {
	if u := a.byKey[content]; u != nil {
		u.uses++
		return u.id, false, true
	}
	if uint64(len(a.taken)) >= uint64(a.limit) {
		return 0, false, false
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(content))
	id = h.Sum32() % a.limit
	for {
		if _, used := a.taken[id+1]; !used {
			break
		}
		id = (id + 1) % a.limit
	}
	id++
	a.taken[id] = struct{}{}
	a.byKey[content] = &idUse{id, 1}
	return id, true, true
}

// Release gives back one use; last says that it was the last, so that the group
// or meter goes.
func (a *IDs) Release(content string) (id uint32, last bool) {
	u := a.byKey[content]
	if u == nil {
		return 0, false
	}
	if u.uses--; u.uses > 0 {
		return u.id, false
	}
	delete(a.byKey, content)
	delete(a.taken, u.id)
	return u.id, true
}
