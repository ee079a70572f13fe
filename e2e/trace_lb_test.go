package e2e

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestTraceLBLikeStock is TestTraceNATLikeStock for networks with load balancers: on
// switches, on gateway routers and on routers with a gateway port, beside NAT. Of what
// begins a connection, weft-trace and stock ovn-trace must say the same of weft's flows,
// and ovn-trace of stock ovn-northd's flows too: what comes out where, and with which
// addresses and ports. That is asked of copies of the databases (southboundCopy). Whole
// connections, hairpins among them, then go through the switch, whose conntrack must do
// what weft-trace says.
//
// Stock is not asked where it has no answer: what a backend sends to itself (ovn-trace
// 23.03 does not know hairpins), and a VIP that two load balancers of one datapath have
// (either may be in its switch). It is not given affinity, which loses the first packet
// in 23.03.
func TestTraceLBLikeStock(t *testing.T) {
	x := &balancedTest{traceTest: newTraceTest(t), unjudged: map[string]int{}}
	networks, packets, batch := 6, 25, 6
	if os.Getenv("WEFT_TRACE_LONG") != "" {
		networks, packets, batch = 200, 50, 10
	}
	if err := x.s.stockCentre(); err != nil {
		t.Fatal(err)
	}
	x.ours, x.theirs = x.s.newSouthboundCopy(t, x.s.Dir, "copy-ours"), x.s.newSouthboundCopy(t, x.s.Dir+"/stock", "copy-theirs")
	for first := 0; first < networks && x.wrong < 5; first += batch {
		x.batch(first, min(batch, networks-first), packets)
	}
	t.Logf("%d networks, %d packets, %d of them balanced; %d different verdicts, %d delivered, %d refused, %d not judged by stock northd %v; %d connections in the switch, %d answers",
		networks, x.packets, x.balanced, len(x.verdicts), x.delivered, x.refused, x.blocked, x.unjudged, x.sequences, x.answers)
	if x.blocked*4 > x.packets {
		t.Error("too much is left out")
	}
	if len(x.verdicts) < 2*networks || x.delivered < 2*networks || x.balanced*3 < x.packets || x.refused == 0 {
		t.Error("the packets test little")
	}
}

// balancedTest is a run of the test.
type balancedTest struct {
	*traceTest
	ours, theirs      *southboundCopy
	balanced, refused int
	unjudged          map[string]int // by why stock northd is not asked
}

// preferred are the backends that load balancing takes where it has a choice: the first
// VM of each network, of IPv4 and of IPv6, of VIPs with a port and without.
var preferred = [...]string{"10.0.0.1:8080", "10.0.0.1", "[fd00::1]:8080", "fd00::1"}

// balancedNetwork is a random network with load balancers.
type balancedNetwork struct {
	*traceNetwork
	vips    []*balancedVIP
	central bool // the router outside is a gateway router
	forced  bool // and has option lb_force_snat_ip
}

// balancedVIP is a virtual address as the test knows it.
type balancedVIP struct {
	at       string // ADDRESS or ADDRESS:PORT
	ip       string
	proto    string
	balancer int // which one of the network has it
	backends []*traceVM
	disputed bool // two load balancers have it
	skip     bool // of option skip_snat
	router   bool // the router outside has it
	switches map[string]bool
}

// whole tells whether the VIP is all of an address.
func (v *balancedVIP) whole() bool { return v.at == v.ip }

// port is that of VIPs of a protocol. That of SCTP the switch does not change.
func port(proto string) int {
	if proto == "sctp" {
		return 8080
	}
	return 80
}

// v6 is 1 of IPv6, else 0.
func (v *balancedVIP) v6() int {
	if strings.Contains(v.ip, ":") {
		return 1
	}
	return 0
}

// balancedMaker makes one.
type balancedMaker struct {
	*networkMaker
	made              *balancedNetwork
	balancers, groups int
}

func randomBalanced(r *rand.Rand, name string) *balancedNetwork {
	n := &balancedNetwork{traceNetwork: &traceNetwork{}}
	m := &balancedMaker{&networkMaker{traceNetwork: n.traceNetwork, Rand: r, name: name}, n, 0, 0}
	for i := range 1 + r.IntN(2) {
		router := &madeRouter{name: fmt.Sprintf("%sr%d", name, i)}
		m.routers = append(m.routers, router)
		m.do("lr-add", router.name)
		m.remove = append(m.remove, "--", "lr-del", router.name)
	}
	switches := 1 + r.IntN(2)
	for i := range switches {
		m.aSwitch(i)
	}
	m.outside(m.routers[0])
	n.central = slices.Contains(m.commands, "options:chassis=hv1")
	if n.forced = n.central && m.yes(2); n.forced {
		m.do("set", "Logical_Router", m.routers[0].name, "options:lb_force_snat_ip="+pick(r, "router_ip", `"172.16.0.240 fd16::240"`))
	}
	for range 2 + r.IntN(4) {
		m.balancer(switches)
	}
	return n
}

