package incr

import (
	"fmt"
	"math"
	"runtime"
	"slices"
)

// Engine holds tables in the order in which they were declared.
type Engine struct {
	workers int
	nodes   []node
	edges   edges
	sealed  bool // a commit was made: no more declarations
	stats   Stats

	failed int // rows whose functions panicked

	orphans []uint64 // cells that lost a reader
	fresh   []uint64 // scratch of take
}

// Stats says what the last commit did.
type Stats struct {
	Inputs    int // input rows that differ from before
	Evaluated int // row functions called, and vertices of a Digraph that were looked at
	Changed   int // derived rows that differ from before
}

// Option configures an Engine.
type Option func(*Engine)

// Workers sets how many goroutines evaluate the rows of one table at a time;
// the default is GOMAXPROCS.
func Workers(n int) Option { return func(e *Engine) { e.workers = max(1, n) } }

// New returns an engine without tables.
func New(opts ...Option) *Engine {
	e := &Engine{workers: runtime.GOMAXPROCS(0)}
	for _, o := range opts {
		o(e)
	}
	return e
}

// node is a table or an index without its types. Cells are what can be read:
// the rows of a table, the values of an index.
type node interface {
	label() string
	commit()                  // settle this commit's changes and mark who read them
	readers(c uint32) *uint32 // first edge of the cell's readers
	cellOf(key any) uint32    // the cell of a key, made if it is absent
	release(c uint32)         // forget the cell if nothing needs it
	mark(c uint32)            // the row must be computed anew
	markAll()
	deps(c uint32) *uint32 // first edge of what the row read
	rebuild()              // Check: compute the shadow
	compare(d *Difference) // Check: compare with the shadow, then drop it
	failures() []*RowError
}

func (e *Engine) declare(n node) uint16 {
	if e.sealed {
		panic("incr: " + n.label() + " declared after the first commit")
	}
	if len(e.nodes) == math.MaxUint16 {
		panic("incr: too many tables")
	}
	for _, o := range e.nodes {
		if o.label() == n.label() {
			panic("incr: " + n.label() + " declared twice")
		}
	}
	e.nodes = append(e.nodes, n)
	return uint16(len(e.nodes) - 1)
}

// Commit applies the rows set and deleted since the last commit and brings all
// derived tables up to date.
//
// Hot path: cost is proportional to the derived rows that depend on the
// changes (and to the members of index values that they look up), never to the
// size of a table. BenchmarkOneChange pins it.
func (e *Engine) Commit() Stats {
	e.sealed = true
	e.stats = Stats{}
	for _, n := range e.nodes {
		n.commit()
	}
	return e.stats
}

// Recompute commits like Commit, but calls every row function. Tables change
// only where a row function was not pure.
func (e *Engine) Recompute() Stats {
	for _, n := range e.nodes {
		n.markAll()
	}
	return e.Commit()
}

// Errors returns the rows whose functions panicked, by table and key.
func (e *Engine) Errors() []*RowError {
	if e.failed == 0 {
		return nil
	}
	var errs []*RowError
	for _, n := range e.nodes {
		errs = append(errs, n.failures()...)
	}
	return errs
}

// markReaders marks the rows that read cell c of node src.
func (e *Engine) markReaders(first uint32) {
	for id := first; id != 0; {
		ed := e.edges.at(id)
		e.nodes[ed.table].mark(ed.row)
		id = ed.next
	}
}

// relink makes reads, sorted and without duplicates, the dependencies of a row.
func (e *Engine) relink(table uint16, row uint32, reads []uint64) {
	first := e.nodes[table].deps(row)
	same := 0
	id := *first
	for id != 0 && same < len(reads) && e.edges.at(id).cell() == reads[same] {
		id = e.edges.at(id).fwd
		same++
	}
	if id == 0 && same == len(reads) {
		return
	}
	link := first // where the next edge of the row's chain hangs
	id = *first
	for _, rd := range reads {
		for id != 0 && e.edges.at(id).cell() < rd {
			gone := id
			id = e.edges.at(id).fwd
			*link = id
			e.unlink(gone)
		}
		if id == 0 || e.edges.at(id).cell() != rd {
			added := e.link(rd, table, row)
			e.edges.at(added).fwd = id
			*link = added
			link = &e.edges.at(added).fwd
			continue
		}
		link = &e.edges.at(id).fwd
		id = *link
	}
	*link = 0
	for id != 0 {
		gone := id
		id = e.edges.at(id).fwd
		e.unlink(gone)
	}
}

// link adds row to the readers of a cell.
func (e *Engine) link(cell uint64, table uint16, row uint32) uint32 {
	head := e.nodes[cell>>32].readers(uint32(cell))
	id := e.edges.alloc()
	ed := e.edges.at(id)
	*ed = edge{src: uint16(cell >> 32), from: uint32(cell), table: table, row: row, next: *head}
	if *head != 0 {
		e.edges.at(*head).prev = id
	}
	*head = id
	return id
}

// unlink removes an edge from the readers of its cell.
func (e *Engine) unlink(id uint32) {
	ed := e.edges.at(id)
	n := e.nodes[ed.src]
	if ed.next != 0 {
		e.edges.at(ed.next).prev = ed.prev
	}
	if ed.prev != 0 {
		e.edges.at(ed.prev).next = ed.next
	} else {
		*n.readers(ed.from) = ed.next
	}
	e.orphans = append(e.orphans, ed.cell())
	e.edges.release(id)
}

// releaseOrphans forgets absent cells that nobody reads any more. Not at once:
// a row evaluated in the same batch may hold the cell among its reads.
func (e *Engine) releaseOrphans() {
	for _, c := range e.orphans {
		e.nodes[c>>32].release(uint32(c))
	}
	e.orphans = trim(e.orphans)
}

// RowError is a panic of a row function. The row is absent until something
// that it read before the panic changes.
type RowError struct {
	Table string
	Key   string
	Err   error
	Stack string // where; not part of the error's text
}

func (r *RowError) Error() string { return fmt.Sprintf("incr: %s[%s]: %v", r.Table, r.Key, r.Err) }

func (r *RowError) Unwrap() error { return r.Err }

// Eq is the equality of comparable values.
func Eq[V comparable](a, b V) bool { return a == b }

// EqSlice is the equality of slices of comparable values.
func EqSlice[S ~[]V, V comparable](a, b S) bool { return slices.Equal(a, b) }
