package incr

// edge says that a row read a cell. It is a link of two lists: the readers of
// the cell (doubly linked, so that it can leave at once) and the reads of the
// row (sorted by cell). Edges hold no pointers, so the garbage collector never
// looks at them: a million rows with four reads each are 96 MB that cost no
// time.
type edge struct {
	src   uint16 // node of the cell
	table uint16 // node of the row
	from  uint32 // the cell
	row   uint32
	prev  uint32 // among the readers of the cell
	next  uint32
	fwd   uint32 // next read of the row
}

func (e *edge) cell() uint64 { return uint64(e.src)<<32 | uint64(e.from) }

// edges allocates edges; 0 is none.
type edges struct {
	all  pages[edge]
	free uint32 // chained by fwd
	live int
}

func (s *edges) at(id uint32) *edge { return s.all.at(id) }

func (s *edges) alloc() uint32 {
	s.live++
	if id := s.free; id != 0 {
		s.free = s.at(id).fwd
		return id
	}
	if s.all.n == 0 {
		s.all.whole() // relink points into an edge while it makes others
		s.all.grow()
	}
	return s.all.grow()
}

func (s *edges) release(id uint32) {
	s.live--
	*s.at(id) = edge{fwd: s.free}
	s.free = id
}
