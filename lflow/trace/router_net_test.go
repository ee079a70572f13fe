package trace

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/lflow/address"
)

// lrp is a port of a router, and the switch port that it leads to.
type lrp struct {
	router, name, mac string
	networks          []string // address/length; the link-local one is added
	sw                string
}

// vif is a port of a switch with known addresses, or with unknown ones.
type vif struct{ sw, name, mac, ips string }

// route is a static route; hop "" discards.
type route struct{ router, prefix, hop, port string }

var (
	testVIFs = []vif{
		{"a", "a1", "40:44:00:00:01:01", "10.0.1.1 fd00:1::1"},
		{"b", "b1", "40:44:00:00:02:01", "10.0.2.1 fd00:2::1"},
		{"b", "b2", "40:44:00:00:02:02", "10.0.2.2 fd00:2::2"},
		{"b", "bu", "", ""},
		{"o", "o1", "40:44:00:00:04:01", "10.0.4.1 fd00:4::1"},
	}
	testLRPs = []lrp{
		{"r", "r-a", "40:44:00:00:ff:01", []string{"10.0.3.254/24", "10.0.1.254/24", "fd00:1::ff/64"}, "a"},
		{"r", "r-b", "40:44:00:00:ff:02", []string{"10.0.2.254/24", "fd00:2::ff/64"}, "b"},
		{"r2", "r2-b", "40:44:00:00:ff:03", []string{"10.0.2.253/24", "fd00:2::fe/64"}, "b"},
		{"r2", "r2-o", "40:44:00:00:ff:04", []string{"10.0.4.254/24", "fd00:4::ff/64"}, "o"},
	}
	testRoutes = []route{
		{"r", "10.0.4.0/24", "10.0.2.253", "r-b"},
		{"r", "fd00:4::/64", "fd00:2::fe", "r-b"},
		{"r", "0.0.0.0/0", "10.0.2.77", "r-b"},
		{"r", "::/0", "fd00:2::77", "r-b"},
		{"r", "10.8.0.0/16", "", ""},
		{"r2", "10.0.1.0/24", "10.0.2.254", "r2-b"},
		{"r2", "fd00:1::/64", "fd00:2::ff", "r2-b"},
	}
)

// stages of the pipelines of switches and routers, those of OVN that the flows
// of routers are in.
var routedStages = map[string][]string{
	"ls_in":  {"ls_in_check_port_sec", "ls_in_arp_rsp", "ls_in_l2_lkup", "ls_in_l2_unknown"},
	"ls_out": {"ls_out_pre_lb", "ls_out_apply_port_sec"},
	"lr_in": {"lr_in_admission", "lr_in_lookup_neighbor", "lr_in_learn_neighbor", "lr_in_ip_input", "lr_in_unsnat", "lr_in_ip_routing_pre", "lr_in_ip_routing",
		"lr_in_ip_routing_ecmp", "lr_in_policy", "lr_in_policy_ecmp", "lr_in_arp_resolve", "lr_in_network_id", "lr_in_arp_request", "lr_in_ecmp_stateful_egr"},
	"lr_out": {"lr_out_chk_dnat_local", "lr_out_snat", "lr_out_delivery"},
}

// routedNet is switches a, b and o; router r joins a and b, router r2 b and o.
// Its flows are those that OVN of 2026 has for such routers.
type routedNet struct {
	*Network
	dps map[string]*Datapath
}

func newRoutedNet(t testing.TB) *routedNet {
	n := &routedNet{&Network{}, map[string]*Datapath{}}
	for i, name := range []string{"a", "b", "o", "r", "r2"} {
		d := &Datapath{UUID: fmt.Sprintf("%08d-0000", i), Name: name, Key: uint32(i + 1), Router: name[0] == 'r'}
		n.AddDatapath(d)
		n.dps[name] = d
		n.base(d)
	}
	keys := map[string]uint32{}
	port := func(dp, name, peer string) *Port {
		keys[dp]++
		p := &Port{Name: name, Key: keys[dp], Peer: peer}
		if peer != "" {
			p.Type = "patch"
		}
		n.AddPort(n.dps[dp], p)
		return p
	}
	all, vifs, unknown := map[string][]*Port{}, map[string][]*Port{}, map[string][]*Port{}
	for _, v := range testVIFs {
		p := port(v.sw, v.name, "")
		all[v.sw], vifs[v.sw] = append(all[v.sw], p), append(vifs[v.sw], p)
		if v.mac == "" {
			unknown[v.sw] = append(unknown[v.sw], p)
		}
		n.vif(v)
	}
	for _, l := range testLRPs {
		all[l.sw] = append(all[l.sw], port(l.sw, l.name+"-sw", l.name))
		port(l.router, l.name, l.name+"-sw")
		n.lrp(l)
		n.attach(l)
	}
	for _, r := range testRoutes {
		n.static(r)
	}
	for _, sw := range []string{"a", "b", "o"} {
		for i, g := range []struct {
			name  string
			ports []*Port
		}{{"_MC_flood", all[sw]}, {"_MC_unknown", unknown[sw]}, {"_MC_flood_l2", vifs[sw]}} {
			if len(g.ports) > 0 {
				n.dps[sw].AddGroup(&Group{Name: g.name, Key: uint32(32768 + i), Ports: g.ports})
			}
		}
	}
	return n
}

