package graph

import (
	"slices"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/schema"
)

// RowProblems collects what is wrong with one row.
type RowProblems struct {
	Table string
	Row   schema.UUID
	Name  string
	List  []Problem
}

// Problem notes what is wrong with a column ("" is the whole row), and why.
func (p *RowProblems) Problem(column, reason string) {
	p.List = append(p.List, Problem{p.Table, p.Row, p.Name, column, reason})
}

// ProblemsOf makes what the values of a table say of rows known. A problem
// that several say is one.
func ProblemsOf[K comparable, V any](g *Graph, t *incr.Table[K, V], of func(V) []Problem) {
	follow(g, t, func(_ *Output, ch *incr.Change[K, V]) {
		if ch.Had {
			g.problems.add(of(ch.Old), -1)
		}
		if ch.Has {
			g.problems.add(of(ch.New), 1)
		}
	})
}

// ProblemTable declares a table that is there only to tell what is wrong: fn
// returns the problems of a key, none where all is well.
func ProblemTable[K comparable](g *Graph, name string, keys incr.Source[K], fn func(*incr.Reader, K) []Problem) {
	t := Table(g, name, keys, func(r *incr.Reader, k K) ([]Problem, bool) {
		p := fn(r, k)
		return p, len(p) > 0
	})
	ProblemsOf(g, t, func(p []Problem) []Problem { return p })
}

// problemCount knows how often each problem is told.
type problemCount struct {
	count  map[Problem]int
	delta  map[Problem]int // of the Apply that goes on
	all    []Problem       // sorted; replaced, never written to
	failed []Problem       // rows whose functions panicked
}

func (p *problemCount) add(list []Problem, n int) {
	if len(list) == 0 {
		return
	}
	if p.delta == nil {
		p.count, p.delta = map[Problem]int{}, map[Problem]int{}
	}
	for _, q := range list {
		p.delta[q] += n
	}
}

// failures takes the rows whose computation panicked: our bug, but the rest
// goes on.
func (p *problemCount) failures(errs []*incr.RowError) {
	var now []Problem
	for _, e := range errs {
		id, _ := schema.ParseUUID(e.Key) // not all keys are
		now = append(now, Problem{Table: e.Table, UUID: id, Name: e.Key, Reason: "internal error: " + e.Err.Error()})
	}
	p.add(p.failed, -1)
	p.add(now, 1)
	p.failed = now
}

// tell puts into the output which problems came and which went.
func (p *problemCount) tell(o *Output) {
	for q, n := range p.delta {
		before := p.count[q]
		switch after := before + n; {
		case before == 0 && after > 0:
			o.Problems = append(o.Problems, q)
		case before > 0 && after == 0:
			o.Solved = append(o.Solved, q)
		}
		if p.count[q] = before + n; p.count[q] == 0 {
			delete(p.count, q)
		}
	}
	clear(p.delta)
	if len(o.Problems)+len(o.Solved) == 0 {
		return
	}
	slices.SortFunc(o.Problems, Problem.Compare)
	slices.SortFunc(o.Solved, Problem.Compare)
	p.merge(o.Problems, o.Solved)
}

// merge brings the list of all problems up to date.
func (p *problemCount) merge(added, gone []Problem) {
	all := make([]Problem, 0, len(p.all)+len(added)-len(gone))
	for _, q := range p.all {
		for len(added) > 0 && added[0].Compare(q) < 0 {
			all = append(all, added[0])
			added = added[1:]
		}
		if len(gone) > 0 && gone[0] == q {
			gone = gone[1:]
			continue
		}
		all = append(all, q)
	}
	p.all = append(all, added...)
}
