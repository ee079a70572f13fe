package lflow

import "slices"

// Action is one logical action. The types that implement it are the rows of
// ActionTable, each in its own file act_*.go; their zero values need not
// make sense, but what ParseActions returns does. Actions are immutable.
type Action interface {
	// Append appends the action's text, semicolon included.
	Append(b []byte) []byte
	// Prerequisites appends what the action implies about the packets that it
	// is for; nil stands for nothing.
	Prerequisites(es []*Expr) []*Expr
}

// Actions is a sequence of actions, as in the column of that name. Having
// none is the same as Drop.
type Actions []Action

// String returns the text of the actions.
func (as Actions) String() string { return string(as.Append(nil)) }

// Append appends String to b.
func (as Actions) Append(b []byte) []byte {
	if len(as) == 0 {
		return Drop{}.Append(b)
	}
	for i, a := range as {
		if i > 0 {
			b = append(b, ' ')
		}
		b = a.Append(b)
	}
	return b
}

// Prerequisite returns what all of the actions imply, nil for nothing.
func (as Actions) Prerequisite() *Expr {
	all := slices.DeleteFunc(as.Prerequisites(nil), func(e *Expr) bool { return e == nil })
	if len(all) == 0 {
		return nil
	}
	return And(all...)
}

// Prerequisites appends those of each action.
func (as Actions) Prerequisites(es []*Expr) []*Expr {
	for _, a := range as {
		es = a.Prerequisites(es)
	}
	return es
}

// Form is how an action is written.
type Form uint8

const (
	// Statement: name; name(…); or name { … };
	Statement Form = iota
	// Result: field = name(…);
	Result
	// Operator: the name stands between or behind fields.
	Operator
)

// ActionRow describes one action of the language.
type ActionRow struct {
	Name string
	Form Form
	// Zero is a value of the action's type.
	Zero Action
	// Example is the action in use, in its canonical text.
	Example string
	// Level is the level of the action language that has the action. Agents
	// announce the newest level that they understand.
	Level int

	parse func(p *actionParser) (Action, *Error)
	// parseResult parses behind the name of a Result.
	parseResult func(p *actionParser, dst operand) (Action, *Error)
}

// LanguageLevel is the newest level of the action language that this package knows.
const LanguageLevel = 1