// add adds a flow; its stage tells where.
func (n *routedNet) add(dp, stage string, priority int, match, actions string) {
	for prefix, names := range routedStages {
		if !strings.HasPrefix(stage, prefix) {
			continue
		}
		l := lflow.Ingress
		if strings.HasSuffix(prefix, "out") {
			l = lflow.Egress
		}
		table := slices.Index(names, stage)
		if table < 0 {
			panic(stage)
		}
		n.dps[dp].AddFlow(&Flow{UUID: "00000000", Pipeline: l, Table: table, Priority: priority, Match: match, Actions: actions, Stage: stage})
	}
}

// base adds what every switch or router has.
func (n *routedNet) base(d *Datapath) {
	type flow struct {
		stage          string
		priority       int
		match, actions string
	}
	flows := []flow{
		{"ls_in_check_port_sec", 50, "1", "reg0[15] = check_in_port_sec(); next;"},
		{"ls_in_arp_rsp", 0, "1", "next;"},
		{"ls_in_l2_lkup", 72, "eth.mcast && (nd_na || nd_rs || nd_ra)", `outport = "_MC_flood"; output;`},
		{"ls_in_l2_lkup", 71, "eth.mcast && arp", `outport = "_MC_flood"; output;`},
		{"ls_in_l2_lkup", 71, "eth.mcast && ip", `outport = "_MC_flood_l2"; output;`},
		{"ls_in_l2_lkup", 70, "eth.mcast", `outport = "_MC_flood_l2"; output;`},
		{"ls_in_l2_lkup", 0, "1", "outport = get_fdb(eth.dst); next;"},
		{"ls_in_l2_unknown", 50, `outport == "none"`, `outport = "_MC_unknown"; output;`},
		{"ls_in_l2_unknown", 0, "1", "output;"},
		{"ls_out_pre_lb", 0, "1", "next;"},
		{"ls_out_apply_port_sec", 0, "1", "output;"},
	}
	if d.Router {
		flows = []flow{
			{"lr_in_admission", 100, "vlan.present || eth.src[40]", "drop;"},
			{"lr_in_admission", 0, "1", "drop;"},
			{"lr_in_lookup_neighbor", 105, "nd_na && nd.tll == 0", "reg9[2] = lookup_nd(inport, nd.target, eth.src); next;"},
			{"lr_in_lookup_neighbor", 100, "arp.op == 2", "reg9[2] = lookup_arp(inport, arp.spa, arp.sha); next;"},
			{"lr_in_lookup_neighbor", 100, "nd_na", "reg9[2] = lookup_nd(inport, nd.target, nd.tll); next;"},
			{"lr_in_lookup_neighbor", 0, "1", "reg9[2] = 1; next;"},
			{"lr_in_learn_neighbor", 100, "reg9[2] == 1", "mac_cache_use; next;"},
			{"lr_in_learn_neighbor", 95, "nd_ns && (ip6.src == 0 || nd.sll == 0)", "next;"},
			{"lr_in_learn_neighbor", 95, "nd_na && nd.tll == 0", "put_nd(inport, nd.target, eth.src); next;"},
			{"lr_in_learn_neighbor", 90, "arp", "put_arp(inport, arp.spa, arp.sha); next;"},
			{"lr_in_learn_neighbor", 90, "nd_na", "put_nd(inport, nd.target, nd.tll); next;"},
			{"lr_in_learn_neighbor", 90, "nd_ns", "put_nd(inport, ip6.src, nd.sll); next;"},
			{"lr_in_learn_neighbor", 0, "1", "drop;"},
			{"lr_in_ip_input", 110, "icmp4.type == 5", "drop;"},
			{"lr_in_ip_input", 100, "ip4.src_mcast || ip4.src == 255.255.255.255 || ip4.src == 127.0.0.0/8 || ip4.dst == 127.0.0.0/8 || ip4.src == 0.0.0.0/8 || ip4.dst == 0.0.0.0/8", "drop;"},
			{"lr_in_ip_input", 85, "arp || nd", "drop;"},
			{"lr_in_ip_input", 84, "nd_rs || nd_ra", "next;"},
			{"lr_in_ip_input", 83, "ip6.mcast_rsvd", "drop;"},
			{"lr_in_ip_input", 82, "ip4.mcast || ip6.mcast", "drop;"},
			{"lr_in_ip_input", 50, "eth.bcast", "drop;"},
			{"lr_in_ip_input", 32, "ip.ttl == {0, 1} && !ip.later_frag && (ip4.mcast || ip6.mcast)", "drop;"},
			{"lr_in_ip_input", 29, "ip.ttl == {0, 1}", "drop;"},
			{"lr_in_ip_input", 0, "1", "next;"},
			{"lr_in_unsnat", 0, "1", "next;"},
			{"lr_in_ip_routing_pre", 0, "1", "reg7 = 0; next;"},
			{"lr_in_ip_routing", 10550, "nd_rs || nd_ra", "drop;"},
			{"lr_in_ip_routing", 0, "1", "drop;"},
			{"lr_in_ip_routing_ecmp", 150, "reg8[0..15] == 0", "next;"},
			{"lr_in_ip_routing_ecmp", 0, "1", "drop;"},
			{"lr_in_policy", 0, "1", "reg8[0..15] = 0; next;"},
			{"lr_in_policy_ecmp", 150, "reg8[0..15] == 0", "next;"},
			{"lr_in_policy_ecmp", 0, "1", "drop;"},
			{"lr_in_arp_resolve", 500, "ip4.mcast || ip6.mcast", "next;"},
			{"lr_in_arp_resolve", 1, "reg9[9] == 1", "get_arp(outport, reg0); next;"},
			{"lr_in_arp_resolve", 1, "reg9[9] == 0", "get_nd(outport, xxreg0); next;"},
			{"lr_in_network_id", 105, "1", "flags.network_id = 0; next;"},
			{"lr_in_arp_request", 100, "eth.dst == 00:00:00:00:00:00 && reg9[9] == 1",
				"arp { eth.dst = ff:ff:ff:ff:ff:ff; arp.spa = reg5; arp.tpa = reg0; arp.op = 1; output; }; next;"},
			{"lr_in_arp_request", 100, "eth.dst == 00:00:00:00:00:00 && reg9[9] == 0",
				"nd_ns { eth.dst = 33:33:ff:00:00:00; eth.dst[0..23] = xxreg0[0..23]; ip6.dst = ff02::1:ff00:0; ip6.dst[0..23] = xxreg0[0..23]; nd.target = xxreg0; output; }; next;"},
			{"lr_in_arp_request", 0, "1", "next;"},
			{"lr_in_ecmp_stateful_egr", 0, "1", "output;"},
			{"lr_out_chk_dnat_local", 0, "1", "reg9[4] = 0; next;"},
			{"lr_out_snat", 120, "nd_ns", "next;"},
			{"lr_out_snat", 0, "1", "next;"},
			{"lr_out_delivery", 0, "1", "drop;"},
		}
	}
	for _, f := range flows {
		n.add(d.Name, f.stage, f.priority, f.match, f.actions)
	}
}

