package acl

import (
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// policy is what the ACLs that apply to a switch demand of its base flows.
type policy struct {
	ACLs            bool // there are some
	model.Conntrack      // Stateful: one is allow-related
	// Tiers are the highest tiers in the stages of ACLs.
	Tiers [len(aclStages)]uint8
}

func (p policy) join(q policy) policy {
	p.ACLs = p.ACLs || q.ACLs
	p.Conntrack = p.Conntrack.Join(q.Conntrack)
	for i := range p.Tiers {
		p.Tiers[i] = max(p.Tiers[i], q.Tiers[i])
	}
	return p
}

// variant is what the flows of an ACL depend on beside the ACL.
type variant struct {
	Stateful bool
	Tiered   bool // some ACL is in a tier above 0
}

func (p policy) variant() variant {
	return variant{p.Stateful, p.Tiers != [len(aclStages)]uint8{}}
}

func (v variant) String() string {
	s := "stateless"
	if v.Stateful {
		s = "stateful"
	}
	if v.Tiered {
		s += ",tiered"
	}
	return s
}

// scope is where the flows of an owner's ACLs are stored once: under the
// switch, or under a Logical_DP_Group of the switches that have ports of the
// port group and want the same variant.
type scope struct {
	owner   schema.UUID
	group   bool
	variant // of a group; a switch has one, its policy's
}

func (k scope) Compare(o scope) int {
	if c := k.owner.Compare(o.owner); c != 0 {
		return c
	}
	return k.number() - o.number()
}

func (k scope) number() int {
	n := 0
	for i, b := range [...]bool{k.group, k.Stateful, k.Tiered} {
		if b {
			n |= 1 << i
		}
	}
	return n
}

// datapath returns the UUID that the flows are stored under.
func (k scope) datapath() schema.UUID {
	if !k.group {
		return k.owner
	}
	return schema.NameUUID("Logical_DP_Group", k.owner.String(), k.variant.String())
}

// rule is an ACL in a scope.
type rule struct {
	scope
	acl schema.UUID
}

func (k rule) Compare(o rule) int {
	if c := k.scope.Compare(o.scope); c != 0 {
		return c
	}
	return k.acl.Compare(o.acl)
}

// placedACL is an ACL in a scope.
type placedACL struct {
	scope
	acl *acl
}

// declareScopes declares the tables from ACLs to where their flows are stored.
func (ft *feature) declareScopes(g *graph.Graph) {
	m := ft.m
	ft.owned = graph.Table(g, "owned ACLs", incr.Union(incr.Keys(ft.switches), incr.Keys(m.Groups.Ports)), ft.ownedACLs)
	ft.demands = graph.Table(g, "demands of ACLs", incr.Keys(ft.owned), ft.demand)
	// A carrier is a switch, or the part of a port group that is on one, with
	// ACLs that apply there; a switch carries its own as if it were a group.
	selves := incr.NewIndex(m.Switches, "self", func(id schema.UUID, _ *model.Switch) []model.GroupOnSwitch {
		return []model.GroupOnSwitch{{Group: id, Switch: id}}
	})
	carriers := graph.Table(g, "carrier of ACLs", incr.Union(incr.Values(selves), incr.Values(m.Groups.On)),
		func(r *incr.Reader, k model.GroupOnSwitch) (struct{}, bool) {
			return struct{}{}, incr.Has(r, ft.owned, k.Group)
		})
	carriersOn := incr.NewIndex(carriers, "switch", func(k model.GroupOnSwitch, _ struct{}) []schema.UUID { return []schema.UUID{k.Switch} })
	ft.policies = graph.Table(g, "policy", incr.Keys(m.Switches), func(r *incr.Reader, sw schema.UUID) (p policy, ok bool) {
		for _, k := range incr.Lookup(r, carriersOn, sw) {
			d, _ := incr.Get(r, ft.demands, k.Group)
			p = p.join(d)
		}
		if p.ACLs && ft.reads.Balanced.Of(r, sw).Balanced {
			p.Stateful = true
		}
		return p, true
	})
	scoped := graph.Table(g, "scope of carrier", incr.Keys(carriers), func(r *incr.Reader, k model.GroupOnSwitch) (scope, bool) {
		if k.Group == k.Switch {
			return scope{owner: k.Switch}, true
		}
		p, ok := incr.Get(r, ft.policies, k.Switch)
		return scope{k.Group, true, p.variant()}, ok
	})
	ft.byScope = incr.NewIndex(scoped, "scope", func(_ model.GroupOnSwitch, s scope) []scope { return []scope{s} })
	scopes := graph.Table(g, "scope", incr.Values(ft.byScope), func(r *incr.Reader, s scope) ([]schema.UUID, bool) {
		return incr.Get(r, ft.owned, s.owner)
	})
	rules := incr.NewIndex(scopes, "rule", func(s scope, acls []schema.UUID) []rule {
		all := make([]rule, len(acls))
		for i, id := range acls {
			all[i] = rule{s, id}
		}
		return all
	})
	graph.Rows(g, "Logical_DP_Group of ACLs", incr.Keys(scopes), ft.groupRow)
	units := graph.NewUnits(g, "flows of ACL", incr.Values(rules),
		func(r *incr.Reader, k rule) (placedACL, bool) {
			a, ok := incr.Get(r, ft.acls, k.acl)
			return placedACL{k.scope, a}, ok && !a.Broken
		},
		func(k rule, p placedACL) graph.Place {
			return graph.Place{Owner: k.datapath(), Name: "acl-" + k.acl.String(), Table: "ACL", Row: k.acl}
		})
	units.Write("acl", ft.writeRule)
}

// ownedACLs is the row function of table "owned ACLs".
func (ft *feature) ownedACLs(r *incr.Reader, id schema.UUID) ([]schema.UUID, bool) {
	if sw, ok := incr.Get(r, ft.switches, id); ok {
		return sw.ACLs, len(sw.ACLs) > 0
	}
	g, ok := incr.Get(r, ft.m.Groups.Ports, id)
	if !ok {
		return nil, false
	}
	return g.ACLs, len(g.ACLs) > 0
}

// demand is the row function of table "demands of ACLs".
func (ft *feature) demand(r *incr.Reader, id schema.UUID) (policy, bool) {
	var p policy
	acls, _ := incr.Get(r, ft.owned, id)
	for _, id := range acls {
		if a, ok := incr.Get(r, ft.acls, id); ok {
			p = p.join(a.demand())
		}
	}
	return p, true
}

func (a *acl) demand() policy {
	p := policy{ACLs: true, Conntrack: model.Conntrack{Stateful: a.Action == "allow-related", Persistent: a.ID != 0, Labelled: a.committed() != 0}}
	p.Tiers[a.Stage] = a.Tier
	return p
}

// groupRow is the Logical_DP_Group of a scope.
func (ft *feature) groupRow(r *incr.Reader, s scope) (*sb.LogicalDPGroup, bool) {
	if !s.group {
		return nil, false
	}
	row := &sb.LogicalDPGroup{Header: schema.Header{UUID: s.datapath()}}
	for _, k := range incr.Lookup(r, ft.byScope, s) {
		row.Datapaths = append(row.Datapaths, k.Switch)
	}
	return row, true
}