// balancer makes a load balancer and says who has it.
func (m *balancedMaker) balancer(switches int) {
	name := fmt.Sprintf("%slb%d", m.name, m.balancers)
	m.balancers++
	proto := pick(m.Rand, "tcp", "tcp", "udp", "sctp")
	words := []string{"--id=@" + name, "create", "Load_Balancer", "name=" + name, "protocol=" + proto}
	skip := m.yes(4)
	var vips []*balancedVIP
	for range 1 + m.IntN(2) {
		if v := m.virtual(proto); v != nil {
			v.skip, v.switches = skip, map[string]bool{}
			vips = append(vips, v)
			words = append(words, fmt.Sprintf(`vips:"%s"="%s"`, v.at, strings.Join(m.backendsOf(v), ",")))
		}
	}
	if m.yes(2) {
		words = append(words, "options:reject=true")
	}
	if skip {
		words = append(words, "options:skip_snat=true")
	}
	if m.yes(3) {
		words = append(words, `options:hairpin_snat_ip="10.7.7.7 fd07::7"`)
	}
	words = append(words, "options:neighbor_responder="+pick(m.Rand, "all", "reachable", "none"))
	if m.yes(4) {
		words = append(words, "selection_fields="+pick(m.Rand, "ip_src", "ip_src,ip_dst"))
	}
	m.do(words...)
	m.remove = append(m.remove, "--", "lb-del", name)
	what, column := "@"+name, "load_balancer"
	if m.yes(3) {
		group := fmt.Sprintf("%sg%d", m.name, m.groups)
		m.groups++
		m.do("--id=@"+group, "create", "Load_Balancer_Group", "name="+group, "load_balancer=@"+name)
		m.remove = append([]string{"--", "destroy", "Load_Balancer_Group", group}, m.remove...)
		what, column = "@"+group, "load_balancer_group"
	}
	for i := range switches {
		if m.yes(2) {
			sw := fmt.Sprintf("%ss%d", m.name, i)
			m.do("add", "Logical_Switch", sw, column, what)
			for _, v := range vips {
				v.switches[sw] = true
			}
		}
	}
	if m.yes(2) || switches == 1 {
		m.do("add", "Logical_Router", m.routers[0].name, column, what)
		for _, v := range vips {
			v.router = true
		}
	}
}

// virtual makes a VIP, mostly a new one; nil if the load balancer would have it twice.
func (m *balancedMaker) virtual(proto string) *balancedVIP {
	i := len(m.made.vips)
	v := &balancedVIP{proto: proto, balancer: m.balancers}
	v.ip = pick(m.Rand, fmt.Sprintf("10.9.0.%d", i), fmt.Sprintf("172.16.0.%d", 50+i), fmt.Sprintf("10.0.0.%d", 200+i), fmt.Sprintf("fd09::%d", i+1), fmt.Sprintf("fd16::2:%d", i), outside)
	whole := m.yes(5) && v.ip != outside
	if v.at = v.ip; !whole {
		v.at = netip.AddrPortFrom(netip.MustParseAddr(v.ip), uint16(port(proto))).String()
	}
	for _, other := range m.made.vips {
		if other.ip == v.ip && other.proto == proto {
			return nil
		}
	}
	if m.yes(16) && i > 0 {
		if twin := m.made.vips[i-1]; twin.balancer != v.balancer && twin.proto == proto {
			v.ip, v.at = twin.ip, twin.at
			v.disputed, twin.disputed = true, true
		}
	}
	m.made.vips = append(m.made.vips, v)
	return v
}

// backendsOf chooses a VIP's backends: none, one, or several of which one is preferred.
func (m *balancedMaker) backendsOf(v *balancedVIP) (texts []string) {
	all := m.vms
	switch m.IntN(6) {
	case 0:
		return nil
	case 1, 2:
		v.backends = slices.Clone(all[:min(len(all), 1+m.IntN(4))])
		m.Shuffle(len(v.backends), func(i, k int) { v.backends[i], v.backends[k] = v.backends[k], v.backends[i] })
	default:
		v.backends = []*traceVM{pick(m.Rand, all...)}
	}
	for _, vm := range v.backends {
		ip := [2]string{vm.ip4, vm.ip6}[v.v6()]
		if !v.whole() {
			ip = netip.AddrPortFrom(netip.MustParseAddr(ip), 8080).String()
		}
		texts = append(texts, ip)
	}
	return texts
}

