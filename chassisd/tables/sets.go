package tables

import (
	"bytes"
	"cmp"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"

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

// Compare orders members by set and text.
func (m SetMember) Compare(o SetMember) int {
	return cmp.Or(bytes.Compare(m.Set[:], o.Set[:]), strings.Compare(m.Text, o.Text))
}

// setTables answer what `$set` and `@group` stand for.
//
// The members of an address set lie in buckets, so that what depends on one
// bucket does not depend on the members in others. Buckets are the leaves of a
// tree over the members' hashes, in which a part with more members than few is
// split: which bucket a member is in follows from the set alone, and one
// member more or less splits or joins one bucket at most.
type setTables struct {
	few     int // members of a bucket, and of a set that is not kept apart
	sets    *incr.Index[schema.UUID, *sb.AddressSet, string]
	groups  *incr.Index[schema.UUID, *sb.PortGroup, string]
	parts   *incr.Index[SetMember, struct{}, part] // of the sets that flows name
	many    *incr.Table[schema.UUID, struct{}]
	buckets *incr.Table[part, addresses]
	bySet   *incr.Index[part, addresses, schema.UUID]
	near    *incr.Index[SetMember, bool, schema.UUID]
	ports   *incr.Index[SetMember, struct{}, schema.UUID]
	local   incr.Source[schema.UUID] // port groups of local datapaths
}

// fewMembers is the number of members up to which a set is looked into where
// it is used. It is also what a bucket holds, and so what one member more
// costs each of its users at most.
const fewMembers = 64

// part is the members of a set of which the hash begins with Prefix.
type part struct {
	Set    schema.UUID
	Level  uint8 // of the tree; 0 is the whole set
	Prefix uint16
}

// A level splits a part into 8. There are 512 buckets at most, which hold 64
// members each in a set of 32,768.
const (
	levelBits = 3
	maxLevel  = 3
)

func (p part) parent() part { return part{p.Set, p.Level - 1, p.Prefix >> levelBits} }

// partsOf are the parts that a member is in, from the whole set down.
func partsOf(m SetMember, _ struct{}) []part {
	h := fnv.New32a()
	h.Write([]byte(m.Text))
	// The low bits of FNV are the better mixed ones; the high ones help.
	sum := h.Sum32()
	bits := uint16(sum^sum>>16) & (1<<(levelBits*maxLevel) - 1)
	parts := make([]part, maxLevel+1)
	for l := range parts {
		parts[l] = part{m.Set, uint8(l), bits >> (levelBits * (maxLevel - l))}
	}
	return parts
}

// addresses are members of an address set, as they stand there: a Constant is
// five times as large, and read again in less time than a flow is made of it.
type addresses []string

// read returns those that can be, and what is wrong with the others.
func (a addresses) read() (list []lflow.Constant, bad []string) {
	list = make([]lflow.Constant, 0, len(a))
	for _, text := range a {
		c, err := lflow.ParseConstant(text)
		if err != nil {
			bad = append(bad, fmt.Sprintf("address %q: %v", text, err))
			continue
		}
		list = append(list, c)
	}
	return list, bad
}

func (t *Tables) joinSets() {
	s := &t.sets
	s.few = fewMembers
	s.sets = incr.NewIndex(t.AddressSets, "name", func(_ schema.UUID, a *sb.AddressSet) []string { return one(a.Name) })
	s.groups = incr.NewIndex(t.PortGroups, "name", func(_ schema.UUID, g *sb.PortGroup) []string { return one(g.Name) })
	used := incr.Under(s.sets, incr.Values(t.survey.bySet))
	bySet := incr.NewIndex(t.Addresses, "set", func(m SetMember, _ struct{}) []schema.UUID { return one(m.Set) })
	s.parts = incr.NewIndex(incr.NewTable(t.Engine, "addresses used", incr.Eq[struct{}], incr.Under(bySet, used),
		func(*incr.Reader, SetMember) (struct{}, bool) { return struct{}{}, true }), "part", partsOf)
	s.many = incr.NewTable(t.Engine, "large address sets", incr.Eq[struct{}], used,
		func(r *incr.Reader, set schema.UUID) (struct{}, bool) {
			return struct{}{}, incr.Count(r, s.parts, part{Set: set}) > s.few
		})
	s.buckets = incr.NewTable(t.Engine, "address buckets", slices.Equal[addresses], incr.Values(s.parts), s.bucket)
	s.bySet = incr.NewIndex(s.buckets, "set", func(p part, _ addresses) []schema.UUID { return one(p.Set) })
	s.ports = incr.NewIndex(t.PortGroupPorts, "group", func(m SetMember, _ struct{}) []schema.UUID { return one(m.Set) })
	s.local = t.localPortGroups()
	near := incr.NewTable(t.Engine, "near ports", incr.Eq[bool], incr.Under(s.ports, s.local),
		func(r *incr.Reader, m SetMember) (bool, bool) { return true, t.isNear(r, m.Text) })
	s.near = incr.NewIndex(near, "group", func(m SetMember, _ bool) []schema.UUID { return one(m.Set) })
}

// localPortGroups are the port groups of local datapaths: the key of the
// datapath begins their names.
func (t *Tables) localPortGroups() incr.Source[schema.UUID] {
	keys := incr.NewIndex(t.Local, "key", func(_ schema.UUID, dp Datapath) []string { return one(strconv.FormatUint(uint64(dp.Key), 10)) })
	groups := incr.NewIndex(t.PortGroups, "datapath", func(_ schema.UUID, g *sb.PortGroup) []string {
		key, _, _ := strings.Cut(g.Name, "_")
		return one(key)
	})
	return incr.Under(groups, incr.Values(keys))
}

// bucket reads the members of a part, if it is a bucket.
func (s *setTables) bucket(r *incr.Reader, p part) (a addresses, ok bool) {
	if p.Level > 0 && incr.Count(r, s.parts, p.parent()) <= s.few {
		return a, false
	}
	if p.Level < maxLevel && incr.Count(r, s.parts, p) > s.few {
		return a, false
	}
	return texts(incr.Lookup(r, s.parts, p)), true
}

// isNear tells whether packets may enter or leave by the port on this chassis.
func (t *Tables) isNear(r *incr.Reader, name string) bool {
	id, row, ok := incr.One(r, t.portsByName, name)
	return ok && t.isHere(r, id, row)
}

// refer makes env answer what `$set` means, and tells complain what is wrong
// with the members of a set. An address that cannot be read is left out, as OVN
// does.
func (t *Tables) refer(r *incr.Reader, env *lower.Env, complain func(string)) {
	env.AddressSet = func(name string) ([]lflow.Constant, bool) {
		id, _, ok := incr.One(r, t.sets.sets, name)
		if !ok {
			return nil, false
		}
		var all []lflow.Constant
		for _, bucket := range incr.Each(r, t.sets.bySet, id) {
			list, bad := bucket.read()
			for _, b := range bad {
				complain("address set " + name + ": " + b)
			}
			all = append(all, list...)
		}
		return all, true
	}
	env.Separate = func(name string) bool {
		id, _, ok := incr.One(r, t.sets.sets, name)
		return ok && incr.Has(r, t.sets.many, id)
	}
}

// portsOf are the ports of a group on a datapath. Its row is named by both;
// where there is none, the datapath has no port of the group.
func (t *Tables) portsOf(r *incr.Reader, dp Datapath, group string, near bool) []string {
	id, _, ok := incr.One(r, t.sets.groups, strconv.FormatUint(uint64(dp.Key), 10)+"_"+group)
	if !ok {
		return nil
	}
	if near {
		return texts(incr.Lookup(r, t.sets.near, id))
	}
	return texts(incr.Lookup(r, t.sets.ports, id))
}

func texts(members []SetMember) []string {
	out := make([]string, len(members))
	for i, m := range members {
		out[i] = m.Text
	}
	return out
}
