package svccheck

import "container/heap"

// schedule has the checks by when it is their turn.
type schedule struct{ all []*check }

// set puts a check where its time has it, or takes it in.
func (s *schedule) set(c *check) {
	if c.place < 0 {
		heap.Push(byDue{s}, c)
	} else {
		heap.Fix(byDue{s}, c.place)
	}
}

// drop takes a check out.
func (s *schedule) drop(c *check) {
	if c.place >= 0 {
		heap.Remove(byDue{s}, c.place)
	}
}

// next is the one whose turn comes first, nil for none.
func (s *schedule) next() *check {
	if len(s.all) == 0 {
		return nil
	}
	return s.all[0]
}

// byDue is heap.Interface.
type byDue struct{ *schedule }

func (s byDue) Len() int           { return len(s.all) }
func (s byDue) Less(i, j int) bool { return s.all[i].due.Before(s.all[j].due) }

func (s byDue) Swap(i, j int) {
	s.all[i], s.all[j] = s.all[j], s.all[i]
	s.all[i].place, s.all[j].place = i, j
}

// Push is heap.Interface's.
func (s byDue) Push(x any) {
	c := x.(*check)
	c.place = len(s.all)
	s.all = append(s.all, c)
}

// Pop is heap.Interface's.
func (s byDue) Pop() any {
	last := len(s.all) - 1
	c := s.all[last]
	s.all[last] = nil
	s.all, c.place = s.all[:last], -1
	return c
}