// words are what flows of one family call things.
type words struct {
	ip, icmp, hop, source           string
	is4                             int
	echo, reply, unreachable        int
	noProtocol, noPort, timeExpired int
}

func family(a netip.Addr) words {
	if a.Is4() {
		return words{"ip4", "icmp4", "reg0", "reg5", 1, 8, 0, 3, 2, 3, 11}
	}
	return words{"ip6", "icmp6", "xxreg0", "xxreg1", 0, 128, 129, 1, 3, 4, 3}
}

func solicitedNode(a netip.Addr) netip.Addr {
	group, b := netip.MustParseAddr("ff02::1:ff00:0").As16(), a.As16()
	copy(group[13:], b[13:])
	return netip.AddrFrom16(group)
}

func (l lrp) linkLocal() netip.Prefix {
	mac, _ := lflow.ParseMAC(l.mac)
	return netip.PrefixFrom(address.LinkLocal(mac), 64)
}

// prefixes are the networks with the link-local one, which is the last.
func (l lrp) prefixes() []netip.Prefix {
	var all []netip.Prefix
	for _, text := range l.networks {
		all = append(all, netip.MustParsePrefix(text))
	}
	return append(all, l.linkLocal())
}

// lrp adds the flows that a router has for a port.
func (n *routedNet) lrp(l lrp) {
	add := func(stage string, priority int, match, actions string) {
		names := strings.NewReplacer("PORT", `"`+l.name+`"`, "MAC", l.mac)
		n.add(l.router, stage, priority, names.Replace(match), names.Replace(actions))
	}
	add("lr_in_admission", 50, "eth.mcast && inport == PORT", "xreg0[0..47] = MAC; next;")
	add("lr_in_admission", 50, "eth.dst == MAC && inport == PORT", "xreg0[0..47] = MAC; next;")
	add("lr_out_delivery", 100, "outport == PORT", "output;")
	index, first := map[int]int{}, map[int]bool{}
	for _, p := range l.prefixes() {
		a, w := p.Addr(), family(p.Addr())
		if a.IsLinkLocalUnicast() {
			n.ownAddress(l, a, w, add)
			n.connected(l, p, w, add)
			continue
		}
		if a.Is4() {
			add("lr_in_lookup_neighbor", 100, fmt.Sprintf("inport == PORT && arp.spa == %s && arp.op == 1", p.Masked()), "reg9[2] = lookup_arp(inport, arp.spa, arp.sha); next;")
			add("lr_in_ip_input", 100, fmt.Sprintf("ip4.src == %s && reg9[0] == 0", a), "drop;")
		} else {
			add("lr_in_lookup_neighbor", 100, fmt.Sprintf("inport == PORT && ip6.src == %s && nd_ns", p.Masked()), "reg9[2] = lookup_nd(inport, ip6.src, nd.sll); next;")
		}
		n.ownAddress(l, a, w, add)
		n.connected(l, p, w, add)
		add("lr_in_network_id", 110, fmt.Sprintf("outport == PORT && %s && %s == %s", w.ip, w.hop, p.Masked()), fmt.Sprintf("flags.network_id = %d; next;", index[w.is4]))
		index[w.is4]++
		expired := fmt.Sprintf("%s { eth.dst = eth.src; eth.src = MAC; %[1]s.type = %d; %[1]s.code = 0; %[3]s.dst = %[3]s.src; %[3]s.src = %s; ip.ttl = 254; outport = PORT; flags.loopback = 1; output; };",
			w.icmp, w.timeExpired, w.ip, a)
		add("lr_in_ip_input", 31, fmt.Sprintf("inport == PORT && %s && %[1]s.src == %s && ip.ttl == {0, 1} && !ip.later_frag", w.ip, p.Masked()), expired)
		if !first[w.is4] {
			add("lr_in_ip_input", 30, fmt.Sprintf("inport == PORT && %s && ip.ttl == {0, 1} && !ip.later_frag", w.ip), expired)
		}
		first[w.is4] = true
	}
}

