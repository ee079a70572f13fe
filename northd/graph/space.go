package graph

import (
	"maps"
	"slices"

	"github.com/weft-sdn/weft/schema"
)

// space gives out the tunnel keys 1 to max of one set of objects: datapaths, or
// the ports of a datapath. Keys stay with their objects; new objects get the
// lowest free key. A requested key goes to who asks for it: to who has it
// among those, else to the lowest UUID; an object that has it without asking
// gets another.
//
// What it holds after settle is what an empty space given these keys would
// hold: keys survive restarts and changes of leader.
type space struct {
	what    string // they are, for people: "tunnel key"
	max     int
	want    map[schema.UUID]int // requested key, or 0
	keys    map[schema.UUID]int
	owner   map[int]schema.UUID
	asks    map[int][]schema.UUID // who requests a key, sorted
	keyless map[schema.UUID]bool
	low     int  // no key below is free
	follows bool // somebody else gives out the keys
}

func newSpace(what string, size int) *space {
	return &space{what: what, max: size, want: map[schema.UUID]int{}, keys: map[schema.UUID]int{}, owner: map[int]schema.UUID{},
		asks: map[int][]schema.UUID{}, keyless: map[schema.UUID]bool{}, low: 1}
}

// wish is an object that comes, goes (gone) or has another request.
type wish struct {
	id      schema.UUID
	request int
	gone    bool
}

// settle takes the wishes, sorted by id, and returns the objects whose key or
// fulfilment may have changed, sorted. given are keys that new objects have
// already.
func (s *space) settle(wishes []wish, given map[schema.UUID]int) []schema.UUID {
	touched, contested := s.lead()
	for _, w := range wishes {
		touched[w.id] = true
		if old, ok := s.want[w.id]; ok {
			s.unask(w.id, old)
			contested[old] = true
		}
		if w.gone {
			if k, ok := s.release(w.id); ok {
				contested[k] = true
			}
			delete(s.want, w.id)
			delete(s.keyless, w.id)
			continue
		}
		if _, ok := s.keys[w.id]; !ok {
			s.keyless[w.id] = true
		}
		s.want[w.id] = w.request
		s.ask(w.id, w.request)
		contested[w.request] = true
	}
	for _, w := range wishes {
		if k := given[w.id]; s.keyless[w.id] && k > 0 && k <= s.max && s.owner[k].IsZero() {
			s.assign(w.id, k)
		}
	}
	s.resolve(contested, touched)
	for _, id := range sortedKeys(s.keyless) {
		k := s.free()
		if k == 0 {
			break
		}
		s.assign(id, k)
		touched[id] = true
	}
	return sortedKeys(touched)
}

// resolve gives contested keys to who asks for them.
func (s *space) resolve(contested map[int]bool, touched map[schema.UUID]bool) {
	queue := slices.Sorted(maps.Keys(contested))
	for len(queue) > 0 {
		k := queue[0]
		queue = queue[1:]
		asks := s.asks[k]
		if k < 1 || k > s.max || len(asks) == 0 {
			continue
		}
		for _, id := range asks {
			touched[id] = true
		}
		holder := s.owner[k]
		if _, found := slices.BinarySearchFunc(asks, holder, schema.UUID.Compare); found {
			continue
		}
		if !holder.IsZero() {
			s.release(holder)
			s.keyless[holder] = true
			touched[holder] = true
		}
		if old, ok := s.release(asks[0]); ok {
			queue = append(queue, old)
		}
		s.assign(asks[0], k)
	}
}

func (s *space) ask(id schema.UUID, k int) {
	if k == 0 {
		return
	}
	at, found := slices.BinarySearchFunc(s.asks[k], id, schema.UUID.Compare)
	if !found {
		s.asks[k] = slices.Insert(s.asks[k], at, id)
	}
}

func (s *space) unask(id schema.UUID, k int) {
	s.asks[k] = slices.DeleteFunc(s.asks[k], func(o schema.UUID) bool { return o == id })
	if len(s.asks[k]) == 0 {
		delete(s.asks, k)
	}
}

func (s *space) assign(id schema.UUID, k int) {
	s.keys[id], s.owner[k] = k, id
	delete(s.keyless, id)
}

func (s *space) release(id schema.UUID) (k int, ok bool) {
	if k, ok = s.keys[id]; ok {
		delete(s.keys, id)
		delete(s.owner, k)
		s.low = min(s.low, k)
	}
	return k, ok
}

// free returns the lowest free key, or 0.
func (s *space) free() int {
	for ; s.low <= s.max; s.low++ {
		if s.owner[s.low].IsZero() {
			return s.low
		}
	}
	return 0
}

// problem says what is wrong with an object's key, or "".
func (s *space) problem(id schema.UUID) string {
	want, ok := s.want[id]
	switch k := s.keys[id]; {
	case !ok || s.follows:
		return ""
	case k == 0:
		return "all " + s.what + "s are in use"
	case want != 0 && want != k:
		return "the requested " + s.what + " has been given to another one that requests it"
	}
	return ""
}

func sortedKeys(set map[schema.UUID]bool) []schema.UUID {
	return slices.SortedFunc(maps.Keys(set), schema.UUID.Compare)
}
