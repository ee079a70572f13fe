package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/chassisd/lower"
)

// TestTraceLikeStock makes random layer-2 networks with stock ovn-nbctl and
// traces random packets through them: weft-trace and stock ovn-trace must say
// the same of weft's Southbound database, and ofproto/trace of br-int must
// come out at the same ports.
//
// WEFT_TRACE_LONG=1 tries 200 networks with 50 packets each (some minutes);
// WEFT_TRACE_SEED=N other ones.
func TestTraceLikeStock(t *testing.T) {
	x := newTraceTest(t)
	networks, packets, batch := 8, 20, 8
	if os.Getenv("WEFT_TRACE_LONG") != "" {
		networks, packets, batch = 200, 50, 10
	}
	for first := 0; first < networks && x.wrong < 5; first += batch {
		x.batch(first, min(batch, networks-first), packets)
	}
	t.Logf("%d networks, %d packets, %d of them in the switch too; %d different verdicts, %d delivered, %d to several ports, %d answered by the agent; ovn-trace overruled by the switch %d times",
		networks, x.packets, x.switched, len(x.verdicts), x.delivered, x.several, x.agent, x.leaked)
	if x.leaked*50 > x.packets {
		t.Errorf("ovn-trace is wrong too often: %d times", x.leaked)
	}
	if len(x.verdicts) < networks {
		t.Errorf("only %d different verdicts: the packets test little", len(x.verdicts))
	}
}

// newTraceTest starts weft with one hypervisor whose ports are dummies.
func newTraceTest(t *testing.T) *traceTest {
	t.Helper()
	c := config(t)
	if why := Missing(OVN{}); why != "" {
		t.Skip(why)
	}
	if c.Backend.Name() != "weft" {
		t.Skip("it is weft's database that is to be read")
	}
	seed := uint64(1)
	if text := os.Getenv("WEFT_TRACE_SEED"); text != "" {
		if _, err := fmt.Sscan(text, &seed); err != nil {
			t.Fatalf("WEFT_TRACE_SEED: %v", err)
		}
	}
	t.Logf("seed %d", seed)
	c.Dummy = true
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := s.AddHypervisors(1); err != nil {
		t.Fatal(err)
	}
	return &traceTest{T: t, s: s, r: rand.New(rand.NewPCG(seed, 0)), verdicts: map[string]int{}}
}

// traceTest is a run of the test.
type traceTest struct {
	*testing.T
	s *Sandbox
	r *rand.Rand

	packets, switched, delivered, several, agent, chosen, blocked, wrong, leaked, sequences, answers int

	verdicts map[string]int
}

// traceSwitch is a random switch.
type traceSwitch struct {
	name  string
	ports []*tracePort
}

type tracePort struct {
	name  string
	mac   string
	ip4   string
	ip6   string
	bound bool // has an interface on hv1
}

// tool runs a program at a place and returns its output.
func (x *traceTest) tool(place, stdin string, args ...string) string {
	x.Helper()
	r, err := x.s.Run(context.Background(), place, stdin, args...)
	if err != nil {
		x.Fatalf("%v\n%s%s", err, r.Stdout, r.Stderr)
	}
	return r.Stdout
}

// batch makes networks, sends packets through them and removes them.
func (x *traceTest) batch(first, networks, packets int) {
	x.Helper()
	nb := []string{"ovn-nbctl", "--timeout=30", "--wait=hv"}
	plug := []string{"ovs-vsctl", "--timeout=30", "--no-wait"}
	unplug := slices.Clone(plug)
	remove := slices.Clone(nb)
	all := make([][]*traceSwitch, networks)
	for i := range all {
		for j := range 1 + x.r.IntN(2) {
			sw, commands := x.randomSwitch(fmt.Sprintf("n%ds%d", first+i, j))
			all[i] = append(all[i], sw)
			nb = append(nb, commands...)
			remove = append(remove, "--", "ls-del", sw.name)
			for _, p := range sw.ports {
				if p.bound {
					plug = append(plug, "--", "add-port", "br-int", p.name, "--", "set", "Interface", p.name, "external-ids:iface-id="+p.name)
					unplug = append(unplug, "--", "del-port", "br-int", p.name)
				}
			}
		}
	}
	x.tool("hv1", "", plug...)
	x.tool("", "", nb...)
	for _, switches := range all {
		for _, sw := range switches {
			for _, p := range sw.ports {
				if p.bound {
					x.tool("", "", "ovn-nbctl", "--timeout=30", "wait-until", "Logical_Switch_Port", p.name, "up=true")
				}
			}
		}
	}
	x.tool("", "", "ovn-nbctl", "--timeout=30", "--wait=hv", "sync")
	x.compare(all, packets)
	x.tool("", "", remove...)
	x.tool("hv1", "", unplug...)
}