// chosen is the backend that a packet to the VIP goes to.
func (v *balancedVIP) chosen() *traceVM {
	for _, vm := range v.backends {
		if vm.ip4 == "10.0.0.1" {
			return vm
		}
	}
	if len(v.backends) > 0 {
		return v.backends[0]
	}
	return nil
}

// balancedPacket begins a connection.
type balancedPacket struct {
	network *balancedNetwork
	from    *traceVM
	vip     *balancedVIP // nil: it is for none
	virtual bool         // the destination is a virtual address, whatever the port
	v6      int
	ttl     string
	text    string
}

// preference is which backend is preferred for the packet.
func (k balancedPacket) preference() int {
	if k.vip != nil && k.vip.whole() {
		return 2*k.v6 + 1
	}
	return 2 * k.v6
}

// randomPacket is mostly one to a VIP.
func (n *balancedNetwork) randomPacket(r *rand.Rand) balancedPacket {
	k := balancedPacket{network: n, from: pick(r, n.vms...), ttl: pick(r, "64", "64", "64", "64", "64", "64", "64", "64", "64", "64", "64", "64", "64", "64", "1")}
	if r.IntN(2) == 0 {
		k.from = pick(r, n.hosts...)
	}
	proto, dst := pick(r, "tcp", "udp", "sctp"), ""
	if len(n.vips) > 0 && r.IntN(6) > 0 {
		v := pick(r, n.vips...)
		if v.chosen() == k.from && r.IntN(6) > 0 {
			k.from = pick(r, n.hosts...)
		}
		dst, k.v6, k.virtual = v.ip, v.v6(), true
		if r.IntN(6) > 0 {
			proto = v.proto
		}
	} else {
		k.v6 = r.IntN(2)
		var all []string
		for _, vm := range slices.Concat(n.vms, n.hosts) {
			if vm != k.from {
				all = append(all, [2]string{vm.ip4, vm.ip6}[k.v6])
			}
		}
		dst = pick(r, all...)
	}
	to := pick(r, port(proto), port(proto), port(proto), port(proto), 53)
	for _, v := range n.vips {
		if v.ip == dst && (v.whole() || v.proto == proto && to == port(proto)) && (k.vip == nil || v.disputed) {
			k.vip = v
		}
	}
	ip, src := [2]string{"ip4", "ip6"}[k.v6], [2]string{k.from.ip4, k.from.ip6}[k.v6]
	k.text = fmt.Sprintf("inport == %q && eth.src == %s && eth.dst == %s && %s.src == %s && %s.dst == %s && ip.ttl == %s && %s.src == 1234 && %s.dst == %d",
		k.from.name, k.from.mac, k.from.gateway, ip, src, ip, dst, k.ttl, proto, proto, to)
	if proto == "tcp" {
		k.text += " && tcp.flags == 2"
	}
	return k
}

// batch makes networks, sends packets through them and removes them.
func (x *balancedTest) batch(first, networks, packets int) {
	x.Helper()
	var nb, remove, ports []string
	var plug, unplug = []string{"ovs-vsctl", "--timeout=30", "--no-wait"}, []string{"ovs-vsctl", "--timeout=30", "--no-wait"}
	var all []balancedPacket
	var made []*traceNetwork
	for i := range networks {
		n := randomBalanced(x.r, fmt.Sprintf("n%d", first+i))
		nb, remove = append(nb, n.commands...), append(remove, n.remove...)
		for _, vm := range slices.Concat(n.vms, n.hosts) {
			ports = append(ports, vm.name)
		}
		for range packets {
			all = append(all, n.randomPacket(x.r))
		}
		for _, v := range n.vips {
			if !slices.ContainsFunc(n.vips, func(w *balancedVIP) bool { return w.ip == v.ip && (len(w.backends) > 1 || w.disputed) }) { // of several the switch chooses
				n.translated = append(n.translated, v.ip, v.ip)
			}
		}
		made = append(made, n.traceNetwork)
	}
	for _, port := range ports {
		plug = append(plug, "--", "add-port", "br-int", port, "--", "set", "Interface", port, "external-ids:iface-id="+port, "options:tx_pcap="+x.pcap(port))
		unplug = append(unplug, "--", "del-port", "br-int", port)
	}
	both := func(wait string, commands []string) {
		x.tool("", "", append([]string{"ovn-nbctl", "--timeout=30", "--wait=" + wait}, commands...)...)
		x.tool("", "", append([]string{"ovn-nbctl", "--timeout=30", "--wait=sb", "--db=unix:" + x.theirs.of + "/nb.sock"}, commands...)...)
	}
	x.tool("hv1", "", plug...)
	both("hv", nb)
	for _, port := range ports {
		x.tool("", "", "ovn-nbctl", "--timeout=30", "wait-until", "Logical_Switch_Port", port, "up=true")
	}
	x.tool("", "", "ovn-nbctl", "--timeout=30", "--wait=hv", "sync")
	x.ours.refresh(x.T, ports)
	x.theirs.refresh(x.T, ports)
	for i := range preferred {
		x.judge(all, i)
	}
	if x.wrong < 5 {
		x.connect(made, packets)
	}
	both("hv", remove)
	x.tool("hv1", "", unplug...)
}

