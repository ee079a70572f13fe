package incr

// Held counts the cells and edges in use.
func (e *Engine) Held() (cells, edges int) {
	for _, n := range e.nodes {
		cells += n.(interface{ held() int }).held()
	}
	return cells, e.edges.live
}

func (t *Table[K, V]) held() int { return t.ids.n }

func (ix *Index[K, V, X]) held() int { return ix.ids.n }

func (s *Sum[K, V, X]) held() int { return s.ids.n }

func (g *Digraph[K, V, X]) held() int {
	n := g.ids.n
	for _, v := range g.loose { // until the next commit
		if g.vertices.at(v).uses == 0 {
			n--
		}
	}
	return n
}
