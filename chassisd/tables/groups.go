package tables

import (
	"github.com/weft-sdn/weft/chassisd/physical"
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/ofctrl"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// memberTables bring multicast groups together from their members, so that a
// port that comes or goes costs the same in a group of any size: a group's
// flows depend on its local members and on its tunnels, not on each port that
// is behind one.
type memberTables struct {
	where    *incr.Table[Member, member]
	local    *incr.Index[Member, member, schema.UUID]
	patches  *incr.Index[Member, member, schema.UUID]
	tunnelOf *incr.Index[Member, member, groupTunnel]
	tunnels  *incr.Table[groupTunnel, struct{}]
	byGroup  *incr.Index[groupTunnel, struct{}, schema.UUID]
}

// member is a member of a group on a local datapath: behind a tunnel, or here,
// Tunnel 0, where Patch says that it is so on each chassis.
type member struct {
	physical.Member
	Tunnel uint32
	Patch  bool
}

type groupTunnel struct {
	Group  schema.UUID
	Tunnel uint32
}

func (t *Tables) joinGroups() {
	m := &t.members
	groups := incr.Under(incr.NewIndex(t.Groups, "datapath", func(_ schema.UUID, g *sb.MulticastGroup) []schema.UUID {
		return one(g.Datapath)
	}), incr.Keys(t.Local))
	members := incr.NewIndex(t.GroupPorts, "group", func(k Member, _ struct{}) []schema.UUID { return one(k.Group) })
	m.where = incr.NewTable(t.Engine, "members", incr.Eq[member], incr.Under(members, groups), t.member)
	m.local = incr.NewIndex(m.where, "local", func(k Member, p member) []schema.UUID {
		if p.Tunnel != 0 || p.Patch {
			return nil
		}
		return one(k.Group)
	})
	m.patches = incr.NewIndex(m.where, "patches", func(k Member, p member) []schema.UUID {
		if !p.Patch {
			return nil
		}
		return one(k.Group)
	})
	m.tunnelOf = incr.NewIndex(m.where, "tunnel", func(k Member, p member) []groupTunnel {
		if p.Tunnel == 0 {
			return nil
		}
		return one(groupTunnel{k.Group, p.Tunnel})
	})
	m.tunnels = incr.NewTable(t.Engine, "group tunnels", incr.Eq[struct{}], incr.Values(m.tunnelOf),
		func(*incr.Reader, groupTunnel) (struct{}, bool) { return struct{}{}, true })
	m.byGroup = incr.NewIndex(m.tunnels, "group", func(k groupTunnel, _ struct{}) []schema.UUID { return one(k.Group) })
	t.GroupFlows = incr.NewTable(t.Engine, "group flows", incr.Eq[ofctrl.Flows], groups, packed(t.groupFlows)).Feed()
}

func (t *Tables) member(r *incr.Reader, k Member) (member, bool) {
	at, ok := incr.Get(r, t.where, k.Row)
	switch {
	case !ok || at.place == beyond: // the localnet port is a member too
		return member{}, false
	case at.place == elsewhere:
		return member{Tunnel: at.Tunnel}, true
	}
	p, ok := t.onDatapath(r, k.Row)
	return member{Member: p.Member(), Patch: at.place == aPatch || at.place == aLocalport}, ok
}

func (t *Tables) groupFlows(r *incr.Reader, group schema.UUID) ([]ofctrl.Flow, bool) {
	row, ok := incr.Get(r, t.Groups, group)
	if !ok {
		return nil, false
	}
	dp, ok := incr.Get(r, t.Local, row.Datapath)
	if !ok {
		return nil, false
	}
	bits, _ := incr.Get(r, t.scopes.bits, row.Datapath)
	g := physical.Group{Cookie: cookie(group), Datapath: dp.Key, Bits: bits, Key: uint16(row.TunnelKey)}
	for _, p := range incr.Each(r, t.members.local, group) {
		g.Local = append(g.Local, p.Member)
	}
	for _, p := range incr.Each(r, t.members.patches, group) {
		g.Patches = append(g.Patches, p.Member)
	}
	for _, k := range incr.Lookup(r, t.members.byGroup, group) {
		g.Tunnels = append(g.Tunnels, k.Tunnel)
	}
	return physical.Multicast(g), true
}
