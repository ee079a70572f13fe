package lower

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/lflow"
)

// groupEnv is a group of the datapaths 5, with ports a1 and a2, and 6, with b1.
func groupEnv() *Env {
	ports := map[string]Port{
		"a1": {Key: 1, Datapath: 5}, "a2": {Key: 2, Datapath: 5}, "b1": {Key: 1, Datapath: 6},
		"flood": {Key: 0x8000}, "query": {Varies: true},
	}
	return &Env{
		Scope:        Scope{1 << 32, 1 << 32},
		Port:         func(name string) (Port, bool) { p, ok := ports[name]; return p, ok },
		Conjunctions: func(int) uint32 { return 7 },
	}
}

// TestGroupScope: one flow for all datapaths of a group, but for its ports.
func TestGroupScope(t *testing.T) {
	const group, five, six = "metadata=0x100000000/0x100000000", "metadata=0x5/0xffffff", "metadata=0x6/0xffffff"
	for _, c := range []struct {
		name, match, actions string
		want                 []string
	}{
		{"no port", "eth.mcast", "next;", []string{group + ",dl_dst=01:00:00:00:00:00/01:00:00:00:00:00 actions=resubmit(,11)"}},
		{"equal keys on two datapaths", `inport == {"a1", "b1"}`, "next;", []string{"reg14=0x1," + five + " actions=resubmit(,11)", "reg14=0x1," + six + " actions=resubmit(,11)"}},
		{"two ports of one datapath", `inport == {"a1", "b1"} && outport == "a2"`, "next;", []string{"reg14=0x1,reg15=0x2," + five + " actions=resubmit(,11)"}},
		{"of two datapaths", `inport == "b1" && outport == "a2"`, "next;", nil},
		{"a multicast group that is the same", `outport == "flood"`, `outport = "flood"; next;`, []string{"reg15=0x8000," + group + " actions=set_field:0x8000->reg15,resubmit(,11)"}},
		{"clauses", `inport == {"a1", "a2", "b1"} && ip4.src == {1.0.0.1, 1.0.0.2, 1.0.0.4} && ip4`, "next;", []string{
			"conj_id=7,ip," + group + " actions=resubmit(,11)",
			"ip,reg14=0x1," + five + " actions=conjunction(7,1/2)", "ip,reg14=0x1," + six + " actions=conjunction(7,1/2)", "ip,reg14=0x2," + five + " actions=conjunction(7,1/2)",
			"ip," + group + ",nw_src=1.0.0.1 actions=conjunction(7,2/2)", "ip," + group + ",nw_src=1.0.0.2 actions=conjunction(7,2/2)", "ip," + group + ",nw_src=1.0.0.4 actions=conjunction(7,2/2)",
		}},
	} {
		got, err := lowerText(New(), groupEnv(), lflow.Ingress, 2, c.match, c.actions)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		var want []string
		for _, w := range c.want {
			want = append(want, "table=10 priority=50,"+w)
		}
		for i := range got { // the order of clauses does not matter
			got[i] = strings.ReplaceAll(strings.ReplaceAll(got[i], "(7,1/2)", "(7,x)"), "(7,2/2)", "(7,x)")
		}
		for i := range want {
			want[i] = strings.ReplaceAll(strings.ReplaceAll(want[i], "(7,1/2)", "(7,x)"), "(7,2/2)", "(7,x)")
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: got\n%s\nwant\n%s", c.name, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// TestVaries: what is not the same on all datapaths must be lowered for each.
func TestVaries(t *testing.T) {
	l := New()
	for _, c := range [][2]string{{"ip4", `outport = "a1"; output;`}, {"ip4", `clone { outport = "query"; output; };`}, {`outport == "query"`, "drop;"}} {
		for range 2 {
			if got, err := lowerText(l, groupEnv(), lflow.Ingress, 2, c[0], c[1]); !errors.Is(err, ErrVaries) || got != nil {
				t.Errorf("%q: %q, %v", c, got, err)
			}
		}
		env := vectorEnv()
		env.Port = func(string) (Port, bool) { return Port{Key: 3}, true }
		if got, err := lowerText(l, env, lflow.Ingress, 2, c[0], c[1]); err != nil || len(got) != 1 {
			t.Errorf("%q on one datapath: %q, %v", c, got, err)
		}
	}
}

// TestPassed: packets go past the stages that would only pass them on.
func TestPassed(t *testing.T) {
	l, env := New(), vectorEnv()
	passed := map[int]bool{3: true, 4: true, 9: true}
	env.Passed = func(p lflow.Pipeline, stage int) bool { return passed[stage] == (p == lflow.Ingress) && stage < 10 }
	for _, c := range []struct{ actions, want string }{
		{"next;", "resubmit(,13)"},
		{"next(9);", "resubmit(,18)"},
		{"next(5);", "resubmit(,13)"},
		{"next(pipeline=egress, table=4);", "resubmit(,66)"},
		{"next(pipeline=egress, table=5);", "resubmit(,71)"},
		{"clone { next; };", "clone(resubmit(,13))"},
		{"ct_next;", "ct(table=13,zone=NXM_NX_REG13[0..15])"},
		{"ct_commit_nat;", "ct(commit,table=13,zone=NXM_NX_REG13[0..15],nat)"},
	} {
		got, err := lowerText(l, env, lflow.Ingress, 2, "ip4", c.actions)
		if err != nil || len(got) != 1 || !strings.HasSuffix(got[0], " actions="+c.want) {
			t.Errorf("%s: got %q (%v), want %s", c.actions, got, err, c.want)
		}
	}
	passed[3] = false
	if got, _ := lowerText(l, env, lflow.Ingress, 2, "ip4", "next;"); !strings.HasSuffix(got[0], "resubmit(,11)") {
		t.Errorf("a stage that holds more is passed: %s", got[0])
	}
}

// TestLearnedScope: what is learned survives a change of the groups' bits.
func TestLearnedScope(t *testing.T) {
	env := vectorEnv()
	env.Scope = Datapath(5)
	for _, a := range []string{`commit_ecmp_nh(ipv6 = "false", proto = tcp);`, `commit_lb_aff(vip = "172.16.0.123", backend = "10.0.0.3", timeout = 30);`} {
		got, err := lowerText(New(), env, lflow.Ingress, 2, "ip4", a)
		if err != nil || len(got) != 1 || !strings.Contains(got[0], "OXM_OF_METADATA[0..23]") || strings.Contains(got[0], "OXM_OF_METADATA[]") {
			t.Errorf("%s: %q, %v", a, got, err)
		}
	}
}