type adder func(stage string, priority int, match, actions string)

// ownAddress is what the router does with packets to an address of its own.
func (n *routedNet) ownAddress(l lrp, a netip.Addr, w words, add adder) {
	if a.Is4() {
		add("lr_in_ip_input", 90, fmt.Sprintf("inport == PORT && arp.op == 1 && arp.tpa == %s", a),
			"eth.dst = eth.src; eth.src = xreg0[0..47]; arp.op = 2; arp.tha = arp.sha; arp.sha = xreg0[0..47]; arp.tpa <-> arp.spa; outport = inport; flags.loopback = 1; output;")
	} else {
		add("lr_in_ip_input", 90, fmt.Sprintf("inport == PORT && ip6.dst == {%s, %s} && nd_ns && nd.target == %[1]s", a, solicitedNode(a)),
			"nd_na_router { eth.src = xreg0[0..47]; ip6.src = nd.target; nd.tll = xreg0[0..47]; outport = inport; flags.loopback = 1; output; };")
	}
	add("lr_in_ip_input", 90, fmt.Sprintf("%s.dst == %s && %s.type == %d && %[3]s.code == 0", w.ip, a, w.icmp, w.echo),
		fmt.Sprintf("%s.dst <-> %[1]s.src; ip.ttl = 255; %s.type = %d; flags.loopback = 1; next;", w.ip, w.icmp, w.reply))
	to := fmt.Sprintf("%s && %[1]s.dst == %s && !ip.later_frag", w.ip, a)
	back := fmt.Sprintf("eth.dst <-> eth.src; %s.dst <-> %[1]s.src;", w.ip)
	unreachable := func(code int) string {
		return fmt.Sprintf("%s { %s ip.ttl = 255; %[1]s.type = %[3]d; %[1]s.code = %[4]d; next; };", w.icmp, back, w.unreachable, code)
	}
	add("lr_in_ip_input", 80, to+" && tcp", "tcp_reset { "+back+" next; };")
	add("lr_in_ip_input", 80, to+" && sctp", "sctp_abort { "+back+" next; };")
	add("lr_in_ip_input", 80, to+" && udp", unreachable(w.noPort))
	add("lr_in_ip_input", 70, to, unreachable(w.noProtocol))
	add("lr_in_ip_input", 60, fmt.Sprintf("%s.dst == %s", w.ip, a), "drop;")
}