// randomSwitch returns a switch and the ovn-nbctl commands that make it.
func (x *traceTest) randomSwitch(name string) (*traceSwitch, []string) {
	sw := &traceSwitch{name: name}
	nb := []string{"--", "ls-add", name}
	if x.r.IntN(6) == 0 {
		nb = append(nb, "--", "set", "Logical_Switch", name, "other_config:vlan-passthru=true")
	}
	for i := range 2 + x.r.IntN(4) {
		p := &tracePort{
			name:  fmt.Sprintf("%sp%d", name, i),
			mac:   fmt.Sprintf("40:44:00:00:00:%02x", i+1),
			ip4:   fmt.Sprintf("10.0.0.%d", i+1),
			ip6:   fmt.Sprintf("fd00::%d", i+1),
			bound: x.r.IntN(5) > 0,
		}
		sw.ports = append(sw.ports, p)
		nb = append(nb, "--", "lsp-add", name, p.name)
		addresses := [][]string{
			{p.mac}, {p.mac + " " + p.ip4}, {p.mac + " " + p.ip4}, {p.mac + " " + p.ip4 + " " + p.ip6}, {p.mac + " " + p.ip4 + " " + p.ip6},
			{"unknown"}, {p.mac + " " + p.ip4, "unknown"}, {},
		}[x.r.IntN(8)]
		if len(addresses) > 0 {
			nb = append(append(nb, "--", "lsp-set-addresses", p.name), addresses...)
		}
		security := [][]string{{}, {}, {}, {}, {p.mac}, {p.mac}, {p.mac, "40:44:00:00:00:99"}, {p.mac + " " + p.ip4}, {"40:44:00:00:00:98"}}[x.r.IntN(9)]
		if len(security) > 0 {
			nb = append(append(nb, "--", "lsp-set-port-security", p.name), security...)
		}
		if x.r.IntN(12) == 0 {
			nb = append(nb, "--", "lsp-set-enabled", p.name, "disabled")
		}
	}
	return sw, nb
}

// tracePacket is a packet from a port, as a microflow and as an OpenFlow flow.
type tracePacket struct {
	from     *tracePort
	logical  []string
	physical []string
	spared   bool     // its network has what stock does wrong
	commands []string // that made the network

	translated bool // its network has NAT
}

func (k *tracePacket) add(logical, physical string) {
	if logical != "" {
		k.logical = append(k.logical, logical)
	}
	if physical != "" {
		k.physical = append(k.physical, physical)
	}
}

// pick returns one of several.
func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

