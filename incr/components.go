package incr

import (
	"cmp"
	"slices"
)

// components is a table that no row function could compute: the connected
// components of an undirected graph, see NewComponents. Vertices are the cells
// of the table.
type components[K comparable, V any, X comparable] struct {
	Table[X, X]
	edges *Table[K, V] // rows are the edges of the graph
	ends  func(K, V) (a, b X)

	vertices pages[vertex] // by cell of this table
	links    pages[link]   // by cell of edges
	stale    []uint32      // cells of edges whose row changed in this commit
	all      bool          // Recompute: all are stale
}

// vertex is what is kept of one beside its row. Its row is there as long as an
// arc leaves it.
type vertex struct {
	first uint32 // first of the arcs that leave it
	rep   uint32 // cell of its representative, which has itself
	found uint32 // during split: 1 + the search that found it
}

// link is an edge as two arcs, one from each end. An arc's number is twice that
// of the link, counted from 1, plus 0 or 1; 0 is none.
type link struct {
	arcs [2]arc
	on   bool
}

// arc is a link of the doubly linked list of the arcs that leave one vertex.
type arc struct{ to, prev, next uint32 }

// ends is a link that comes, with the cells of its ends.
type ends struct{ link, a, b uint32 }

// NewComponents declares the connected components of an undirected graph: each
// row of rows is an edge between the two vertices that of returns, which may be
// equal, and several may be between the same two. The table has a row for each
// vertex that has an edge; its value is the representative of its component,
// the smallest vertex in the order of the keys.
//
// Hot path: an edge that comes costs the side with the larger representative,
// one that goes the smaller of the two sides, or the way round by which the
// ends are still connected. BenchmarkLeaf pins it.
func NewComponents[K comparable, V any, X comparable](rows Rows[K, V], name string, of func(k K, v V) (a, b X)) *Table[X, X] {
	t := rows.rowsOf()
	c := &components[K, V, X]{edges: t, ends: of}
	c.init(t.e, name, Eq[X])
	c.id = t.e.declare(c)
	t.indexes = append(t.indexes, edgesOf[K, V, X]{c})
	return &c.Table
}

// edgesOf notes which edges change, for components to look at when it is their
// turn.
type edgesOf[K comparable, V any, X comparable] struct{ c *components[K, V, X] }

func (e edgesOf[K, V, X]) update(row uint32, _ K, _ bool, _ V, _ bool, _ V) {
	e.c.stale = append(e.c.stale, row)
}

func (edgesOf[K, V, X]) settle() {}

func (c *components[K, V, X]) mark(uint32) { panic("incr: components read nothing") }

func (c *components[K, V, X]) markAll() { c.all = true }

// commit takes away the edges that went, splits the components that they held
// together, adds those that came, and joins what they connect.
func (c *components[K, V, X]) commit() {
	c.changes = trim(c.changes)
	if c.all {
		c.all, c.stale = false, c.stale[:0]
		for row := range c.edges.rows.n {
			c.stale = append(c.stale, row)
		}
	}
	loose, come := c.unlinkStale()
	c.split(loose)
	for _, l := range come {
		c.connect(l)
	}
	c.join(come)
	for _, v := range loose {
		if c.vertices.at(v).first == 0 {
			c.represent(v, v, false)
		}
	}
	c.fold()
	c.e.stats.Changed += len(c.changed)
	c.settle()
}

// unlinkStale takes the stale edges away. It returns the ends that they had,
// and those of the ones that are to come.
func (c *components[K, V, X]) unlinkStale() (loose []uint32, come []ends) {
	for _, row := range c.stale {
		c.links.reach(row)
		l, r := c.links.at(row), c.edges.rows.at(row)
		if l.on {
			loose = append(loose, l.arcs[0].to, l.arcs[1].to)
			c.unlink(row)
		}
		if r.state&present != 0 {
			a, b := c.ends(r.key, r.val)
			come = append(come, ends{row, c.cell(a), c.cell(b)})
		}
	}
	c.stale = trim(c.stale)
	return loose, come
}

func (c *components[K, V, X]) arc(id uint32) *arc { return &c.links.at(id>>1 - 1).arcs[id&1] }

