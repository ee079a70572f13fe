package pipeline

import (
	"strings"
	"testing"
)

func TestStages(t *testing.T) {
	seen := map[string]bool{}
	for i, p := range All() {
		if int(p.ID) != i || p.Name == "" {
			t.Errorf("pipeline %d is %+v", i, p)
		}
		prefix := [2][2]string{{"ls_in_", "ls_out_"}, {"lr_in_", "lr_out_"}}[btoi(p.Router)][btoi(p.Egress)]
		if len(p.Stages) > LastTable(p.Egress) {
			t.Errorf("%s has %d stages", p.Name, len(p.Stages))
		}
		for n, s := range p.Stages {
			if !strings.HasPrefix(s.Name, prefix) || s.Owner == "" || s.Doc == "" || seen[s.Name] {
				t.Errorf("%s: bad stage %+v", p.Name, s)
			}
			seen[s.Name] = true
			if at, ok := Find(s.Name); !ok || at != (Place{p.ID, p.Egress, n}) {
				t.Errorf("Find(%s) = %+v", s.Name, at)
			}
		}
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// TestUses: no two uses that are live at the same time share bits, and stages
// and bits exist.
func TestUses(t *testing.T) {
	all := Uses()
	names := map[string]bool{}
	for i, a := range all {
		from, ok1 := Find(a.From)
		to, ok2 := Find(a.To)
		switch {
		case names[a.Name] || a.Doc == "" || !ok1 || !ok2:
			t.Errorf("bad use %+v", a)
		case from.Pipeline == to.Pipeline && from.Table > to.Table:
			t.Errorf("%s is live backwards", a.Name)
		case from.Pipeline != to.Pipeline && (!strings.HasPrefix(a.Field, "flags") || from.Egress || !to.Egress):
			t.Errorf("%s does not outlive its pipeline", a.Name)
		case a.Out[0] != "":
			outFrom, ok1 := Find(a.Out[0])
			outTo, ok2 := Find(a.Out[1])
			if !ok1 || !ok2 || from.Egress || from.Pipeline != to.Pipeline || !outFrom.Egress || !outTo.Egress || outFrom.Table > outTo.Table {
				t.Errorf("%s is not live in ingress and egress", a.Name)
			}
		}
		names[a.Name] = true
		if LField(a.Name).Width() != a.Hi-a.Lo+1 {
			t.Errorf("%s has %d bits", a.Name, LField(a.Name).Width())
		}
		for _, b := range all[:i] {
			if c := Conflict(a, b); c != "" {
				t.Error(c)
			}
		}
	}
}

func TestConflict(t *testing.T) {
	use := func(field string, lo, hi int, from, to string) Bits {
		return Bits{Name: field, Field: field, Lo: lo, Hi: hi, From: from, To: to}
	}
	base := use("reg0", 4, 7, LSInApplyPortSec, LSInL2Lkup)
	for _, c := range []struct {
		b    Bits
		want bool
	}{
		{use("reg0", 7, 8, LSInCheckPortSec, LSInApplyPortSec), true},
		{use("reg0", 8, 9, LSInCheckPortSec, LSInL2Unknown), false},
		{use("reg0", 4, 7, LSInL2Unknown, LSInL2Unknown), false},
		{use("reg0", 4, 7, LSOutCheckPortSec, LSOutApplyPortSec), false},
		{use("reg1", 4, 7, LSInApplyPortSec, LSInL2Lkup), false},
		{use("xxreg0", 4, 7, LSInApplyPortSec, LSInL2Lkup), false},
		{use("xxreg0", 100, 100, LSInApplyPortSec, LSInL2Lkup), true},
		{use("flags", 4, 7, LSInApplyPortSec, LSOutApplyPortSec), false},
	} {
		if got := Conflict(base, c.b) != ""; got != c.want {
			t.Errorf("conflict of %+v: %v", c.b, got)
		}
	}
	both := use("reg0", 4, 7, LSInACLEval, LSInACLEval)
	both.Out = [2]string{LSOutACLEval, LSOutStateful}
	for stage, want := range map[string]bool{LSInACLEval: true, LSInStateful: false, LSOutPreACL: false, LSOutACLAction: true} {
		if got := Conflict(both, use("reg0", 4, 7, stage, stage)) != ""; got != want {
			t.Errorf("conflict of bits in ingress and egress with others in %s: %v", stage, got)
		}
	}
}
