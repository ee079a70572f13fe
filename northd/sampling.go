package northd

import (
	"slices"
	"strconv"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/pipeline"
	"github.com/weft-sdn/weft/schema"
)

// sampling is what an ACL asks to be sampled: the observation point, and an
// action for each collector.
type sampling struct {
	Point   uint32
	Actions []lflow.Sample
}

func (s sampling) on() bool { return len(s.Actions) > 0 }

func (s sampling) equal(o sampling) bool {
	return s.Point == o.Point && slices.Equal(s.Actions, o.Actions)
}

// do samples, and goes on.
func (s sampling) do(then ...lflow.Action) []lflow.Action {
	var as []lflow.Action
	for _, a := range s.Actions {
		as = append(as, a)
	}
	return append(as, then...)
}

// samplingOf reads a column of an ACL that refers to a Sample. As in OVN,
// nothing is sampled for applications that have no observation domain.
func (c *Compiler) samplingOf(r *incr.Reader, column string, id *schema.UUID, app string, e *problems) (s sampling) {
	if id == nil {
		return s
	}
	row, ok := incr.Get(r, c.samples, *id)
	if !ok {
		return s
	}
	_, domain, ok := incr.One(r, c.samplingApps, app)
	if !ok {
		e.add(column, "there is no Sampling_App of type "+app+": nothing is sampled")
		return s
	}
	s.Point = uint32(row.Metadata)
	for _, id := range row.Collectors {
		if to, ok := incr.Get(r, c.collectors, id); ok && to.Probability > 0 {
			s.Actions = append(s.Actions, lflow.Sample{Probability: uint16(to.Probability), CollectorSet: uint32(to.SetID),
				ObsDomain: uint8(domain.ID), ObsPoint: s.Point})
		}
	}
	return s
}

// dropped is the row function of table "drops": what flows that drop do where
// the options debug_drop_collector_set and debug_drop_domain_id ask for samples
// of what they drop, as in OVN. An application "drop" has the domain before the
// option. Numbers that are none count as 0: no set, and domain 0.
func (c *Compiler) dropped(r *incr.Reader, _ struct{}) (string, bool) {
	_, g, _ := incr.One(r, c.oneGlobal, struct{}{})
	set, err := strconv.ParseUint(g.Options["debug_drop_collector_set"], 10, 32)
	if err != nil || set == 0 {
		return "", false
	}
	domain, err := strconv.ParseUint(g.Options["debug_drop_domain_id"], 10, 64)
	if err != nil {
		domain = 0
	}
	if _, app, ok := incr.One(r, c.samplingApps, "drop"); ok {
		domain = uint64(app.ID)
	}
	if domain > 255 {
		return "", false
	}
	s := lflow.Sample{Probability: 65535, CollectorSet: uint32(set), ObsDomain: uint8(domain), Cookie: true}
	return lflow.Actions{s}.String() + " /* drop */", true
}

// dropping is what a flow that drops does, "" for nothing else.
func (c *Compiler) dropping(r *incr.Reader) string {
	drop, _ := incr.Get(r, c.drops, struct{}{})
	return drop
}

// observe are the actions that make the sampling stage find the ACL's packets:
// new ones by a register, those of connections by the label that is
// committed, which is the ACL's own if it has one.
func (a *acl) observe(commits bool) []lflow.Action {
	var as []lflow.Action
	if a.New.on() {
		as = append(as, lflow.SetTo(pipeline.LField(pipeline.ACLPoint), uint64(a.New.Point)))
	}
	if commits && a.committed() != 0 {
		as = append(as, mark(pipeline.CTCommit), mark(pipeline.ACLLabelled),
			lflow.SetTo(pipeline.LField(pipeline.ACLLabel), uint64(a.committed())))
		if a.Est.on() {
			as = append(as, lflow.SetTo(pipeline.LField(pipeline.ACLStage), int(a.Stage)))
		}
	}
	return as
}

// committed is what is committed as the label of the ACL's connections.
func (a *acl) committed() uint32 {
	switch {
	case a.Label != 0:
		return a.Label
	case a.Est.on():
		return a.Est.Point
	}
	return 0
}

// sample adds the sampling flows of an ACL. stateful: its packets come with
// the state of their connection.
func (f *flows) sample(a *acl, stateful bool) {
	stage := aclStages[a.Stage].sample
	if a.New.on() {
		point := lflow.Eq(pipeline.LField(pipeline.ACLPoint), uint64(a.New.Point))
		if stateful {
			point = lflow.And(lflow.Bool(lflow.IP), lflow.Bool(lflow.CTNew), point)
		}
		// Once: the packet may come by again, in another tier.
		f.add(stage, 1100, point, a.New.do(lflow.SetTo(pipeline.LField(pipeline.ACLPoint), 0), lflow.Next{})...)
	}
	if a.Est.on() && stateful {
		known := lflow.And(lflow.Bool(lflow.IP), lflow.Bool(lflow.CTTrk), lflow.Or(lflow.Bool(lflow.CTEst), lflow.Bool(lflow.CTRel)),
			lflow.Eq(lflow.F("ct_mark.obs_stage"), int(a.Stage)), lflow.Eq(lflow.F("ct_label.label"), uint64(a.committed())))
		f.add(stage, 1200, lflow.And(known, lflow.Eq(lflow.CTRpl, 0)), a.Est.do(lflow.Next{})...)
		f.add(aclStages[a.Stage.opposite()].sample, 1200, lflow.And(known, lflow.Bool(lflow.CTRpl)), a.Est.do(lflow.Next{})...)
	}
}

// opposite is where replies to packets that are asked about here come by.
func (s aclStage) opposite() aclStage {
	if s == toLport {
		return fromLport
	}
	return toLport
}
