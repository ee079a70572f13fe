package incr

// reach is a table that no row function could compute: the vertices of a graph that
// are reached from some of them, see From.
//
// The links by which they were first reached make a tree from each root. A link that
// goes and is in none of them concerns nobody; below one that is, all are looked at
// again.
type reach[K comparable, V any, X comparable] struct {
	Table[X, struct{}]
	g     *Digraph[K, V, X]
	roots *Table[X, struct{}]
	which int // the list of links that lead on: leaving or arriving

	by    pages[uint32] // by vertex: 0 if it is not reached, begins, or 2 + the link
	stale []X           // roots that came or went in this commit
	all   bool          // Recompute: all are stale
	seen  []uint32      // vertices that were reached or lost in this commit
	todo  []uint32      // reached, and not looked at yet
}

// begins stands for the link by which a root was reached.
const begins = 1

// From declares the vertices to which edges lead from the keys of roots, these among
// them whether or not they have an edge.
//
// Hot path: an edge or root that comes costs what is reached by it, one that goes what
// was first reached by it. BenchmarkLeaf pins it.
func (g *Digraph[K, V, X]) From(name string, roots *Table[X, struct{}]) *Table[X, struct{}] {
	return g.declare(name, roots, leaving)
}

// To declares the vertices from which edges lead to the keys of roots, these among
// them.
func (g *Digraph[K, V, X]) To(name string, roots *Table[X, struct{}]) *Table[X, struct{}] {
	return g.declare(name, roots, arriving)
}

func (g *Digraph[K, V, X]) declare(name string, roots *Table[X, struct{}], which int) *Table[X, struct{}] {
	c := &reach[K, V, X]{g: g, roots: roots, which: which}
	c.init(g.e, name, Eq[struct{}])
	c.id = g.e.declare(c)
	roots.indexes = append(roots.indexes, rootsOf[K, V, X]{c})
	return &c.Table
}

// rootsOf notes which roots come and go.
type rootsOf[K comparable, V any, X comparable] struct{ c *reach[K, V, X] }

func (r rootsOf[K, V, X]) update(_ uint32, k X, had bool, _ struct{}, has bool, _ struct{}) {
	if had != has {
		r.c.stale = append(r.c.stale, k)
	}
}

func (rootsOf[K, V, X]) settle() {}

func (c *reach[K, V, X]) mark(uint32) { panic("incr: what is reached reads nothing") }

func (c *reach[K, V, X]) markAll() { c.all = true }

func (c *reach[K, V, X]) commit() {
	c.changes = trim(c.changes)
	c.by.reach(max(c.g.vertices.n, 1) - 1)
	if c.all {
		c.all = false
		c.restart()
	}
	lost := c.moveRoots()
	for _, s := range c.g.gone {
		if _, to := c.way(s); *c.of(to) == s.link+2 {
			lost = c.lose(lost, to)
		}
	}
	lost = c.losePast(lost)
	for _, v := range lost {
		c.again(v)
	}
	for _, s := range c.g.come {
		if from, to := c.way(s); *c.of(from) != 0 {
			c.find(to, s.link+2)
		}
	}
	c.goOn()
	for _, v := range c.seen {
		key := c.g.vertices.at(v).key
		at := c.cell(key)
		c.touch(at)
		c.put(c.rows.at(at), struct{}{}, *c.of(v) != 0)
	}
	c.seen = trim(c.seen)
	c.fold()
	c.e.stats.Changed += len(c.changed)
	c.settle()
}

// way returns the ends of a link in the direction in which it leads on here.
func (c *reach[K, V, X]) way(s step) (from, to uint32) {
	if c.which == leaving {
		return s.from, s.to
	}
	return s.to, s.from
}

// of tells by what a vertex was reached.
func (c *reach[K, V, X]) of(v uint32) *uint32 {
	c.by.reach(v)
	return c.by.at(v)
}

// restart is for the roots to be looked at anew.
func (c *reach[K, V, X]) restart() {
	c.stale = c.stale[:0]
	for k := range c.roots.All() {
		c.stale = append(c.stale, k)
	}
	for v := range c.by.n {
		if *c.by.at(v) == begins {
			c.stale = append(c.stale, c.g.vertices.at(v).key)
		}
	}
}

// moveRoots makes those that came reached, and returns those that went. A root is
// reached as such, whatever leads to it.
func (c *reach[K, V, X]) moveRoots() (lost []uint32) {
	for _, key := range c.stale {
		_, is := c.roots.Get(key)
		v, there := c.g.ids.get(key)
		was := there && *c.of(v) == begins
		switch {
		case is && !was:
			v = c.g.use(key)
			at := c.of(v)
			if *at == 0 {
				c.seen, c.todo = append(c.seen, v), append(c.todo, v)
			}
			*at = begins
		case was && !is:
			c.g.leave(v)
			lost = c.lose(lost, v)
		}
	}
	c.stale = trim(c.stale)
	return lost
}

// lose makes a vertex one that is not reached.
func (c *reach[K, V, X]) lose(lost []uint32, v uint32) []uint32 {
	*c.of(v) = 0
	c.seen = append(c.seen, v)
	return append(lost, v)
}

// losePast loses what was reached by way of those that are lost.
func (c *reach[K, V, X]) losePast(lost []uint32) []uint32 {
	for i := 0; i < len(lost); i++ {
		c.e.stats.Evaluated++
		c.g.each(lost[i], c.which, func(link, w uint32) {
			if *c.of(w) == link+2 {
				lost = c.lose(lost, w)
			}
		})
	}
	return lost
}

// again reaches a vertex that was lost from one that is still reached, if there is
// one.
func (c *reach[K, V, X]) again(v uint32) {
	if *c.of(v) != 0 {
		return
	}
	c.e.stats.Evaluated++
	c.g.each(v, 1-c.which, func(link, w uint32) {
		if *c.of(w) != 0 {
			c.find(v, link+2)
		}
	})
}

// find notes that a vertex is reached.
func (c *reach[K, V, X]) find(v, by uint32) {
	if at := c.of(v); *at == 0 {
		*at = by
		c.seen, c.todo = append(c.seen, v), append(c.todo, v)
	}
}

// goOn reaches what is beyond those that were reached.
func (c *reach[K, V, X]) goOn() {
	for len(c.todo) > 0 {
		v := c.todo[len(c.todo)-1]
		c.todo = c.todo[:len(c.todo)-1]
		c.e.stats.Evaluated++
		c.g.each(v, c.which, func(link, w uint32) { c.find(w, link+2) })
	}
	c.todo = trim(c.todo)
}

// rebuild searches from the roots, over edges computed from nothing.
func (c *reach[K, V, X]) rebuild() {
	next := map[X][]X{}
	for k, v := range c.g.edges.full() {
		from, to := c.g.ends(k, v)
		if c.which == arriving {
			from, to = to, from
		}
		next[from] = append(next[from], to)
	}
	c.shadow = map[X]struct{}{}
	var todo []X
	find := func(x X) {
		if _, known := c.shadow[x]; !known {
			c.shadow[x] = struct{}{}
			todo = append(todo, x)
		}
	}
	for x := range c.roots.full() {
		find(x)
	}
	for ; len(todo) > 0; todo = todo[1:] {
		for _, x := range next[todo[0]] {
			find(x)
		}
	}
}
