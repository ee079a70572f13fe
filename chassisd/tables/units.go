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
	return slices.Equal(a.Flows, b.Flows) && slices.Equal(a.Errors, b.Errors) && slices.Equal(a.Families, b.Families)
}

// lowerUnits declares the flows of the units that are for one datapath.
func (t *Tables) lowerUnits() {
	t.Units = incr.NewTable(t.Engine, "units", loweredEqual, incr.Keys(t.Chunks),
		func(r *incr.Reader, p Path) (Lowered, bool) {
			dp, ok := incr.Get(r, t.Local, p.Owner)
			if !ok {
				return Lowered{}, false
			}
			chunk, _ := incr.Get(r, t.Chunks, p)
			flows, err := sb.DecodeFlows([]byte(chunk))
			if err != nil {
				return Lowered{Errors: []string{fmt.Sprintf("unit %s of %s: %v", p.Unit, p.Owner, err)}}, true
			}
			return t.lower(r, SharedUnit{p.Owner, p}, dp, flows), true
		}).Feed()
}

// sharedTables bring the units of groups to the group's local datapaths.
type sharedTables struct {
	local   *incr.Table[Member, []Path] // a local datapath in a group: the group's units
	byGroup *incr.Index[Member, []Path, schema.UUID]
	units   *incr.Index[Member, []Path, SharedUnit]
	decoded *incr.Table[Path, decoded]
}

type decoded struct {
	flows []sb.Flow
	err   string
}

func (t *Tables) lowerShared() {
	s := &t.shared
	chunksByOwner := incr.NewIndex(t.Chunks, "owner", func(p Path, _ string) []schema.UUID { return one(p.Owner) })
	s.local = incr.NewTable(t.Engine, "shared", slices.Equal[[]Path], incr.Keys(t.DPGroups),
		func(r *incr.Reader, m Member) ([]Path, bool) {
			if !incr.Has(r, t.Local, m.Row) {
				return nil, false
			}
			return incr.Lookup(r, chunksByOwner, m.Group), true
		})
	s.byGroup = incr.NewIndex(s.local, "group", func(m Member, _ []Path) []schema.UUID { return one(m.Group) })
	s.units = incr.NewIndex(s.local, "unit", func(m Member, paths []Path) []SharedUnit {
		units := make([]SharedUnit, len(paths))
		for i, p := range paths {
			units[i] = SharedUnit{m.Row, p}
		}
		return units
	})
	s.decoded = incr.NewTable(t.Engine, "decoded", nil, incr.Keys(t.Chunks),
		func(r *incr.Reader, p Path) (decoded, bool) {
			if len(incr.Lookup(r, s.byGroup, p.Owner)) == 0 {
				return decoded{}, false
			}
			chunk, _ := incr.Get(r, t.Chunks, p)
			flows, err := sb.DecodeFlows([]byte(chunk))
			if err != nil {
				return decoded{err: fmt.Sprintf("unit %s of group %s: %v", p.Unit, p.Owner, err)}, true
			}
			return decoded{flows: flows}, true
		})
	t.SharedUnits = incr.NewTable(t.Engine, "shared units", loweredEqual, incr.Values(s.units),
		func(r *incr.Reader, u SharedUnit) (Lowered, bool) {
			dp, ok := incr.Get(r, t.Local, u.Datapath)
			d, there := incr.Get(r, s.decoded, u.Path)
			if !ok || !there {
				return Lowered{}, false
			}
			if d.err != "" {
				return Lowered{Errors: []string{d.err}}, true
			}
			return t.lower(r, u, dp, d.flows), true
		}).Feed()
}

// lower lowers the flows of a unit for one datapath.
func (t *Tables) lower(r *incr.Reader, u SharedUnit, dp Datapath, flows []sb.Flow) Lowered {
	env := t.env(r, u.Datapath, dp)
	var out Lowered
	var buf []lower.Flow
	ids, path := t.conj.unit(u), u.Path.String()
	defer ids.done()
	var f *sb.Flow
	complain := func(what string) {
		if what = source(f) + ": " + what; !slices.Contains(out.Errors, what) {
			out.Errors = append(out.Errors, what)
		}
	}
	t.refer(r, dp, &env, complain)
	for i := range flows {
		f = &flows[i]
		env.Conjunctions = func(n int) uint32 { return ids.take(f, n) }
		logical, uuid := lower.FromSB(f), f.UUID(path)
		env.Family = out.familiesOf(uuid, source(f))
		var err error
		if buf, err = t.lowerer.Flow(buf[:0], &logical, cookie(uuid), &env); err != nil {
			complain(err.Error())
			continue
		}
		for _, o := range buf {
			out.Flows = append(out.Flows, ofctrl.Flow(o))
		}
	}
	return out
}

// source says where a flow comes from.
func source(f *sb.Flow) string { return "flow of " + f.Stage + " (" + f.Source + ")" }

// env answers what the flows of a datapath refer to.
func (t *Tables) env(r *incr.Reader, uuid schema.UUID, dp Datapath) lower.Env {
	return lower.Env{
		Scope: lower.Datapath(dp.Key), Router: dp.Router,
		Port: func(name string) (lower.Port, bool) {
			if _, p, ok := incr.One(r, t.portsByName, name); ok && p.Datapath == uuid {
				return lower.Port{Key: uint32(p.TunnelKey)}, true
			}
			if _, g, ok := incr.One(r, t.groupsByName, groupName{uuid, name}); ok {
				return lower.Port{Key: uint32(g.TunnelKey)}, true
			}
			return lower.Port{}, false
		},
		Resident: func(name string) bool {
			for _, k := range incr.Lookup(r, t.portsByName, name) {
				if incr.Has(r, t.Bound, k) {
					return true
				}
			}
			return false
		},
	}
}