// judge asks weft-trace and ovn-trace about packets that prefer a backend.
func (x *balancedTest) judge(all []balancedPacket, preference int) {
	x.Helper()
	all = slices.DeleteFunc(slices.Clone(all), func(k balancedPacket) bool { return k.preference() != preference })
	options := []string{"--lb-dst=" + preferred[preference], "--select-id=1"}
	state := []string{"--ct=new"}
	var lines strings.Builder
	for _, k := range all {
		lines.WriteString(k.text + "\n")
	}
	words := slices.Concat([]string{"weft-trace", "--db=unix:" + x.ours.dir + "/sb.sock", "--minimal"}, options, slices.Repeat(state, lookups), []string{"-"})
	answers := strings.Split(x.tool("", lines.String(), words...), "\n.\n")
	if len(answers) != len(all)+1 {
		x.Fatalf("%d answers to %d packets", len(answers), len(all))
	}
	options = append(options, slices.Repeat(state, lookups*len(all))...)
	ofOurs, ofTheirs := newTracer(x.T, x.s, x.ours.dir, options...), newTracer(x.T, x.s, x.theirs.dir, options...)
	defer ofOurs.stop()
	defer ofTheirs.stop()
	for i, k := range all {
		if x.wrong >= 5 {
			x.Log("giving up")
			return
		}
		x.packets++
		mine, same, other := answers[i], "", ""
		ok := true
		if k.vip != nil && (len(k.vip.backends) > 1 || k.vip.disputed) { // an ovn-trace that answers questions does not go by --lb-dst
			same, other = x.asked("ovn-trace", x.ours.dir, "--minimal", k), x.asked("ovn-trace", x.theirs.dir, "--minimal", k)
		} else {
			same = ofOurs.trace("--minimal", k.text)
			other, ok = ofTheirs.survives("--minimal", k.text)
		}
		if k.said(mine) != k.said(same) && !(k.partly() && k.arrived(mine) == k.arrived(same)) {
			if x.omitted(k) {
				x.blocked++
				x.unjudged["flags"]++
				continue
			}
			x.wrong++
			x.Errorf("%s\nweft-trace:\n%s\novn-trace:\n%s\n%s\n%s", k.text, mine, same, x.asked("weft-trace", x.ours.dir, "--detailed", k), x.asked("ovn-trace", x.ours.dir, "--detailed", k))
			continue
		}
		x.count(k, mine)
		why := k.unjudged(mine)
		if !ok {
			why = "ovn-trace died"
		}
		if why != "" {
			x.blocked++
			x.unjudged[why]++
			continue
		}
		ours, theirs := k.arrived(mine), k.arrived(other)
		if k.virtual && (ours == "" || isQuestion(ours)) && isQuestion(theirs) {
			continue // who has a VIP, where no load balancer is for the packet: weft does not ask, or the router alone
		}
		if ours != theirs {
			if x.omitted(k) {
				x.blocked++
				x.unjudged["flags"]++
				continue
			}
			x.wrong++
			x.Errorf("%s\n%s\nweft: %s\nstock: %s\n%s\n%s", strings.Join(k.network.commands, " "), k.text, ours, theirs,
				x.asked("weft-trace", x.ours.dir, "--detailed", k), x.asked("ovn-trace", x.theirs.dir, "--detailed", k))
		}
	}
}

// omitted tells whether ovn-trace 23.03 is no judge of the packet: that of a sender that
// is its own backend behind a router, which may go round until its TTL ends, as evaluators
// know neither the source that is forced (flags, see partly) nor, of what looks like a
// hairpin, whose VIP it was for; or that does not leave a switch where it came in, which in
// ovn-trace it may, as that takes flags.loopback along from a router to a switch.
func (x *balancedTest) omitted(k balancedPacket) bool {
	if v := k.vip; v != nil && v.router && v.chosen() == k.from {
		return true
	}
	return strings.Contains(x.asked("weft-trace", x.ours.dir, "--detailed", k), "omitting output because inport == outport")
}

