package policy

import (
	"slices"
	"strconv"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
)

// Policies are in chains: packets meet those without a chain, and where one of
// these says jump, those of its jump_chain instead. They do not come back: what
// nothing in a chain matches goes by its route.

// maxChains is how many a router can have; they are numbered from 1.
const maxChains = 1<<16 - 1

// chains know those of a router by name.
type chains struct {
	names *incr.Table[schema.UUID, []string] // by router, sorted
	// jumps are by router and chain.
	jumps *incr.Index[schema.UUID, jump, chain]
}

type chain struct {
	router schema.UUID
	name   string
}

// jump is what a policy that jumps says.
type jump struct{ from, to chain }

func (ft *feature) declareChains(g *graph.Graph) {
	in := graph.Table(g, "chain of policy", incr.Keys(ft.rows), func(r *incr.Reader, id schema.UUID) (jump, bool) {
		row, ok := incr.Get(r, ft.rows, id)
		routers := incr.Lookup(r, ft.routerOf, id)
		if !ok || len(routers) == 0 {
			return jump{}, false
		}
		j := jump{from: chain{routers[0], text(row.Chain)}}
		if row.Action == "jump" {
			j.to = chain{routers[0], text(row.JumpChain)}
		}
		return j, j.from.name != "" || j.to.name != ""
	})
	byRouter := incr.NewIndex(in, "router with chains", func(_ schema.UUID, j jump) []schema.UUID { return []schema.UUID{j.from.router} })
	ft.chains.jumps = incr.NewIndex(in, "jumps of chain", func(_ schema.UUID, j jump) []chain {
		if j.to.name == "" {
			return nil
		}
		return []chain{j.from}
	})
	ft.chains.names = graph.Table(g, "chains of router", incr.Values(byRouter), func(r *incr.Reader, router schema.UUID) ([]string, bool) {
		var names []string
		for _, j := range incr.Each(r, byRouter, router) {
			if j.from.name != "" {
				names = append(names, j.from.name)
			}
		}
		slices.Sort(names)
		names = slices.Compact(names)
		return names, len(names) > 0
	})
}

// number is that of a chain, 0 if no policy is in it or the router has too many.
func (ft *feature) number(r *incr.Reader, c chain) int {
	names, _ := incr.Get(r, ft.chains.names, c.router)
	i, ok := slices.BinarySearch(names, c.name)
	if !ok || i >= maxChains {
		return 0
	}
	return i + 1
}

// inChain reads the chain of a policy, and that to which it jumps. It returns
// false, and notes why, if packets cannot get there.
func (ft *feature) inChain(r *incr.Reader, row *nb.LogicalRouterPolicy, p *policy, e *graph.RowProblems) bool {
	in := chain{p.Router, text(row.Chain)}
	if in.name != "" {
		if p.Chain = ft.number(r, in); p.Chain == 0 {
			e.Problem("chain", "the router has more than "+strconv.Itoa(maxChains)+" chains")
			return false
		}
	}
	if p.Action != "jump" {
		return true
	}
	to := chain{p.Router, text(row.JumpChain)}
	if to.name == "" {
		e.Problem("jump_chain", "a policy that jumps needs the name of a chain")
		return false
	}
	if p.To = ft.number(r, to); p.To == 0 {
		e.Problem("jump_chain", strconv.Quote(to.name)+": no policy of the router is in that chain")
		return false
	}
	if ft.leadsTo(r, to, in) {
		e.Problem("jump_chain", strconv.Quote(to.name)+" jumps back to where this policy is: packets that go round are dropped")
	}
	return true
}

// leadsTo tells whether jumps lead from one chain to another.
func (ft *feature) leadsTo(r *incr.Reader, from, to chain) bool {
	seen, next := map[chain]bool{}, []chain{from}
	for len(next) > 0 {
		c := next[len(next)-1]
		next = next[:len(next)-1]
		if c == to {
			return true
		}
		if seen[c] {
			continue
		}
		seen[c] = true
		for _, j := range incr.Each(r, ft.chains.jumps, c) {
			next = append(next, j.to)
		}
	}
	return false
}
