package lower

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

func (f Flow) String() string {
	return fmt.Sprintf("table=%d %s actions=%s", f.Table, ofp.FlowMatchString(f.Priority, f.Match), printed(f.Actions))
}

func lowerText(l *Lowerer, env *Env, p lflow.Pipeline, table uint8, match, actions string) ([]string, error) {
	flows, err := l.Flow(nil, &Logical{Pipeline: p, Table: table, Priority: 50, Match: match, Actions: actions}, 0, env)
	var out []string
	for _, f := range flows {
		out = append(out, f.String())
	}
	slices.Sort(out)
	return out, err
}

// TestFlow: logical flow in, OpenFlow out.
func TestFlow(t *testing.T) {
	const metadata = "metadata=0x1"
	for _, c := range []struct {
		name           string
		pipeline       lflow.Pipeline
		table          uint8
		match, actions string
		want           []string
	}{
		{"flood", lflow.Ingress, 27, "eth.mcast", `outport = "lsp1"; output;`, []string{
			"table=35 priority=50," + metadata + ",dl_dst=01:00:00:00:00:00/01:00:00:00:00:00 actions=set_field:0x11->reg15,resubmit(,57)"}},
		{"deliver", lflow.Egress, 9, `outport == "lsp1" && eth.dst == {02:00:00:00:00:01, 02:00:00:00:00:02}`, "output;", []string{
			"table=71 priority=50,reg15=0x11," + metadata + ",dl_dst=02:00:00:00:00:01 actions=resubmit(,88)",
			"table=71 priority=50,reg15=0x11," + metadata + ",dl_dst=02:00:00:00:00:02 actions=resubmit(,88)"}},
		{"prerequisites of actions", lflow.Ingress, 0, `inport == "lsp2"`, "arp.op = 2; next;", []string{
			"table=8 priority=50,arp,reg14=0x12," + metadata + " actions=set_field:2->arp_op,resubmit(,9)"}},
		{"contradiction", lflow.Ingress, 0, "ip6", "arp.op = 2; next;", nil},
		{"unknown port", lflow.Ingress, 0, `inport == "nobody"`, "next;", nil},
		{"drop", lflow.Ingress, 0, "vlan.present", "drop;", []string{
			"table=8 priority=50," + metadata + ",vlan_tci=0x1000/0x1000 actions=drop"}},
		{"not here", lflow.Ingress, 0, `is_chassis_resident("eth2")`, "next;", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := lowerText(New(), vectorEnv(), c.pipeline, c.table, c.match, c.actions)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

// TestConjunction: the ids are those given out, in clauses and conj_id alike.
func TestConjunction(t *testing.T) {
	env := vectorEnv()
	env.Conjunctions = func(n int) uint32 {
		if n != 1 {
			t.Errorf("asked for %d ids", n)
		}
		return 700
	}
	got, err := lowerText(New(), env, lflow.Ingress, 4, `inport == {"lsp1", "lsp2", "lsp3"} && tcp.dst == {1, 5, 9} && ip4`, "next;")
	if err != nil {
		t.Fatal(err)
	}
	clauses, ids := 0, 0
	for _, f := range got {
		switch {
		case strings.Contains(f, "conjunction(700,"):
			clauses++
		case strings.Contains(f, "conj_id=700") && strings.HasSuffix(f, "actions=resubmit(,13)"):
			ids++
		}
	}
	if len(got) != 7 || clauses != 6 || ids != 1 {
		t.Errorf("%d flows, %d clauses, %d conj_ids\n%s", len(got), clauses, ids, strings.Join(got, "\n"))
	}
	if _, err := lowerText(New(), vectorEnv(), lflow.Ingress, 4, `inport == {"lsp1", "lsp2", "lsp3"} && tcp.dst == {1, 5, 9} && ip4`, "next;"); err == nil {
		t.Error("no error without ids")
	}
}

// TestShared: a text known from one datapath is right for another.
func TestShared(t *testing.T) {
	l := New()
	env := vectorEnv()
	texts := [][2]string{
		{`inport == "lsp1"`, `outport = "lsp2"; output;`}, {"ip4", "ct_next(snat);"}, {"arp", "next;"},
		{`is_chassis_resident("eth1")`, "next;"}, {"ip4.src == $set", "next;"},
	}
	other := &Env{
		Scope:      Scope{0x100000000, 0x100000000},
		Router:     true,
		Port:       func(string) (Port, bool) { return Port{Key: 99}, true },
		Resident:   func(string) bool { return false },
		AddressSet: func(string) ([]lflow.Constant, bool) { return []lflow.Constant{lflow.ConstantOf(9)}, true },
	}
	env.AddressSet = func(string) ([]lflow.Constant, bool) { return nil, true }
	for _, e := range []*Env{env, other, env, other} {
		for _, c := range texts {
			got, err := lowerText(l, e, lflow.Ingress, 2, c[0], c[1])
			want, err2 := lowerText(New(), e, lflow.Ingress, 2, c[0], c[1])
			if err != nil || err2 != nil || !slices.Equal(got, want) {
				t.Errorf("%s: got %q (%v), alone %q (%v)", c[0], got, err, want, err2)
			}
		}
	}
}

// TestForget: what is no longer used is forgotten, what is used stays.
func TestForget(t *testing.T) {
	l := New()
	l.limit = 10
	for i := range 100 {
		for _, match := range []string{"ip4", fmt.Sprintf("reg0 == %d", i)} {
			if _, err := lowerText(l, vectorEnv(), lflow.Ingress, 0, match, "next;"); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := len(l.recent) + len(l.older); n > 21 {
		t.Errorf("%d texts remembered", n)
	}
}

// TestErrors: nothing is appended for a text that is wrong.
func TestErrors(t *testing.T) {
	for _, c := range [][2]string{{"ip4 &&", "next;"}, {"ip4", "next"}, {"ip4.src == $nowhere", "next;"}, {"ip4", "fly;"}} {
		got, err := lowerText(New(), vectorEnv(), lflow.Ingress, 0, c[0], c[1])
		if err == nil || got != nil {
			t.Errorf("%q: %v", c, got)
		}
	}
	for _, f := range []Logical{{Match: "1", Actions: "next;"}, {Pipeline: lflow.Ingress, Table: lflow.IngressStages, Match: "1"}, {Pipeline: lflow.Egress, Table: lflow.EgressStages - 1, Match: "1", Actions: "next;"}} {
		if got, err := New().Flow(nil, &f, 0, vectorEnv()); err == nil {
			t.Errorf("%v: %v", f, got)
		}
	}
}

// TestUserdata: what a nested action says arrives at the agent.
func TestUserdata(t *testing.T) {
	l := New()
	f := Logical{Pipeline: lflow.Ingress, Table: 18, Match: "nd_ns", Actions: "nd_na { eth.src = 02:00:00:00:00:01; outport = inport; flags.loopback = 1; output; };", ControllerMeter: "nd-na"}
	env := vectorEnv()
	env.Meter = func(name string) uint32 { return uint32(len(name)) }
	flows, err := l.Flow(nil, &f, 0, env)
	if err != nil || len(flows) != 1 {
		t.Fatal(flows, err)
	}
	text := printed(flows[0].Actions)
	if !strings.Contains(text, "meter_id=5") {
		t.Errorf("no meter in %s", text)
	}
	var raw []byte
	for _, hex := range strings.Split(userdata(text), ".") {
		var b byte
		if _, err := fmt.Sscanf(hex, "%02x", &b); err != nil {
			t.Fatal(err)
		}
		raw = append(raw, b)
	}
	u, err := DecodeUserdata(raw)
	if err != nil || u.Op != OpNDNA || !u.Nested() {
		t.Fatalf("%v %v", u, err)
	}
	want := "set_field:02:00:00:00:00:01->eth_src,move:NXM_NX_REG14[]->NXM_NX_REG15[],set_field:0x1/0x1->reg10,resubmit(,57)"
	if got := printed(ofp.Actions(u.Args)); got != want {
		t.Errorf("nested actions %s\nwant %s", got, want)
	}
	for n := range userdataHeader {
		if _, err := DecodeUserdata(raw[:n]); err == nil {
			t.Errorf("userdata of %d bytes accepted", n)
		}
	}
}

// TestConcurrent: several goroutines share what is known.
func TestConcurrent(t *testing.T) {
	fs := switchFlows(20)
	env := benchEnv()
	want := make([][]Flow, len(fs))
	for i := range fs {
		var err error
		if want[i], err = New().Flow(nil, &fs[i], 0, env); err != nil {
			t.Fatal(err)
		}
	}
	l := New()
	l.limit = 50
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for n := range 2 * len(fs) {
				i := (n + g*7) % len(fs)
				got, err := l.Flow(nil, &fs[i], 0, env)
				if err != nil || !slices.Equal(got, want[i]) {
					t.Errorf("%s: %v, %v", fs[i].Match, got, err)
				}
			}
		})
	}
	wg.Wait()
}

// TestRememberSecond: what is for one flow alone is not kept.
func TestRememberSecond(t *testing.T) {
	l := New()
	for i, want := range []int{0, 1, 1} {
		if _, err := lowerText(l, vectorEnv(), lflow.Ingress, 2, "ip4", "next;"); err != nil {
			t.Fatal(err)
		}
		if len(l.recent) != want {
			t.Errorf("after %d times %d texts are remembered, want %d", i+1, len(l.recent), want)
		}
	}
}
