package northd

import (
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/pipeline"
)

// stateful sends packets through conntrack and commits connections, where
// other features ask for that with bits. These are OVN's flows; switches on
// which nobody asks have none of them.
func stateful() feature {
	return feature{
		name: "stateful",
		class: func(f *flows, c class) {
			for _, s := range [...]struct{ pre, commit string }{
				{pipeline.LSInPreStateful, pipeline.LSInStateful},
				{pipeline.LSOutPreStateful, pipeline.LSOutStateful},
			} {
				if c.Stateful {
					f.add(s.pre, 100, is(pipeline.CTDefrag), ctNext)
					f.commits(s.commit, c)
				}
				f.add(s.pre, 0, nil, lflow.Next{})
				f.add(s.commit, 0, nil, lflow.Next{})
			}
		},
	}
}

// commits commits connections with the label of the ACL that allows them, if
// it has one. What only some ACLs want committed is committed only where there
// are such: tools of OVN's older releases do not know all fields.
func (f *flows) commits(stage string, c class) {
	copyTo := func(field, bits string) lflow.Action {
		return lflow.Move{Dst: lflow.F(field), Src: pipeline.LField(bits)}
	}
	plain := lflow.Actions{lflow.SetTo(ctBlocked, 0)}
	if c.Persistent {
		plain = append(plain, copyTo("ct_mark.allow_established", pipeline.ACLPersist), copyTo("ct_label.acl_id", pipeline.ACLID))
	}
	labelled := append(plain[:len(plain):len(plain)], copyTo("ct_label.label", pipeline.ACLLabel))
	if c.Sampled {
		labelled = append(labelled, copyTo("ct_mark.obs_stage", pipeline.ACLStage))
	}
	f.add(stage, 100, lflow.And(is(pipeline.CTCommit), isNot(pipeline.ACLLabelled)), lflow.CTCommit{Actions: plain}, lflow.Next{})
	f.add(stage, 100, lflow.And(is(pipeline.CTCommit), is(pipeline.ACLLabelled)), lflow.CTCommit{Actions: labelled}, lflow.Next{})
}

// ctBlocked marks a connection that was allowed once.
var ctBlocked = lflow.F("ct_mark.blocked")

// plain is an action in an older text of the same meaning, which stock tools
// before OVN 24.03 know.
type plain struct {
	lflow.Action
	text string
}

func (p plain) Append(b []byte) []byte { return append(b, p.text...) }

var (
	ctNext      = plain{lflow.CTNext{}, "ct_next;"}
	ctCommitNAT = plain{lflow.CTCommitNAT{}, "ct_commit_nat;"}
)

// is and isNot test a bit, mark and unmark set it.
func is(bit string) *lflow.Expr      { return lflow.Eq(pipeline.LField(bit), 1) }
func isNot(bit string) *lflow.Expr   { return lflow.Eq(pipeline.LField(bit), 0) }
func mark(bit string) lflow.Action   { return lflow.SetTo(pipeline.LField(bit), 1) }
func unmark(bit string) lflow.Action { return lflow.SetTo(pipeline.LField(bit), 0) }
