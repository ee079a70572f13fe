package e2e

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestTraceRoutersLikeStock is TestTraceLikeStock for networks with routers, and has
// a second judge: stock ovn-northd compiles the same northbound rows, and stock
// ovn-trace must say the same of its flows: what comes out, where, and what it looks
// like. The networks keep to what 23.03 knows, and to what it does as OVN's main.
func TestTraceRoutersLikeStock(t *testing.T) {
	newTraceTest(t).routers(false)
}

// routers tries networks with routers, which may translate.
func (x *traceTest) routers(nat bool) {
	x.Helper()
	networks, packets, batch := 8, 25, 8
	if os.Getenv("WEFT_TRACE_LONG") != "" {
		networks, packets, batch = 200, 50, 10
	}
	if err := x.s.stockCentre(); err != nil {
		x.Fatal(err)
	}
	for first := 0; first < networks && x.wrong < 5; first += batch {
		x.routed(first, min(batch, networks-first), packets, nat)
	}
	if nat {
		x.Logf("%d connections in the switch, %d answers", x.sequences, x.answers)
	}
	x.Logf("%d networks, %d packets, %d of them in the switch too; %d different verdicts, %d delivered, %d answered by the agent, %d with a choice of next hops, %d not judged by stock northd",
		networks, x.packets, x.switched, len(x.verdicts), x.delivered, x.agent, x.chosen, x.blocked)
	if x.blocked*5 > x.packets {
		x.Error("too much is left out")
	}
	if len(x.verdicts) < networks || x.chosen == 0 || x.delivered < networks {
		x.Errorf("%d different verdicts, %d delivered, %d with a choice: the packets test little", len(x.verdicts), x.delivered, x.chosen)
	}
}

// settled is what ovn-trace prints of a packet, up to a question for its next hop's
// Ethernet address: the packet waits for the answer there. What OVN's main lets it do
// then stands in the flow behind the question, and in 23.03 in the agent. Which of
// several next hops was chosen is left out: what follows is in what it leads to. So is
// that no state of a connection was given: behind the next router ovn-trace still knows
// the one from here.
func settled(text string) (lines []string) {
	var open []string // blocks
	for line := range strings.SplitSeq(text, "\n") {
		line = spelling.Replace(strings.TrimSpace(line))
		switch {
		case line == "" || strings.HasPrefix(line, "#") || strings.HasPrefix(line, "icmp4.inner_ip4.src = "): // which 23.03 does not show
		case strings.HasPrefix(line, "select: "):
			open = append(open, "select")
		case line == "nd_ns {": // whom it asks stands in our flow, and in stock's agent
			return append(lines, line)
		case strings.HasSuffix(line, "{"):
			open, lines = append(open, line), append(lines, line)
		case line == "};":
			last := open[len(open)-1]
			open = open[:len(open)-1]
			if last == "select" {
				continue
			}
			if lines = append(lines, line); last == "arp {" {
				return lines
			}
		default:
			lines = append(lines, line)
		}
	}
	return lines
}

// spelling leaves out that remark, and spells two actions as ovn-trace 23.03 does not.
var spelling = strings.NewReplacer("natin_czone", "nat_in_czone", " /* default (use --ct to customize) */", "")

