package incr

// Digraph is a directed graph whose edges are the rows of a table, see NewDigraph.
type Digraph[K comparable, V any, X comparable] struct {
	e     *Engine
	name  string
	edges *Table[K, V]
	ends  func(K, V) (from, to X)

	ids      cells[X]
	vertices pages[vertex[X]]
	links    pages[link] // by cell of edges
	stale    []uint32    // cells of edges whose row changed in this commit
	all      bool        // Recompute: all are stale
	loose    []uint32    // vertices that may be needed no longer, from the next commit on

	gone, come []step // of the commit that is going on
}

// vertex is an end of an edge, or where a Reach begins.
type vertex[X comparable] struct {
	key  X
	out  uint32 // 1 + the first of the links that leave it
	in   uint32 // 1 + the first of those that lead to it
	uses uint32 // links and Reaches that need it
}

// link is an edge. It is in two doubly linked lists, of links counted from 1: of
// those with its beginning, and of those with its end.
type link struct {
	ends [2]uint32 // vertices: from, to
	next [2]uint32 // in the list of ends[0], of ends[1]
	prev [2]uint32
	on   bool
}

// step is a link with the ends that it has, or had.
type step struct{ link, from, to uint32 }

// NewDigraph declares a directed graph: each row of rows is an edge between the two
// vertices that of returns, which may be equal; several may be between the same two.
func NewDigraph[K comparable, V any, X comparable](rows Rows[K, V], name string, of func(k K, v V) (from, to X)) *Digraph[K, V, X] {
	t := rows.rowsOf()
	g := &Digraph[K, V, X]{e: t.e, name: name, edges: t, ends: of}
	g.ids = newCells(func(c uint32) X { return g.vertices.at(c).key })
	t.e.declare(g)
	t.indexes = append(t.indexes, edgesOf[K, V, X]{g})
	return g
}

// edgesOf notes which edges change, for the graph to look at when it is its turn.
type edgesOf[K comparable, V any, X comparable] struct{ g *Digraph[K, V, X] }

func (e edgesOf[K, V, X]) update(row uint32, _ K, _ bool, _ V, _ bool, _ V) {
	e.g.stale = append(e.g.stale, row)
}

func (edgesOf[K, V, X]) settle() {}

// Search returns the vertices to which edges lead from one, that among them, as of the
// last commit. It costs what it finds; for what changes use From.
func (g *Digraph[K, V, X]) Search(from X) []X {
	first, ok := g.ids.get(from)
	if !ok {
		return []X{from}
	}
	found, seen := []X{from}, map[uint32]bool{first: true}
	for todo := []uint32{first}; len(todo) > 0; todo = todo[1:] {
		g.each(todo[0], leaving, func(_, w uint32) {
			if !seen[w] {
				seen[w] = true
				found, todo = append(found, g.vertices.at(w).key), append(todo, w)
			}
		})
	}
	return found
}

// The two lists that a link is in.
const (
	leaving = iota
	arriving
)

// list is the head of one of a vertex's lists.
func (g *Digraph[K, V, X]) list(v uint32, which int) *uint32 {
	if which == leaving {
		return &g.vertices.at(v).out
	}
	return &g.vertices.at(v).in
}

// each calls f for the links of a vertex's list, with the vertex at the other end.
func (g *Digraph[K, V, X]) each(v uint32, which int, f func(link, other uint32)) {
	for id := *g.list(v, which); id != 0; {
		l := g.links.at(id - 1)
		next := l.next[which]
		f(id-1, l.ends[1-which])
		id = next
	}
}

// commit takes away the edges that went, and adds those that came.
func (g *Digraph[K, V, X]) commit() {
	for _, v := range g.loose {
		g.forget(v)
	}
	g.loose, g.gone, g.come = trim(g.loose), trim(g.gone), trim(g.come)
	if g.all {
		g.all, g.stale = false, g.stale[:0]
		for row := range g.edges.rows.n {
			g.stale = append(g.stale, row)
		}
	}
	for _, row := range g.stale {
		g.links.reach(row)
		if l := g.links.at(row); l.on {
			g.gone = append(g.gone, step{row, l.ends[0], l.ends[1]})
			g.unlink(row)
		}
		if r := g.edges.rows.at(row); r.state&present != 0 {
			from, to := g.ends(r.key, r.val)
			s := step{row, g.use(from), g.use(to)}
			g.come = append(g.come, s)
			g.connect(s)
		}
	}
	g.stale = trim(g.stale)
}

func (g *Digraph[K, V, X]) connect(s step) {
	*g.links.at(s.link) = link{ends: [2]uint32{s.from, s.to}, on: true}
	for which, v := range [...]uint32{s.from, s.to} {
		first := g.list(v, which)
		if *first != 0 {
			g.links.at(*first - 1).prev[which] = s.link + 1
		}
		g.links.at(s.link).next[which] = *first
		*first = s.link + 1
	}
}

func (g *Digraph[K, V, X]) unlink(row uint32) {
	l := g.links.at(row)
	for which, v := range l.ends {
		next, prev := l.next[which], l.prev[which]
		if next != 0 {
			g.links.at(next - 1).prev[which] = prev
		}
		if prev != 0 {
			g.links.at(prev - 1).next[which] = next
		} else {
			*g.list(v, which) = next
		}
		g.leave(v)
	}
	*l = link{}
}

// use is the vertex of a key, made if it is not there, for one more to need it.
func (g *Digraph[K, V, X]) use(key X) uint32 {
	v, ok := g.ids.get(key)
	if !ok {
		v = g.vertices.take()
		g.vertices.at(v).key = key
		g.ids.add(key, v)
	}
	g.vertices.at(v).uses++
	return v
}

// leave is for one less to need a vertex. It is there until the next commit: who
// follows the graph has yet to hear.
func (g *Digraph[K, V, X]) leave(v uint32) {
	at := g.vertices.at(v)
	if at.uses--; at.uses == 0 {
		g.loose = append(g.loose, v)
	}
}

// forget is for a vertex that nobody needs any more.
func (g *Digraph[K, V, X]) forget(v uint32) {
	at := g.vertices.at(v)
	if found, ok := g.ids.get(at.key); at.uses == 0 && ok && found == v {
		g.ids.remove(at.key)
		g.vertices.give(v)
	}
}

func (g *Digraph[K, V, X]) label() string { return g.name }

func (g *Digraph[K, V, X]) release(uint32) { panic("incr: nobody reads a graph") }

func (g *Digraph[K, V, X]) markAll() { g.all = true }

func (g *Digraph[K, V, X]) readers(uint32) *uint32 { panic("incr: nobody reads a graph") }

func (g *Digraph[K, V, X]) cellOf(any) uint32 { panic("incr: nobody reads a graph") }

func (g *Digraph[K, V, X]) mark(uint32) { panic("incr: a graph reads nothing") }

func (g *Digraph[K, V, X]) deps(uint32) *uint32 { panic("incr: a graph reads nothing") }

func (g *Digraph[K, V, X]) rebuild() {}

func (g *Digraph[K, V, X]) compare(*Difference) {}

func (g *Digraph[K, V, X]) failures() []*RowError { return nil }