// ActionTable returns a row per name that an action can have. A type can
// have several rows.
func ActionTable() []ActionRow {
	return []ActionRow{
		{Name: "drop", Zero: Drop{}, Example: `drop;`, Level: 1, parse: parseDrop},
		{Name: "next", Zero: Next{}, Example: `next(pipeline=egress, table=5);`, Level: 1, parse: parseNext},
		{Name: "output", Zero: Output{}, Example: `output;`, Level: 1, parse: parseOutput},
		{Name: "=", Form: Operator, Zero: Set{}, Example: `eth.src = 00:00:00:00:00:01;`, Level: 1},
		{Name: "=", Form: Operator, Zero: Move{}, Example: `arp.tpa = arp.spa;`, Level: 1},
		{Name: "<->", Form: Operator, Zero: Exchange{}, Example: `eth.dst <-> eth.src;`, Level: 1},
		{Name: "--", Form: Operator, Zero: DecTTL{}, Example: `ip.ttl--;`, Level: 1},
		{Name: "clone", Zero: Clone{}, Example: `clone { outport = inport; output; };`, Level: 1, parse: parseClone},
		{Name: "arp", Zero: Nested{}, Example: `arp { arp.op = 1; output; };`, Level: 1, parse: parseNested(NestARP)},
		{Name: "nd_ns", Zero: Nested{}, Example: `nd_ns { nd.target = xxreg0; output; };`, Level: 1, parse: parseNested(NestNDNS)},
		{Name: "nd_na", Zero: Nested{}, Example: `nd_na { nd.tll = 00:00:00:00:00:01; output; };`, Level: 1, parse: parseNested(NestNDNA)},
		{Name: "nd_na_router", Zero: Nested{}, Example: `nd_na_router { nd.tll = 00:00:00:00:00:01; output; };`, Level: 1, parse: parseNested(NestNDNARouter)},
		{Name: "icmp4", Zero: Nested{}, Example: `icmp4 { eth.dst <-> eth.src; icmp4.type = 3; output; };`, Level: 1, parse: parseNested(NestICMP4)},
		{Name: "icmp4_error", Zero: Nested{}, Example: `icmp4_error { icmp4.type = 3; icmp4.frag_mtu = 1500; output; };`, Level: 1, parse: parseNested(NestICMP4Error)},
		{Name: "icmp6", Zero: Nested{}, Example: `icmp6 { eth.dst <-> eth.src; icmp6.type = 1; output; };`, Level: 1, parse: parseNested(NestICMP6)},
		{Name: "icmp6_error", Zero: Nested{}, Example: `icmp6_error { icmp6.type = 2; icmp6.frag_mtu = 1500; output; };`, Level: 1, parse: parseNested(NestICMP6Error)},
		{Name: "tcp_reset", Zero: Nested{}, Example: `tcp_reset { eth.dst <-> eth.src; output; };`, Level: 1, parse: parseNested(NestTCPReset)},
		{Name: "sctp_abort", Zero: Nested{}, Example: `sctp_abort { eth.dst <-> eth.src; output; };`, Level: 1, parse: parseNested(NestSCTPAbort)},
		{Name: "reject", Zero: Nested{}, Example: `reject { outport <-> inport; next(pipeline=egress, table=5); };`, Level: 1, parse: parseNested(NestReject)},
		{Name: "put_dhcp_opts", Form: Result, Zero: PutDHCP{}, Example: `reg0[3] = put_dhcp_opts(offerip = 10.0.0.2, router = 10.0.0.1, netmask = 255.255.255.0, dns_server = {8.8.8.8, 7.7.7.7}, classless_static_route = {30.0.0.0/24, 10.0.0.4, 0.0.0.0/0, 10.0.0.1}, lease_time = 3600, domain_search_list = "a.example,b.example");`, Level: 1, parseResult: parsePutDHCP(false)},
		{Name: "put_dhcpv6_opts", Form: Result, Zero: PutDHCP{}, Example: `reg0[3] = put_dhcpv6_opts(ia_addr = aef0::4, server_id = 00:00:00:00:10:02, dns_server = {ae70::1, ae70::2});`, Level: 1, parseResult: parsePutDHCP(true)},
		{Name: "dhcp_relay_req_chk", Form: Result, Zero: DHCPRelay{}, Example: `reg9[7] = dhcp_relay_req_chk(192.168.1.1, 172.16.1.1);`, Level: 1, parseResult: parseDHCPRelay(false)},
		{Name: "dhcp_relay_resp_chk", Form: Result, Zero: DHCPRelay{}, Example: `reg9[8] = dhcp_relay_resp_chk(192.168.1.1, 172.16.1.1);`, Level: 1, parseResult: parseDHCPRelay(true)},
		{Name: "put_nd_ra_opts", Form: Result, Zero: PutNDRA{}, Example: `reg0[5] = put_nd_ra_opts(addr_mode = "slaac", slla = 00:00:00:00:10:02, prefix = aef0::/64, mtu = 1450);`, Level: 1, parseResult: parsePutNDRA},
		{Name: "dns_lookup", Form: Result, Zero: DNSLookup{}, Example: `reg0[4] = dns_lookup();`, Level: 1, parseResult: parseDNSLookup},
		{Name: "log", Zero: Log{}, Example: `log(name="web", verdict=allow, severity=warning, meter="acl");`, Level: 1, parse: parseLog},
		{Name: "trigger_event", Zero: TriggerEvent{}, Example: `trigger_event(event = "empty_lb_backends", vip = "10.0.0.1:80", protocol = "tcp", load_balancer = "12345678-abcd-9876-fedc-11119f8e7d6c");`, Level: 1, parse: parseTriggerEvent},
		{Name: "igmp", Zero: IGMP{}, Example: `igmp;`, Level: 1, parse: parseIGMP},
		{Name: "bind_vport", Zero: BindVport{}, Example: `bind_vport("lsp1", inport);`, Level: 1, parse: parseBindVport},
		{Name: "handle_svc_check", Zero: HandleSvcCheck{}, Example: `handle_svc_check(inport);`, Level: 1, parse: parseHandleSvcCheck},
		{Name: "handle_dhcpv6_reply", Zero: HandleDHCPv6Reply{}, Example: `handle_dhcpv6_reply;`, Level: 1, parse: parseHandleDHCPv6Reply},
		{Name: "handle_bfd_msg", Zero: HandleBFD{}, Example: `handle_bfd_msg();`, Level: 1, parse: parseHandleBFD},
		{Name: "ct_clear", Zero: CTClear{}, Example: `ct_clear;`, Level: 1, parse: parseCTClear},
		{Name: "ct_next", Zero: CTNext{}, Example: `ct_next(dnat);`, Level: 1, parse: parseCTNext},
		{Name: "check_in_port_sec", Form: Result, Zero: CheckPortSec{}, Example: `reg0[15] = check_in_port_sec();`, Level: 1, parseResult: parseCheckPortSec(false)},
		{Name: "check_out_port_sec", Form: Result, Zero: CheckPortSec{}, Example: `reg0[15] = check_out_port_sec();`, Level: 1, parseResult: parseCheckPortSec(true)},
		{Name: "lookup_fdb", Form: Result, Zero: LookupFDB{}, Example: `reg0[11] = lookup_fdb(inport, eth.src);`, Level: 1, parseResult: parseLookupFDB},
		{Name: "get_fdb", Form: Result, Zero: GetFDB{}, Example: `outport = get_fdb(eth.dst);`, Level: 1, parseResult: parseGetFDB},
		{Name: "put_fdb", Zero: PutFDB{}, Example: `put_fdb(inport, eth.src);`, Level: 1, parse: parsePutFDB},
		{Name: "get_arp", Zero: GetMAC{}, Example: `get_arp(outport, ip4.dst);`, Level: 1, parse: parseGetMAC(false)},
		{Name: "put_arp", Zero: PutMAC{}, Example: `put_arp(inport, ip4.src, eth.src);`, Level: 1, parse: parsePutMAC(false)},
		{Name: "lookup_arp", Form: Result, Zero: LookupMAC{}, Example: `reg9[2] = lookup_arp(inport, ip4.src, eth.src);`, Level: 1, parseResult: parseLookupMAC(false)},
		{Name: "lookup_arp_ip", Form: Result, Zero: LookupIP{}, Example: `reg9[3] = lookup_arp_ip(inport, ip4.src);`, Level: 1, parseResult: parseLookupIP(false)},
		{Name: "get_nd", Zero: GetMAC{}, Example: `get_nd(outport, ip6.dst);`, Level: 1, parse: parseGetMAC(true)},
		{Name: "put_nd", Zero: PutMAC{}, Example: `put_nd(inport, ip6.src, eth.src);`, Level: 1, parse: parsePutMAC(true)},
		{Name: "lookup_nd", Form: Result, Zero: LookupMAC{}, Example: `reg9[2] = lookup_nd(inport, ip6.src, eth.src);`, Level: 1, parseResult: parseLookupMAC(true)},
		{Name: "lookup_nd_ip", Form: Result, Zero: LookupIP{}, Example: `reg9[3] = lookup_nd_ip(inport, ip6.src);`, Level: 1, parseResult: parseLookupIP(true)},
		{Name: "ct_commit", Zero: CTCommit{}, Example: `ct_commit { ct_mark.blocked = 1; };`, Level: 1, parse: parseCTCommit},
		{Name: "ct_commit_nat", Zero: CTCommitNAT{}, Example: `ct_commit_nat(snat);`, Level: 1, parse: parseCTCommitNAT},
		{Name: "ct_commit_to_zone", Zero: CTCommitToZone{}, Example: `ct_commit_to_zone(dnat);`, Level: 1, parse: parseCTCommitToZone},
		{Name: "ct_dnat", Zero: CTNAT{}, Example: `ct_dnat(192.168.1.2,1-3000);`, Level: 1, parse: parseCTNAT(RouterDNAT)},
		{Name: "ct_snat", Zero: CTNAT{}, Example: `ct_snat(fd11::2);`, Level: 1, parse: parseCTNAT(RouterSNAT)},
		{Name: "ct_dnat_in_czone", Zero: CTNAT{}, Example: `ct_dnat_in_czone;`, Level: 1, parse: parseCTNAT(RouterDNATInCZone)},
		{Name: "ct_snat_in_czone", Zero: CTNAT{}, Example: `ct_snat_in_czone(10.0.0.1,1000);`, Level: 1, parse: parseCTNAT(RouterSNATInCZone)},
		{Name: "ct_lb", Zero: CTLB{}, Example: `ct_lb(backends=[fd0f::2]:80,[fd0f::3]:80; skip_snat);`, Level: 1, parse: parseCTLB(CTLBLabel)},
		{Name: "ct_lb_mark", Zero: CTLB{}, Example: `ct_lb_mark(backends=10.0.0.2:80,10.0.0.3:80; hash_fields="ip_src,ip_dst"; force_snat);`, Level: 1, parse: parseCTLB(CTLBMark)},
		{Name: "ct_lb_mark_local", Zero: CTLB{}, Example: `ct_lb_mark_local(backends="lsp1":10.0.0.2:80);`, Level: 1, parse: parseCTLB(CTLBMarkLocal)},
		{Name: "select", Form: Result, Zero: Select{}, Example: `reg8[16..31] = select(1=20, 2=30, 3=50);`, Level: 1, parseResult: parseSelect},
		{Name: "fwd_group", Zero: FwdGroup{}, Example: `fwd_group(liveness="true", childports="lsp1", "lsp2");`, Level: 1, parse: parseFwdGroup},
		{Name: "chk_lb_hairpin", Form: Result, Zero: Check{}, Example: `reg0[6] = chk_lb_hairpin();`, Level: 1, parseResult: parseCheck(CheckLBHairpin)},
		{Name: "chk_lb_hairpin_reply", Form: Result, Zero: Check{}, Example: `reg0[12] = chk_lb_hairpin_reply();`, Level: 1, parseResult: parseCheck(CheckLBHairpinReply)},
		{Name: "ct_snat_to_vip", Zero: Visit{}, Example: `ct_snat_to_vip;`, Level: 1, parse: parseVisit(VisitCTSNATToVIP)},
		{Name: "commit_ecmp_nh", Zero: CommitECMPNextHop{}, Example: `commit_ecmp_nh(ipv6 = false, proto = tcp);`, Level: 1, parse: parseCommitECMPNextHop},
		{Name: "chk_ecmp_nh", Form: Result, Zero: Check{}, Example: `reg9[5] = chk_ecmp_nh();`, Level: 1, parseResult: parseCheck(CheckECMPNextHop)},
		{Name: "chk_ecmp_nh_mac", Form: Result, Zero: Check{}, Example: `reg9[5] = chk_ecmp_nh_mac();`, Level: 1, parseResult: parseCheck(CheckECMPNextHopMAC)},
		{Name: "commit_lb_aff", Zero: CommitLBAffinity{}, Example: `commit_lb_aff(vip = "172.16.0.123:8080", backend = "10.0.0.3:8080", proto = tcp, timeout = 30);`, Level: 1, parse: parseCommitLBAffinity},
		{Name: "chk_lb_aff", Form: Result, Zero: Check{}, Example: `reg9[6] = chk_lb_aff();`, Level: 1, parseResult: parseCheck(CheckLBAffinity)},
		{Name: "ct_nw_dst", Form: Result, Zero: CTOrig{}, Example: `reg1 = ct_nw_dst();`, Level: 1, parseResult: parseCTOrig(CTOrigIPv4Dst)},
		{Name: "ct_ip6_dst", Form: Result, Zero: CTOrig{}, Example: `xxreg1 = ct_ip6_dst();`, Level: 1, parseResult: parseCTOrig(CTOrigIPv6Dst)},
		{Name: "ct_tp_dst", Form: Result, Zero: CTOrig{}, Example: `reg1[0..15] = ct_tp_dst();`, Level: 1, parseResult: parseCTOrig(CTOrigPortDst)},
		{Name: "ct_proto", Form: Result, Zero: CTOrig{}, Example: `reg1[16..23] = ct_proto();`, Level: 1, parseResult: parseCTOrig(CTOrigProto)},
		{Name: "ct_state_save", Form: Result, Zero: CTOrig{}, Example: `reg1[0..7] = ct_state_save();`, Level: 1, parseResult: parseCTOrig(CTSavedState)},
		{Name: "set_meter", Zero: SetMeter{}, Example: `set_meter(100, 1000);`, Level: 1, parse: parseSetMeter},
		{Name: "set_queue", Zero: SetQueue{}, Example: `set_queue(1);`, Level: 1, parse: parseSetQueue},
		{Name: "sample", Zero: Sample{}, Example: `sample(probability=100,collector_set=200,obs_domain=0,obs_point=1000);`, Level: 1, parse: parseSample},
		{Name: "mirror", Zero: Mirror{}, Example: `mirror("lsp1");`, Level: 1, parse: parseMirror},
		{Name: "push", Zero: Push{}, Example: `push(xxreg1[10..20]);`, Level: 1, parse: parsePush},
		{Name: "pop", Zero: Pop{}, Example: `pop(xxreg0[0..47]);`, Level: 1, parse: parsePop},
		{Name: "check_pkt_larger", Form: Result, Zero: CheckPktLarger{}, Example: `reg0[0] = check_pkt_larger(1500);`, Level: 1, parseResult: parseCheckPktLarger},
		{Name: "flood_remote", Zero: Visit{}, Example: `flood_remote;`, Level: 1, parse: parseVisit(VisitFloodRemote)},
		{Name: "mac_cache_use", Zero: Visit{}, Example: `mac_cache_use;`, Level: 1, parse: parseVisit(VisitMACCacheUse)},
		{Name: "get_remote_fdb", Form: Result, Zero: GetRemoteFDB{}, Example: `reg1 = get_remote_fdb(eth.dst);`, Level: 1, parseResult: parseGetRemoteFDB},
		{Name: "chk_evpn_arp", Form: Result, Zero: CheckEVPNARP{}, Example: `reg0[0] = chk_evpn_arp(arp.tpa);`, Level: 1, parseResult: parseCheckEVPNARP},
	}
}
