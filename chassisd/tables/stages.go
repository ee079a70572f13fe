package tables

import (
	"cmp"
	"math/bits"
	"slices"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// stageSet is a set of stages, a word for each pipeline.
type stageSet [2]uint64

func (s stageSet) or(t stageSet) stageSet { return stageSet{s[0] | t[0], s[1] | t[1]} }

// inner are the stages behind which there is another one.
func inner() stageSet {
	return stageSet{sb.Ingress: 1<<(lflow.IngressStages-1) - 1, sb.Egress: 1<<(lflow.EgressStages-1) - 1}
}

// stageUse says of some flows in which stages they stand: the default `next;`
// and others.
type stageUse struct{ next, more stageSet }

func (u stageUse) or(v stageUse) stageUse { return stageUse{u.next.or(v.next), u.more.or(v.more)} }

// passed are the stages that hold the default and nothing else. One that holds
// nothing at all drops.
func (u stageUse) passed() stageSet {
	in := inner()
	return stageSet{u.next[0] &^ u.more[0] & in[0], u.next[1] &^ u.more[1] & in[1]}
}

func (u *stageUse) add(f *sb.Flow) {
	if f.Pipeline > sb.Egress || f.Table >= 64 {
		return // such a flow is refused when it is lowered
	}
	stage := uint64(1) << f.Table
	if f.Priority == 0 && f.Match == "1" && f.Actions == "next;" {
		u.next[f.Pipeline] |= stage
	} else {
		u.more[f.Pipeline] |= stage
	}
}

// stageTables say which stages packets can go past. Where Elide is not set
// they are empty.
type stageTables struct {
	groups     *incr.Table[schema.UUID, stageUse] // by group, of its units
	datapaths  *incr.Table[schema.UUID, stageSet] // passed, by datapath
	ofDatapath *incr.Index[schema.UUID, stageSet, stageOf]
	shared     *incr.Table[schema.UUID, stageSet] // passed on all datapaths of a group
	ofGroup    *incr.Index[schema.UUID, stageSet, stageOf]
}

// stageOf is a stage of a datapath, or of all datapaths of a group.
type stageOf struct {
	Of       schema.UUID
	Pipeline uint8
	Stage    uint8
}

// useOf is where flows of some unit of an owner stand.
type useOf struct {
	owner schema.UUID
	stageUse
}

func (u useOf) Compare(o useOf) int {
	return cmp.Or(u.owner.Compare(o.owner), slices.Compare(u.next[:], o.next[:]), slices.Compare(u.more[:], o.more[:]))
}

func (t *Tables) joinStages() {
	s := &t.stages
	// Most units of an owner are like another one of it: a router with 10,000 routes has
	// some dozen uses, and one route more changes nothing here.
	ofUnits := incr.NewIndex(t.survey.chunks, "stages of unit", func(p Path, v survey) []useOf { return one(useOf{p.Owner, v.stages}) })
	uses := incr.NewTable(t.Engine, "uses of stages", incr.Eq[struct{}], incr.Values(ofUnits), func(*incr.Reader, useOf) (struct{}, bool) { return struct{}{}, true })
	byOwner := incr.NewIndex(uses, "owner", func(u useOf, _ struct{}) []schema.UUID { return one(u.owner) })
	use := func(r *incr.Reader, owner schema.UUID) (u stageUse) {
		for _, v := range incr.Lookup(r, byOwner, owner) {
			u = u.or(v.stageUse)
		}
		return u
	}
	s.groups = incr.NewTable(t.Engine, "stages of groups", incr.Eq[stageUse], incr.Keys(t.scopes.groups),
		func(r *incr.Reader, group schema.UUID) (stageUse, bool) { return use(r, group), t.elides(r) })
	s.datapaths = incr.NewTable(t.Engine, "passed stages", incr.Eq[stageSet], incr.Keys(t.Local),
		func(r *incr.Reader, dp schema.UUID) (stageSet, bool) {
			if !t.elides(r) {
				return stageSet{}, false
			}
			u := use(r, dp)
			for _, m := range incr.Lookup(r, t.scopes.groupsOf, dp) {
				v, _ := incr.Get(r, s.groups, m.Group)
				u = u.or(v)
			}
			return u.passed(), true
		})
	s.ofDatapath = incr.NewIndex(s.datapaths, "stage", eachStage)
	s.shared = incr.NewTable(t.Engine, "passed stages of groups", incr.Eq[stageSet], incr.Keys(t.scopes.groups),
		func(r *incr.Reader, group schema.UUID) (stageSet, bool) {
			if g, _ := incr.Get(r, t.scopes.groups, group); !g.matched || !t.elides(r) {
				return stageSet{}, false
			}
			all := inner()
			for _, m := range incr.Lookup(r, t.scopes.byGroup, group) {
				p, _ := incr.Get(r, s.datapaths, m.Row)
				all[0], all[1] = all[0]&p[0], all[1]&p[1]
			}
			return all, true
		})
	s.ofGroup = incr.NewIndex(s.shared, "stage", eachStage)
}

func (t *Tables) elides(r *incr.Reader) bool {
	on, _ := incr.Get(r, t.Elide, struct{}{})
	return on
}

func eachStage(of schema.UUID, set stageSet) (out []stageOf) {
	for pipeline, word := range set {
		for ; word != 0; word &= word - 1 {
			out = append(out, stageOf{of, uint8(pipeline), uint8(bits.TrailingZeros64(word))})
		}
	}
	return out
}

// passedBy answers lower.Env.Passed for a datapath or a group. It depends on
// the stages that are asked for alone.
func (t *Tables) passedBy(r *incr.Reader, by *incr.Index[schema.UUID, stageSet, stageOf], of schema.UUID) func(lflow.Pipeline, int) bool {
	if !t.elides(r) {
		return nil
	}
	var asked, passed stageSet // of an env, many flows ask the same
	return func(l lflow.Pipeline, stage int) bool {
		p, bit := sb.Ingress, uint64(1)<<stage
		if l == lflow.Egress {
			p = sb.Egress
		}
		if asked[p]&bit == 0 {
			asked[p] |= bit
			if incr.Count(r, by, stageOf{of, p, uint8(stage)}) > 0 {
				passed[p] |= bit
			}
		}
		return passed[p]&bit != 0
	}
}
