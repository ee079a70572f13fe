package tables

import (
	"slices"
	"strconv"
	"strings"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/schema"
)

// PortGroupBit is the bit by which a packet tells that its port is in a port
// group, on whatever datapath.
type PortGroupBit struct {
	Bit uint8 // 0 to 31
	// Matched says that flows match the bit. Until then it is only set, and the
	// flows name the group's ports.
	Matched bool
}

// PortGroupUse is what a bit for a port group is good for: each flow that
// matches the group is made once, instead of once for each of its ports here.
type PortGroupUse struct {
	Flows, Ports int
	// Other says that packets come and go here by ports of the group that are
	// no interface's. Nothing sets the bits of such a port, and so the group has
	// no use for one.
	Other bool
}

// markTables say which port groups the ports of this chassis are in.
type markTables struct {
	members *incr.Table[SetMember, mark]
	byPort  *incr.Index[SetMember, mark, schema.UUID]
	byName  *incr.Index[SetMember, mark, string]
	other   *incr.Index[SetMember, mark, string] // those that are no interface's
	bits    *incr.Table[schema.UUID, uint32]     // by port, see physical.Port
	groups  *incr.Table[string, PortGroupBit]    // those that flows match
}

// mark is a port of this chassis in a port group; a port that is no
// interface's is zero.
type mark struct {
	Name string // of the group in the northbound database
	Port schema.UUID
}

// groupRef says that flows of a unit match a port group where a bit would do.
type groupRef struct {
	Name  string
	Flows int
}

// unitRef is a groupRef and whose it is.
type unitRef struct {
	Unit SharedUnit
	groupRef
}

// joinMarks declares what port groups mean for the ports that are bound here.
func (t *Tables) joinMarks() {
	m := &t.marks
	m.members = incr.NewTable(t.Engine, "marks", incr.Eq[mark], incr.Keys(t.PortGroupPorts), t.mark)
	m.byPort = incr.NewIndex(m.members, "port", func(_ SetMember, k mark) []schema.UUID {
		if k.Port.IsZero() {
			return nil
		}
		return one(k.Port)
	})
	m.byName = incr.NewIndex(m.members, "group", func(_ SetMember, k mark) []string { return one(k.Name) })
	m.other = incr.NewIndex(m.members, "other", func(_ SetMember, k mark) []string {
		if !k.Port.IsZero() {
			return nil
		}
		return one(k.Name)
	})
	m.bits = incr.NewTable(t.Engine, "port group bits of ports", incr.Eq[uint32], incr.Values(m.byPort),
		func(r *incr.Reader, port schema.UUID) (bits uint32, ok bool) {
			for _, k := range incr.Each(r, m.byPort, port) {
				if b, ok := incr.Get(r, t.PortGroupBits, k.Name); ok {
					bits |= 1 << b.Bit
				}
			}
			return bits, bits != 0
		})
	m.groups = incr.NewTable(t.Engine, "matched port groups", incr.Eq[PortGroupBit], incr.Keys(t.PortGroupBits),
		func(r *incr.Reader, name string) (PortGroupBit, bool) {
			b, _ := incr.Get(r, t.PortGroupBits, name)
			return b, b.Matched && incr.Count(r, m.other, name) == 0
		})
}

// mark finds the port of this chassis that a member is. The row of a port group
// is named by the key of the one datapath that it is for.
func (t *Tables) mark(r *incr.Reader, m SetMember) (mark, bool) {
	if !t.isNear(r, m.Text) {
		return mark{}, false
	}
	row, _ := incr.Get(r, t.PortGroups, m.Set)
	if row == nil {
		return mark{}, false
	}
	if id, _, _ := incr.One(r, t.sets.groups, row.Name); id != m.Set {
		return mark{}, false // another row has the name
	}
	id, port, _ := incr.One(r, t.portsByName, m.Text)
	dp, local := incr.Get(r, t.Local, port.Datapath)
	key, name, _ := strings.Cut(row.Name, "_")
	if !local || key != strconv.FormatUint(uint64(dp.Key), 10) {
		return mark{}, false
	}
	if !incr.Has(r, t.Bound, id) {
		id = schema.UUID{}
	}
	return mark{name, id}, true
}

// usePortGroups declares what bits are good for.
func (t *Tables) usePortGroups() {
	m := &t.marks
	own := incr.NewIndex(t.Units, "port groups", func(p Path, l Lowered) []unitRef { return l.refs(SharedUnit{p.Owner, p}) })
	shared := incr.NewIndex(t.SharedUnits, "port groups", func(u SharedUnit, l Lowered) []unitRef { return l.refs(u) })
	refs := incr.NewTable(t.Engine, "port group references", incr.Eq[struct{}], incr.Union(incr.Values(own), incr.Values(shared)),
		func(*incr.Reader, unitRef) (struct{}, bool) { return struct{}{}, true })
	byName := incr.NewIndex(refs, "group", func(u unitRef, _ struct{}) []string { return one(u.Name) })
	t.PortGroupUse = incr.NewTable(t.Engine, "port group use", incr.Eq[PortGroupUse], incr.Values(m.byName),
		func(r *incr.Reader, name string) (PortGroupUse, bool) {
			// A unit of a group of datapaths counts once, however it is lowered.
			flows := map[Path]int{}
			for _, u := range incr.Lookup(r, byName, name) {
				flows[u.Unit.Path] = max(flows[u.Unit.Path], u.Flows)
			}
			u := PortGroupUse{Ports: incr.Count(r, m.byName, name), Other: incr.Count(r, m.other, name) > 0}
			for _, n := range flows {
				u.Flows += n
			}
			return u, true
		}).Feed()
}

func (l *Lowered) refs(u SharedUnit) []unitRef {
	refs := make([]unitRef, len(l.PortGroups))
	for i, g := range l.PortGroups {
		refs[i] = unitRef{u, g}
	}
	return refs
}

// refer counts a flow that matches a port group.
func (l *Lowered) refer(name string) {
	i, found := slices.BinarySearchFunc(l.PortGroups, name, func(g groupRef, name string) int { return strings.Compare(g.Name, name) })
	if !found {
		l.PortGroups = slices.Insert(l.PortGroups, i, groupRef{Name: name})
	}
	l.PortGroups[i].Flows++
}

// InPortGroup returns the ports of this chassis in a port group of the
// northbound database. One that is no interface's is zero.
func (t *Tables) InPortGroup(name string) (ports []schema.UUID) {
	for _, m := range t.marks.byName.Lookup(name) {
		k, _ := t.marks.members.Get(m)
		ports = append(ports, k.Port)
	}
	return ports
}

// portGroupBit answers lower.Env.PortGroupBit, and counts the flow for the
// group.
func (t *Tables) portGroupBit(r *incr.Reader, m *maker) func(name string) (uint8, bool) {
	return func(name string) (uint8, bool) {
		if !slices.Contains(m.groups, name) {
			m.groups = append(m.groups, name)
			m.out.refer(name)
		}
		b, ok := incr.Get(r, t.marks.groups, name)
		return b.Bit, ok
	}
}
