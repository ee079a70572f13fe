package e2e

import (
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestACLLikeStock gives random ACLs, address sets and port groups to weft and
// to stock ovn-northd, and traces random packets with all kinds of conntrack
// states. weft-trace and stock ovn-trace must print the same of weft's
// Southbound database, and ovn-trace of the stock one must come to the same
// verdict: where a packet comes out, what it looks like, what is logged.
// (Of networks with tiers the stock northd is not asked: 23.03 has none.)
//
// WEFT_ACL_LONG=1 tries 200 networks with 40 packets each; WEFT_ACL_SEED=N
// other ones.
func TestACLLikeStock(t *testing.T) {
	c := config(t)
	if why := Missing(OVN{}); why != "" {
		t.Skip(why)
	}
	if c.Backend.Name() != "weft" {
		t.Skip("it is weft's database that is to be read")
	}
	networks, packets, batch := 12, 20, 12
	if os.Getenv("WEFT_ACL_LONG") != "" {
		networks, packets, batch = 200, 40, 20
	}
	seed := uint64(1)
	if text := os.Getenv("WEFT_ACL_SEED"); text != "" {
		if _, err := fmt.Sscan(text, &seed); err != nil {
			t.Fatalf("WEFT_ACL_SEED: %v", err)
		}
	}
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := s.AddHypervisors(0); err != nil {
		t.Fatal(err)
	}
	if err := s.stockCentre(); err != nil {
		t.Fatal(err)
	}
	x := &aclTest{T: t, s: s, r: rand.New(rand.NewPCG(seed, 0)), verdicts: map[string]bool{}}
	for first := 0; first < networks && x.wrong < 5; first += batch {
		x.batch(first, min(batch, networks-first), packets)
	}
	t.Logf("seed %d: %d networks, %d traces compared with ovn-trace (%d left out), %d with stock northd's flows too (%d left out); %d different verdicts, %d delivered, %d rejected",
		seed, networks, x.traces, x.ports, x.stock, x.blocked, len(x.verdicts), x.delivered, x.rejected)
	if (x.ports+x.blocked)*20 > x.traces {
		t.Error("too much is left out")
	}
	if x.delivered < x.traces/10 || x.delivered > x.traces*9/10 || x.rejected == 0 || len(x.verdicts) < networks {
		t.Error("the packets test little")
	}
}

// aclTest is a run of the test.
type aclTest struct {
	*testing.T
	s *Sandbox
	r *rand.Rand

	traces, ports, stock, blocked, delivered, rejected, wrong int

	drops    bool // what no ACL allows
	verdicts map[string]bool
}

// ctStates are what all passages through conntrack find, one kind of packets
// after the other.
var ctStates = []string{"new", "est", "est,rpl", "rel", "rel,rpl", "inv"}

// ctPairs are what the two pipelines find where that is not the same. For those
// an ovn-trace is run per packet: one that answers many questions goes on
// through its states and never begins anew.
var ctPairs = [][2]string{{"est", "new"}, {"new", "est"}, {"new", "est,rpl"}, {"rel,rpl", "new"}, {"est", "inv"}}

// tool runs a program on the databases in a directory.
func (x *aclTest) tool(dir, stdin string, args ...string) string {
	x.Helper()
	cmd, cancel := x.s.command(x.Context(), x.s.ns("fab"), dir, args...)
	defer cancel()
	cmd.Env = append(cmd.Env, "OVN_NB_DB=unix:"+dir+"/nb.sock", "OVN_SB_DB=unix:"+dir+"/sb.sock")
	r, err := output(cmd, stdin, args)
	if err != nil {
		x.Fatalf("%v\n%s%s", err, r.Stdout, r.Stderr)
	}
	return r.Stdout
}

// batch makes networks, sends packets through them and removes them.
func (x *aclTest) batch(first, networks, packets int) {
	x.Helper()
	weft, stock := x.s.Dir, x.s.Dir+"/stock"
	x.drops = x.r.IntN(3) == 0
	options := []string{"--", "set", "NB_Global", ".", fmt.Sprintf("options:default_acl_drop=%t", x.drops)}
	create, remove := slices.Clone(options), []string{}
	var update []string
	var all []aclPacket
	for i := range networks {
		n := randomACLs(x.r, first+i)
		create, remove, update = append(create, n.create...), append(remove, n.remove...), append(update, n.update...)
		for range packets {
			all = append(all, randomACLPacket(x.r, n))
		}
	}
	for _, dir := range []string{weft, stock} {
		x.tool(dir, "", append([]string{"ovn-nbctl", "--timeout=30"}, create...)...)
		if len(update) > 0 {
			said := x.tool(dir, "", "ovsdb-client", "transact", "unix:"+dir+"/nb.sock", `["OVN_Northbound",`+strings.Join(update, ",")+`]`)
			if strings.Contains(said, "error") {
				x.Fatal(said)
			}
		}
		x.tool(dir, "", "ovn-nbctl", "--timeout=30", "--wait=sb", "sync")
	}
	for _, ct := range ctStates {
		// A conntrack state for each of many passages.
		states := slices.Repeat([]string{"--ct=" + ct}, 10*len(all))
		ours, stock := newTracer(x.T, x.s, weft, states...), newTracer(x.T, x.s, stock, states...)
		asked := func(c *tracer) func(k aclPacket, form string) string {
			return func(k aclPacket, form string) string { return c.trace(form, k.sw.name, k.microflow) }
		}
		x.compare(all, []string{ct, ct, ct, ct}, asked(ours), asked(stock))
		ours.stop()
		stock.stop()
	}
	for i, ct := range ctPairs {
		asked := func(dir string) func(k aclPacket, form string) string {
			return func(k aclPacket, form string) string {
				return x.tool(dir, "", "ovn-trace", form, "--ct="+ct[0], "--ct="+ct[1], k.sw.name, k.microflow)
			}
		}
		var some []aclPacket
		for j := i; j < len(all); j += 50 {
			some = append(some, all[j])
		}
		x.compare(some, ct[:], asked(weft), asked(stock))
	}
	if x.wrong >= 5 {
		x.Log("giving up")
		return
	}
	for _, dir := range []string{weft, stock} {
		x.tool(dir, "", append([]string{"ovn-nbctl", "--timeout=30"}, remove...)...)
	}
}

// compare traces packets for which conntrack finds ct; ours and stock are
// ovn-trace on weft's database and on that of stock ovn-northd.
func (x *aclTest) compare(all []aclPacket, ct []string, ours, stock func(k aclPacket, form string) string) {
	x.Helper()
	if x.wrong >= 5 {
		return
	}
	var lines strings.Builder
	for _, k := range all {
		lines.WriteString(k.microflow + "\n")
	}
	args := []string{"weft-trace", "--minimal", "-"}
	for _, state := range ct {
		args = append(args, "--ct="+state)
	}
	answers := strings.Split(x.tool(x.s.Dir, lines.String(), args...), "\n.\n")
	if len(answers) != len(all)+1 {
		x.Fatalf("%d answers to %d microflows", len(answers), len(all))
	}
	for i, k := range all {
		if x.judge(k, ct, answers[i], ours, stock); x.wrong >= 5 {
			return
		}
	}
}

// judge compares what weft-trace says of a packet with what ovn-trace says of
// the same flows, and that with what it says of stock ovn-northd's.
func (x *aclTest) judge(k aclPacket, ct []string, got string, ours, stock func(k aclPacket, form string) string) {
	x.Helper()
	// ovn-trace forgets the flags (register 10) between the pipelines, a switch
	// does not; where a packet is logged in the second one they are seen.
	got = flags.ReplaceAllString(got, "")
	want := flags.ReplaceAllString(strings.TrimSuffix(ours(k, "--minimal"), "\n"), "")
	x.count(verdict(got))
	resets := strings.Contains(want, "tcp_reset {") || strings.Contains(want, "sctp_abort {")
	switch {
	case got == want:
	case resets:
		// ovn-trace 23.03 leaves the ports of what it rejects as they are, and
		// makes TCP of SCTP over IPv6; the agents of both do not.
		x.ports++
	default:
		x.wrong++
		x.Errorf("%s %q\nweft-trace:\n%s\novn-trace:\n%s\n%s", k.microflow, ct, got, want, ours(k, "--detailed"))
	}
	switch {
	case k.net.tiers:
	case x.drops && k.blocked && slices.Contains(ct, "est"):
		// A connection that was allowed, is blocked, and meets no ACL: 23.03
		// allows it again, though what no ACL allows is to be dropped.
		x.blocked++
	default:
		x.stock++
		if got, want := verdict(want), verdict(stock(k, "--minimal")); got != want {
			x.wrong++
			x.Errorf("%s %q\nweft:\n%s\nstock OVN:\n%s\nweft:\n%s\nstock OVN:\n%s", k.microflow, ct, got, want, ours(k, "--detailed"), stock(k, "--detailed"))
		}
	}
}

func (x *aclTest) count(verdict string) {
	x.traces++
	x.verdicts[verdict] = true
	if strings.Contains(verdict, "output(") {
		x.delivered++
	}
	if rejected.MatchString(verdict) {
		x.rejected++
	}
}

var (
	flags    = regexp.MustCompile(`reg10=0x[0-9a-f]+,`)
	logged   = regexp.MustCompile(`, packet=".*"`)
	bookwork = regexp.MustCompile(`(?m)^(#.*|ct_next\(.*\)( \{|;)|\};)$\n?`)
	rejected = regexp.MustCompile(`(icmp[46]|tcp_reset|sctp_abort) \{`)
)

// verdict is what becomes of a packet in a trace's minimal form: without how
// often it went through conntrack and where in the flows that was.
func verdict(minimal string) string {
	var lines []string
	for line := range strings.SplitSeq(minimal, "\n") {
		lines = append(lines, strings.TrimSpace(line))
	}
	return strings.TrimSpace(logged.ReplaceAllString(bookwork.ReplaceAllString(strings.Join(lines, "\n"), ""), ""))
}
