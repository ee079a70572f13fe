package graph

import "github.com/weft-sdn/weft/schema"

// Follow makes the graph one that stands by: objects have the numbers that
// somebody else has given them, as Input.Kept and Input.Lost tell, in whatever
// order these and the objects come. An object without is without, until Lead.
// It is called before the first Apply.
func (g *Graph) Follow() {
	for _, n := range g.numbers {
		n.follows = true
	}
}

// Lead makes a graph that followed give out numbers itself, with the next
// Apply: what has a number keeps it.
func (g *Graph) Lead() {
	for _, n := range g.numbers {
		if !n.follows {
			continue
		}
		n.follows = false
		clear(n.where)
		for at := range n.spaces {
			n.wishes[at] = nil // every space is looked at
		}
	}
}

// again has a follower look at an object whose number somebody has told.
func (n *Numbers) again(id schema.UUID) {
	if at, known := n.where[id]; known && n.spaces[at].keys[id] != n.given[id] {
		n.wishes[at] = append(n.wishes[at], wish{id: id, request: n.spaces[at].want[id]})
	}
}

// lost forgets what a follower was told about rows that are gone. An object
// keeps its number until it goes, or another has it.
func (n *Numbers) lost(ids []schema.UUID) {
	if n.follows {
		for _, id := range ids {
			delete(n.given, id)
		}
	}
}

// note remembers in which space the objects of wishes are.
func (n *Numbers) note(at schema.UUID, wishes []wish) {
	for _, w := range wishes {
		if _, in := n.spaces[at].want[w.id]; in {
			n.where[w.id] = at
		} else if n.where[w.id] == at {
			delete(n.where, w.id)
		}
	}
}

// follow is settle where somebody else gives out the keys: objects have those
// that are given.
func (s *space) follow(wishes []wish, given map[schema.UUID]int) []schema.UUID {
	s.follows = true
	touched := map[schema.UUID]bool{}
	for _, w := range wishes {
		touched[w.id] = true
		s.unask(w.id, s.want[w.id])
		if w.gone {
			s.release(w.id)
			delete(s.want, w.id)
			delete(s.keyless, w.id)
			continue
		}
		s.want[w.id] = w.request
		s.ask(w.id, w.request)
		if _, ok := s.keys[w.id]; !ok {
			s.keyless[w.id] = true
		}
	}
	for _, w := range wishes {
		k := given[w.id]
		if _, wanted := s.want[w.id]; !wanted || k < 1 || k > s.max || s.keys[w.id] == k {
			continue
		}
		if holder := s.owner[k]; !holder.IsZero() {
			s.release(holder)
			s.keyless[holder], touched[holder] = true, true
		}
		s.release(w.id)
		s.assign(w.id, k)
	}
	return sortedKeys(touched)
}

// lead ends following, if it does: everything that is asked for is contested,
// and what has no key may get one, or a reason why not.
func (s *space) lead() (touched map[schema.UUID]bool, contested map[int]bool) {
	touched, contested = map[schema.UUID]bool{}, map[int]bool{}
	if !s.follows {
		return touched, contested
	}
	s.follows = false
	for k := range s.asks {
		contested[k] = true
	}
	for id := range s.keyless {
		touched[id] = true
	}
	return touched, contested
}
