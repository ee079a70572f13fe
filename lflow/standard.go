package lflow

import "strconv"

// The symbols of `man ovn-sb`, table Logical_Flow, and those that newer OVN
// has added. Order matters: a definition uses earlier ones only.

func str(name string, a Access) Definition {
	return Definition{Name: name, Kind: KindField, Level: Nominal, Access: a}
}

func num(name string, width int, l Level, a Access, prereq string) Definition {
	return Definition{Name: name, Kind: KindField, Level: l, Width: width, Access: a, Prereq: prereq}
}

func cross(d Definition) Definition {
	d.Cross = true
	return d
}

func sub(name, bits string, a Access, prereq string) Definition {
	return Definition{Name: name, Kind: KindSubfield, Expansion: bits, Access: a, Prereq: prereq}
}

func pred(name, expansion string) Definition {
	return Definition{Name: name, Kind: KindPredicate, Expansion: expansion}
}

// StandardDefinitions returns the rows that Standard is made of.
func StandardDefinitions() []Definition {
	var d []Definition
	d = append(d, portDefinitions()...)
	d = append(d, registerDefinitions()...)
	d = append(d, conntrackDefinitions()...)
	d = append(d, linkDefinitions()...)
	d = append(d, networkDefinitions()...)
	d = append(d, transportDefinitions()...)
	d = append(d, tupleDefinitions()...)
	return append(d, neighbourDefinitions()...)
}

func portDefinitions() []Definition {
	return []Definition{
		str("inport", ReadWrite),
		str("outport", IngressOnly),
	}
}

// registerDefinitions: reg0 holds the most significant bits of xreg0, and
// xreg0 those of xxreg0.
func registerDefinitions() []Definition {
	d := []Definition{
		num("xxreg0", 128, Ordinal, ReadWrite, ""),
		num("xxreg1", 128, Ordinal, ReadWrite, ""),
		sub("xreg0", "xxreg0[64..127]", ReadWrite, ""),
		sub("xreg1", "xxreg0[0..63]", ReadWrite, ""),
		sub("xreg2", "xxreg1[64..127]", ReadWrite, ""),
		sub("xreg3", "xxreg1[0..63]", ReadWrite, ""),
		num("xreg4", 64, Ordinal, ReadWrite, ""),
	}
	for i := range 10 {
		in := "xxreg" + strconv.Itoa(i/4)
		if i >= 8 {
			in = "xreg4"
		}
		hi := 127 - i%4*32
		if i >= 8 {
			hi -= 64
		}
		d = append(d, sub("reg"+strconv.Itoa(i), in+"["+strconv.Itoa(hi-31)+".."+strconv.Itoa(hi)+"]", ReadWrite, ""))
	}
	return append(d,
		num("flags", 32, Ordinal, ReadWrite, ""),
		sub("flags.loopback", "flags[0]", ReadWrite, ""),
		sub("flags.force_snat_for_dnat", "flags[2]", ReadWrite, ""),
		sub("flags.force_snat_for_lb", "flags[3]", ReadWrite, ""),
		sub("flags.skip_snat_for_lb", "flags[9]", ReadWrite, ""),
		sub("flags.localport", "flags[10]", ReadWrite, ""),
		sub("flags.use_snat_zone", "flags[11]", ReadWrite, ""),
		sub("flags.localnet", "flags[15]", ReadWrite, ""),
		sub("flags.tunnel_rx", "flags[16]", ReadWrite, ""),
		sub("flags.icmp_snat", "flags[17]", ReadWrite, ""),
		sub("flags.override_local_only", "flags[18]", ReadWrite, ""),
		sub("flags.from_ctrl", "flags[19]", ReadWrite, ""),
		sub("flags.unsnat_new", "flags[20]", ReadWrite, ""),
		sub("flags.unsnat_not_tracked", "flags[21]", ReadWrite, ""),
		sub("flags.network_id", "flags[28..31]", ReadWrite, ""),
		num("pkt.mark", 32, Ordinal, ReadWrite, ""),
	)
}

