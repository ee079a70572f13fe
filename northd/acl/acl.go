package acl

import (
	"slices"
	"strings"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/northd/pipeline"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
)

// aclStage is one of the three places where ACLs are asked.
type aclStage uint8

const (
	fromLport   aclStage = iota // before load balancing
	fromLportLB                 // behind it: option apply-after-lb
	toLport
)

// aclStages are the stages of the places, in their order; pre has the flows of
// allow-stateless ACLs.
var aclStages = [...]struct{ pre, eval, sample, action string }{
	fromLport:   {pipeline.LSInPreACL, pipeline.LSInACLEval, pipeline.LSInACLSample, pipeline.LSInACLAction},
	fromLportLB: {pipeline.LSInPreACL, pipeline.LSInACLAfterLBEval, pipeline.LSInACLAfterLBSample, pipeline.LSInACLAfterLBAction},
	toLport:     {pipeline.LSOutPreACL, pipeline.LSOutACLEval, pipeline.LSOutACLSample, pipeline.LSOutACLAction},
}

// acl is an ACL as features see it: of the row, the columns that flows are
// made from.
type acl struct {
	UUID     schema.UUID
	Stage    aclStage
	Action   string
	Priority uint16 // of its flows
	Tier     uint8
	Match    string // as the user wrote it
	Label    uint32
	Log      *lflow.Log     // nil: do not log
	New, Est model.Sampling // of packets that begin connections, and of those of connections
	ID       int            // in conntrack, or 0: see persists
	// LogRelated: log replies and related packets too, found by the label.
	LogRelated bool
	// Broken: the match is not in the language. As in OVN, where the agents
	// find that out, the ACL matches nothing, and counts otherwise.
	Broken   bool
	Problems []graph.Problem
}

// aclOffset is what is added to the priorities of ACLs, to leave room for
// OVN's own flows below them.
const aclOffset = 1000

// parse is the row function of table "parsed ACL".
func (ft *feature) parse(r *incr.Reader, id schema.UUID) (*acl, bool) {
	row, ok := incr.Get(r, ft.rows, id)
	if !ok {
		return nil, false
	}
	a := &acl{UUID: id, Action: row.Action, Priority: uint16(row.Priority + aclOffset), Tier: uint8(row.Tier),
		Match: row.Match, Label: uint32(row.Label)}
	e := &graph.RowProblems{Table: "ACL", Row: id, Name: text(row.Name)}
	switch {
	case row.Direction == "to-lport":
		a.Stage = toLport
	case ft.options.afterLB.Read(row.Options, e):
		a.Stage = fromLportLB
	}
	ft.checkMatch(r, a, e)
	a.New, a.Est = ft.reads.Sampling.Of(r, row, e.Problem)
	if ft.persists(row) {
		a.ID, _ = incr.Get(r, ft.ids.Of, id)
		if reason, bad := incr.Get(r, ft.ids.Bad, id); bad {
			e.Problem("options", "persist-established: "+reason)
		}
	}
	meter, problem := ft.reads.Meters.Of(r, row)
	if problem != "" {
		e.Problem("meter", problem)
	}
	a.log(row, meter, ft.options.logRelated.Read(row.Options, e))
	a.Problems = e.List
	return a, true
}

// checkMatch notes what is wrong with the match.
func (ft *feature) checkMatch(r *incr.Reader, a *acl, e *graph.RowProblems) {
	m, err := ft.m.Groups.ParseMatch(r, a.Match)
	switch {
	case err != nil:
		a.Broken = true
		e.Problem("match", err.Error())
	case a.Stage != toLport && mentions(m, lflow.Outport):
		e.Problem("match", "outport is not known yet where from-lport ACLs are asked (context)")
	}
}

// mentions tells whether a field is compared in an expression.
func mentions(e *lflow.Expr, f lflow.Field) bool {
	s, _ := f.Base()
	return e.Sym == s || slices.ContainsFunc(e.Args, func(a *lflow.Expr) bool { return mentions(a, f) })
}

func (a *acl) log(row *nb.ACL, meter string, related bool) {
	if !row.Log {
		return
	}
	a.Log = &lflow.Log{Name: text(row.Name), Verdict: lflow.VerdictAllow, Severity: lflow.SeverityInfo, Meter: meter}
	if s, ok := lflow.ParseLogSeverity(text(row.Severity)); ok {
		a.Log.Severity = s
	}
	a.LogRelated = related && row.Label != 0 && strings.HasPrefix(row.Action, "allow")
	switch row.Action {
	case "drop":
		a.Log.Verdict = lflow.VerdictDrop
	case "reject":
		a.Log.Verdict = lflow.VerdictReject
	case "pass":
		a.Log.Verdict = lflow.VerdictPass
	}
}

// text is the value of an optional column.
func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