// randomPacket is mostly one that somebody may want to send.
func (x *traceTest) randomPacket(sw *traceSwitch) *tracePacket {
	r := x.r
	from, to := pick(r, sw.ports...), pick(r, sw.ports...)
	for range 3 { // a port with an interface, and another one, where that is easy
		if !from.bound {
			from = pick(r, sw.ports...)
		}
		if to == from {
			to = pick(r, sw.ports...)
		}
	}
	k := &tracePacket{from: from}
	src := pick(r, to.mac, "40:44:00:00:00:99", "01:00:00:00:00:01")
	if r.IntN(6) > 0 {
		src = from.mac
	}
	dst := pick(r, to.mac, to.mac, to.mac, "ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01", "0a:00:00:00:00:99")
	ip4 := pick(r, to.ip4, to.ip4, from.ip4, "10.0.0.77")
	ip6 := pick(r, to.ip6, to.ip6, from.ip6, "fd00::77")
	if r.IntN(16) == 0 {
		k.add("vlan.present && vlan.vid == 7", "dl_vlan=7")
	}
	switch r.IntN(7) {
	case 0: // ARP
		op := pick(r, "1", "1", "1", "2")
		dst = pick(r, dst, "ff:ff:ff:ff:ff:ff", "ff:ff:ff:ff:ff:ff")
		sha := pick(r, src, src, src, "40:44:00:00:00:97")
		k.add("arp", "arp")
		k.add("arp.op == "+op, "arp_op="+op)
		k.add("arp.sha == "+sha, "arp_sha="+sha)
		k.add("arp.spa == "+from.ip4, "arp_spa="+from.ip4)
		k.add("arp.tpa == "+ip4, "arp_tpa="+ip4)
	case 1: // neighbour solicitation
		sll := pick(r, src, src, "00:00:00:00:00:00", "40:44:00:00:00:97")
		group := "ff02::1:ff00:" + ip6[strings.LastIndex(ip6, ":")+1:]
		to := pick(r, ip6, group, group)
		if to == group {
			dst = "33:33:ff:00:00:0" + ip6[len(ip6)-1:]
		}
		k.add("nd_ns", "icmp6,icmpv6_type=135,icmpv6_code=0,nw_ttl=255")
		k.add("ip6.src == "+from.ip6, "ipv6_src="+from.ip6)
		k.add("ip6.dst == "+to, "ipv6_dst="+to)
		k.add("nd.target == "+ip6, "nd_target="+ip6)
		k.add("nd.sll == "+sll, "nd_sll="+sll)
	case 2: // neighbour advertisement
		tll := pick(r, src, src, "00:00:00:00:00:00", "40:44:00:00:00:97")
		k.add("nd_na", "icmp6,icmpv6_type=136,icmpv6_code=0,nw_ttl=255")
		k.add("ip6.src == "+from.ip6, "ipv6_src="+from.ip6)
		k.add("ip6.dst == "+ip6, "ipv6_dst="+ip6)
		k.add("nd.target == "+from.ip6, "nd_target="+from.ip6)
		k.add("nd.tll == "+tll, "nd_tll="+tll)
	case 3, 4:
		proto := pick(r, "udp", "tcp", "sctp")
		k.add("ip4 && "+proto, proto)
		k.add("ip4.src == "+from.ip4, "nw_src="+from.ip4)
		k.add("ip4.dst == "+ip4, "nw_dst="+ip4)
		k.add("ip.ttl == 64", "nw_ttl=64")
		k.add(proto+".src == 1234", proto+"_src=1234")
		k.add(proto+".dst == 80", proto+"_dst=80")
	case 5:
		k.add("ip6 && icmp6.type == 128", "icmp6,icmpv6_type=128")
		k.add("ip6.src == "+from.ip6, "ipv6_src="+from.ip6)
		k.add("ip6.dst == "+ip6, "ipv6_dst="+ip6)
	default:
		k.add("eth.type == 0x1234", "dl_type=0x1234")
	}
	k.add("eth.src == "+src, "dl_src="+src)
	k.add("eth.dst == "+dst, "dl_dst="+dst)
	return k
}

func (k *tracePacket) microflow() string {
	return fmt.Sprintf("inport == %q && %s", k.from.name, strings.Join(k.logical, " && "))
}

// compare traces packets through all networks.
func (x *traceTest) compare(networks [][]*traceSwitch, packets int) {
	x.Helper()
	var all []*tracePacket
	bound := map[string]bool{}
	for _, switches := range networks {
		for range packets {
			all = append(all, x.randomPacket(pick(x.r, switches...)))
		}
		for _, sw := range switches {
			for _, p := range sw.ports {
				bound[p.name] = p.bound
			}
		}
	}
	var lines strings.Builder
	for _, k := range all {
		lines.WriteString(k.microflow() + "\n")
	}
	answers := strings.Split(x.tool("", lines.String(), "weft-trace", "--minimal", "-"), "\n.\n")
	if len(answers) != len(all)+1 {
		x.Fatalf("%d answers to %d microflows", len(answers), len(all))
	}
	ports := x.interfaces()
	for i, k := range all {
		x.packets++
		ours := answers[i]
		stock := strings.TrimSuffix(x.tool("", "", "ovn-trace", "--minimal", k.microflow()), "\n")
		if ours != stock && x.replicated(k) && (k.from.bound || contains(ours, stock)) {
			// ovn-trace 23.03 does not clear the registers between the egress
			// pipelines of a group's ports. Whether we are right is for the
			// switch to say; without an interface to send from, at least
			// ovn-trace's deliveries must be among ours.
			x.leaked++
		} else if ours != stock {
			x.wrong++
			x.Errorf("%s\nweft-trace:\n%s\novn-trace:\n%s", k.microflow(),
				x.tool("", "", "weft-trace", "--all", k.microflow()), x.tool("", "", "ovn-trace", "--all", k.microflow()))
			continue
		}
		_, verdict, _ := strings.Cut(ours, "\n")
		x.verdicts[verdict]++
		want, agent := x.expected(verdict, bound)
		if k.from.bound {
			x.physical(k, ports, want, agent)
		}
		if x.wrong >= 5 {
			x.Log("giving up")
			return
		}
	}
}

