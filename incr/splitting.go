package incr

import "slices"

// splitting is a component from which links were taken. Every part of it has an
// end of one of them, so a search begins at each end. Searches that meet are one
// part. They go on in lockstep, an arc each, until all parts but one are known:
// what that one holds, maybe most of the component, need not be looked at.
type splitting[K comparable, V any, X comparable] struct {
	c        *components[K, V, X]
	searches []search
	live     int // parts that are not known as a whole
}

// search looks at the arcs of the vertices that it found, one after the other.
type search struct {
	vertices []uint32
	at       int    // vertices[at] is being looked at
	arc      uint32 // the next of its arcs; 0: none is left

	part    int    // a search of the same part; the part's first has itself
	running int    // of a part's first: searches of the part that have not ended
	least   uint32 // of a part's first: its smallest vertex so far
}

// split searches from the ends and gives each part that came off its
// representative. The part that is left keeps rep, if it has it still.
func (s *splitting[K, V, X]) split(ends []uint32, rep uint32) {
	if len(ends) == 1 {
		return
	}
	s.searches = make([]search, len(ends))
	running := make([]int, len(ends))
	for i, v := range ends {
		s.searches[i] = search{part: i, running: 1, arc: s.c.vertices.at(v).first}
		s.find(i, v)
		running[i] = i
	}
	running = s.run(running, 1)
	if s.known(rep) {
		s.run(running, 0)
	}
	s.relabel()
}

// run goes on with the searches that are running until no more than so many
// parts are unknown; it returns those that are running still.
func (s *splitting[K, V, X]) run(running []int, unknown int) []int {
	for s.live > unknown {
		running = slices.DeleteFunc(running, func(i int) bool { return !s.step(i) })
	}
	return running
}

// step follows one arc, or goes on to the next vertex. It returns false when
// the search has ended.
func (s *splitting[K, V, X]) step(i int) bool {
	at := &s.searches[i]
	if at.arc != 0 {
		a := s.c.arc(at.arc)
		at.arc = a.next
		if other := s.c.vertices.at(a.to).found; other == 0 {
			s.find(i, a.to)
		} else {
			s.meet(i, int(other-1))
		}
		return true
	}
	if at.at++; at.at < len(at.vertices) {
		at.arc = s.c.vertices.at(at.vertices[at.at]).first
		return true
	}
	part := s.part(i)
	if part.running--; part.running == 0 {
		s.live--
	}
	return false
}

func (s *splitting[K, V, X]) find(i int, v uint32) {
	s.c.vertices.at(v).found = uint32(i + 1)
	s.searches[i].vertices = append(s.searches[i].vertices, v)
	s.c.e.stats.Evaluated++
}

// part is the first search of the part that i is of.
func (s *splitting[K, V, X]) part(i int) *search { return &s.searches[s.first(i)] }

func (s *splitting[K, V, X]) first(i int) int {
	for s.searches[i].part != i {
		s.searches[i].part = s.searches[s.searches[i].part].part
		i = s.searches[i].part
	}
	return i
}

// meet makes one part of those of two searches. Neither is known as a whole, or
// it would not have an arc to the other.
func (s *splitting[K, V, X]) meet(i, j int) {
	i, j = s.first(i), s.first(j)
	if i == j {
		return
	}
	s.searches[j].part = i
	s.searches[i].running += s.searches[j].running
	s.live--
}

// known tells whether v is of a part that is known as a whole.
func (s *splitting[K, V, X]) known(v uint32) bool {
	found := s.c.vertices.at(v).found
	return found != 0 && s.part(int(found-1)).running == 0
}

// relabel gives the parts that are known their representatives.
func (s *splitting[K, V, X]) relabel() {
	c := s.c
	for i := range s.searches {
		part := s.part(i)
		for _, v := range s.searches[i].vertices {
			if part.least == 0 || c.byKey(v, part.least-1) < 0 {
				part.least = v + 1
			}
		}
	}
	for i := range s.searches {
		part := s.part(i)
		for _, v := range s.searches[i].vertices {
			if c.vertices.at(v).found = 0; part.running == 0 {
				c.represent(v, part.least-1, true)
			}
		}
	}
}
