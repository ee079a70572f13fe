package northd

import (
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// policy is what the ACLs that apply to a switch demand of its base flows.
type policy struct {
	ACLs       bool // there are some
	Stateful   bool // one is allow-related: IP packets go through conntrack; nothing is forgotten when that ends
	Persistent bool // one is persist-established
	Sampled    bool // packets of connections that one allows are sampled
	// Tiers are the highest tiers in the stages of ACLs.
	Tiers [len(aclStages)]uint8
}

func (p policy) join(q policy) policy {
	p.ACLs = p.ACLs || q.ACLs
	p.Stateful = p.Stateful || q.Stateful
	p.Persistent = p.Persistent || q.Persistent
	p.Sampled = p.Sampled || q.Sampled
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

// carrier is a switch, or a port group with ports on a switch, that has ACLs
// which apply there.
type carrier struct{ owner, sw schema.UUID }

func (k carrier) Compare(o carrier) int {
	if c := k.owner.Compare(o.owner); c != 0 {
		return c
	}
	return k.sw.Compare(o.sw)
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

// declareACLs declares the tables from ACLs to where their flows are stored.
func (c *Compiler) declareACLs() {
	e := c.e
	c.acls = incr.NewTable(e, "parsed ACL", equalACL, incr.Keys(c.aclRows), c.parseACL)
	c.owned = incr.NewTable(e, "owned ACLs", incr.EqSlice, incr.Union(incr.Keys(c.ls), incr.Keys(c.pgs)), c.ownedACLs)
	c.demands = incr.NewTable(e, "demands of ACLs", incr.Eq, incr.Keys(c.owned), c.demand)
	c.carriers = incr.NewTable(e, "carrier of ACLs", incr.Eq, incr.Union(incr.Values(c.selves), incr.Values(c.membersOn)),
		func(r *incr.Reader, k carrier) (struct{}, bool) { return struct{}{}, incr.Has(r, c.owned, k.owner) })
	c.carriersOn = incr.NewIndex(c.carriers, "switch", func(k carrier, _ struct{}) []schema.UUID { return []schema.UUID{k.sw} })
	c.policies = incr.NewTable(e, "policy", incr.Eq, incr.Keys(c.switches), c.policyOf)
	c.scoped = incr.NewTable(e, "scope of carrier", incr.Eq, incr.Keys(c.carriers), func(r *incr.Reader, k carrier) (scope, bool) {
		if k.owner == k.sw {
			return scope{owner: k.sw}, true
		}
		p, ok := incr.Get(r, c.policies, k.sw)
		return scope{k.owner, true, p.variant()}, ok
	})
	c.byScope = incr.NewIndex(c.scoped, "scope", func(_ carrier, s scope) []scope { return []scope{s} })
	c.scopes = incr.NewTable(e, "scope", incr.EqSlice, incr.Values(c.byScope), func(r *incr.Reader, s scope) ([]schema.UUID, bool) {
		return incr.Get(r, c.owned, s.owner)
	})
	c.rules = incr.NewIndex(c.scopes, "rule", func(s scope, acls []schema.UUID) []rule {
		all := make([]rule, len(acls))
		for i, id := range acls {
			all[i] = rule{s, id}
		}
		return all
	})
}

// ownedACLs is the row function of table "owned ACLs".
func (c *Compiler) ownedACLs(r *incr.Reader, id schema.UUID) ([]schema.UUID, bool) {
	if sw, ok := incr.Get(r, c.ls, id); ok {
		return sw.ACLs, len(sw.ACLs) > 0
	}
	g, ok := incr.Get(r, c.pgs, id)
	return g.ACLs, ok && len(g.ACLs) > 0
}

// demand is the row function of table "demands of ACLs".
func (c *Compiler) demand(r *incr.Reader, id schema.UUID) (policy, bool) {
	var p policy
	acls, _ := incr.Get(r, c.owned, id)
	for _, id := range acls {
		if a, ok := incr.Get(r, c.acls, id); ok {
			p = p.join(a.demand())
		}
	}
	return p, true
}

func (a *acl) demand() policy {
	p := policy{ACLs: true, Stateful: a.Action == "allow-related", Persistent: a.ID != 0, Sampled: a.Est.on()}
	p.Tiers[a.Stage] = a.Tier
	return p
}

// policyOf is the row function of table "policy".
func (c *Compiler) policyOf(r *incr.Reader, sw schema.UUID) (policy, bool) {
	var p policy
	for _, k := range incr.Lookup(r, c.carriersOn, sw) {
		d, _ := incr.Get(r, c.demands, k.owner)
		p = p.join(d)
	}
	return p, true
}

// aclGroupRow is the row function of table "Logical_DP_Group of ACLs".
func (c *Compiler) aclGroupRow(r *incr.Reader, s scope) (*sb.LogicalDPGroup, bool) {
	if !s.group {
		return nil, false
	}
	row := &sb.LogicalDPGroup{Header: schema.Header{UUID: s.datapath()}}
	for _, k := range incr.Lookup(r, c.byScope, s) {
		row.Datapaths = append(row.Datapaths, k.sw)
	}
	return row, true
}
