package template

import (
	"maps"
	"slices"
	"strconv"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
	"github.com/weft-sdn/weft/schema/sb"
)

// New declares the rows that agents read.
func New(g *graph.Graph) {
	rows := graph.Read[*nb.ChassisTemplateVar](g, "chassis", "variables")
	graph.ProblemTable(g, "problems of template variables", incr.Keys(rows), func(r *incr.Reader, id schema.UUID) []graph.Problem {
		row, ok := incr.Get(r, rows, id)
		if !ok {
			return nil
		}
		p := graph.RowProblems{Table: "Chassis_Template_Var", Row: id, Name: row.Chassis}
		for _, name := range slices.Sorted(maps.Keys(row.Variables)) {
			if !lflow.IsVariable(name) {
				p.Problem("variables", strconv.Quote(name)+" is not the name of a variable: letters, digits, _ and dots, no digit or dot first, and not each.something")
			}
		}
		return p.List
	})
	byChassis := incr.NewIndex(rows, "chassis", func(_ schema.UUID, row *nb.ChassisTemplateVar) []string { return []string{row.Chassis} })
	graph.Rows(g, "template variables", incr.Values(byChassis), func(r *incr.Reader, chassis string) (*sb.ChassisTemplateVar, bool) {
		_, row, ok := incr.One(r, byChassis, chassis)
		if !ok {
			return nil, false
		}
		return &sb.ChassisTemplateVar{Header: schema.Header{UUID: sb.TemplateVarOf(chassis)}, Chassis: chassis, Variables: row.Variables}, true
	})
}
