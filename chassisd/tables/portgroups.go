package tables

import (
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"github.com/weft-sdn/weft/chassisd/physical"
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/ofctrl"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// PortGroupBit is the bit by which a packet tells that its port is in a port
// group, on whatever datapath. Flows that match a group with ports here of which
// nobody has said whether it has one are not made, so that they are not made
// twice.
type PortGroupBit struct {
	// None says that there is no bit: flows name the group's ports.
	None bool
	Bit  uint8 // 0 to 31
	// Matched says that flows match the bit. Else it is only set, and the flows
	// name the group's ports.
	Matched bool
	// Fresh says that packets may be on their way that have not got the bit.
	// Where flows match it they get it.
	Fresh bool
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
	groups  *incr.Table[string, groupState]      // those of which flows do not name the ports
	stages  *incr.Table[string, stageSet]        // in which flows match them
}

// groupState is the bit of a port group that flows match, or that there may be
// one.
type groupState struct {
	PortGroupBit
	undecided bool
}

// mark is a port of this chassis in a port group; a port that is no
// interface's is zero.
type mark struct {
	Name string // of the group in the northbound database
	Port schema.UUID
}

// groupRef says that flows of a unit match a port group where a bit would do.
type groupRef struct {
	Name   string
	Flows  int
	Stages stageSet
}

// unitRef is a groupRef and whose it is.
type unitRef struct {
	Unit SharedUnit
	groupRef
}

// joinMarks declares what port groups mean for the ports that are bound here.
func (t *Tables) joinMarks() {
	m := &t.marks
	m.members = incr.NewTable(t.Engine, "marks", incr.Eq[mark], incr.Under(t.sets.ports, t.sets.local), t.mark)
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
				if b, ok := incr.Get(r, t.PortGroupBits, k.Name); ok && !b.None {
					bits |= 1 << b.Bit
				}
			}
			return bits, bits != 0
		})
	m.groups = incr.NewTable(t.Engine, "matched port groups", incr.Eq[groupState], incr.Values(m.byName),
		func(r *incr.Reader, name string) (groupState, bool) {
			b, decided := incr.Get(r, t.PortGroupBits, name)
			return groupState{b, !decided}, !decided || b.Matched && incr.Count(r, m.other, name) == 0
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
	m.stages = incr.NewTable(t.Engine, "stages of port groups", incr.Eq[stageSet], incr.Values(byName),
		func(r *incr.Reader, name string) (s stageSet, _ bool) {
			for _, u := range incr.Lookup(r, byName, name) {
				s = s.or(u.Stages)
			}
			return s, true
		})
	t.MendFlows = incr.NewTable(t.Engine, "mends", incr.Eq[ofctrl.Flows], incr.Values(m.byPort), packed(t.mends)).Feed()
}

// mends are the flows that give packets of a port the fresh bits of its groups,
// where flows match these.
func (t *Tables) mends(r *incr.Reader, port schema.UUID) (flows []ofctrl.Flow, _ bool) {
	for _, k := range incr.Each(r, t.marks.byPort, port) {
		b, _ := incr.Get(r, t.marks.groups, k.Name)
		if !b.Fresh {
			continue
		}
		p, _ := t.localPort(r, port)
		stages, _ := incr.Get(r, t.marks.stages, k.Name)
		for pipeline, set := range stages {
			for ; set != 0; set &= set - 1 {
				flows = append(flows, physical.Mend(p, uint8(pipeline) == sb.Egress, uint8(bits.TrailingZeros64(set)), b.Bit))
			}
		}
	}
	return flows, len(flows) > 0
}

func (l *Lowered) refs(u SharedUnit) []unitRef {
	refs := make([]unitRef, len(l.PortGroups))
	for i, g := range l.PortGroups {
		refs[i] = unitRef{u, g}
	}
	return refs
}

// refer counts a flow that matches a port group.
func (l *Lowered) refer(name string, f *sb.Flow) {
	i, found := slices.BinarySearchFunc(l.PortGroups, name, func(g groupRef, name string) int { return strings.Compare(g.Name, name) })
	if !found {
		l.PortGroups = slices.Insert(l.PortGroups, i, groupRef{Name: strings.Clone(name)}) // a text pins its chunk
	}
	l.PortGroups[i].Flows++
	l.PortGroups[i].Stages[f.Pipeline] |= 1 << f.Table
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
			m.out.refer(name, m.flow)
		}
		b, ok := incr.Get(r, t.marks.groups, name)
		m.undecided = m.undecided || b.undecided
		return b.Bit, ok
	}
}