// contains tells whether all lines of b are lines of a.
func contains(a, b string) bool {
	lines := strings.Split(a, "\n")
	for line := range strings.SplitSeq(b, "\n") {
		if line != "" && !slices.Contains(lines, line) {
			return false
		}
	}
	return true
}

// replicated tells whether a packet goes to a multicast group, as ovn-trace
// sees it.
func (x *traceTest) replicated(k *tracePacket) bool {
	return strings.Contains(x.tool("", "", "ovn-trace", "--summary", k.microflow()), "multicast(")
}

var delivery = regexp.MustCompile(`(?m)^output\("([^"]+)"\);$`)

// expected returns the ports at which a packet must come out of the switch.
// What the agent answers it sends itself, later.
func (x *traceTest) expected(verdict string, bound map[string]bool) (want []string, agent bool) {
	agent = strings.Contains(verdict, "nd_na {")
	for _, m := range delivery.FindAllStringSubmatch(verdict, -1) {
		if bound[m[1]] {
			want = append(want, m[1])
		}
	}
	slices.Sort(want)
	return slices.Compact(want), agent
}

// interfaces are the numbers of br-int's ports.
type interfaces struct {
	openflow map[string]string // by name
	name     map[string]string // by number in the datapath
}

var shownPort = regexp.MustCompile(`(?m)^\s+(\S+) (\d+)/(\d+): `)

func (x *traceTest) interfaces() interfaces {
	x.Helper()
	ports := interfaces{map[string]string{}, map[string]string{}}
	for _, m := range shownPort.FindAllStringSubmatch(x.tool("hv1", "", "ovs-appctl", "dpif/show"), -1) {
		ports.openflow[m[1]], ports.name[m[3]] = m[2], m[1]
	}
	return ports
}

var (
	datapathActions = regexp.MustCompile(`(?m)^Datapath actions: (.*)$`)
	toController    = regexp.MustCompile(`controller\(userdata=((?:[0-9a-f]{2}\.){3}[0-9a-f]{2})`)
	parenthesised   = regexp.MustCompile(`[a-z_]+\([^()]*\)`)
)

// learns are what agents only learn from packets, which go on.
var learns = map[lower.Opcode]bool{lower.OpPutARP: true, lower.OpPutND: true, lower.OpPutFDB: true}

// inSwitch asks the switch what it does with a packet: by which ports it comes out,
// and whether the agent gets it to do something with it.
func (x *traceTest) inSwitch(k *tracePacket, ports interfaces) (got []string, toAgent bool, out string) {
	x.Helper()
	flow := "in_port=" + ports.openflow[k.from.name] + "," + strings.Join(k.physical, ",")
	out = x.tool("hv1", "", "ovs-appctl", "ofproto/trace", "br-int", flow)
	all := datapathActions.FindAllStringSubmatch(out, -1)
	if len(all) == 0 {
		x.Fatalf("%s\n%s", flow, out)
	}
	actions := all[len(all)-1][1]
	for _, m := range toController.FindAllStringSubmatch(out, -1) {
		if op, err := strconv.ParseUint(strings.ReplaceAll(m[1], ".", ""), 16, 32); err != nil || !learns[lower.Opcode(op)] {
			toAgent = true
		}
	}
	for inner := ""; inner != actions; {
		inner, actions = actions, parenthesised.ReplaceAllString(actions, "x")
	}
	for word := range strings.SplitSeq(actions, ",") {
		if name := ports.name[word]; name != "" {
			got = append(got, name)
		}
	}
	slices.Sort(got)
	return slices.Compact(got), toAgent, out
}

// physical asks the switch what it does with a packet.
func (x *traceTest) physical(k *tracePacket, ports interfaces, want []string, agent bool) {
	x.Helper()
	x.switched++
	got, toAgent, out := x.inSwitch(k, ports)
	switch {
	case len(got) > 1:
		x.several++
		fallthrough
	case len(got) == 1:
		x.delivered++
	case agent:
		x.agent++
	}
	if !slices.Equal(got, want) || toAgent != agent {
		x.wrong++
		x.Errorf("%s\nofproto/trace comes out at %q (agent: %v)\nnot at %q (agent: %v)\n%s", k.microflow(), got, toAgent, want, agent, out)
	}
}
