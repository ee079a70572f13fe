package lower

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/weft-sdn/weft/lflow"
)

// scratchFlows are flows of every kind: with conjunctions, sets, nested actions
// and errors, short ones and long ones.
func scratchFlows() []Logical {
	many := make([]string, 200)
	for i := range many {
		many[i] = fmt.Sprintf("10.%d.%d.1", i>>8, i&255)
	}
	matches := []string{
		"1", "ip4", "0", `inport == "lsp1" && eth.src == {02:00:00:00:00:01, 02:00:00:00:00:02}`, "ip4.src == $set && tcp.dst != {1, 2, 3}",
		`inport == {"lsp1", "lsp2", "lsp3"} && tcp.dst == {1, 5, 9} && ip4`, "ip4.src == $apart && udp.dst == {53, 5353}",
		`outport == @group && reg0[3..7] > 4`, "nd_ns && ip6.dst == {aef0::1, ff02::1:ff00:1} && nd.target == aef0::1", "ip4.mcast || ip6.mcast",
		`is_chassis_resident("lsp1") && (arp || nd)`, `inport == "a\u0062c"`, "ip4 &&", "eth.src[0..7] == 5 && !(ct.new || ct.est)",
		"ip4.dst == {" + strings.Join(many, ", ") + "}",
	}
	actions := []string{"", "next;", `outport = "lsp2"; output;`, "reg0 = 1; clone { ip.ttl--; clone { output; }; }; next;", "fly;", "next"}
	for _, row := range lflow.ActionTable() {
		actions = append(actions, row.Example)
	}
	var fs []Logical
	for i, a := range actions {
		for j, m := range matches {
			l := lflow.Ingress
			if (i+j)%3 == 0 {
				l = lflow.Egress
			}
			fs = append(fs, Logical{Pipeline: l, Table: uint8(i % 20), Priority: uint16(j), Match: m, Actions: a})
		}
	}
	return append(fs, switchFlows(20)...)
}

// lowered is all that a flow comes to: flows, families of flows, and an error.
func lowered(l *Lowerer, f *Logical) (flows []Flow, families []Family, err string) {
	env := vectorEnv()
	set := []lflow.Constant{lflow.ConstantOf(0x0a000001), lflow.ConstantOf(0x0a000002)}
	env.AddressSet = func(string) ([]lflow.Constant, bool) { return set, true }
	env.Separate = func(name string) bool { return name == "apart" }
	env.PortGroup = func(string, bool) ([]string, bool) { return []string{"lsp1", "lsp2"}, true }
	env.Conjunctions = func(n int) uint32 { return 700 }
	env.Family = func(f Family) { families = append(families, f) }
	flows, bad := l.Flow(nil, f, 7, env)
	return flows, families, fmt.Sprint(bad)
}

// TestScratch: many goroutines and texts that use the same memory over and over
// do not see each other, be their programs kept or not.
func TestScratch(t *testing.T) {
	fs := scratchFlows()
	want := make([]struct {
		flows    []Flow
		families []Family
		err      string
	}, len(fs))
	for i := range fs {
		want[i].flows, want[i].families, want[i].err = lowered(New(), &fs[i])
	}
	l := New()
	l.limit = len(fs) / 4
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(1, uint64(g)))
			for _, i := range append(r.Perm(len(fs)), r.Perm(len(fs))...) {
				flows, families, err := lowered(l, &fs[i])
				if w := &want[i]; !slices.Equal(flows, w.flows) || !slices.Equal(families, w.families) || err != w.err {
					t.Errorf("%q, %q: got %v, %v, %s; alone %v, %v, %s", fs[i].Match, fs[i].Actions, flows, families, err, w.flows, w.families, w.err)
					return
				}
			}
		})
	}
	wg.Wait()
	if len(l.recent) == 0 {
		t.Error("nothing was remembered")
	}
}

// TestAnswersAreNotRemembered: a text that is known is lowered by what the Env
// answers now.
func TestAnswersAreNotRemembered(t *testing.T) {
	for _, match := range []string{
		"ip4.src == $set", "ip4.src == $apart && udp.dst == {53, 5353}", "inport == @group", `is_chassis_resident("lsp1") && ip4`,
	} {
		l := New()
		f := &Logical{Pipeline: lflow.Ingress, Match: match, Actions: "next;"}
		var seen []string
		for round := range 6 {
			odd := round%2 == 1
			lowered := func(l *Lowerer) string {
				families := 0
				env := vectorEnv()
				env.AddressSet = func(string) ([]lflow.Constant, bool) {
					return []lflow.Constant{lflow.ConstantOf(0x0a000001), lflow.ConstantOf(uint64(0x0a000004 + round%2))}, true
				}
				env.Separate = func(string) bool { return odd }
				env.PortGroup = func(string, bool) ([]string, bool) { return []string{"lsp1", "lsp2"}[:1+round%2], true }
				env.Resident = func(string) bool { return odd }
				env.Conjunctions = func(int) uint32 { return 700 }
				env.Family = func(Family) { families++ }
				flows, err := l.Flow(nil, f, 7, env)
				return fmt.Sprintf("%v %d %v", flows, families, err)
			}
			got, want := lowered(l), lowered(New())
			if got != want {
				t.Errorf("%q, time %d: got %s, alone %s", match, round, got, want)
			}
			seen = append(seen, want)
		}
		if seen[0] == seen[1] {
			t.Errorf("%q does not depend on the Env: %s", match, seen[0])
		}
	}
}

// TestNewAllocs holds Flow to its budget for texts that are new: the match and
// the actions that it returns, and one for each action with operands. It hands
// the scratch on itself: a sync.Pool may forget it, and does with the race
// detector.
func TestNewAllocs(t *testing.T) {
	fs := switchFlows(1250)
	l, env, s := New(), benchEnv(), newScratch()
	lower := func(out []Flow, f *Logical) ([]Flow, error) {
		defer s.reset()
		return l.flow(out, s, f, 0, env)
	}
	var out []Flow
	for i := range 100 {
		out, _ = lower(out, &fs[i])
	}
	out = slices.Grow(out[:0], 2*len(fs))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for i := 100; i < len(fs); i++ {
		var err error
		if out, err = lower(out, &fs[i]); err != nil {
			t.Fatal(err)
		}
	}
	runtime.ReadMemStats(&after)
	n := float64(len(fs) - 100)
	allocs, bytes := float64(after.Mallocs-before.Mallocs)/n, float64(after.TotalAlloc-before.TotalAlloc)/n
	if allocs > 6 || bytes > 600 {
		t.Errorf("%.1f allocations and %.0f bytes a flow, want 6 and 600 at most", allocs, bytes)
	}
	t.Logf("%.1f allocations and %.0f bytes a flow", allocs, bytes)
}
