package northd_test

import (
	"fmt"
	"github.com/weft-sdn/weft/northd"
	"github.com/weft-sdn/weft/northd/northdtest"
	"slices"
	"strings"
	"testing"
)

// TestGroupIsStoredOnce: the ACLs of a port group are one chunk each, however
// many switches have ports of it; a port that joins changes members only, a
// switch that joins no chunk either.
func TestGroupIsStoredOnce(t *testing.T) {
	n := northdtest.New(northd.Options{})
	var ports []string
	for sw := range 5 {
		for p := range 3 {
			name := fmt.Sprintf("p%d%d", sw, p)
			row := n.Port(name)
			row.Addresses = []string{fmt.Sprintf("0a:00:00:00:%02d:%02d 10.0.%d.%d", sw, p, sw, p+1)}
			n.AddPort(fmt.Sprint("sw", sw), row)
			if sw < 4 && p < 2 {
				ports = append(ports, name)
			}
		}
	}
	n.PutGroup("group", ports...)
	for i := range 10 {
		a := n.ACL(fmt.Sprint("acl", i))
		a.Match, a.Action = "outport == @group && ip4.src == $group_ip4", "allow-related"
		n.AddACL("group", a)
	}
	n.Apply(t)
	count := 0
	for path := range n.Units {
		if path[36:41] == "/acl-" {
			count++
		}
	}
	if count != 10 {
		t.Errorf("10 ACLs are %d chunks", count)
	}
	n.PutGroup("group", append(ports, "p02")...)
	if out := n.Apply(t); len(out.Units) != 0 || tablesOf(out) != "Address_Set Port_Group" {
		t.Errorf("a port that joins changes %d chunks, rows of %s", len(out.Units), tablesOf(out))
	}
	n.PutGroup("group", append(ports, "p02", "p40")...)
	out := n.Apply(t)
	for _, u := range out.Units {
		if u.Path[36:41] == "/acl-" {
			t.Errorf("a switch that joins writes %s", u.Path)
		}
	}
	if want := "Address_Set Logical_DP_Group Port_Group"; tablesOf(out) != want {
		t.Errorf("a switch that joins changes rows of %s, not %s", tablesOf(out), want)
	}
	if err := n.C.Check(); err != nil {
		t.Error(err)
	}
}

// tablesOf returns the tables of rows that changed.
func tablesOf(out northd.Output) string {
	var names []string
	for _, ch := range out.Rows {
		names = append(names, ch.Table)
	}
	s := ""
	for _, name := range slices.Compact(names) {
		s += " " + name
	}
	return s[min(1, len(s)):]
}

// TestVariants: a port group with a stateful and a stateless switch has its
// ACLs in both ways, and in one when the last stateful ACL is gone.
func TestVariants(t *testing.T) {
	n := northdtest.New(northd.Options{})
	n.AddPort("sw0", n.Port("p0"))
	n.AddPort("sw1", n.Port("p1"))
	n.PutGroup("group", "p0", "p1")
	drop := n.ACL("drop")
	drop.Match, drop.Action = "outport == @group && ip", "drop"
	n.AddACL("group", drop)
	related := n.ACL("related")
	related.Action = "allow-related"
	n.AddACL("sw0", related)
	n.Apply(t)
	has := func(sw, flow string) bool { return slices.Contains(n.FlowsOf(sw), flow) }
	const plain = "ls_out_acl_eval         1000  outport == @group && ip => reg8[17] = 1; next;"
	const hinted = "ls_out_acl_eval         1000  reg0[9] && (outport == @group && ip) => reg8[17] = 1; next;"
	if !has("sw0", hinted) || has("sw0", plain) || has("sw1", hinted) || !has("sw1", plain) {
		t.Errorf("flows of sw0: %q\nof sw1: %q", n.FlowsOf("sw0"), n.FlowsOf("sw1"))
	}
	n.DelACL("sw0", "related")
	n.Apply(t)
	if has("sw0", hinted) || !has("sw0", plain) || !has("sw1", plain) {
		t.Errorf("flows of sw0: %q\nof sw1: %q", n.FlowsOf("sw0"), n.FlowsOf("sw1"))
	}
}

// TestHealing: an ACL that names a set which is not there matches nothing, is
// reported once, and is whole as soon as the set is there.
func TestHealing(t *testing.T) {
	n := northdtest.New(northd.Options{})
	a := n.ACL("acl")
	a.Match = "ip4.src == $later"
	n.AddACL("sw0", a)
	if out := n.Apply(t); len(out.Problems) != 1 || len(n.C.Problems()) != 1 {
		t.Fatalf("problems %v", out.Problems)
	}
	n.PutSet("other", "10.0.0.1")
	if out := n.Apply(t); len(out.Problems)+len(out.Solved) != 0 {
		t.Errorf("problems %v, solved %v", out.Problems, out.Solved)
	}
	n.PutSet("later", "10.0.0.1")
	if out := n.Apply(t); len(out.Solved) != 1 || len(out.Units) != 1 || len(n.C.Problems()) != 0 {
		t.Errorf("solved %v, %d chunks", out.Solved, len(out.Units))
	}
	n.PutSet("later", "10.0.0.1", "10.0.0.2")
	if out := n.Apply(t); len(out.Units) != 0 {
		t.Errorf("an address writes %d chunks", len(out.Units))
	}
	n.Remove(northdtest.ID("later"))
	if out := n.Apply(t); len(out.Problems) != 1 {
		t.Errorf("problems %v", out.Problems)
	}
}

// TestSkipConntrack: ports that several chassis have parts of.
func TestSkipConntrack(t *testing.T) {
	n := northdtest.New(northd.Options{})
	n.Do(t, "lrp r r-sw mac 0a:00:00:00:00:ff networks 10.0.0.254/24")
	n.Do(t, "lsp sw sw-r type router options router-port=r-sw addresses router")
	n.Do(t, `acl sw a to-lport 1 "ip4" allow-related`)
	n.Apply(t)
	var got []string
	for _, f := range n.FlowsOf("sw") {
		if f := strings.Join(strings.Fields(f), " "); strings.Contains(f, "pre_acl 110") && strings.Contains(f, "port ==") {
			got = append(got, f)
		}
	}
	if want := []string{`ls_in_pre_acl 110 ip && inport == "sw-r" => next;`, `ls_out_pre_acl 110 ip && outport == "sw-r" => next;`}; !slices.Equal(got, want) {
		t.Errorf("%q, not %q", got, want)
	}
}
