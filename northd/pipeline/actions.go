package pipeline

import "github.com/weft-sdn/weft/lflow"

// Set, Clear, Is and IsNot are the actions and tests of a use of one bit.
func Set(name string) lflow.Action   { return lflow.SetTo(LField(name), 1) }
func Clear(name string) lflow.Action { return lflow.SetTo(LField(name), 0) }
func Is(name string) *lflow.Expr     { return lflow.Eq(LField(name), 1) }
func IsNot(name string) *lflow.Expr  { return lflow.Eq(LField(name), 0) }

// CTBlocked marks a connection that was allowed once.
var CTBlocked = lflow.F("ct_mark.blocked")

// CTNext and CTCommitNAT are actions in an older text of the same meaning,
// which stock tools before OVN 24.03 know.
var (
	CTNext      lflow.Action = older{lflow.CTNext{}, "ct_next;"}
	CTCommitNAT lflow.Action = older{lflow.CTCommitNAT{}, "ct_commit_nat;"}
)

type older struct {
	lflow.Action
	text string
}

func (o older) Append(b []byte) []byte { return append(b, o.text...) }

// IntoIngress goes on in a stage of ingress, from egress.
func IntoIngress(stage string) lflow.Action {
	at, ok := Find(stage)
	if !ok || at.Egress {
		panic("pipeline: no stage " + stage + " of ingress")
	}
	return lflow.Next{Jump: true, Pipeline: lflow.Ingress, Table: uint8(at.Table)}
}

// Jump goes on in a stage of the same pipeline.
func Jump(stage string) lflow.Action {
	at, ok := Find(stage)
	if !ok {
		panic("pipeline: no stage " + stage)
	}
	return lflow.Next{Jump: true, Table: uint8(at.Table)}
}

// Reject answers a packet on a switch in the name of whom it is for. The answer meets
// no ACLs: it goes on behind those of the other pipeline.
func Reject(egress bool) []lflow.Action {
	next := lflow.Next{Jump: true, Pipeline: lflow.Egress}
	behind, _ := Find(LSOutACLAction)
	next.Table = uint8(behind.Table + 1)
	if egress {
		lookup, _ := Find(LSInL2Lkup)
		next.Pipeline, next.Table = lflow.Ingress, uint8(lookup.Table)
	}
	return []lflow.Action{
		lflow.SetTo(lflow.Reg(0), 0),
		lflow.Nested{Kind: lflow.NestReject, Actions: lflow.Actions{lflow.Exchange{A: lflow.Outport, B: lflow.Inport}, next}},
	}
}
