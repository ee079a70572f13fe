package tables

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/ofctrl"
	"github.com/weft-sdn/weft/ofctrl/ofp"
	"github.com/weft-sdn/weft/schema/sb"
)

// balance is a flow of a load balancer with n backends.
func balance(vip string, n int) sb.Flow {
	var backends []string
	for i := range n {
		backends = append(backends, fmt.Sprintf("10.1.0.%d:80", i+1))
	}
	return sb.Flow{Table: 1, Priority: 2, Match: "ip4.dst == " + vip + " && tcp.dst == 80", Stage: "s", Hint: id("lb " + vip),
		Actions: "ct_lb_mark(backends=" + strings.Join(backends, ",") + ");"}
}

// balanced is a world of local datapaths: two groups, of two switches and of a
// switch and a router, and one of each alone. What is wanted of the switch goes
// to a controller as an agent's does.
type balanced struct {
	world
	c *ofctrl.Controller
}

func newBalanced(t *testing.T) balanced {
	w := balanced{newWorld(t), ofctrl.New(ofctrl.Config{})}
	for i, dp := range []string{"sw1", "sw2", "sw3", "sw4", "r1", "r2"} {
		w.datapath(dp, int64(i+1))
		if dp[0] == 'r' {
			w.Datapaths.Set(id(dp), &sb.DatapathBinding{TunnelKey: int64(i + 1), Type: ptr("logical-router")})
		}
		w.port(dp, "vm-"+dp, 1, "")
		w.iface("vm-"+dp, i+1)
	}
	w.group("g1", "sw1", "sw2")
	w.group("g2", "sw3", "r1")
	return w
}

// commit tells the controller of a commit; nothing is contested behind one.
func (w balanced) commit() {
	w.t.Helper()
	w.world.commit()
	var u ofctrl.Update
	tell := func(unit SharedUnit, l Lowered) {
		w.Keep(unit, l)
		u.Flows = append(u.Flows, ofctrl.OwnerFlows{Owner: unit.owner(), Packed: l.Flows, Groups: l.Groups, Meters: l.Meters})
		if len(l.Errors) > 0 {
			w.t.Errorf("%s: %q", unit.owner(), l.Errors)
		}
	}
	for _, c := range w.Units.Changes() {
		tell(SharedUnit{c.Key.Owner, c.Key}, c.New)
	}
	for _, c := range w.SharedUnits.Changes() {
		tell(c.Key, c.New)
	}
	w.c.Update(u)
	if s := w.c.Status(); s.Contested > 0 {
		w.t.Fatalf("contested: %q", s.Contests)
	}
}

// all are the units as they are.
func (w balanced) all() map[SharedUnit]Lowered {
	all := maps.Collect(w.SharedUnits.All())
	for p, l := range w.Units.All() {
		all[SharedUnit{p.Owner, p}] = l
	}
	return all
}

// groups are the groups of all units by number, and the flows of these.
func (w balanced) groups() (groups map[uint32]ofp.GroupBody, flows string) {
	groups = map[uint32]ofp.GroupBody{}
	var lines []string
	for _, l := range w.all() {
		for _, g := range l.Groups {
			groups[g.ID] = g.Body
		}
		lines = append(lines, text(l.Flows))
	}
	slices.Sort(lines)
	return groups, strings.Join(lines, "")
}

// withoutCookies are flows but for their cookies, which follow from the actions.
func withoutCookies(flows string) string {
	var out []string
	for line := range strings.Lines(flows) {
		if _, rest, ok := strings.Cut(line, "table="); ok {
			line = rest
		}
		out = append(out, line)
	}
	slices.Sort(out)
	return strings.Join(out, "")
}

