package tables

import (
	"errors"
	"slices"

	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// lowerWhole lowers the flows of a unit once for all datapaths of the group.
// The few that name what is not the same on all of them are lowered for each.
func (t *Tables) lowerWhole(r *incr.Reader, path Path, s scope, flows []sb.Flow) Lowered {
	m := t.maker(r, SharedUnit{Path: path})
	env := t.groupEnv(r, path.group(), s, m)
	var envs map[schema.UUID]*lower.Env // of the datapaths, once one is needed
	for i := range flows {
		m.begin(&flows[i])
		err := m.add(schema.UUID{}, &env)
		if errors.Is(err, lower.ErrVaries) {
			if envs == nil {
				envs = t.envs(r, path.Owner, m)
			}
			for _, k := range incr.Lookup(r, t.scopes.byGroup, path.Owner) {
				if err = m.add(k.Row, envs[k.Row]); err != nil {
					break // it is the text: the same on each
				}
			}
		}
		if err != nil {
			m.complain(err.Error())
		}
	}
	return m.end()
}

// envs are those of the datapaths of a group.
func (t *Tables) envs(r *incr.Reader, group schema.UUID, m *maker) map[schema.UUID]*lower.Env {
	envs := map[schema.UUID]*lower.Env{}
	for _, k := range incr.Lookup(r, t.scopes.byGroup, group) {
		dp, _ := incr.Get(r, t.Local, k.Row)
		env := t.env(r, k.Row, dp, m)
		envs[k.Row] = &env
	}
	return envs
}

// groupEnv answers what the flows of a group refer to.
func (t *Tables) groupEnv(r *incr.Reader, group schema.UUID, s scope, m *maker) lower.Env {
	known := map[string]lower.Port{}
	env := t.common(r, m)
	env.Scope, env.Router = s.Scope, s.router
	env.Passed = t.passedBy(r, t.stages.ofGroup, group)
	env.Port = func(name string) (lower.Port, bool) {
		if name == noPort {
			return lower.Port{}, true
		}
		p, ok := known[name]
		if !ok {
			p = t.groupPort(r, group, name)
			known[name] = p
		}
		return p, p != lower.Port{}
	}
	env.PortGroup = func(name string, near bool) (ports []string, ok bool) {
		for _, k := range incr.Lookup(r, t.scopes.byGroup, group) {
			dp, _ := incr.Get(r, t.Local, k.Row)
			ports = append(ports, t.portsOf(r, dp, name, near)...)
		}
		return ports, true
	}
	return env
}

// groupPort is what a name stands for on the datapaths of a group, the zero
// Port if on none of them for anything.
func (t *Tables) groupPort(r *incr.Reader, group schema.UUID, name string) lower.Port {
	var port lower.Port
	if _, p, ok := incr.One(r, t.portsByName, name); ok && incr.Has(r, t.scopes.local, Member{group, p.Datapath}) {
		dp, _ := incr.Get(r, t.Local, p.Datapath)
		port = lower.Port{Key: p.Key, Datapath: dp.Key}
	}
	if !incr.Has(r, t.scopes.named, name) {
		return port
	}
	var keys []uint32 // of the multicast group, 0 where there is none
	for _, k := range incr.Lookup(r, t.scopes.byGroup, group) {
		key := uint32(0)
		if _, g, ok := incr.One(r, t.groupsByName, groupName{k.Row, name}); ok {
			key = uint32(g.TunnelKey)
		}
		keys = append(keys, key)
	}
	slices.Sort(keys)
	switch keys = slices.Compact(keys); {
	case len(keys) == 1 && keys[0] == 0:
		return port
	case len(keys) == 1 && port == lower.Port{}:
		return lower.Port{Key: keys[0]}
	}
	return lower.Port{Varies: true}
}
