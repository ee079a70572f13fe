package tables

import (
	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// GroupBit is the bit of metadata that says that a packet is on a datapath of
// a group. The flows of a group of which nobody has said whether it has one are
// not made, so that they are not made twice.
type GroupBit struct {
	Bit uint8 // 24 to 63, 0 for none
	// Matched says that the group's flows match the bit. Until then it is only
	// set, so that all packets have it when it comes to matter, and the flows
	// are made for each datapath.
	Matched bool
}

// Mask is the bit in metadata.
func (b GroupBit) Mask() uint64 { return 1 << b.Bit &^ (1<<lower.DatapathBits - 1) }

// GroupUse is what a bit for a group is good for: its flows are made once,
// instead of once for each of its datapaths that are local. Mixed groups, of
// switches and routers, have no use for one.
type GroupUse struct {
	Flows, Datapaths int
	Mixed            bool
}

// scopeTables say which datapaths the flows of a group are for.
type scopeTables struct {
	groupsOf *incr.Index[Member, struct{}, schema.UUID] // by datapath
	bits     *incr.Table[schema.UUID, uint64]           // by local datapath
	local    *incr.Table[Member, bool]                  // local datapaths in groups: is it a router?
	byGroup  *incr.Index[Member, bool, schema.UUID]
	byKind   *incr.Index[Member, bool, groupKind]
	groups   *incr.Table[schema.UUID, scope] // those with local datapaths
	named    *incr.Table[string, struct{}]   // names of multicast groups
}

// groupKind are the switches, or the routers, in a group.
type groupKind struct {
	Group  schema.UUID
	Router bool
}

// scope is how the flows of a group match. Where it is not matched they are
// made for each datapath.
type scope struct {
	lower.Scope
	router, matched, decided bool
}

func (t *Tables) joinScopes() {
	s := &t.scopes
	s.groupsOf = incr.NewIndex(t.DPGroups, "datapath", func(m Member, _ struct{}) []schema.UUID { return one(m.Row) })
	s.bits = incr.NewTable(t.Engine, "datapath bits", incr.Eq[uint64], incr.Keys(t.Local), t.bits)
	s.local = incr.NewTable(t.Engine, "local members", incr.Eq[bool], incr.Under(s.groupsOf, incr.Keys(t.Local)),
		func(r *incr.Reader, m Member) (bool, bool) {
			dp, ok := incr.Get(r, t.Local, m.Row)
			return dp.Router, ok
		})
	s.byGroup = incr.NewIndex(s.local, "group", func(m Member, _ bool) []schema.UUID { return one(m.Group) })
	s.byKind = incr.NewIndex(s.local, "kind", func(m Member, router bool) []groupKind { return one(groupKind{m.Group, router}) })
	s.groups = incr.NewTable(t.Engine, "group scopes", incr.Eq[scope], incr.Values(s.byGroup), t.scope)
	names := incr.NewIndex(t.Groups, "any name", func(_ schema.UUID, g *sb.MulticastGroup) []string { return one(g.Name) })
	s.named = incr.NewTable(t.Engine, "multicast names", incr.Eq[struct{}], incr.Values(names),
		func(*incr.Reader, string) (struct{}, bool) { return struct{}{}, true })
}

// DatapathsOf returns the datapaths that a unit of a group is lowered for.
func (t *Tables) DatapathsOf(u SharedUnit) (dps []schema.UUID) {
	if !u.Datapath.IsZero() {
		return one(u.Datapath)
	}
	for _, m := range t.scopes.byGroup.Lookup(u.Path.Owner) {
		dps = append(dps, m.Row)
	}
	return dps
}

// bits are what metadata holds above the key of a local datapath. Together
// they are all that a packet of the datapath carries there: whatever makes one
// takes it from here.
func (t *Tables) bits(r *incr.Reader, dp schema.UUID) (uint64, bool) {
	var bits uint64
	for _, m := range incr.Lookup(r, t.scopes.groupsOf, dp) {
		if b, ok := incr.Get(r, t.GroupBits, m.Group); ok {
			bits |= b.Mask()
		}
	}
	return bits, true
}

func (t *Tables) scope(r *incr.Reader, group schema.UUID) (scope, bool) {
	switches := len(incr.Lookup(r, t.scopes.byKind, groupKind{group, false}))
	routers := len(incr.Lookup(r, t.scopes.byKind, groupKind{group, true}))
	b, decided := incr.Get(r, t.GroupBits, group)
	s := scope{router: routers > 0, decided: decided}
	if b.Matched && (switches == 0 || routers == 0) {
		s.Scope, s.matched = lower.Scope{Value: b.Mask(), Mask: b.Mask()}, true
	}
	return s, true
}
