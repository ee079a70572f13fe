package acl

import (
	"strings"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/pipeline"
)

// writeRule writes the flows of one ACL in one scope. They hold the match as
// the user wrote it: the members of its sets and groups are for the agents to
// put in.
func (ft *feature) writeRule(r *incr.Reader, out *graph.Flows, k placedACL) {
	if !k.group {
		p, _ := incr.Get(r, ft.policies, k.owner)
		k.variant = p.variant()
	}
	f := flows{out}
	all, _ := incr.Get(r, ft.settings, struct{}{})
	f.rule(k.acl, k.variant, all.noInvalid)
}

// flows is a unit that flows of ACLs are written to.
type flows struct{ *graph.Flows }

func (f flows) rule(a *acl, v variant, noInvalid bool) {
	switch {
	case !v.Stateful, a.Action == "allow-stateless":
		if v.Stateful {
			f.AddText(aclStages[a.Stage].pre, a.Priority, a.Match, pipeline.Set(pipeline.ACLStateless), lflow.Next{})
		}
		f.decide(a, v, nil, append(a.observe(false), lflow.Next{})...)
		f.sample(a, false)
	case a.Action == "pass":
		// Where no other ACL has a verdict the packet goes on, and its connection
		// is committed, as that of a packet is which no ACL speaks of.
		known := append(a.observe(false), lflow.Next{})
		f.decide(a, v, pipeline.Is(pipeline.ACLHintAllowNew), append([]lflow.Action{pipeline.Set(pipeline.CTCommit)}, known...)...)
		f.decide(a, v, pipeline.IsNot(pipeline.ACLHintAllowNew), known...)
		f.sample(a, false)
	case a.Action == "drop", a.Action == "reject":
		// A connection that was allowed before is blocked from now on: its
		// replies end too.
		block := lflow.CTCommit{Actions: lflow.Actions{lflow.SetTo(pipeline.CTBlocked, 1)}}
		f.decide(a, v, pipeline.Is(pipeline.ACLHintDrop), append(a.observe(false), lflow.Next{})...)
		f.decide(a, v, pipeline.Is(pipeline.ACLHintBlock), block, lflow.Next{})
		f.sample(a, true)
	default: // allow, too, commits: the peer's ACLs may want to know the connection
		again := append(a.persist(), a.observe(true)...)
		commit := again
		if a.committed() == 0 {
			commit = append(again[:len(again):len(again)], pipeline.Set(pipeline.CTCommit))
		}
		f.decide(a, v, pipeline.Is(pipeline.ACLHintAllowNew), append(commit[:len(commit):len(commit)], lflow.Next{})...)
		f.decide(a, v, pipeline.Is(pipeline.ACLHintAllow), append(again[:len(again):len(again)], lflow.Next{})...)
		f.sample(a, true)
		if a.ID != 0 {
			f.established(a)
		}
		if a.LogRelated {
			f.logRelated(a, noInvalid)
		}
	}
}

// logRelated logs what is let through because of a connection that the ACL
// has labelled. Replies, and most of what is related, come the other way: as
// in OVN the flows are those of the opposite pipeline.
func (f flows) logRelated(a *acl, noInvalid bool) {
	at := toLport
	if a.Stage == toLport {
		at = fromLport
	}
	stage, labelled := aclStages[at].eval, lflow.Eq(lflow.F("ct_label.label"), uint64(a.Label))
	f.Add(stage, 65533, lflow.And(reply(noInvalid), labelled), append(admitReply(at), *a.Log, lflow.Next{})...)
	f.Add(stage, 65533, lflow.And(related(noInvalid), labelled), append(admit(at), *a.Log, pipeline.CTCommitNAT)...)
}

// decide adds the flow that notes the ACL's verdict on packets with a hint.
func (f flows) decide(a *acl, v variant, hint *lflow.Expr, then ...lflow.Action) {
	var match []string
	if v.Tiered {
		match = append(match, lflow.Eq(pipeline.LField(pipeline.ACLTier), int(a.Tier)).String())
	}
	if hint != nil {
		match = append(match, hint.String())
	}
	if match == nil {
		match = []string{a.Match}
	} else {
		match = append(match, "("+a.Match+")")
	}
	var as []lflow.Action
	switch a.Action {
	case "pass":
	case "drop":
		as = append(as, pipeline.Set(pipeline.VerdictDrop))
	case "reject":
		as = append(as, pipeline.Set(pipeline.VerdictReject))
	default:
		as = append(as, pipeline.Set(pipeline.VerdictAllow))
	}
	if a.Log != nil {
		as = append(as, *a.Log)
	}
	f.AddText(aclStages[a.Stage].eval, a.Priority, strings.Join(match, " && "), append(as, then...)...)
}