// routePriority: longer prefixes first, connected ones before static ones.
func routePriority(p netip.Prefix, offset int) int { return 12*(129+p.Bits()) + offset }

func forward(w words, hop, source string) string {
	return fmt.Sprintf("ip.ttl--; reg8[0..15] = 0; %s = %s; %s = %s; eth.src = MAC; outport = PORT; flags.loopback = 1; reg9[9] = %d; next;", w.hop, hop, w.source, source, w.is4)
}

func (n *routedNet) connected(l lrp, p netip.Prefix, w words, add adder) {
	match := fmt.Sprintf("%s.dst == %s", w.ip, p.Masked())
	if p.Addr().IsLinkLocalUnicast() {
		match = "inport == PORT && " + match
	}
	add("lr_in_ip_routing", routePriority(p, 6), match, forward(w, w.ip+".dst", p.Addr().String()))
}

func (n *routedNet) static(r route) {
	p := netip.MustParsePrefix(r.prefix)
	w := family(p.Addr())
	match := fmt.Sprintf("reg7 == 0 && %s.dst == %s", w.ip, p)
	if r.hop == "" {
		n.add(r.router, "lr_in_ip_routing", routePriority(p, 4), match, "drop;")
		return
	}
	hop := netip.MustParseAddr(r.hop)
	for _, l := range testLRPs {
		for _, q := range l.prefixes() {
			if l.name == r.port && q.Contains(hop) {
				names := strings.NewReplacer("PORT", `"`+l.name+`"`, "MAC", l.mac)
				n.add(r.router, "lr_in_ip_routing", routePriority(p, 4), match, names.Replace(forward(w, r.hop, q.Addr().String())))
			}
		}
	}
}

// resolve tells the routers of a switch where an address is.
func (n *routedNet) resolve(sw, except, mac string, a netip.Addr) {
	for _, l := range testLRPs {
		if l.sw == sw && l.name != except {
			n.add(l.router, "lr_in_arp_resolve", 100, fmt.Sprintf("outport == %q && %s == %s", l.name, family(a).hop, a), "eth.dst = "+mac+"; next;")
		}
	}
}

// vif adds the flows of a switch port and those that tell routers about it.
func (n *routedNet) vif(v vif) {
	if v.mac == "" {
		return
	}
	n.add(v.sw, "ls_in_l2_lkup", 50, "eth.dst == "+v.mac, fmt.Sprintf("outport = %q; output;", v.name))
	for ip := range strings.FieldsSeq(v.ips) {
		n.resolve(v.sw, "", v.mac, netip.MustParseAddr(ip))
	}
}

// attach adds the flows of the switch port that leads to a router.
func (n *routedNet) attach(l lrp) {
	port := l.name + "-sw"
	n.add(l.sw, "ls_in_check_port_sec", 70, fmt.Sprintf("inport == %q", port), "reg0[18] = 1; next;")
	n.add(l.sw, "ls_out_pre_lb", 110, fmt.Sprintf("ip && outport == %q", port), "ct_clear; next;")
	n.add(l.sw, "ls_in_l2_lkup", 50, "eth.dst == "+l.mac, fmt.Sprintf("outport = %q; output;", port))
	for _, p := range l.prefixes() {
		a := p.Addr()
		ask := fmt.Sprintf("flags[1] == 0 && eth.mcast && nd_ns && nd.target == %s", a)
		if a.Is4() {
			ask = fmt.Sprintf("flags[1] == 0 && eth.dst == ff:ff:ff:ff:ff:ff && arp.op == 1 && arp.tpa == %s", a)
			n.add(l.sw, "ls_in_l2_lkup", 90, ask+" && arp.spa == "+a.String(), `outport = "_MC_flood_l2"; output;`)
		}
		n.add(l.sw, "ls_in_l2_lkup", 80, ask, fmt.Sprintf("outport = %q; output;", port))
		n.resolve(l.sw, l.name, l.mac, a)
	}
	n.add(l.sw, "ls_in_l2_lkup", 75, fmt.Sprintf("eth.src == %s && eth.dst == ff:ff:ff:ff:ff:ff && arp.op == 1", l.mac), `outport = "_MC_flood_l2"; output;`)
}
