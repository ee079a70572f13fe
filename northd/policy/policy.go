package policy

import (
	"strconv"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/northd/pipeline"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
)

const (
	name  = "policy"
	table = "Logical_Router_Policy"
)

// feature has what policies are read from.
type feature struct {
	m        *model.Model
	sessions model.BFDSessions
	mark     *graph.Option[int]
	rows     *graph.RowTable[*nb.LogicalRouterPolicy]
	routerOf *incr.Index[schema.UUID, *nb.LogicalRouter, schema.UUID]
	chains   chains
	// exclusions are those of a router that have a bit.
	exclusions *incr.Table[schema.UUID, []exclusion]
}

// policy is a row as it is read; it has no flows if Off.
type policy struct {
	UUID     schema.UUID
	Router   schema.UUID
	Priority uint16
	Rest     []string // of the match as the user wrote it, in parentheses
	Excluded []exclusion
	Action   string
	Mark     int // pkt.mark; 0 leaves it
	Chain    int // number of the chain that it is in
	To       int // of jump: number of the chain that packets go to
	Hops     []hop
	Off      bool
	Problems []graph.Problem
}

// New declares router policies. Sessions are those of BFD: next hops that are down
// are left out.
func New(g *graph.Graph, m *model.Model, sessions model.BFDSessions) {
	ft := &feature{m: m, sessions: sessions}
	ft.rows = graph.Read[*nb.LogicalRouterPolicy](g,
		"priority", "match", "action", "nexthop", "nexthops", "output_port", "bfd_sessions", "chain", "jump_chain")
	ft.mark = graph.Int[*nb.LogicalRouterPolicy](g, "options", "pkt_mark", 0, 1, 1<<32-1, "none", "the mark that packets get (pkt.mark), on this hypervisor only")
	routers := graph.Read[*nb.LogicalRouter](g, "policies")
	ft.routerOf = incr.NewIndex(routers, "policy", func(_ schema.UUID, row *nb.LogicalRouter) []schema.UUID { return row.Policies })
	ft.declareChains(g)
	all := graph.Table(g, "router policy", incr.Keys(ft.rows), ft.parse)
	graph.ProblemsOf(g, all, func(p *policy) []graph.Problem { return p.Problems })
	ft.declareExclusions(g, all)
	m.AllRouters.Write(name, func(_ *incr.Reader, f *graph.Flows, _ struct{}) {
		f.Pass(pipeline.LRInPolicy, pipeline.LRInPolicyECMP)
	})
	graph.UnitsOf(g, "flows of router policies", all, func(id schema.UUID, p *policy) graph.Place {
		return graph.Place{Owner: p.Router, Name: "policy-" + id.String(), Table: table, Row: id, RowName: strconv.Itoa(int(p.Priority))}
	}).Write(name, func(r *incr.Reader, f *graph.Flows, p *policy) {
		if !p.Off {
			write(f, p, ft.where(r, p))
		}
	})
}

// parse is the row function of table "router policy".
func (ft *feature) parse(r *incr.Reader, id schema.UUID) (*policy, bool) {
	row, ok := incr.Get(r, ft.rows, id)
	routers := incr.Lookup(r, ft.routerOf, id)
	if !ok || len(routers) == 0 || !incr.Has(r, ft.m.Routers, routers[0]) {
		return nil, false
	}
	e := &graph.RowProblems{Table: table, Row: id, Name: row.Match}
	p := &policy{UUID: id, Router: routers[0], Priority: uint16(row.Priority), Action: row.Action}
	p.Rest, p.Excluded = exclusionsOf(row.Match)
	p.Mark = ft.mark.Read(row.Options, e)
	if len(routers) > 1 {
		e.Problem("", "is in more than one router; "+routers[0].String()+" has it")
	}
	if _, err := ft.m.Groups.ParseMatch(r, row.Match); err != nil {
		e.Problem("match", err.Error())
		p.Off = true
	}
	if !ft.inChain(r, row, p, e) || p.Action == "reroute" && !ft.reroute(r, row, p, e) {
		p.Off = true
	}
	p.Problems = e.List
	return p, true
}

// text is the value of an optional column.
func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