// conntrackDefinitions: marks and labels as operators know them from
// dpctl/dump-conntrack.
func conntrackDefinitions() []Definition {
	return []Definition{
		num("ct_mark", 32, Ordinal, InCommit, ""),
		sub("ct_mark.blocked", "ct_mark[0]", InCommit, ""),
		sub("ct_mark.natted", "ct_mark[1]", InCommit, ""),
		sub("ct_mark.skip_snat", "ct_mark[2]", InCommit, ""),
		sub("ct_mark.force_snat", "ct_mark[3]", InCommit, ""),
		sub("ct_mark.obs_stage", "ct_mark[4..5]", InCommit, ""),
		sub("ct_mark.allow_established", "ct_mark[6]", InCommit, ""),
		sub("ct_mark.ecmp_reply_port", "ct_mark[16..31]", InCommit, ""),
		sub("ct_mark.obs_collector_id", "ct_mark[16..23]", InCommit, ""),
		num("ct_label", 128, Ordinal, InCommit, ""),
		sub("ct_label.blocked", "ct_label[0]", InCommit, ""),
		sub("ct_label.natted", "ct_label[1]", InCommit, ""),
		sub("ct_label.skip_snat", "ct_label[2]", InCommit, ""),
		sub("ct_label.force_snat", "ct_label[3]", InCommit, ""),
		sub("ct_label.nf", "ct_label[7]", InCommit, ""),
		sub("ct_label.tun_if", "ct_label[8]", InCommit, ""),
		sub("ct_label.nf_id", "ct_label[17..24]", InCommit, ""),
		sub("ct_label.ecmp_reply_eth", "ct_label[32..79]", InCommit, ""),
		sub("ct_label.ecmp_reply_port", "ct_label[80..95]", InCommit, ""),
		sub("ct_label.acl_id", "ct_label[80..95]", InCommit, ""),
		sub("ct_label.label", "ct_label[96..127]", InCommit, ""),
		sub("ct_label.obs_point_id", "ct_label[96..127]", InCommit, ""),
		num("ct_state", 32, Ordinal, ReadOnly, ""),
		sub("ct.trk", "ct_state[5]", ReadOnly, ""),
		sub("ct.new", "ct_state[0]", ReadOnly, "ct.trk"),
		sub("ct.est", "ct_state[1]", ReadOnly, "ct.trk"),
		sub("ct.rel", "ct_state[2]", ReadOnly, "ct.trk"),
		sub("ct.rpl", "ct_state[3]", ReadOnly, "ct.trk"),
		sub("ct.inv", "ct_state[4]", ReadOnly, "ct.trk"),
		sub("ct.snat", "ct_state[6]", ReadOnly, "ct.trk"),
		sub("ct.dnat", "ct_state[7]", ReadOnly, "ct.trk"),
	}
}

func linkDefinitions() []Definition {
	return []Definition{
		num("eth.src", 48, Ordinal, ReadWrite, ""),
		num("eth.dst", 48, Ordinal, ReadWrite, ""),
		cross(num("eth.type", 16, Nominal, ReadOnly, "")),
		pred("eth.bcast", "eth.dst == ff:ff:ff:ff:ff:ff"),
		sub("eth.mcast", "eth.dst[40]", ReadWrite, ""),
		pred("eth.mcastv6", "eth.dst[32..47] == 0x3333"),
		num("vlan.tci", 16, Ordinal, ReadWrite, ""),
		pred("vlan.present", "vlan.tci[12]"),
		sub("vlan.pcp", "vlan.tci[13..15]", ReadWrite, "vlan.present"),
		sub("vlan.vid", "vlan.tci[0..11]", ReadWrite, "vlan.present"),
	}
}

func networkDefinitions() []Definition {
	return []Definition{
		pred("ip4", "eth.type == 0x800"),
		pred("ip6", "eth.type == 0x86dd"),
		pred("ip", "ip4 || ip6"),
		cross(num("ip.proto", 8, Nominal, ReadOnly, "ip")),
		num("ip.dscp", 6, Nominal, ReadWrite, "ip"),
		num("ip.ecn", 2, Nominal, ReadWrite, "ip"),
		num("ip.ttl", 8, Nominal, ReadWrite, "ip"),
		num("ip.frag", 2, Ordinal, ReadOnly, "ip"),
		pred("ip.is_frag", "ip.frag[0]"),
		pred("ip.later_frag", "ip.frag[1]"),
		pred("ip.first_frag", "ip.is_frag && !ip.later_frag"),

		num("ip4.src", 32, Ordinal, ReadWrite, "ip4"),
		num("ip4.dst", 32, Ordinal, ReadWrite, "ip4"),
		pred("ip4.src_mcast", "ip4.src[28..31] == 0xe"),
		pred("ip4.mcast", "eth.mcast && ip4.dst[28..31] == 0xe"),

		num("ip6.src", 128, Ordinal, ReadWrite, "ip6"),
		num("ip6.dst", 128, Ordinal, ReadWrite, "ip6"),
		num("ip6.label", 20, Ordinal, ReadWrite, "ip6"),
		pred("ip6.mcast_rsvd", "ip6.dst[116..127] == 0xff0 && ip6.dst[0..111] == 0x0"),
		pred("ip6.mcast_all_nodes", "ip6.dst == ff01::1 || ip6.dst == ff02::1"),
		pred("ip6.mcast_all_rtrs", "ip6.dst == ff01::2 || ip6.dst == ff02::2 || ip6.dst == ff05::2"),
		pred("ip6.mcast_sol_node", "ip6.dst == ff02::1:ff00:0000/104"),
		pred("ip6.mcast_flood", "eth.mcastv6 && (ip6.mcast_rsvd || ip6.mcast_all_nodes || ip6.mcast_all_rtrs || ip6.mcast_sol_node)"),
		pred("ip6.mcast", "eth.mcastv6 && ip6.dst[120..127] == 0xff"),

		pred("arp", "eth.type == 0x806"),
		num("arp.op", 16, Nominal, ReadWrite, "arp"),
		num("arp.spa", 32, Ordinal, ReadWrite, "arp"),
		num("arp.sha", 48, Ordinal, ReadWrite, "arp"),
		num("arp.tpa", 32, Ordinal, ReadWrite, "arp"),
		num("arp.tha", 48, Ordinal, ReadWrite, "arp"),
		pred("rarp", "eth.type == 0x8035"),
		num("rarp.op", 16, Nominal, ReadWrite, "rarp"),
		num("rarp.spa", 32, Ordinal, ReadWrite, "rarp"),
		num("rarp.sha", 48, Ordinal, ReadWrite, "rarp"),
		num("rarp.tpa", 32, Ordinal, ReadWrite, "rarp"),
		num("rarp.tha", 48, Ordinal, ReadWrite, "rarp"),
	}
}