// TestBackendComes: a backend more is a bucket more of one group; the flows of
// all units stay, and the other buckets.
func TestBackendComes(t *testing.T) {
	w := newBalanced(t)
	set := func(n int) (map[uint32]ofp.GroupBody, string) {
		t.Helper()
		for _, owner := range []string{"g1", "sw4"} {
			w.chunk(owner, "lb", balance("10.0.0.1", n), balance("10.0.0.2", 3))
		}
		w.commit()
		return w.groups()
	}
	three, flows := set(3)
	four, flows4 := set(4)
	if len(three) != 2 || len(four) != 2 {
		t.Fatalf("%d and %d groups for two balancers of three switches", len(three), len(four))
	}
	if withoutCookies(flows) != withoutCookies(flows4) {
		t.Errorf("flows change:\n%s\n%s", flows, flows4)
	}
	changed := 0
	for n, body := range three {
		if four[n] == body {
			continue
		}
		changed++
		gone, come, ok := body.BucketChange(four[n])
		if !ok || len(gone) != 0 || come == "" {
			t.Errorf("group %d: %v go, %q comes, %v", n, gone, come, ok)
		}
	}
	if changed != 1 {
		t.Errorf("%d groups change", changed)
	}
	if again, _ := set(3); !maps.Equal(again, three) {
		t.Errorf("groups are not as they were")
	}
	other := newBalanced(t) // an agent started again
	other.chunk("sw4", "lb", balance("10.0.0.1", 3), balance("10.0.0.2", 3))
	other.commit()
	if got, _ := other.groups(); !maps.Equal(got, three) {
		t.Errorf("another agent has other groups")
	}
}

// TestForwardedComes: a port more that a router forwards, beside a thousand, is one unit
// of two flows and one group; so is another VM for it, or a second one. No other flow
// changes, and no other group.
func TestForwardedComes(t *testing.T) {
	w := newBalanced(t)
	forward := func(i int, backends ...string) {
		flows := []sb.Flow{{Table: 1, Priority: 120, Match: fmt.Sprint("ct.new && ip4.dst == 172.16.0.111 && ct_tcp.dst == ", i), Stage: "s", Hint: id("pf"),
			Actions: "ct_lb_mark(backends=" + strings.Join(backends, ":22,") + ":22);"}}
		for _, b := range backends {
			flows = append(flows, sb.Flow{Table: 2, Priority: 120, Match: "ip4.src == " + b + " && tcp.src == 22", Stage: "s", Hint: id("pf"), Actions: "ct_dnat;"})
		}
		w.chunk("r1", fmt.Sprint("lb-pf-172.16.0.111:", i), flows...)
	}
	for i := range 1000 {
		forward(1000+i, fmt.Sprintf("10.2.%d.%d", i>>8, i&255))
	}
	w.commit()
	before, flows := w.groups()
	if len(before) != 1000 {
		t.Fatalf("%d groups", len(before))
	}
	for _, c := range []struct {
		what     string
		backends []string
		flows    int  // that come or go
		bucket   bool // of the group one bucket comes, and the rest stays
	}{
		{"a port more", []string{"10.3.0.1"}, 2, false},
		{"another VM for it", []string{"10.3.0.2"}, 2, false}, // the flow for its replies is another
		{"a second VM for it", []string{"10.3.0.2", "10.3.0.3"}, 1, true},
	} {
		forward(9000, c.backends...)
		w.commit()
		if changes := len(w.Units.Changes()) + len(w.SharedUnits.Changes()); changes != 1 {
			t.Errorf("%s changes %d units", c.what, changes)
		}
		after, now := w.groups()
		if got := differing(withoutCookies(flows), withoutCookies(now)); got != c.flows {
			t.Errorf("%s changes %d flows, want %d", c.what, got, c.flows)
		}
		changed := 0
		for n, body := range after {
			if before[n] == body {
				continue
			}
			changed++
			if gone, come, _ := before[n].BucketChange(body); c.bucket && (len(gone) != 0 || come == "") {
				t.Errorf("%s: of group %d %v go, %q comes", c.what, n, gone, come)
			}
		}
		if changed != 1 || len(after) != 1001 {
			t.Errorf("%s changes %d groups of %d", c.what, changed, len(after))
		}
		before, flows = after, now
	}
}

// differing counts the lines that only one of two sorted texts has.
func differing(a, b string) (n int) {
	count := map[string]int{}
	for line := range strings.Lines(a) {
		count[line]++
	}
	for line := range strings.Lines(b) {
		count[line]--
	}
	for _, c := range count {
		n += max(c, -c)
	}
	return n
}