// asked is what an evaluator of its own says of a packet.
func (x *balancedTest) asked(program, dir, form string, k balancedPacket) string {
	words := []string{program, "--db=unix:" + dir + "/sb.sock", form, "--select-id=1", "--lb-dst=" + preferred[k.preference()]}
	return x.tool("", "", append(append(words, slices.Repeat([]string{"--ct=new"}, lookups)...), k.text)...)
}

// lookups are those of a packet in conntrack, at most.
const lookups = 20

// count notes what the packet was good for.
func (x *balancedTest) count(k balancedPacket, text string) {
	x.verdicts[k.said(text)]++
	if strings.Contains(text, "output(") {
		x.delivered++
	}
	if k.vip != nil {
		x.balanced++
		if refusal.MatchString(text) {
			x.refused++
		}
	}
}

// hairpin tells whether the packet comes back to its sender, who is the backend.
func (k balancedPacket) hairpin(text string) bool {
	return k.vip != nil && strings.Contains(text, `output("`+k.from.name+`")`) && !refusal.MatchString(text)
}

// unjudged is why stock northd's flows are no judge of the packet, "" where they are.
func (k balancedPacket) unjudged(text string) string {
	v := k.vip
	switch {
	case k.ttl == "1" && strings.Contains(text, "icmp"):
		return "errors of routers" // see judge of traceTest
	case k.virtual && k.ttl == "1" && strings.Contains(k.text, outside):
		return "no error of the router" // weft has the packet go on
	case v == nil:
		return ""
	case v.disputed:
		return "two load balancers"
	case v.router && k.network.forced && refusal.MatchString(text):
		return "sources of refusals" // which 23.03 forces too, so that clients do not know them
	case k.hairpin(text) || v.chosen() == k.from:
		return "hairpins"
	case v.router && k.inside() && !strings.HasPrefix(v.ip, "172.16.") && !strings.HasPrefix(v.ip, "fd16:"):
		return "no route to the gateway port" // see partly
	}
	return ""
}

// said is saidBy, but for what is wrong in ovn-trace 23.03: a refusal has the ports of
// the packet that is refused, and a flag does not get to the egress pipeline, so that a
// hairpin is looked up there once more.
func (k balancedPacket) said(text string) string {
	lines := slices.DeleteFunc(settled(text), func(line string) bool {
		return portOfRefusal.MatchString(line) && refusal.MatchString(text) || k.hairpin(text) && (strings.HasPrefix(line, "ct_next(") || line == "};")
	})
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// arrived is arrivals as one text.
func (k balancedPacket) arrived(text string) string {
	if refusal.MatchString(text) {
		text = portOfRefusal.ReplaceAllString(text, "")
	}
	all := slices.DeleteFunc(arrivals(text), func(line string) bool { return strings.HasPrefix(line, "clone {") })
	for i := range all {
		if k.partly() {
			all[i] = source.ReplaceAllString(all[i], "")
		}
	}
	return strings.Join(slices.Sorted(slices.Values(all)), "\n")
}

// partly tells whether only the destination of what arrives counts beside stock. Flags,
// those that say which source a packet gets among them, do not get to ovn-trace's egress
// pipelines (the switch is asked for sources); and what is sent from inside to a VIP of a router with a gateway port 23.03
// balances where it comes in, later versions and weft at the gateway port, with the
// source that NAT gives it on the way there.
func (k balancedPacket) partly() bool {
	return k.vip != nil && k.vip.router && (k.vip.skip || k.network.forced || k.inside())
}

// inside tells whether the packet goes to a router with a gateway port, from inside.
func (k balancedPacket) inside() bool {
	return !k.network.central && slices.Contains(k.network.vms, k.from) && !k.vip.switches[k.from.name[:strings.LastIndex(k.from.name, "p")]]
}

// source is what arrivals say of senders: of what leaves the copies, source and
// destination have changed places.
var source = regexp.MustCompile(` after \d+ hops|ip[46]\.dst=\S+ ?|eth\.src=\S+ ?`)

// outside is the address of each network's router outside.
const outside = "172.16.0.254"

var (
	refusal       = regexp.MustCompile(`(tcp_reset|sctp_abort|icmp4|icmp6) \{`)
	portOfRefusal = regexp.MustCompile(`(?m)^ *(tcp|sctp)\.(src|dst) = .*$`)
)

// isQuestion tells whether all that arrives is a question for an Ethernet address.
func isQuestion(arrived string) bool {
	return strings.HasPrefix(arrived, "arp {") || strings.HasPrefix(arrived, "nd_ns {")
}