// saidBy is what ovn-trace prints of a packet, in an order that does not depend on
// UUIDs.
func saidBy(text string) string {
	lines := settled(text)
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// routed makes networks with routers, sends packets through them and removes them.
func (x *traceTest) routed(first, networks, packets int, nat bool) {
	x.Helper()
	var nb, remove []string
	var plug, unplug = []string{"ovs-vsctl", "--timeout=30", "--no-wait"}, []string{"ovs-vsctl", "--timeout=30", "--no-wait"}
	var all []*tracePacket
	var vms []*traceVM
	var made []*traceNetwork
	for i := range networks {
		n := randomRouted(x.r, fmt.Sprintf("n%d", first+i), nat)
		made = append(made, n)
		nb, remove, vms = append(nb, n.commands...), append(remove, n.remove...), append(append(vms, n.vms...), n.hosts...)
		for range packets {
			all = append(all, n.randomPacket(x.r))
		}
	}
	for _, vm := range vms {
		plug = append(plug, "--", "add-port", "br-int", vm.name, "--", "set", "Interface", vm.name, "external-ids:iface-id="+vm.name, "options:tx_pcap="+x.pcap(vm.name))
		unplug = append(unplug, "--", "del-port", "br-int", vm.name)
	}
	stock := x.s.Dir + "/stock"
	both := func(wait string, commands []string) {
		x.tool("", "", append([]string{"ovn-nbctl", "--timeout=30", "--wait=" + wait}, commands...)...)
		x.tool("", "", append([]string{"ovn-nbctl", "--timeout=30", "--wait=sb", "--db=unix:" + stock + "/nb.sock"}, commands...)...)
	}
	x.tool("hv1", "", plug...)
	both("hv", nb)
	for _, vm := range vms {
		x.tool("", "", "ovn-nbctl", "--timeout=30", "wait-until", "Logical_Switch_Port", vm.name, "up=true")
	}
	x.tool("", "", "ovn-nbctl", "--timeout=30", "--wait=hv", "sync")
	x.judge(all, stock)
	if nat && x.wrong < 5 {
		x.connect(made, packets)
	}
	both("hv", remove)
	x.tool("hv1", "", unplug...)
}

// maxHops is how many next hops share packets in these networks.
const maxHops = 3

// judge asks all of them about packets: once for each choice of a next hop. Where
// there is one, the switch must do what one of them leads to.
func (x *traceTest) judge(all []*tracePacket, stock string) {
	x.Helper()
	var lines strings.Builder
	for _, k := range all {
		lines.WriteString(k.microflow() + "\n")
	}
	raw, theirs := make([][]string, len(all)), make([][]string, len(all))
	died := make([]bool, len(all)) // stock's ovn-trace, of stock's flows
	for choice := range maxHops {
		option := fmt.Sprint("--select-id=", choice+1)
		answers := strings.Split(x.tool("", lines.String(), "weft-trace", "--minimal", option, "-"), "\n.\n")
		if len(answers) != len(all)+1 {
			x.Fatalf("%d answers to %d microflows", len(answers), len(all))
		}
		ofOurs, ofTheirs := newTracer(x.T, x.s, x.s.Dir, option), newTracer(x.T, x.s, stock, option)
		for i, k := range all {
			other, ok := ofTheirs.survives("--minimal", k.microflow())
			if !ok {
				died[i] = true
			} else if !random(other) {
				theirs[i] = append(theirs[i], k.verdict(other))
			}
			mine := answers[i]
			if random(mine) {
				continue
			}
			raw[i] = append(raw[i], mine)
			if same := ofOurs.trace("--minimal", k.microflow()); saidBy(mine) != saidBy(same) {
				x.wrong++
				x.Errorf("%s %s\nweft-trace:\n%s\novn-trace:\n%s", option, k.microflow(), mine, same)
			}
		}
		ofOurs.stop()
		ofTheirs.stop()
	}
	ports := x.interfaces()
	for i, k := range all {
		if x.wrong >= 5 {
			x.Log("giving up")
			return
		}
		x.packets++
		var ours []string
		for _, text := range raw[i] {
			ours = append(ours, k.verdict(text))
			x.verdicts[saidBy(text)]++
		}
		if strings.Contains(raw[i][0], "select: ") {
			x.chosen++
		}
		if slices.ContainsFunc(raw[i], func(text string) bool { return strings.Count(text, "select: ") > 1 }) {
			x.blocked++ // each choice may be any, and its number means another in each place
			continue
		}
		ours = sortedOnce(ours)
		errors := strings.Join(ours, "\n")
		if died[i] {
			x.blocked++
		} else if strings.Contains(errors, "icmp6 {") || k.spared && strings.Contains(errors, "icmp4 {") {
			// Stock tells few senders of IPv6 that hops ran out, and those of IPv4
			// from the wrong address where a port has several networks, or is a
			// gateway.
			x.blocked++
		} else if !slices.Equal(ours, sortedOnce(theirs[i])) { // which number a next hop has is northd's choice
			x.wrong++
			x.Errorf("%s\n%s\nweft:\n%s\nstock northd:\n%s\nweft:\n%s\nstock:\n%s", strings.Join(k.commands, " "), k.microflow(), strings.Join(raw[i], "\nor\n"), strings.Join(theirs[i], "\nor\n"),
				x.tool("", "", "weft-trace", "--detailed", "--select-id=1", k.microflow()),
				x.tool("", "", "ovn-trace", "--db=unix:"+stock+"/sb.sock", "--detailed", "--select-id=1", k.microflow()))
			continue
		}
		x.physicalOneOf(k, ports, raw[i])
	}
}

// random tells that there is no choice of the number that was asked for.
func random(trace string) bool { return strings.Contains(trace, "Randomly selected") }

func sortedOnce(all []string) []string {
	all = slices.Sorted(slices.Values(all))
	return slices.Compact(all)
}

// physicalOneOf asks the switch what it does with a packet: what one of the verdicts
// says.
func (x *traceTest) physicalOneOf(k *tracePacket, ports interfaces, verdicts []string) {
	x.Helper()
	got, toAgent, out := x.inSwitch(k, ports)
	if strings.Contains(out, "hash(l4(0)),recirc(") || k.translated && strings.Contains(out, "nat") {
		return // the datapath chooses or translates, which ofproto/trace does not follow
	}
	x.switched++
	for _, v := range verdicts {
		want, agent := outputsOf(v)
		if slices.Equal(got, want) && agent == toAgent {
			if len(got) > 0 {
				x.delivered++
			} else if agent {
				x.agent++
			}
			return
		}
	}
	x.wrong++
	x.Errorf("%s\nthe switch: %q (agent: %v)\nnot\n%s\n%s", k.microflow(), got, toAgent, strings.Join(verdicts, "\nor\n"), out)
}

// noWire is how the names of localnet ports end here, whose network the switch does not
// have.
const noWire = "-net"

// outputsOf are the ports at which a verdict says that the packet comes out, and
// whether an agent gets it. What an agent makes of it, it sends later.
func outputsOf(verdict string) (ports []string, agent bool) {
	depth := 0
	for _, line := range settled(verdict) {
		switch {
		case strings.HasSuffix(line, "{"):
			depth++
		case line == "};":
			depth--
		}
		if m := delivery.FindStringSubmatch(line); m != nil && depth == 0 && !strings.HasSuffix(m[1], noWire) {
			ports = append(ports, m[1])
		}
		agent = agent || strings.HasSuffix(line, "{")
	}
	slices.Sort(ports)
	return slices.Compact(ports), agent
}

// traceNetwork is a random network with routers.
type traceNetwork struct {
	commands, remove []string // of ovn-nbctl
	vms              []*traceVM
	routerIPs        []string
	others           []string   // addresses that routes or nobody knows
	several          bool       // some port has two IPv4 networks
	hosts            []*traceVM // outside
	translated       []string   // addresses outside of NAT
}

type traceVM struct {
	tracePort
	gateway string // MAC of its router's port
}

// networkMaker makes one.
type networkMaker struct {
	*traceNetwork
	*rand.Rand
	name    string
	routers []*madeRouter
	macs    int
}

type madeRouter struct {
	name  string
	ports []string
	hops4 []string // possible next hops
	hops6 []string
}

func (m *networkMaker) do(words ...string) { m.commands = append(append(m.commands, "--"), words...) }

func (m *networkMaker) mac() string {
	m.macs++
	return fmt.Sprintf("40:44:00:00:%02x:%02x", m.macs/256, m.macs%256)
}

func (m *networkMaker) yes(oneOf int) bool { return m.IntN(oneOf) == 0 }

func randomRouted(r *rand.Rand, name string, nat bool) *traceNetwork {
	m := &networkMaker{traceNetwork: &traceNetwork{}, Rand: r, name: name}
	for i := range 1 + r.IntN(3) {
		router := &madeRouter{name: fmt.Sprintf("%sr%d", name, i)}
		m.routers = append(m.routers, router)
		m.do("lr-add", router.name)
		m.remove = append(m.remove, "--", "lr-del", router.name)
	}
	for i := range len(m.routers) + r.IntN(2) {
		m.aSwitch(i)
	}
	if len(m.routers) > 1 && r.IntN(2) == 0 {
		m.link(m.routers[0], m.routers[1])
	}
	if nat {
		m.outside(m.routers[0])
	}
	m.others = []string{"8.8.8.8", "8.8.4.4", "192.0.2.1", "10.0.0.77", "10.0.1.77", "fd99::8", "fd00::77"}
	for _, router := range m.routers {
		m.routes(router)
		m.policies(router)
	}
	return m.traceNetwork
}

// aSwitch makes one with VMs and a port of one or two routers.
func (m *networkMaker) aSwitch(i int) {
	sw, net4, net6 := fmt.Sprintf("%ss%d", m.name, i), fmt.Sprintf("10.0.%d", i), fmt.Sprintf("fd00:%d:", i)
	m.do("ls-add", sw)
	m.remove = append(m.remove, "--", "ls-del", sw)
	var gateway string
	var hops4, hops6 []string
	joined := []*madeRouter{m.routers[i%len(m.routers)]}
	if len(m.routers) > 1 && m.yes(2) {
		joined = append(joined, m.routers[(i+1)%len(m.routers)])
	}
	for k, router := range joined {
		port, mac := fmt.Sprintf("%s-%s", router.name, sw), m.mac()
		if gateway == "" {
			gateway = mac
		}
		networks := []string{fmt.Sprintf("%s.%d/24", net4, 254-k), fmt.Sprintf("%s:ff%d/64", net6, k)}
		if m.yes(4) {
			m.several = true
			networks = append(networks, fmt.Sprintf("10.9.%d.%d/24", i, 254-k))
		}
		m.do(append([]string{"lrp-add", router.name, port, mac}, networks...)...)
		m.attach(sw, sw+"-"+router.name, port)
		router.ports = append(router.ports, port)
		for _, n := range networks {
			ip, _, _ := strings.Cut(n, "/")
			m.routerIPs = append(m.routerIPs, ip)
		}
		hops4, hops6 = append(hops4, fmt.Sprintf("%s.%d", net4, 254-k)), append(hops6, fmt.Sprintf("%s:ff%d", net6, k))
	}
	for k := range 1 + m.IntN(3) {
		vm := &traceVM{tracePort: tracePort{name: fmt.Sprintf("%sp%d", sw, k), mac: m.mac(), ip4: fmt.Sprintf("%s.%d", net4, k+1), ip6: fmt.Sprintf("%s:%d", net6, k+1), bound: true}, gateway: gateway}
		m.vms = append(m.vms, vm)
		m.do("lsp-add", sw, vm.name)
		addresses := []string{vm.mac + " " + vm.ip4 + " " + vm.ip6}
		if m.yes(6) {
			addresses = append(addresses, "unknown")
		}
		m.do(append([]string{"lsp-set-addresses", vm.name}, addresses...)...)
		hops4, hops6 = append(hops4, vm.ip4), append(hops6, vm.ip6)
	}
	for k, router := range joined {
		for i := range hops4 {
			if i != k { // not its own address
				router.hops4, router.hops6 = append(router.hops4, hops4[i]), append(router.hops6, hops6[i])
			}
		}
	}
}

// attach gives a switch the port of a router's port.
func (m *networkMaker) attach(sw, port, router string) {
	m.do("lsp-add", sw, port)
	m.do("lsp-set-type", port, "router")
	m.do("lsp-set-addresses", port, "router")
	m.do("lsp-set-options", port, "router-port="+router)
}

// link joins two routers port to port.
func (m *networkMaker) link(a, b *madeRouter) {
	pa, pb := a.name+"-peer", b.name+"-peer"
	m.do("lrp-add", a.name, pa, m.mac(), "10.8.0.1/30", "fd08::1/64", "peer="+pb)
	m.do("lrp-add", b.name, pb, m.mac(), "10.8.0.2/30", "fd08::2/64", "peer="+pa)
	a.ports, b.ports = append(a.ports, pa), append(b.ports, pb)
	a.hops4, a.hops6 = append(a.hops4, "10.8.0.2", "10.8.0.2"), append(a.hops6, "fd08::2", "fd08::2")
	b.hops4, b.hops6 = append(b.hops4, "10.8.0.1", "10.8.0.1"), append(b.hops6, "fd08::1", "fd08::1")
	m.routerIPs = append(m.routerIPs, "10.8.0.1", "10.8.0.2", "fd08::1", "fd08::2")
}

func (m *networkMaker) routes(router *madeRouter) {
	tables, policies := []string{"", "", "", "blue"}, []string{"dst-ip", "dst-ip", "dst-ip", "src-ip"}
	if m.yes(3) {
		policies = policies[:3] // 23.03 asks src-ip routes whatever the table
		m.do("set", "Logical_Router_Port", pick(m.Rand, router.ports...), "options:route_table=blue")
	}
	used := map[string]bool{}
	for range m.IntN(6) {
		v6 := m.yes(3)
		prefix, hops := pick(m.Rand, "0.0.0.0/0", "8.8.0.0/16", "8.8.8.0/24", "10.0.0.0/16", "10.0.1.0/24", "10.0.0.1/32", "192.0.2.0/24"), router.hops4
		if v6 {
			prefix, hops = pick(m.Rand, "::/0", "fd00::/16", "fd99::/64", "fd00:1::/64"), router.hops6
		}
		if len(hops) == 0 {
			continue
		}
		policy, table := pick(m.Rand, policies...), pick(m.Rand, tables...)
		key := policy + prefix + table
		if used[key] || policy == "src-ip" && strings.HasSuffix(prefix, "/0") { // in 23.03 as low as the flow that drops
			continue
		}
		used[key] = true
		if m.yes(8) {
			m.do("--policy="+policy, "--route-table="+table, "lr-route-add", router.name, prefix, "discard")
			continue
		}
		with := map[string]bool{}
		for range 1 + m.IntN(maxHops) {
			if hop := pick(m.Rand, hops...); !with[hop] {
				with[hop] = true
				m.do("--ecmp", "--policy="+policy, "--route-table="+table, "lr-route-add", router.name, prefix, hop)
			}
		}
	}
}

func (m *networkMaker) policies(router *madeRouter) {
	priority := 100
	for range m.IntN(4) {
		priority--
		match := pick(m.Rand, "ip4.src == 10.0.0.1", "ip4.dst == 8.8.0.0/16", "tcp.dst == 80", "udp", "ip6.dst == fd99::/64", "icmp4", "ip4.dst != 10.0.1.0/24", "tcp && ip4.dst != {10.0.0.0/24, 8.8.8.8}", "ip6.dst != fd00::/64", fmt.Sprintf("inport == %q", pick(m.Rand, router.ports...)))
		words := []string{"lr-policy-add", router.name, strconv.Itoa(priority), match}
		switch m.IntN(4) {
		case 0:
			words = append(words, "drop")
		case 1:
			words = append(words, "allow")
		default:
			hops := router.hops4
			if strings.Contains(match, "ip6") {
				hops = router.hops6
			}
			if len(hops) == 0 {
				continue
			}
			a, b := pick(m.Rand, hops...), pick(m.Rand, hops...)
			if a != b && m.yes(2) {
				a += "," + b
			}
			words = append(words, "reroute", a)
		}
		m.do(words...)
	}
}

// randomPacket is mostly one from a VM to its router.
func (n *traceNetwork) randomPacket(r *rand.Rand) *tracePacket {
	from := pick(r, n.vms...)
	if n.hosts != nil && r.IntN(3) == 0 {
		from = pick(r, n.hosts...)
	}
	k := &tracePacket{from: &from.tracePort, translated: n.hosts != nil}
	to4, to6 := pick(r, n.vms...).ip4, pick(r, n.vms...).ip6
	for range 1 - min(1, r.IntN(3)) {
		for _, pool := range [][]string{n.routerIPs, n.others, n.translated} {
			if len(pool) == 0 {
				continue
			}
			if ip := pick(r, pool...); r.IntN(2) == 0 {
				if strings.Contains(ip, ":") {
					to6 = ip
				} else {
					to4 = ip
				}
			}
		}
	}
	ttl := pick(r, "6", "6", "6", "6", "2", "1") // routes may go round
	k.spared, k.commands = n.several || k.translated, n.commands
	dst := pick(r, from.gateway, from.gateway, from.gateway, from.gateway, from.gateway, "40:44:00:00:00:01", "0a:00:00:00:00:99")
	switch r.IntN(8) {
	case 0:
		ip := pick(r, n.routerIPs...)
		for strings.Contains(ip, ":") {
			ip = pick(r, n.routerIPs...)
		}
		dst = "ff:ff:ff:ff:ff:ff"
		k.add("arp", "arp")
		k.add("arp.op == 1", "arp_op=1")
		k.add("arp.sha == "+from.mac, "arp_sha="+from.mac)
		k.add("arp.spa == "+from.ip4, "arp_spa="+from.ip4)
		k.add("arp.tpa == "+ip, "arp_tpa="+ip)
	case 1:
		k.add("ip4 && icmp4.type == 8 && icmp4.code == 0", "icmp,icmp_type=8,icmp_code=0")
		k.add("ip4.src == "+from.ip4, "nw_src="+from.ip4)
		k.add("ip4.dst == "+to4, "nw_dst="+to4)
		k.add("ip.ttl == "+ttl, "nw_ttl="+ttl)
	case 2:
		k.add("ip6 && icmp6.type == 128 && icmp6.code == 0", "icmp6,icmpv6_type=128,icmpv6_code=0")
		k.add("ip6.src == "+from.ip6, "ipv6_src="+from.ip6)
		k.add("ip6.dst == "+to6, "ipv6_dst="+to6)
		k.add("ip.ttl == 9", "nw_ttl=9")
	case 3:
		k.add("ip6 && tcp", "tcp6")
		k.add("ip6.src == "+from.ip6, "ipv6_src="+from.ip6)
		k.add("ip6.dst == "+to6, "ipv6_dst="+to6)
		k.add("ip.ttl == 9", "nw_ttl=9")
		k.add("tcp.src == 1234", "tcp_src=1234")
		k.add("tcp.dst == 80", "tcp_dst=80")
	default:
		proto, port := pick(r, "udp", "tcp"), pick(r, "80", "53")
		k.add("ip4 && "+proto, proto)
		k.add("ip4.src == "+from.ip4, "nw_src="+from.ip4)
		k.add("ip4.dst == "+to4, "nw_dst="+to4)
		k.add("ip.ttl == "+ttl, "nw_ttl="+ttl)
		k.add(proto+".src == 1234", proto+"_src=1234")
		k.add(proto+".dst == "+port, proto+"_dst="+port)
	}
	k.add("eth.src == "+from.mac, "dl_src="+from.mac)
	k.add("eth.dst == "+dst, "dl_dst="+dst)
	return k
}
