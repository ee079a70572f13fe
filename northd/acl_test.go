package northd

import (
	"fmt"
	"slices"
	"testing"
)

// TestGroupIsStoredOnce: the ACLs of a port group are one chunk each, however
// many switches have ports of it; a port that joins changes members only, a
// switch that joins no chunk either.
func TestGroupIsStoredOnce(t *testing.T) {
	n := newNetwork(Options{})
	var ports []string
	for sw := range 5 {
		for p := range 3 {
			name := fmt.Sprintf("p%d%d", sw, p)
			row := n.lsp(name)
			row.Addresses = []string{fmt.Sprintf("0a:00:00:00:%02d:%02d 10.0.%d.%d", sw, p, sw, p+1)}
			n.addPort(fmt.Sprint("sw", sw), row)
			if sw < 4 && p < 2 {
				ports = append(ports, name)
			}
		}
	}
	n.putPG("group", ports...)
	for i := range 10 {
		a := n.acl(fmt.Sprint("acl", i))
		a.Match, a.Action = "outport == @group && ip4.src == $group_ip4", "allow-related"
		n.addACL("group", a)
	}
	n.apply(t)
	count := 0
	for path := range n.units {
		if path[36:41] == "/acl-" {
			count++
		}
	}
	if count != 10 {
		t.Errorf("10 ACLs are %d chunks", count)
	}
	n.putPG("group", append(ports, "p02")...)
	if out := n.apply(t); len(out.Units) != 0 || tablesOf(out) != "Address_Set Port_Group" {
		t.Errorf("a port that joins changes %d chunks, rows of %s", len(out.Units), tablesOf(out))
	}
	n.putPG("group", append(ports, "p02", "p40")...)
	out := n.apply(t)
	for _, u := range out.Units {
		if u.Path[36:41] == "/acl-" {
			t.Errorf("a switch that joins writes %s", u.Path)
		}
	}
	if want := "Address_Set Logical_DP_Group Port_Group"; tablesOf(out) != want {
		t.Errorf("a switch that joins changes rows of %s, not %s", tablesOf(out), want)
	}
	if err := n.c.Check(); err != nil {
		t.Error(err)
	}
}

// tablesOf returns the tables of rows that changed.
func tablesOf(out Output) string {
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
	n := newNetwork(Options{})
	n.addPort("sw0", n.lsp("p0"))
	n.addPort("sw1", n.lsp("p1"))
	n.putPG("group", "p0", "p1")
	drop := n.acl("drop")
	drop.Match, drop.Action = "outport == @group && ip", "drop"
	n.addACL("group", drop)
	related := n.acl("related")
	related.Action = "allow-related"
	n.addACL("sw0", related)
	n.apply(t)
	has := func(sw, flow string) bool { return slices.Contains(n.flowsOf(sw), flow) }
	const plain = "ls_out_acl_eval         1000  outport == @group && ip => reg8[17] = 1; next;"
	const hinted = "ls_out_acl_eval         1000  reg0[9] && (outport == @group && ip) => reg8[17] = 1; next;"
	if !has("sw0", hinted) || has("sw0", plain) || has("sw1", hinted) || !has("sw1", plain) {
		t.Errorf("flows of sw0: %q\nof sw1: %q", n.flowsOf("sw0"), n.flowsOf("sw1"))
	}
	n.delACL("sw0", "related")
	n.apply(t)
	if has("sw0", hinted) || !has("sw0", plain) || !has("sw1", plain) {
		t.Errorf("flows of sw0: %q\nof sw1: %q", n.flowsOf("sw0"), n.flowsOf("sw1"))
	}
}

// TestHealing: an ACL that names a set which is not there matches nothing, is
// reported once, and is whole as soon as the set is there.
func TestHealing(t *testing.T) {
	n := newNetwork(Options{})
	a := n.acl("acl")
	a.Match = "ip4.src == $later"
	n.addACL("sw0", a)
	if out := n.apply(t); len(out.Problems) != 1 || len(n.c.Problems()) != 1 {
		t.Fatalf("problems %v", out.Problems)
	}
	n.putAS("other", "10.0.0.1")
	if out := n.apply(t); len(out.Problems)+len(out.Solved) != 0 {
		t.Errorf("problems %v, solved %v", out.Problems, out.Solved)
	}
	n.putAS("later", "10.0.0.1")
	if out := n.apply(t); len(out.Solved) != 1 || len(out.Units) != 1 || len(n.c.Problems()) != 0 {
		t.Errorf("solved %v, %d chunks", out.Solved, len(out.Units))
	}
	n.putAS("later", "10.0.0.1", "10.0.0.2")
	if out := n.apply(t); len(out.Units) != 0 {
		t.Errorf("an address writes %d chunks", len(out.Units))
	}
	n.remove(id("later"))
	if out := n.apply(t); len(out.Problems) != 1 {
		t.Errorf("problems %v", out.Problems)
	}
}

// TestSkipConntrack: ports that several chassis have parts of.
func TestSkipConntrack(t *testing.T) {
	var f flows
	f.skipConntrack(&lport{Name: "ln", Type: "localnet"})
	want := []string{`ls_in_pre_acl 110 ip && inport == "ln" next;`, `ls_out_pre_acl 110 ip && outport == "ln" next;`}
	for i, flow := range f.list {
		if got := fmt.Sprintf("%s %d %s %s", flow.Stage, flow.Priority, flow.Match, flow.Actions); got != want[i] {
			t.Errorf("%s, not %s", got, want[i])
		}
	}
}
