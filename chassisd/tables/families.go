package tables

import (
	"fmt"
	"slices"
	"strings"

	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/ofctrl"
	"github.com/weft-sdn/weft/schema"
)

// Family is the flows of a unit's logical flow with the members of an address
// set that is kept apart.
type Family struct {
	Flow   schema.UUID // of the logical flow
	N      uint16      // of its families
	Source string      // what to complain of
	lower.Family
}

// FamilyKey names a family of a unit.
type FamilyKey struct {
	Unit SharedUnit
	Flow schema.UUID
	N    uint16
}

// FamilyPart is a family with one bucket of the set: a few flows, so that one
// member more or less is a small change for each that uses the set.
type FamilyPart struct {
	Family FamilyKey
	Bucket part
}

// String is short, as every few flows have one.
func (p FamilyPart) String() string {
	u := p.Family.Unit
	of := schema.NameUUID(u.Datapath.String(), u.Path.String(), p.Family.Flow.String())
	return fmt.Sprintf("%s/%d/%s/%d.%d", of, p.Family.N, p.Bucket.Set, p.Bucket.Level, p.Bucket.Prefix)
}

// joinFamilies declares the flows of the families of all units.
func (t *Tables) joinFamilies() {
	own := incr.NewIndex(t.Units, "families", func(p Path, l Lowered) []FamilyKey { return l.families(SharedUnit{p.Owner, p}) })
	shared := incr.NewIndex(t.SharedUnits, "families", func(u SharedUnit, l Lowered) []FamilyKey { return l.families(u) })
	all := incr.NewTable(t.Engine, "families", incr.Eq[Family], incr.Union(incr.Values(own), incr.Values(shared)), t.family)
	parts := incr.NewTable(t.Engine, "parts of families", slices.Equal[[]part], incr.Keys(all),
		func(r *incr.Reader, k FamilyKey) ([]part, bool) {
			f, _ := incr.Get(r, all, k)
			set, _, ok := incr.One(r, t.sets.sets, f.Of.Set)
			return incr.Lookup(r, t.sets.bySet, set), ok
		})
	byPart := incr.NewIndex(parts, "part", func(k FamilyKey, ps []part) []FamilyPart {
		keys := make([]FamilyPart, len(ps))
		for i, p := range ps {
			keys[i] = FamilyPart{k, p}
		}
		return keys
	})
	t.FamilyFlows = incr.NewTable(t.Engine, "family flows", loweredEqual, incr.Values(byPart),
		func(r *incr.Reader, k FamilyPart) (Lowered, bool) {
			f, _ := incr.Get(r, all, k.Family)
			bucket, ok := incr.Get(r, t.sets.buckets, k.Bucket)
			return t.lowerFamily(&f, bucket), ok
		}).Feed()
}

// family finds a family in its unit.
func (t *Tables) family(r *incr.Reader, k FamilyKey) (Family, bool) {
	var l Lowered
	if k.Unit.Datapath == k.Unit.Path.Owner {
		l, _ = incr.Get(r, t.Units, k.Unit.Path)
	} else {
		l, _ = incr.Get(r, t.SharedUnits, k.Unit)
	}
	i := slices.IndexFunc(l.Families, func(f Family) bool { return f.Flow == k.Flow && f.N == k.N })
	if i < 0 {
		return Family{}, false
	}
	return l.Families[i], true
}

func (t *Tables) lowerFamily(f *Family, bucket addresses) (out Lowered) {
	list, bad := bucket.read()
	for _, b := range bad {
		out.Errors = append(out.Errors, f.Source+": address set "+f.Of.Set+": "+b)
	}
	flows := t.lowerer.Members(nil, &f.Family, list, func(err error) {
		out.Errors = append(out.Errors, f.Source+": "+err.Error())
	})
	made := make([]ofctrl.Flow, len(flows))
	for i, o := range flows {
		made[i] = ofctrl.Flow(o)
	}
	out.Flows = ofctrl.Pack(made)
	return out
}

// families are the keys of the families of a unit.
func (l *Lowered) families(u SharedUnit) []FamilyKey {
	keys := make([]FamilyKey, len(l.Families))
	for i := range l.Families {
		keys[i] = FamilyKey{u, l.Families[i].Flow, l.Families[i].N}
	}
	return keys
}

// addFamily takes a family of the flow, unless the unit has the flow twice.
func (m *maker) addFamily(f lower.Family) {
	if !slices.ContainsFunc(m.out.Families, func(o Family) bool { return o.Flow == m.uuid && o.N == m.family }) {
		f.Of.Set = strings.Clone(f.Of.Set) // a text pins its chunk
		m.out.Families = append(m.out.Families, Family{m.uuid, m.family, source(m.flow), f})
	}
	m.family++
}
