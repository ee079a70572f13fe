package northd

import (
	"cmp"
	"slices"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/schema"
)

// Compare orders problems by table, row, column and reason.
func (p Problem) Compare(o Problem) int {
	return cmp.Or(cmp.Compare(p.Table, o.Table), p.UUID.Compare(o.UUID), cmp.Compare(p.Name, o.Name),
		cmp.Compare(p.Column, o.Column), cmp.Compare(p.Reason, o.Reason))
}

// String returns the problem as a line for people.
func (p Problem) String() string {
	s := p.Table + " " + p.UUID.String()
	if p.Name != "" {
		s += " (" + p.Name + ")"
	}
	if p.Column != "" {
		s += ": " + p.Column
	}
	return s + ": " + p.Reason
}

// portProblems is the row function of table "port problems".
func (c *Compiler) portProblems(r *incr.Reader, id schema.UUID) ([]Problem, bool) {
	p, ok := incr.Get(r, c.parsedPorts, id)
	if !ok {
		return nil, false
	}
	all := slices.Clone(p.Problems)
	u, _ := incr.Get(r, c.units, id)
	all = append(all, u.problems...)
	if reason, bad := incr.Get(r, c.keyProblems, id); bad {
		all = append(all, Problem{"Logical_Switch_Port", id, p.Name, "options", reason})
	}
	slices.SortFunc(all, Problem.Compare)
	return slices.Compact(all), len(all) > 0
}

// switchProblems is the row function of table "switch problems".
func (c *Compiler) switchProblems(r *incr.Reader, id schema.UUID) ([]Problem, bool) {
	s, ok := incr.Get(r, c.parsedSwitches, id)
	if !ok {
		return nil, false
	}
	all := slices.Clone(s.Problems)
	if reason, bad := incr.Get(r, c.keyProblems, id); bad {
		all = append(all, Problem{"Logical_Switch", id, s.Name, "other_config", reason})
	}
	return all, len(all) > 0
}

// failures are rows whose compilation panicked: our bug, but the rest goes on.
func (c *Compiler) failures() []Problem {
	var all []Problem
	for _, e := range c.e.Errors() {
		id, _ := schema.ParseUUID(e.Key) // not all keys are
		all = append(all, Problem{Table: e.Table, UUID: id, Name: e.Key, Reason: "internal error: " + e.Err.Error()})
	}
	return all
}

// diff adds to the output the problems that are in only one of the lists.
func (o *Output) diff(old, all []Problem) {
	for _, p := range old {
		if !slices.Contains(all, p) {
			o.Solved = append(o.Solved, p)
		}
	}
	for _, p := range all {
		if !slices.Contains(old, p) {
			o.Problems = append(o.Problems, p)
		}
	}
}

// Problems returns all problems, sorted. The slice is never written to again.
func (c *Compiler) Problems() []Problem { return c.all }

// follow brings the list of all problems up to date with an output.
func (c *Compiler) follow(o *Output) {
	if len(o.Problems)+len(o.Solved) == 0 {
		return
	}
	all := make([]Problem, 0, len(c.all)+len(o.Problems)-len(o.Solved))
	added, gone := o.Problems, o.Solved
	for _, p := range c.all {
		for len(added) > 0 && added[0].Compare(p) < 0 {
			all = append(all, added[0])
			added = added[1:]
		}
		if len(gone) > 0 && gone[0] == p {
			gone = gone[1:]
			continue
		}
		all = append(all, p)
	}
	c.all = append(all, added...)
}
