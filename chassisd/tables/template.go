package tables

import (
	"slices"
	"strings"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// joinVariables declares the values of template variables of this chassis, by name.
func (t *Tables) joinVariables() {
	byName := incr.NewIndex(t.Templates, "variable", func(_ schema.UUID, row *sb.ChassisTemplateVar) (names []string) {
		for name := range row.Variables {
			names = append(names, name)
		}
		return names
	})
	t.variables = incr.NewTable(t.Engine, "variables", incr.Eq[string], incr.Values(byName), func(r *incr.Reader, name string) (value string, ok bool) {
		self, _ := incr.Get(r, t.Self, struct{}{})
		for _, row := range incr.Each(r, byName, name) {
			if row.Chassis == self.Name {
				return row.Variables[name], true
			}
		}
		return "", false
	})
}

// flowsIn are the flows of a unit, with this chassis's values in place of template
// variables: ovn-nb(5), table Chassis_Template_Var. Of a flow that names one without
// value there is none, which is as it should be for load balancers alone; wrong says it
// of others.
func (t *Tables) flowsIn(r *incr.Reader, p Path) (flows []sb.Flow, wrong []string, err error) {
	chunk, _ := incr.Get(r, t.Chunks, p)
	all, err := sb.DecodeFlows([]byte(chunk))
	if err != nil || !slices.ContainsFunc(all, hasVariables) {
		return all, nil, err
	}
	flows = make([]sb.Flow, 0, len(all))
	for i := range all {
		missing := t.expand(r, &all[i], func(f *sb.Flow) { flows = append(flows, *f) })
		if missing != "" && !strings.HasPrefix(p.Unit, lbUnit) {
			wrong = append(wrong, source(&all[i])+": the template variable ^"+missing+" has no value on this chassis: Chassis_Template_Var")
		}
	}
	return flows, wrong, nil
}

// expand calls yield with the flows that a flow is here, and returns the variable that
// lacks a value where there are none.
func (t *Tables) expand(r *incr.Reader, f *sb.Flow, yield func(*sb.Flow)) (missing string) {
	if !hasVariables(*f) {
		yield(f)
		return ""
	}
	texts, missing := lflow.Texts{Match: f.Match, Actions: f.Actions}.Expand(func(name string) (string, bool) {
		return incr.Get(r, t.variables, name)
	})
	for _, one := range texts {
		g := *f
		g.Match, g.Actions = one.Match, one.Actions
		yield(&g)
	}
	return missing
}

func hasVariables(f sb.Flow) bool {
	return lflow.HasVariables(f.Match) || lflow.HasVariables(f.Actions)
}