// TestOneNameTwoGroups: flows of one name share a number where they want the
// same, and only there.
func TestOneNameTwoGroups(t *testing.T) {
	lb := func(n int) sb.Flow { return balance("10.0.0.1", n) }
	for _, tc := range []struct {
		what   string
		chunks map[string][]sb.Flow
		groups int
	}{
		{"the same", map[string][]sb.Flow{"g1": {lb(2)}, "sw4": {lb(2)}, "sw3": {lb(2)}}, 1},
		{"a router has other zones", map[string][]sb.Flow{"g2": {lb(2)}, "sw4": {lb(2)}, "r2": {lb(2)}}, 2},
		{"other backends", map[string][]sb.Flow{"g1": {lb(2)}, "sw4": {lb(3)}}, 2},
		{"other backends on a router", map[string][]sb.Flow{"g2": {lb(2)}, "r2": {lb(3)}}, 3},
		{"in one unit", map[string][]sb.Flow{"r1": {lb(2), balance("10.0.0.2", 2)}}, 2},
		{"two in a flow", map[string][]sb.Flow{"r1": {{Table: 1, Priority: 1, Match: "ip4", Stage: "s",
			Actions: "clone { reg1[0..15] = select(1=100, 2=100); }; reg1[0..15] = select(1=100, 2=100, 3=100);"}}}, 2},
	} {
		w := newBalanced(t)
		for owner, flows := range tc.chunks {
			w.chunk(owner, "lb", flows...)
		}
		w.commit()
		groups, flows := w.groups()
		if len(groups) != tc.groups || w.groupIDs.Len() != tc.groups || w.c.Status().Groups != tc.groups {
			t.Errorf("%s: %d groups, %d numbers, want %d\n%s", tc.what, len(groups), w.groupIDs.Len(), tc.groups, flows)
		}
	}
}

// TestGroupsUncontested: whatever units say of the same flows, and whether they
// say it at the same time or not, nobody wants a group otherwise than another,
// and numbers are given back.
func TestGroupsUncontested(t *testing.T) {
	owners := []string{"g1", "g2", "sw4", "r2"}
	for seed := range uint64(8) {
		r := rand.New(rand.NewPCG(seed, 1))
		w := newBalanced(t)
		backends := map[string][3]int{}
		for _, owner := range owners {
			backends[owner] = [3]int{1, 1, 1}
		}
		kind := map[string]int{}
		set := func() {
			for _, owner := range owners {
				var flows []sb.Flow
				for i, n := range backends[owner] {
					f := balance(fmt.Sprintf("10.0.0.%d", i), n)
					switch (kind[owner] + i) % 4 {
					case 1:
						f.Actions = fmt.Sprintf("reg1[0..15] = select(%s);", strings.Join(strings.Split("12345"[:1+n], ""), ", "))
					case 2:
						f.Actions = `ct_lb_mark_local(backends="vm-sw1":10.1.0.1:80,"vm-sw2":10.1.0.2:80,"vm-r2":10.1.0.3:80);`
					case 3:
						f.Actions = fmt.Sprintf(`fwd_group(childports="vm-%s", "vm-sw4", "vm-sw%d");`, owner, 1+n%4)
					}
					flows = append(flows, f)
				}
				w.chunk(owner, "lb", flows...)
				next := []sb.Flow{{Table: 2, Match: "1", Actions: "next;", Stage: "s"}, {Table: 3, Match: "1", Actions: "output;", Stage: "s"}}
				w.chunk(owner, "base", next[r.IntN(2):]...)
			}
		}
		for range 60 {
			for _, owner := range owners {
				if r.IntN(3) == 0 {
					continue // it is told later
				}
				backends[owner] = [3]int{1 + r.IntN(4), 2, 1 + r.IntN(2)}
				kind[owner] = r.IntN(8) / 2
			}
			set()
			switch r.IntN(4) {
			case 0:
				w.Elide.Set(struct{}{}, r.IntN(2) == 0)
			case 1:
				w.GroupBits.Set(id("g1"), GroupBit{Bit: 30, Matched: r.IntN(2) == 0})
			case 2:
				w.Interfaces.Delete("if-vm-" + []string{"sw1", "r2"}[r.IntN(2)])
			case 3:
				w.iface("vm-sw1", 1)
				w.iface("vm-r2", 6)
			}
			w.commit()
			groups, _ := w.groups()
			if n := w.groupIDs.Len(); n != len(groups) || w.c.Status().Groups != n {
				t.Fatalf("seed %d: %d groups, %d numbers", seed, len(groups), n)
			}
		}
	}
}
