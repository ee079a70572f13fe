package acl

import (
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
	f.rule(k.acl, k.variant, all)
}

// flows is a unit that flows of ACLs are written to.
type flows struct{ *graph.Flows }

func (f flows) rule(a *acl, v variant, s settings) {
	decide := func(h hint, then ...lflow.Action) {
		for _, match := range a.matches(v, s, h) {
			f.decide(a, match, then...)
		}
	}
	switch {
	case !v.Stateful, a.Action == "allow-stateless":
		if v.Stateful {
			f.AddText(aclStages[a.Stage].pre, a.Priority, a.Match, pipeline.Set(pipeline.ACLStateless), lflow.Next{})
		}
		decide(hint{}, append(a.observe(false), lflow.Next{})...)
		f.sample(a, false)
	case a.Action == "pass":
		// Where no other ACL has a verdict the packet goes on, and its connection
		// is committed, as that of a packet is which no ACL speaks of.
		known := append(a.observe(false), lflow.Next{})
		decide(hint{match: pipeline.Is(pipeline.ACLHintAllowNew), tracked: true}, append([]lflow.Action{pipeline.Set(pipeline.CTCommit)}, known...)...)
		decide(hint{match: pipeline.IsNot(pipeline.ACLHintAllowNew)}, known...)
		f.sample(a, false)
	case a.Action == "drop", a.Action == "reject":
		// A connection that was allowed before is blocked from now on: its
		// replies end too.
		block := lflow.CTCommit{Actions: lflow.Actions{lflow.SetTo(pipeline.CTBlocked, 1)}}
		decide(hint{match: pipeline.Is(pipeline.ACLHintDrop)}, append(a.observe(false), lflow.Next{})...)
		decide(hint{match: pipeline.Is(pipeline.ACLHintBlock), tracked: true}, block, lflow.Next{})
		f.sample(a, true)
	default: // allow, too, commits: the peer's ACLs may want to know the connection
		again := append(a.persist(), a.observe(true)...)
		commit := again
		if a.committed() == 0 {
			commit = append(again[:len(again):len(again)], pipeline.Set(pipeline.CTCommit))
		}
		decide(hint{match: pipeline.Is(pipeline.ACLHintAllowNew), tracked: true}, append(commit[:len(commit):len(commit)], lflow.Next{})...)
		decide(hint{match: pipeline.Is(pipeline.ACLHintAllow)}, append(again[:len(again):len(again)], lflow.Next{})...)
		f.sample(a, true)
		if a.ID != 0 {
			f.established(a)
		}
		if a.LogRelated {
			f.logRelated(a, s.noInvalid)
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

// hint is what a flow asks of the state of a packet's connection: see hints.
type hint struct {
	match   *lflow.Expr // nil: nothing
	tracked bool        // no packet without a connection has it
}

// matches are the matches of the flows that find an ACL's packets with a hint. With
// acl_ct_translation, protocols and ports are those of the packet's connection; a
// packet without one, as broadcasts are, goes by its own.
func (a *acl) matches(v variant, s settings, h hint) []string {
	var conditions []*lflow.Expr
	if v.Tiered {
		conditions = append(conditions, lflow.Eq(pipeline.LField(pipeline.ACLTier), int(a.Tier)))
	}
	if h.match != nil {
		conditions = append(conditions, h.match)
	}
	translated, ok := lflow.Tracked(a.Match)
	switch {
	case !ok || !s.translate || !v.Stateful || a.Action == "allow-stateless":
		return []string{where(conditions, a.Match)}
	case h.tracked:
		return []string{where(conditions, translated)}
	}
	known, unknown := lflow.Bool(lflow.CTTrk), lflow.Eq(lflow.CTTrk, 0)
	if s.noInvalid { // of these, no other flow has taken care
		known, unknown = lflow.And(known, lflow.Eq(lflow.CTInv, 0)), lflow.Or(unknown, lflow.Bool(lflow.CTInv))
	}
	return []string{
		where(append(conditions[:len(conditions):len(conditions)], known), translated),
		where(append(conditions[:len(conditions):len(conditions)], unknown), a.Match),
	}
}

// where is what a user wrote, behind conditions.
func where(conditions []*lflow.Expr, match string) string {
	if len(conditions) == 0 {
		return match
	}
	return lflow.And(conditions...).String() + " && (" + match + ")"
}

// decide adds a flow that notes the ACL's verdict.
func (f flows) decide(a *acl, match string, then ...lflow.Action) {
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
	f.AddText(aclStages[a.Stage].eval, a.Priority, match, append(as, then...)...)
}
