package incr

// Sum adds up a number of each row of a table under a value computed from it: an
// Index of which nothing but a total is kept. A changed row costs the same whether it
// is one of ten or of a million.
type Sum[K comparable, V any, X comparable] struct {
	t    *Table[K, V]
	e    *Engine
	id   uint16
	name string
	of   func(K, V) (x X, n int)

	ids     cells[X]
	cells   pages[total[X]]
	touched []uint32 // cells of this commit

	shadow map[X]int
}

// total is one value of a Sum.
type total[X comparable] struct {
	value   X
	n, was  int // was: before this commit
	rows    int // that are counted here
	readers uint32
	used    bool
	touched bool
}

// NewSum declares a sum over the rows of a table: of returns the value under which a
// row counts, and what. Declare sums before the tables that read them.
func NewSum[K comparable, V any, X comparable](rows Rows[K, V], name string, of func(k K, v V) (x X, n int)) *Sum[K, V, X] {
	t := rows.rowsOf()
	s := &Sum[K, V, X]{t: t, e: t.e, name: t.name + "/" + name, of: of}
	s.ids = newCells(func(c uint32) X { return s.cells.at(c).value })
	s.id = t.e.declare(s)
	t.indexes = append(t.indexes, s)
	return s
}

// Total reads the sum of the rows that count under x, 0 where there are none.
func Total[K comparable, V any, X comparable](r *Reader, s *Sum[K, V, X], x X) int {
	r.earlier(s.id, s.name)
	if r.shadow {
		return s.shadow[x]
	}
	c, ok := s.ids.get(x)
	if !ok {
		r.absent = append(r.absent, absent{s.id, x})
		return 0
	}
	r.saw(s.id, c)
	return s.cells.at(c).n
}

// update takes what one changed row changes.
func (s *Sum[K, V, X]) update(_ uint32, k K, had bool, old V, has bool, val V) {
	if had {
		x, n := s.of(k, old)
		s.add(x, -n, -1)
	}
	if has {
		x, n := s.of(k, val)
		s.add(x, n, 1)
	}
}

func (s *Sum[K, V, X]) add(x X, n, rows int) {
	c := s.cell(x)
	p := s.cells.at(c)
	if !p.touched {
		p.touched, p.was = true, p.n
		s.touched = append(s.touched, c)
	}
	p.n, p.rows = p.n+n, p.rows+rows
}

// settle marks the readers of the sums that differ.
func (s *Sum[K, V, X]) settle() {
	for _, c := range s.touched {
		p := s.cells.at(c)
		p.touched = false
		if p.n != p.was {
			s.e.markReaders(p.readers)
		}
		s.release(c)
	}
	s.touched = trim(s.touched)
}

func (s *Sum[K, V, X]) cell(x X) uint32 {
	if c, ok := s.ids.get(x); ok {
		return c
	}
	c := s.cells.take()
	*s.cells.at(c) = total[X]{value: x, used: true}
	s.ids.add(x, c)
	return c
}

func (s *Sum[K, V, X]) label() string { return s.name }

func (s *Sum[K, V, X]) commit() {} // its table does it

func (s *Sum[K, V, X]) readers(c uint32) *uint32 { return &s.cells.at(c).readers }

func (s *Sum[K, V, X]) cellOf(key any) uint32 { return s.cell(key.(X)) }

func (s *Sum[K, V, X]) release(c uint32) {
	p := s.cells.at(c)
	if !p.used || p.touched || p.rows > 0 || p.readers != 0 {
		return
	}
	s.ids.remove(p.value)
	s.cells.give(c)
}

func (s *Sum[K, V, X]) mark(uint32) { panic("incr: a sum is not computed") }

func (s *Sum[K, V, X]) markAll() {}

func (s *Sum[K, V, X]) deps(uint32) *uint32 { panic("incr: a sum reads nothing") }

func (s *Sum[K, V, X]) failures() []*RowError { return nil }

func (s *Sum[K, V, X]) rebuild() {
	s.shadow = map[X]int{}
	for k, v := range s.t.full() {
		x, n := s.of(k, v)
		s.shadow[x] += n
	}
}

func (s *Sum[K, V, X]) compare(d *Difference) {
	for c := range s.cells.n {
		p := s.cells.at(c)
		if p.rows == 0 {
			continue
		}
		if full, ok := s.shadow[p.value]; !ok {
			d.extra(s.name, p.value)
		} else if p.n != full {
			d.differs(s.name, p.value, p.n, full)
		}
		delete(s.shadow, p.value)
	}
	for x := range s.shadow {
		d.missing(s.name, x)
	}
	s.shadow = nil
}