func transportDefinitions() []Definition {
	return []Definition{
		pred("icmp4", "ip4 && ip.proto == 1"),
		cross(num("icmp4.type", 8, Nominal, ReadWrite, "icmp4")),
		cross(num("icmp4.code", 8, Nominal, ReadWrite, "icmp4")),
		pred("igmp", "ip4 && ip.proto == 2"),
		pred("icmp6", "ip6 && ip.proto == 58"),
		cross(num("icmp6.type", 8, Nominal, ReadWrite, "icmp6")),
		cross(num("icmp6.code", 8, Nominal, ReadWrite, "icmp6")),
		pred("icmp", "icmp4 || icmp6"),
		{Name: "icmp4.frag_mtu", Kind: KindVirtual, Width: 16, Access: ReadWrite},
		{Name: "icmp6.frag_mtu", Kind: KindVirtual, Width: 16, Access: ReadWrite},
		{Name: "icmp4.inner_ip4.src", Kind: KindVirtual, Width: 32, Access: ReadWrite},

		pred("tcp", "ip.proto == 6"),
		num("tcp.src", 16, Ordinal, ReadWrite, "tcp"),
		num("tcp.dst", 16, Ordinal, ReadWrite, "tcp"),
		num("tcp.flags", 12, Ordinal, ReadOnly, "tcp"),
		pred("udp", "ip.proto == 17"),
		num("udp.src", 16, Ordinal, ReadWrite, "udp"),
		num("udp.dst", 16, Ordinal, ReadWrite, "udp"),
		pred("sctp", "ip.proto == 132"),
		num("sctp.src", 16, Ordinal, ReadWrite, "sctp"),
		num("sctp.dst", 16, Ordinal, ReadWrite, "sctp"),
	}
}

// tupleDefinitions: protocol and ports of the tuple with which the packet's
// connection began. All fragments of a datagram have them, where only the first
// has ports of its own, and with IPv6 only the first its protocol.
func tupleDefinitions() []Definition {
	d := []Definition{cross(num("ct_nw_proto", 8, Nominal, ReadOnly, "ip && ct.trk && !ct.inv"))}
	for _, proto := range []struct{ name, number string }{{"ct_tcp", "6"}, {"ct_udp", "17"}, {"ct_sctp", "132"}} {
		d = append(d, pred(proto.name, "ct_nw_proto == "+proto.number),
			num(proto.name+".src", 16, Ordinal, ReadOnly, proto.name), num(proto.name+".dst", 16, Ordinal, ReadOnly, proto.name))
	}
	return d
}

func neighbourDefinitions() []Definition {
	return []Definition{
		pred("nd", "icmp6.type == {135, 136} && icmp6.code == 0 && ip.ttl == 255"),
		pred("nd_ns", "icmp6.type == 135 && icmp6.code == 0 && ip.ttl == 255"),
		pred("nd_ns_mcast", "ip6.mcast && icmp6.type == 135 && icmp6.code == 0 && ip.ttl == 255"),
		pred("nd_na", "icmp6.type == 136 && icmp6.code == 0 && ip.ttl == 255"),
		pred("nd_rs", "icmp6.type == 133 && icmp6.code == 0 && ip.ttl == 255"),
		pred("nd_ra", "icmp6.type == 134 && icmp6.code == 0 && ip.ttl == 255"),
		num("nd.target", 128, Ordinal, ReadWrite, "nd"),
		num("nd.sll", 48, Ordinal, ReadWrite, "nd_ns"),
		num("nd.tll", 48, Ordinal, ReadWrite, "nd_na"),
		pred("mldv1", "ip6.src == fe80::/10 && icmp6.type == {130, 131, 132}"),
		pred("mldv2", "ip6.dst == ff02::16 && icmp6.type == 143"),
	}
}
