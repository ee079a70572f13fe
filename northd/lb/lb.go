package lb

import (
	"net/netip"
	"slices"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
)

const name = "lb"

// feature is what the files of this package share.
type feature struct {
	m       *model.Model
	options options
	rows    *graph.RowTable[*nb.LoadBalancer]

	balancers       *incr.Table[schema.UUID, *balancer]
	vips            *incr.Table[model.VIP, *vip]
	same            *incr.Index[model.VIP, *vip, virtual]
	groupsOf        *incr.Index[schema.UUID, *nb.LoadBalancerGroup, schema.UUID] // by load balancer
	byIP            *incr.Index[schema.UUID, *model.SwitchPort, netip.Addr]
	switches        [2]*kind
	routers         [3]*kind
	force           *graph.Option[string]
	copp            model.CoppMeter
	events          *incr.Table[struct{}, struct{}] // a row where all load balancers have option event
	balanced        *incr.Table[schema.UUID, int]   // switches that balance load, and their kind
	balancedRouters *incr.Table[schema.UUID, struct{}]
	byAddress       *incr.Index[model.VIP, []model.AddressOn, model.AddressOn]
	ofRouter        *incr.Index[model.AddressOn, *address, schema.UUID]
	leaving         *incr.Index[model.AddressOn, *address, schema.UUID] // routers with distributed VIPs
	answering       *incr.Index[placed, []answering, answering]         // VIPs without connection tracking, by backend
	health          health
	offers          model.Offers
	// Load balancers that have VIPs, and groups that have such.
	filled, filledGroups *incr.Table[schema.UUID, struct{}]
}

// New declares load balancers, and returns what others have to know of them; copp has
// the meters of what is sent to agents, ask has backends asked whether they serve.
func New(g *graph.Graph, m *model.Model, copp model.CoppMeter, ask model.HealthChecks) model.LoadBalancing {
	ft := &feature{m: m, copp: copp, options: declareOptions(g)}
	events := graph.Bool[*nb.NBGlobal](g, "options", "controller_event", false, "all load balancers have option event")
	ft.events = graph.Table(g, "events of all load balancers", incr.Keys(m.Options), func(r *incr.Reader, k struct{}) (struct{}, bool) {
		options, _ := incr.Get(r, m.Options, k)
		return struct{}{}, events.Of(options)
	})
	ft.rows = graph.Read[*nb.LoadBalancer](g, "name", "vips", "protocol", "selection_fields")
	ft.balancers = graph.Table(g, "load balancer", incr.Keys(ft.rows), ft.parse)
	graph.ProblemsOf(g, ft.balancers, func(b *balancer) []graph.Problem { return b.Problems })
	keys := incr.NewIndex(ft.balancers, "VIP", func(id schema.UUID, b *balancer) []model.VIP {
		all := make([]model.VIP, 0, len(b.VIPs))
		for text := range b.VIPs {
			all = append(all, model.VIP{Balancer: id, Text: text})
		}
		return all
	})
	ft.declareHealth(g, ask)
	ft.declareSpread(g)
	ft.vips = graph.Table(g, "VIP", incr.Values(keys), func(r *incr.Reader, k model.VIP) (*vip, bool) {
		b, ok := incr.Get(r, ft.balancers, k.Balancer)
		if !ok {
			return nil, false
		}
		v, ok := b.VIPs[k.Text]
		if !ok {
			return nil, false
		}
		return ft.spread(r, ft.serving(r, k, v)), true
	})
	ft.same = incr.NewIndex(ft.vips, "address and port", func(_ model.VIP, v *vip) []virtual { return []virtual{v.virtual} })
	groups := graph.Read[*nb.LoadBalancerGroup](g, "name", "load_balancer")
	ft.groupsOf = incr.NewIndex(groups, "load balancer", func(_ schema.UUID, row *nb.LoadBalancerGroup) []schema.UUID { return row.LoadBalancer })
	ft.filled = graph.Table(g, "load balancer with VIPs", incr.Keys(ft.balancers), func(r *incr.Reader, id schema.UUID) (struct{}, bool) {
		b, ok := incr.Get(r, ft.balancers, id)
		return struct{}{}, ok && len(b.VIPs) > 0
	})
	ft.filledGroups = graph.Table(g, "group with VIPs", incr.Keys(groups), func(r *incr.Reader, id schema.UUID) (struct{}, bool) {
		row, ok := incr.Get(r, groups, id)
		return struct{}{}, ok && slices.ContainsFunc(row.LoadBalancer, func(b schema.UUID) bool { return incr.Has(r, ft.filled, b) })
	})
	ft.byIP = incr.NewIndex(m.SwitchPorts, "address of a backend", func(_ schema.UUID, p *model.SwitchPort) (all []netip.Addr) {
		for _, a := range p.Addresses {
			for _, ip := range a.IPs {
				if !slices.Contains(all, ip.Addr()) {
					all = append(all, ip.Addr())
				}
			}
		}
		return all
	})
	ft.findSwitches(g)
	ft.declareSwitches(g)
	ft.findRouters(g)
	ft.declareRouters(g)
	return model.LoadBalancing{
		Switch: ft.demand, Answered: ft.answered, Offers: []model.Offers{ft.offers},
		Router: func(r *incr.Reader, id schema.UUID) bool { return incr.Has(r, ft.balancedRouters, id) },
		Leaves: func(r *incr.Reader, id schema.UUID) bool { return incr.Count(r, ft.leaving, id) > 0 },
	}
}

// findSwitches declares which switches have which load balancers.
func (ft *feature) findSwitches(g *graph.Graph) {
	rows := graph.Read[*nb.LogicalSwitch](g, "load_balancer", "load_balancer_group")
	of := newNames(g, "switches", rows, func(row *nb.LogicalSwitch) named { return named{row.LoadBalancer, row.LoadBalancerGroup} })
	stateless := graph.Bool[*nb.LogicalSwitch](g, "other_config", "enable-stateless-acl-with-lb", false,
		"what allow-stateless ACLs let through to VIPs is balanced, too: such packets go through conntrack, as do those of backends and ICMP errors to clients")
	takes := func(withStateless bool) func(*incr.Reader, schema.UUID) bool {
		return func(r *incr.Reader, id schema.UUID) bool {
			row, ok := incr.Get(r, rows, id)
			return ok && incr.Has(r, ft.m.Switches, id) && stateless.Of(row.OtherConfig) == withStateless
		}
	}
	ft.switches = [...]*kind{
		plainSwitches:     newKind(g, "switches", of, false, takes(false)),
		statelessSwitches: newKind(g, "switches that balance what ACLs do not track", of, false, takes(true)),
	}
	for _, k := range ft.switches {
		k.declare(g, ft)
	}
	ft.balanced = graph.Table(g, "switch with load balancers", incr.Keys(of), func(r *incr.Reader, id schema.UUID) (int, bool) {
		for kind, k := range ft.switches {
			if ft.hasVIPs(r, k.all, id) {
				return kind, true
			}
		}
		return 0, false
	})
}

// hasVIPs tells whether something that a datapath names has a VIP.
func (ft *feature) hasVIPs(r *incr.Reader, of *names, id schema.UUID) bool {
	its, _ := incr.Get(r, of, id)
	return slices.ContainsFunc(its.Balancers, func(b schema.UUID) bool { return incr.Has(r, ft.filled, b) }) ||
		slices.ContainsFunc(its.Groups, func(group schema.UUID) bool { return incr.Has(r, ft.filledGroups, group) })
}
