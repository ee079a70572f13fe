package ofctrl

import (
	"hash/fnv"
	"sync"
)

// IDs gives out the numbers of groups or meters by content, or by a name that
// stands for it: what has the same content has the same number, whoever asks. A number comes from the content
// alone, so that a restarted agent gives out those that are in the switch
// already; only where two contents meet does the later go on to the next free
// one. A content keeps its number while an owner uses it, so that asking again
// changes nothing.
//
// Its methods may be called at the same time from any goroutine, as row
// functions are.
type IDs struct {
	limit uint32

	mu     sync.Mutex
	ids    map[string]uint32
	uses   map[uint32]*idUse
	owners map[string]map[uint32]struct{}
}

type idUse struct {
	content string
	owners  int
}

// Limits of the numbers that Open vSwitch takes.
const (
	MaxGroupID uint32 = 0xffffff00
	MaxMeterID uint32 = 1 << 16
)

// NewIDs gives out numbers from 1 to limit.
func NewIDs(limit uint32) *IDs {
	return &IDs{limit: limit, ids: map[string]uint32{}, uses: map[uint32]*idUse{}, owners: map[string]map[uint32]struct{}{}}
}

// Take returns the number of a content and notes that owner uses it. It is 0
// where all numbers are taken.
func (a *IDs) Take(owner, content string) uint32 {
	a.mu.Lock()
	defer a.mu.Unlock()
	id, ok := a.ids[content]
	if !ok {
		if id = a.freeLocked(content); id == 0 {
			return 0
		}
		a.ids[content], a.uses[id] = id, &idUse{content: content}
	}
	used := a.owners[owner]
	if used == nil {
		used = map[uint32]struct{}{}
		a.owners[owner] = used
	}
	if _, again := used[id]; !again {
		used[id] = struct{}{}
		a.uses[id].owners++
	}
	return id
}

// freeLocked finds the number of a new content.
func (a *IDs) freeLocked(content string) uint32 {
	if uint64(len(a.uses)) >= uint64(a.limit) {
		return 0
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(content))
	for id := h.Sum32() % a.limit; ; id = (id + 1) % a.limit {
		if a.uses[id+1] == nil {
			return id + 1
		}
	}
}

// Keep says which numbers an owner uses, of those that it took; the others are
// given back, and are free when no owner uses them. It belongs behind the
// computation that took them: a number given back must be gone from what the
// owner wants.
func (a *IDs) Keep(owner string, ids ...uint32) {
	a.mu.Lock()
	defer a.mu.Unlock()
	kept := make(map[uint32]struct{}, len(ids))
	for _, id := range ids {
		kept[id] = struct{}{}
	}
	used := a.owners[owner]
	for id := range used {
		if _, keep := kept[id]; keep {
			continue
		}
		delete(used, id)
		u := a.uses[id]
		if u.owners--; u.owners == 0 {
			delete(a.ids, u.content)
			delete(a.uses, id)
		}
	}
	if len(used) == 0 {
		delete(a.owners, owner)
	}
}

// Len is the number of numbers in use.
func (a *IDs) Len() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.uses)
}
