package tables

import (
	"fmt"
	"slices"

	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/ofctrl"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

func loweredEqual(a, b Lowered) bool {
	return a.Flows == b.Flows && slices.Equal(a.Families, b.Families) &&
		slices.Equal(a.Groups, b.Groups) && slices.Equal(a.Meters, b.Meters) &&
		slices.Equal(a.PortGroups, b.PortGroups) && slices.Equal(a.Errors, b.Errors)
}

// lowerUnits declares the flows of the units that are for one datapath.
func (t *Tables) lowerUnits() {
	t.Units = incr.NewTable(t.Engine, "units", loweredEqual, incr.Keys(t.Chunks),
		func(r *incr.Reader, p Path) (Lowered, bool) {
			dp, ok := incr.Get(r, t.Local, p.Owner)
			if !ok {
				return Lowered{}, false
			}
			flows, wrong, err := t.flowsIn(r, p)
			if err != nil {
				return Lowered{Errors: []string{fmt.Sprintf("unit %s of %s: %v", p.Unit, p.Owner, err)}}, true
			}
			out := t.lower(r, SharedUnit{p.Owner, p}, dp, flows)
			out.Errors = append(out.Errors, wrong...)
			return out, true
		}).Feed()
}

// sharedTables bring the units of groups to the group's local datapaths, or to
// all of them at once.
type sharedTables struct {
	decoded *incr.Table[Path, decoded]
	whole   *incr.Index[Path, decoded, SharedUnit]  // units lowered once
	spread  *incr.Index[Member, []Path, SharedUnit] // those lowered for each datapath
}

type decoded struct {
	flows []sb.Flow
	wrong []string // of single flows
	err   string
	scope scope
}

func (t *Tables) decodeShared() {
	s := &t.shared
	s.decoded = incr.NewTable(t.Engine, "decoded", nil, incr.Keys(t.Chunks),
		func(r *incr.Reader, p Path) (decoded, bool) {
			scope, ok := incr.Get(r, t.scopes.groups, p.Owner)
			if !ok {
				return decoded{}, false
			}
			if wide, ok := incr.Get(r, t.scopes.groups, p.group()); ok {
				scope = wide
			}
			flows, wrong, err := t.flowsIn(r, p)
			if err != nil {
				return decoded{err: fmt.Sprintf("unit %s of group %s: %v", p.Unit, p.Owner, err), scope: scope}, true
			}
			return decoded{flows: flows, wrong: wrong, scope: scope}, true
		})
	s.whole = incr.NewIndex(s.decoded, "whole", func(p Path, d decoded) []SharedUnit {
		if !d.scope.matched {
			return nil
		}
		return one(SharedUnit{Path: p})
	})
	narrow := incr.NewIndex(s.decoded, "narrow", func(p Path, d decoded) []schema.UUID {
		if d.scope.matched || !d.scope.decided {
			return nil
		}
		return one(p.Owner)
	})
	paths := incr.NewTable(t.Engine, "shared", slices.Equal[[]Path], incr.Keys(t.scopes.local),
		func(r *incr.Reader, m Member) ([]Path, bool) { return incr.Lookup(r, narrow, m.Group), true })
	s.spread = incr.NewIndex(paths, "unit", func(m Member, paths []Path) []SharedUnit {
		units := make([]SharedUnit, len(paths))
		for i, p := range paths {
			units[i] = SharedUnit{m.Row, p}
		}
		return units
	})
	flows := incr.NewSum(s.decoded, "flows", func(p Path, d decoded) (schema.UUID, int) { return p.group(), len(d.flows) })
	t.GroupUse = incr.NewTable(t.Engine, "group use", incr.Eq[GroupUse], incr.Keys(t.scopes.groups),
		func(r *incr.Reader, group schema.UUID) (u GroupUse, ok bool) {
			u.Flows = incr.Total(r, flows, group)
			switches := len(incr.Lookup(r, t.scopes.byKind, groupKind{group, false}))
			routers := len(incr.Lookup(r, t.scopes.byKind, groupKind{group, true}))
			u.Datapaths, u.Mixed = switches+routers, switches > 0 && routers > 0
			return u, true
		}).Feed()
}

func (t *Tables) lowerShared() {
	s := &t.shared
	t.SharedUnits = incr.NewTable(t.Engine, "shared units", loweredEqual, incr.Union(incr.Values(s.spread), incr.Values(s.whole)),
		func(r *incr.Reader, u SharedUnit) (Lowered, bool) {
			d, ok := incr.Get(r, s.decoded, u.Path)
			dp, local := incr.Get(r, t.Local, u.Datapath)
			switch {
			case !ok || !local && !u.Datapath.IsZero():
				return Lowered{}, false
			case d.err != "":
				return Lowered{Errors: []string{d.err}}, true
			}
			var out Lowered
			if u.Datapath.IsZero() {
				out = t.lowerWhole(r, u.Path, d.scope, d.flows)
			} else {
				out = t.lower(r, u, dp, d.flows)
			}
			out.Errors = append(out.Errors, d.wrong...)
			return out, true
		}).Feed()
}

// lower lowers the flows of a unit for one datapath.
func (t *Tables) lower(r *incr.Reader, u SharedUnit, dp Datapath, flows []sb.Flow) Lowered {
	m := t.maker(r, u)
	m.flows = make([]ofctrl.Flow, 0, len(flows))
	env := t.env(r, u.Datapath, dp, m)
	for i := range flows {
		m.begin(&flows[i])
		if err := m.add(u.Datapath, &env); err != nil {
			m.complain(err.Error())
		}
	}
	return m.end()
}

// maker collects the flows of one unit.
type maker struct {
	lowerer *lower.Lowerer
	ids     *conjUnit
	path    string
	out     Lowered
	flows   []ofctrl.Flow
	buf     []lower.Flow
	uses    *uses

	// The logical flow that is being lowered, and what it is lowered for: zero
	// where that is all of a group.
	flow     *sb.Flow
	uuid     schema.UUID
	datapath schema.UUID
	logical  lower.Logical
	groups   []string // that it matches where a bit would do
	// undecided says that nobody knows yet whether one of them has a bit.
	undecided bool
	families  int    // of the flows before
	family    uint16 // number of the flow's next one
}

func (t *Tables) maker(r *incr.Reader, u SharedUnit) *maker {
	m := &maker{lowerer: t.lowerer, ids: t.conj.unit(u), path: u.Path.String()}
	m.uses = t.uses(r, u, m)
	return m
}

// begin goes on to the next logical flow.
func (m *maker) begin(f *sb.Flow) {
	m.flow, m.uuid, m.logical = f, f.UUID(m.path), lower.FromSB(f)
	m.groups, m.undecided = m.groups[:0], false
	m.families, m.family = len(m.out.Families), 0
}

// add lowers the flow; datapath is zero where that is for all of a group.
func (m *maker) add(datapath schema.UUID, env *lower.Env) (err error) {
	m.datapath, m.uses.nth = datapath, 0
	if m.buf, err = m.lowerer.Flow(m.buf[:0], &m.logical, cookie(m.uuid), env); err != nil {
		return err
	}
	if m.undecided {
		m.out.Families = m.out.Families[:m.families]
		return nil
	}
	for _, o := range m.buf {
		m.flows = append(m.flows, ofctrl.Flow(o))
	}
	return nil
}

// end returns what was made.
func (m *maker) end() Lowered {
	m.ids.done()
	m.uses.into(&m.out)
	m.out.Flows = ofctrl.Pack(m.flows)
	return m.out
}

// complain notes once what is wrong with the flow.
func (m *maker) complain(what string) {
	if what = source(m.flow) + ": " + what; !slices.Contains(m.out.Errors, what) {
		m.out.Errors = append(m.out.Errors, what)
	}
}

// source says where a flow comes from.
func source(f *sb.Flow) string { return "flow of " + f.Stage + " (" + f.Source + ")" }

// common answers what does not depend on the datapath.
func (t *Tables) common(r *incr.Reader, m *maker) lower.Env {
	env := lower.Env{
		Far: lastAnswer(func(name string) bool { return t.isFar(r, name) }),
		Resident: func(name string) bool {
			for _, k := range incr.Lookup(r, t.portsByName, name) {
				if incr.Has(r, t.Bound, k) || incr.Has(r, t.Hosted, k) {
					return true
				}
			}
			return false
		},
		PortGroupBit: t.portGroupBit(r, m),
		Conjunctions: func(n int) uint32 { return m.ids.take(m.flow, m.datapath, n) },
		Family:       m.addFamily,
		Collectors:   func(set uint32) bool { return incr.Has(r, t.CollectorSets, set) },
	}
	m.uses.answer(&env)
	t.refer(r, &env, m.complain)
	return env
}

// lastAnswer remembers the answer to the last question: the flows of a unit
// mostly are about one port.
func lastAnswer[V any](answer func(name string) V) func(name string) V {
	var last string
	var v V
	asked := false
	return func(name string) V {
		if !asked || name != last {
			last, v, asked = name, answer(name), true
		}
		return v
	}
}

// noPort is the name for what an output port holds that was not set.
const noPort = "none"

// isFar tells of a port that packets cannot enter or leave by on this chassis.
func (t *Tables) isFar(r *incr.Reader, name string) bool {
	id, row, ok := incr.One(r, t.portsByName, name)
	return ok && !t.isHere(r, id, row)
}

// env answers what the flows of a datapath refer to.
func (t *Tables) env(r *incr.Reader, uuid schema.UUID, dp Datapath, m *maker) lower.Env {
	env := t.common(r, m)
	env.Scope, env.Router = lower.Datapath(dp.Key), dp.Router
	env.Passed = t.passedBy(r, t.stages.ofDatapath, uuid)
	port := lastAnswer(func(name string) lower.Port {
		if _, p, ok := incr.One(r, t.portsByName, name); ok && p.Datapath == uuid {
			return lower.Port{Key: p.Key}
		}
		if _, g, ok := incr.One(r, t.groupsByName, groupName{uuid, name}); ok {
			return lower.Port{Key: uint32(g.TunnelKey)}
		}
		return lower.Port{}
	})
	env.Port = func(name string) (lower.Port, bool) {
		if name == noPort {
			return lower.Port{}, true
		}
		p := port(name)
		return p, p != lower.Port{} // no key is 0
	}
	env.PortGroup = func(name string, near bool) ([]string, bool) { return t.portsOf(r, dp, name, near), true }
	return env
}
