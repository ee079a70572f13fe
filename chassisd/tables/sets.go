package tables

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// SetMember is an address of an address set, or the name of a port of a port
// group.
type SetMember struct {
	Set  schema.UUID
	Text string
}

// setTables answer what `$set` and `@group` stand for.
type setTables struct {
	sets    *incr.Index[schema.UUID, *sb.AddressSet, string]
	groups  *incr.Index[schema.UUID, *sb.PortGroup, string]
	members *incr.Table[schema.UUID, addresses]
	near    *incr.Index[SetMember, bool, schema.UUID]
	ports   *incr.Index[SetMember, struct{}, schema.UUID]
}

// addresses are the members of an address set, and what is wrong with those
// that are left out.
type addresses struct {
	list []lflow.Constant
	bad  []string
}

func (a addresses) equal(b addresses) bool {
	return slices.Equal(a.list, b.list) && slices.Equal(a.bad, b.bad)
}

func (t *Tables) joinSets() {
	s := &t.sets
	s.sets = incr.NewIndex(t.AddressSets, "name", func(_ schema.UUID, a *sb.AddressSet) []string { return one(a.Name) })
	s.groups = incr.NewIndex(t.PortGroups, "name", func(_ schema.UUID, g *sb.PortGroup) []string { return one(g.Name) })
	bySet := incr.NewIndex(t.Addresses, "set", func(m SetMember, _ struct{}) []schema.UUID { return one(m.Set) })
	s.members = incr.NewTable(t.Engine, "address set members", addresses.equal, incr.Keys(t.AddressSets),
		func(r *incr.Reader, set schema.UUID) (addresses, bool) {
			return parseAddresses(incr.Lookup(r, bySet, set)), true
		})
	s.ports = incr.NewIndex(t.PortGroupPorts, "group", func(m SetMember, _ struct{}) []schema.UUID { return one(m.Set) })
	near := incr.NewTable(t.Engine, "near ports", incr.Eq[bool], incr.Keys(t.PortGroupPorts),
		func(r *incr.Reader, m SetMember) (bool, bool) { return true, t.isNear(r, m.Text) })
	s.near = incr.NewIndex(near, "group", func(m SetMember, _ bool) []schema.UUID { return one(m.Set) })
}

func parseAddresses(members []SetMember) (a addresses) {
	for _, m := range members {
		c, err := lflow.ParseConstant(m.Text)
		if err != nil {
			a.bad = append(a.bad, fmt.Sprintf("address %q: %v", m.Text, err))
			continue
		}
		a.list = append(a.list, c)
	}
	return a
}

// isNear tells whether packets may enter or leave by the port on this chassis:
// it is bound here, or is not the port of an interface, so that it has no
// chassis of its own.
func (t *Tables) isNear(r *incr.Reader, name string) bool {
	id, row, ok := incr.One(r, t.portsByName, name)
	return ok && (row.Type != "" || incr.Has(r, t.Bound, id))
}

// refer makes env answer what `$set` and `@group` mean on a datapath, and
// tells complain what is wrong with the members of a set.
//
// An address that cannot be read is left out, as OVN does. A group's row is
// named by datapath and group; where there is none, the datapath has no port
// of the group.
func (t *Tables) refer(r *incr.Reader, dp Datapath, env *lower.Env, complain func(string)) {
	env.AddressSet = func(name string) ([]lflow.Constant, bool) {
		id, _, ok := incr.One(r, t.sets.sets, name)
		if !ok {
			return nil, false
		}
		set, _ := incr.Get(r, t.sets.members, id)
		for _, b := range set.bad {
			complain("address set " + name + ": " + b)
		}
		return set.list, true
	}
	env.PortGroup = func(name string, near bool) ([]string, bool) {
		id, _, ok := incr.One(r, t.sets.groups, strconv.FormatUint(uint64(dp.Key), 10)+"_"+name)
		if !ok {
			return nil, true
		}
		if near {
			return texts(incr.Lookup(r, t.sets.near, id)), true
		}
		return texts(incr.Lookup(r, t.sets.ports, id)), true
	}
}

func texts(members []SetMember) []string {
	out := make([]string, len(members))
	for i, m := range members {
		out[i] = m.Text
	}
	return out
}
