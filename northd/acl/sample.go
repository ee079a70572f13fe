package acl

import (
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/pipeline"
)

// observe are the actions that make the sampling stage find the ACL's packets:
// new ones by a register, those of connections by the label that is
// committed, which is the ACL's own if it has one.
func (a *acl) observe(commits bool) []lflow.Action {
	var as []lflow.Action
	if a.New.On() {
		as = append(as, lflow.SetTo(pipeline.LField(pipeline.ACLPoint), uint64(a.New.Point)))
	}
	if commits && a.committed() != 0 {
		as = append(as, pipeline.Set(pipeline.CTCommit), pipeline.Set(pipeline.ACLLabelled),
			lflow.SetTo(pipeline.LField(pipeline.ACLLabel), uint64(a.committed())),
			lflow.SetTo(pipeline.LField(pipeline.ACLStage), int(a.Stage)))
	}
	return as
}

// committed is what is committed as the label of the ACL's connections.
func (a *acl) committed() uint32 {
	switch {
	case a.Label != 0:
		return a.Label
	case a.Est.On():
		return a.Est.Point
	}
	return 0
}

// sample adds the sampling flows of an ACL. stateful: its packets come with
// the state of their connection.
func (f flows) sample(a *acl, stateful bool) {
	stage := aclStages[a.Stage].sample
	if a.New.On() {
		point := lflow.Eq(pipeline.LField(pipeline.ACLPoint), uint64(a.New.Point))
		if stateful {
			point = lflow.And(lflow.Bool(lflow.IP), lflow.Bool(lflow.CTNew), point)
		}
		// Once: the packet may come by again, in another tier.
		f.Add(stage, 1100, point, a.New.Do(lflow.SetTo(pipeline.LField(pipeline.ACLPoint), 0), lflow.Next{})...)
	}
	if a.Est.On() && stateful {
		known := lflow.And(lflow.Bool(lflow.IP), lflow.Bool(lflow.CTTrk), lflow.Or(lflow.Bool(lflow.CTEst), lflow.Bool(lflow.CTRel)),
			lflow.Eq(lflow.F("ct_mark.obs_stage"), int(a.Stage)), lflow.Eq(lflow.F("ct_label.label"), uint64(a.committed())))
		f.Add(stage, 1200, lflow.And(known, lflow.Eq(lflow.CTRpl, 0)), a.Est.Do(lflow.Next{})...)
		f.Add(aclStages[a.Stage.opposite()].sample, 1200, lflow.And(known, lflow.Bool(lflow.CTRpl)), a.Est.Do(lflow.Next{})...)
	}
}

// opposite is where replies to packets that are asked about here come by.
func (s aclStage) opposite() aclStage {
	if s == toLport {
		return fromLport
	}
	return toLport
}
