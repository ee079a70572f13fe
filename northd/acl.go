package northd

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
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
	Log      *lflow.Log // nil: do not log
	New, Est sampling   // of packets that begin connections, and of those of connections
	ID       int        // in conntrack, or 0: see persists
	// LogRelated: log replies and related packets too, found by the label.
	LogRelated bool
	// Broken: the match is not in the language. As in OVN, where the agents
	// find that out, the ACL matches nothing, and counts otherwise.
	Broken   bool
	Problems []Problem
}

func equalACL(a, b *acl) bool {
	return a.UUID == b.UUID && a.Stage == b.Stage && a.Action == b.Action && a.Priority == b.Priority && a.Tier == b.Tier &&
		a.Match == b.Match && a.Label == b.Label && a.New.equal(b.New) && a.Est.equal(b.Est) && a.ID == b.ID && (a.Log == nil) == (b.Log == nil) && (a.Log == nil || *a.Log == *b.Log) &&
		a.LogRelated == b.LogRelated && a.Broken == b.Broken && slices.Equal(a.Problems, b.Problems)
}

// aclOffset is what is added to the priorities of ACLs, to leave room for
// OVN's own flows below them.
const aclOffset = 1000

// parseACL is the row function of table "ACL".
func (c *Compiler) parseACL(r *incr.Reader, id schema.UUID) (*acl, bool) {
	row, ok := incr.Get(r, c.aclRows, id)
	if !ok {
		return nil, false
	}
	a := &acl{UUID: id, Action: row.Action, Priority: uint16(row.Priority + aclOffset), Tier: uint8(row.Tier),
		Match: row.Match, Label: uint32(row.Label)}
	e := &problems{table: "ACL", id: id, name: text(row.Name)}
	switch {
	case row.Direction == "to-lport":
		a.Stage = toLport
	case row.Options["apply-after-lb"] == "true":
		a.Stage = fromLportLB
	}
	c.checkMatch(r, a, e)
	a.New = c.samplingOf(r, "sample_new", row.SampleNew, "acl-new", e)
	a.Est = c.samplingOf(r, "sample_est", row.SampleEst, "acl-est", e)
	if persists(row) {
		a.ID, _ = incr.Get(r, c.aclIDs, id)
		if reason, bad := incr.Get(r, c.keyProblems, id); bad {
			e.add("options", "persist-established: "+reason)
		}
	}
	a.log(row, c.meterOf(r, row, e))
	a.Problems = e.list
	return a, true
}

// checkMatch finds out whether the match is in the language. What it needs to
// know of address sets and port groups is whether they are there: a match
// that names one that comes later is looked at again then.
func (c *Compiler) checkMatch(r *incr.Reader, a *acl, e *problems) {
	names := &lflow.Options{
		AddressSet: func(name string) ([]lflow.Constant, bool) { return nil, c.hasAddressSet(r, name) },
		PortGroup: func(name string, _ *lflow.Symbol) ([]string, bool) {
			return []string{name}, len(incr.Lookup(r, c.groupByName, name)) > 0
		},
	}
	m, err := lflow.ParseMatch(a.Match, names)
	if err == nil && strings.Contains(a.Match, "//") {
		_, err = lflow.ParseMatch("("+a.Match+")", names) // flows have something behind it
	}
	var bad *lflow.Error
	switch {
	case errors.As(err, &bad):
		a.Broken = true
		e.add("match", fmt.Sprintf("at offset %d: %s (%s)", bad.Pos, bad.Msg, bad.Code))
	case err != nil:
		a.Broken = true
		e.add("match", err.Error())
	case a.Stage != toLport && mentions(m, lflow.Outport):
		e.add("match", "outport is not known yet where from-lport ACLs are asked (context)")
	}
}

// mentions tells whether a field is compared in an expression.
func mentions(e *lflow.Expr, f lflow.Field) bool {
	s, _ := f.Base()
	return e.Sym == s || slices.ContainsFunc(e.Args, func(a *lflow.Expr) bool { return mentions(a, f) })
}

func (a *acl) log(row *nb.ACL, meter string) {
	if !row.Log {
		return
	}
	a.Log = &lflow.Log{Name: text(row.Name), Verdict: lflow.VerdictAllow, Severity: lflow.SeverityInfo, Meter: meter}
	if s, ok := lflow.ParseLogSeverity(text(row.Severity)); ok {
		a.Log.Severity = s
	}
	a.LogRelated = row.Options["log-related"] == "true" && row.Label != 0 && strings.HasPrefix(row.Action, "allow")
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
