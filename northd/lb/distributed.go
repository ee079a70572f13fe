package lb

import (
	"maps"
	"slices"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/northd/pipeline"
	"github.com/weft-sdn/weft/schema"
)

// A load balancer with option distributed has each chassis send what comes in there to
// the backends that are there, and to no others: the network outside chooses between the
// chassis. So its VIPs are no matter of gateways. By a gateway port what is for them
// comes in on every chassis, and what their backends answer leaves where they are.

// declareSpread declares what people are told of backends that are nowhere.
func (ft *feature) declareSpread(g *graph.Graph) {
	graph.ProblemTable(g, "backends of distributed load balancers", incr.Keys(ft.balancers), func(r *incr.Reader, id schema.UUID) []graph.Problem {
		b, ok := incr.Get(r, ft.balancers, id)
		its, _ := incr.Get(r, ft.health.mappings, id)
		if !ok || !b.Distributed || its == nil {
			return nil
		}
		p := graph.RowProblems{Table: "Load_Balancer", Row: id, Name: b.Name}
		for _, text := range slices.Sorted(maps.Keys(b.VIPs)) {
			for _, to := range b.VIPs[text].Backends {
				if _, mapped := its.Of[to.IP]; !mapped {
					p.Problem("ip_port_mappings", "has no switch port of backend "+to.IP.String()+" of "+text+", which is wanted with option distributed: it gets no connections")
				}
			}
		}
		return p.List
	})
}

// spread is the VIP with the switch ports of its backends, if it is distributed; those
// without one are left out.
func (ft *feature) spread(r *incr.Reader, v *vip) *vip {
	if !v.Distributed {
		return v
	}
	its, ok := incr.Get(r, ft.health.mappings, v.Balancer)
	if !ok {
		its = &mappings{}
	}
	at := func(all []lflow.Backend) []lflow.Backend {
		out := []lflow.Backend{}
		for _, b := range all {
			if m, mapped := its.Of[b.IP]; mapped {
				b.LogicalPort = m.Port
				out = append(out, b)
			}
		}
		return out
	}
	w := *v
	w.Backends = at(v.Backends)
	if v.All != nil {
		w.All = at(v.All)
	}
	return &w
}

// comes matches what comes in by a gateway port, on the gateway's chassis or everywhere.
func comes(p *model.RouterPort, everywhere bool) *lflow.Expr {
	if everywhere {
		return p.Comes("")
	}
	return p.Comes(p.Redirect)
}

// answered has what a backend answers leave by a gateway port as from the VIP: on the
// gateway's chassis, or of a distributed VIP on the backend's.
func (v *vip) answered(f *graph.Flows, fam *model.Family, b lflow.Backend, p *model.RouterPort) {
	says := lflow.And(lflow.Eq(fam.Src, b.IP), v.from(b, fam))
	at := p.Redirect
	if v.Distributed {
		at = b.LogicalPort
		f.Add(pipeline.LRInGWRedirect, 110, lflow.And(says, p.Leaves(at)), lflow.Next{})
	}
	f.Add(pipeline.LROutUndnat, 120, lflow.And(says, p.Leaves(at)), lflow.CTNAT{Kind: lflow.RouterDNATInCZone})
}

// comesEverywhere matches frames for a gateway port that are let in on chassis without
// it: for the address.
func (a *address) comesEverywhere(p *model.RouterPort) *lflow.Expr {
	return lflow.And(lflow.Eq(lflow.EthDst, p.MAC), lflow.Eq(a.fam.Dst, a.IP))
}

// declareNeighbours has what neighbours answer come in by gateway ports on chassis that
// do not have the port: who answers from there asks there for the way.
func (ft *feature) declareNeighbours() {
	told := func(p *model.RouterPort) *lflow.Expr {
		return lflow.And(lflow.Eq(lflow.EthDst, p.MAC), lflow.Or(lflow.Eq(lflow.ARPOp, 2), lflow.Bool(lflow.NDNA)))
	}
	spread := func(r *incr.Reader, p *model.RouterPort) bool {
		return p.Enabled && p.Redirect != "" && incr.Count(r, ft.leaving, p.Router) > 0
	}
	ft.m.RouterPortFlows.Write(name, func(r *incr.Reader, f *graph.Flows, p *model.RouterPort) {
		if spread(r, p) {
			f.Add(pipeline.LRInAdmission, 50, lflow.And(told(p), p.Comes("")), lflow.Next{})
		}
	})
	ft.m.SwitchPortFlows.Write(name, func(r *incr.Reader, f *graph.Flows, near *model.SwitchPort) {
		if far, ok := ft.m.RouterPort(r, near.Peer); ok && near.Handled && near.ToRouter() && spread(r, far) {
			f.Add(pipeline.LSInL2Lkup, 55, told(far), lflow.SetTo(lflow.Outport, near.Name), lflow.Output{})
		}
	})
}
