package stateful

import (
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/northd/pipeline"
	"github.com/weft-sdn/weft/schema"
)

// New declares the way through conntrack for what features demand of it.
func New(g *graph.Graph, m *model.Model, demands ...model.ConntrackDemand) {
	stages := [...]struct{ pre, commit string }{
		{pipeline.LSInPreStateful, pipeline.LSInStateful},
		{pipeline.LSOutPreStateful, pipeline.LSOutStateful},
	}
	m.AllSwitches.Write("stateful", func(_ *incr.Reader, f *graph.Flows, _ model.SwitchKind) {
		for _, s := range stages {
			f.Pass(s.pre, s.commit)
		}
	})
	of := graph.Table(g, "class of conntrack", incr.Keys(m.Switches), func(r *incr.Reader, id schema.UUID) (all model.Conntrack, ok bool) {
		for _, demand := range demands {
			all = all.Join(demand.Of(r, id))
		}
		return all, all.Stateful || all.Balanced
	})
	graph.NewClass(g, "stateful", of).Write("stateful", func(_ *incr.Reader, f *graph.Flows, c model.Conntrack) {
		for _, s := range stages {
			if c.Balanced {
				f.Add(s.pre, 110, pipeline.Is(pipeline.CTNAT), lflow.CTLB{Kind: lflow.CTLBMark})
			}
			if c.Stateful {
				f.Add(s.pre, 100, pipeline.Is(pipeline.CTDefrag), pipeline.CTNext)
				commits(f, s.commit, c)
			}
		}
	})
}

// commits commits connections with the label of the ACL that allows them, if
// it has one. What only some ACLs want committed is committed only where there
// are such: tools of OVN's older releases do not know all fields.
func commits(f *graph.Flows, stage string, c model.Conntrack) {
	copyTo := func(field, bits string) lflow.Action {
		return lflow.Move{Dst: lflow.F(field), Src: pipeline.LField(bits)}
	}
	plain := lflow.Actions{lflow.SetTo(pipeline.CTBlocked, 0)}
	if c.Persistent {
		plain = append(plain, copyTo("ct_mark.allow_established", pipeline.ACLPersist), copyTo("ct_label.acl_id", pipeline.ACLID))
	}
	labelled := append(plain[:len(plain):len(plain)], copyTo("ct_label.label", pipeline.ACLLabel))
	if c.Labelled {
		labelled = append(labelled, copyTo("ct_mark.obs_stage", pipeline.ACLStage))
	}
	f.Add(stage, 100, lflow.And(pipeline.Is(pipeline.CTCommit), pipeline.IsNot(pipeline.ACLLabelled)), lflow.CTCommit{Actions: plain}, lflow.Next{})
	f.Add(stage, 100, lflow.And(pipeline.Is(pipeline.CTCommit), pipeline.Is(pipeline.ACLLabelled)), lflow.CTCommit{Actions: labelled}, lflow.Next{})
}