// connect adds a link. A vertex that had none is a component of its own.
func (c *components[K, V, X]) connect(e ends) {
	c.links.at(e.link).on = true
	id := (e.link + 1) << 1
	c.arc(id).to, c.arc(id+1).to = e.b, e.a
	c.leave(e.a, id)
	c.leave(e.b, id+1)
}

// leave makes an arc the first of those that leave v.
func (c *components[K, V, X]) leave(v, id uint32) {
	c.vertices.reach(v)
	at := c.vertices.at(v)
	if at.first == 0 {
		at.rep = v
	} else {
		c.arc(at.first).prev = id
	}
	c.arc(id).next = at.first
	at.first = id
}

// unlink takes a link away.
func (c *components[K, V, X]) unlink(row uint32) {
	l := c.links.at(row)
	for i := range l.arcs {
		a, from := &l.arcs[i], l.arcs[1-i].to
		if a.next != 0 {
			c.arc(a.next).prev = a.prev
		}
		if a.prev != 0 {
			c.arc(a.prev).next = a.next
		} else {
			c.vertices.at(from).first = a.next
		}
	}
	*l = link{}
}

// represent makes rep the representative of v, or takes v's row away.
func (c *components[K, V, X]) represent(v, rep uint32, has bool) {
	c.touch(v)
	c.vertices.at(v).rep = rep
	var key X
	if has {
		key = c.rows.at(rep).key
	}
	c.put(c.rows.at(v), key, has)
}

// join gives the components between which there are new links one
// representative.
func (c *components[K, V, X]) join(come []ends) {
	for _, l := range come {
		a, b := c.root(l.a), c.root(l.b)
		if c.byKey(a, b) > 0 {
			a, b = b, a
		}
		c.vertices.at(b).rep = a
	}
	for _, l := range come {
		c.flood(l.a)
		c.flood(l.b)
	}
}

// root is the representative of v after what join has joined so far. The way
// there is made shorter.
func (c *components[K, V, X]) root(v uint32) uint32 {
	for {
		at := c.vertices.at(v)
		if at.rep == v {
			return v
		}
		at.rep = c.vertices.at(at.rep).rep
		v = at.rep
	}
}

// flood tells the vertices around v, as far as they do not know, who their
// representative has come to be.
func (c *components[K, V, X]) flood(v uint32) {
	rep := c.root(v)
	key := c.rows.at(rep).key
	knows := func(v uint32) bool {
		r := c.rows.at(v)
		return r.state&present != 0 && r.val == key
	}
	if knows(v) {
		return
	}
	c.represent(v, rep, true)
	for todo := []uint32{v}; len(todo) > 0; {
		v, todo = todo[len(todo)-1], todo[:len(todo)-1]
		c.e.stats.Evaluated++
		for id := c.vertices.at(v).first; id != 0; id = c.arc(id).next {
			if w := c.arc(id).to; !knows(w) {
				c.represent(w, rep, true)
				todo = append(todo, w)
			}
		}
	}
}

// split finds out which components have fallen apart, now that links of the
// vertices in loose are gone.
func (c *components[K, V, X]) split(loose []uint32) {
	slices.SortFunc(loose, func(a, b uint32) int {
		return cmp.Or(cmp.Compare(c.vertices.at(a).rep, c.vertices.at(b).rep), cmp.Compare(a, b))
	})
	loose = slices.Compact(loose)
	for lo := 0; lo < len(loose); {
		rep, hi := c.vertices.at(loose[lo]).rep, lo+1
		for hi < len(loose) && c.vertices.at(loose[hi]).rep == rep {
			hi++
		}
		s := splitting[K, V, X]{c: c, live: hi - lo}
		s.split(loose[lo:hi], rep)
		lo = hi
	}
}

// rebuild computes the components in another way, without a graph: each edge
// makes one set of two.
func (c *components[K, V, X]) rebuild() {
	parent := map[X]X{}
	root := func(x X) X {
		for {
			p, ok := parent[x]
			if !ok {
				parent[x] = x
				return x
			}
			if p == x {
				return x
			}
			parent[x] = parent[p]
			x = parent[x]
		}
	}
	for k, v := range c.edges.full() {
		a, b := c.ends(k, v)
		a, b = root(a), root(b)
		if c.compareKeys(&a, &b) > 0 {
			a, b = b, a
		}
		parent[b] = a
	}
	c.shadow = make(map[X]X, len(parent))
	for x := range parent {
		c.shadow[x] = root(x)
	}
}
