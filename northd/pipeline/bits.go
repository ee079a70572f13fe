package pipeline

import "github.com/weft-sdn/weft/lflow"

// Names of uses of registers and flags.
const (
	PortSecDropIn  = "port_sec_drop_in"
	PortSecDropOut = "port_sec_drop_out"
	Loopback       = "loopback"
	FDBKnown       = "fdb_known"
	FromLocalnet   = "from_localnet"

	CTDefrag = "ct_defrag"
	CTCommit = "ct_commit"

	CTNAT             = "ct_nat"
	VIP               = "vip"
	ClientKnown       = "client_known"
	ClientPort        = "client_port"
	RouterVIP         = "router_vip"
	RouterClientKnown = "router_client_known"
	RouterClientPort  = "router_client_port"
	RouterBackend     = "router_backend"
	Hairpin           = "hairpin"
	HairpinReply      = "hairpin_reply"
	Hairpinned        = "hairpinned"

	ACLHintAllowNew = "acl_hint_allow_new"
	ACLHintAllow    = "acl_hint_allow"
	ACLHintDrop     = "acl_hint_drop"
	ACLHintBlock    = "acl_hint_block"
	ACLReply        = "acl_reply"
	ACLStateless    = "acl_stateless"
	ACLLabelled     = "acl_labelled"
	ACLLabel        = "acl_label"
	ACLPoint        = "acl_point"
	ACLStage        = "acl_stage"
	ACLPersist      = "acl_persist"
	ACLID           = "acl_id"
	ACLTier         = "acl_tier"
	VerdictAllow    = "verdict_allow"
	VerdictDrop     = "verdict_drop"
	VerdictReject   = "verdict_reject"

	DHCPAnswered = "dhcp_answered"
	DNSAnswered  = "dns_answered"
	RAAnswered   = "ra_answered"

	OwnAddress      = "own_address"
	OfOthersToo     = "of_others_too"
	AtItsEnd        = "at_its_end"
	NeighbourKnown  = "neighbour_known"
	NeighbourWanted = "neighbour_wanted"
	RouterLoopback  = "router_loopback"
	NextHop         = "next_hop"
	HopSource       = "hop_source"
	HopIsIP4        = "hop_is_ip4"
	RouteTable      = "route_table"
	Chosen          = "chosen"
	Chain           = "chain"
	Excluded        = "excluded"
	Segment         = "segment"
	PktLarger       = "pkt_larger"
	EgressLoopback  = "egress_loopback"
	OutportMTU      = "outport_mtu"

	ComesBack      = "comes_back"
	UseSNATZone    = "use_snat_zone"
	SkipSNATForLB  = "skip_snat_for_lb"
	ForceSNATForLB = "force_snat_for_lb"
	ForceSNAT      = "force_snat_for_dnat"
)

// Bits is a use of some bits of a register, or of the flags: what they mean
// from the stage that sets them to the last one that reads them. Registers are
// cleared between ingress and egress; flags live on.
type Bits struct {
	Name     string
	Field    string // register as in lflow, or a flag
	Lo, Hi   int
	From, To string // stages; of one pipeline, or of both of a datapath for flags
	Doc      string
	// Out is where the bits mean the same in egress, if they do.
	Out [2]string
}

var uses = [...]Bits{
	{PortSecDropIn, "reg0", 15, 15, LSInCheckPortSec, LSInApplyPortSec, "the port may not send this packet", [2]string{}},
	{PortSecDropOut, "reg0", 15, 15, LSOutCheckPortSec, LSOutApplyPortSec, "the port may not receive this packet", [2]string{}},
	{Loopback, "flags.loopback", 0, 0, LSInARPRsp, LSOutApplyPortSec, "may be output to the port that it came from", [2]string{}},

	// These are OVN's bits of the same use.
	{FDBKnown, "reg0", 11, 11, LSInLookupFDB, LSInPutFDB, "there is nothing to learn from the packet", [2]string{}},
	{FromLocalnet, "flags.localnet", 0, 0, LSInLookupFDB, LSInARPRsp, "the packet came in by a localnet port", [2]string{}},
	{CTDefrag, "reg0", 0, 0, LSInPreACL, LSInPreStateful, "send the packet through conntrack", [2]string{LSOutPreACL, LSOutPreStateful}},
	{CTCommit, "reg0", 1, 1, LSInACLEval, LSInStateful, "commit the connection", [2]string{LSOutACLEval, LSOutStateful}},
	{CTNAT, "reg0", 2, 2, LSInPreLB, LSInPreStateful, "send the packet through conntrack, and translate it as its connection is", [2]string{LSOutPreLB, LSOutPreStateful}},
	{ClientKnown, "reg0", 14, 14, LSInLBAffCheck, LSInLBAffLearn, "the client has a backend already; OVN has this in reg9[6]", [2]string{}},
	{VIP, "xxreg1", 0, 127, LSInLBAffCheck, LSInNATHairpin, "the client's backend; once there is one for the packet the virtual address; of IPv4 in reg4", [2]string{}},
	{ClientPort, "reg2", 0, 15, LSInLBAffCheck, LSInLB, "the port of the client's backend", [2]string{}},
	{RouterClientKnown, "reg9", 6, 6, LRInLBAffCheck, LRInLBAffLearn, "the client has a backend already", [2]string{}},
	{RouterVIP, "xxreg1", 0, 127, LRInLBAffCheck, LRInLBAffLearn, "as vip", [2]string{}},
	{RouterClientPort, "reg2", 0, 15, LRInLBAffCheck, LRInDNAT, "the port of the client's backend", [2]string{}},
	{RouterBackend, "reg2", 16, 31, LRInDNAT, LRInLBAffLearn, "the backend that was chosen for the packet, where no connection is remembered", [2]string{}},
	{Hairpin, "reg0", 6, 6, LSInPreHairpin, LSInHairpin, "the packet goes to its sender", [2]string{}},
	{HairpinReply, "reg0", 12, 12, LSInPreStateful, LSInHairpin, "the packet is an answer to its sender", [2]string{}},
	{Hairpinned, "flags", 7, 7, LSInHairpin, LSOutPreLB, "the packet goes to its sender: the connection is known already", [2]string{}},
	{ACLHintAllowNew, "reg0", 7, 7, LSInACLHint, LSInACLAfterLBEval, "an ACL that allows has to commit the connection", [2]string{LSOutACLHint, LSOutACLEval}},
	{ACLHintAllow, "reg0", 8, 8, LSInACLHint, LSInACLAfterLBEval, "an ACL that allows need not commit the connection", [2]string{LSOutACLHint, LSOutACLEval}},
	{ACLHintDrop, "reg0", 9, 9, LSInACLHint, LSInACLAfterLBEval, "an ACL that drops has no connection to block", [2]string{LSOutACLHint, LSOutACLEval}},
	{ACLHintBlock, "reg0", 10, 10, LSInACLHint, LSInACLAfterLBEval, "an ACL that drops has to block the connection", [2]string{LSOutACLHint, LSOutACLEval}},
	{ACLLabelled, "reg0", 13, 13, LSInACLEval, LSInStateful, "commit the label too", [2]string{LSOutACLEval, LSOutStateful}},
	{ACLStateless, "reg0", 16, 16, LSInPreACL, LSInPreStateful, "an allow-stateless ACL matches: no conntrack", [2]string{LSOutPreACL, LSOutPreStateful}},
	{ACLReply, "reg0", 17, 17, LSInACLEval, LSInACLAfterLBEval, "a reply, or related: ACLs behind load balancing allow it too", [2]string{}},
	{ACLPersist, "reg0", 20, 20, LSInACLEval, LSInStateful, "the connection outlives the ACL's match", [2]string{LSOutACLEval, LSOutStateful}},
	{ACLID, "reg2", 16, 31, LSInACLEval, LSInStateful, "the ACL's number", [2]string{LSOutACLEval, LSOutStateful}},
	{ACLLabel, "reg3", 0, 31, LSInACLEval, LSInStateful, "the ACL's label, or the observation point of its connections", [2]string{LSOutACLEval, LSOutStateful}},
	{ACLPoint, "reg9", 0, 31, LSInACLEval, LSInACLAfterLBSample, "the observation point of new connections", [2]string{LSOutACLEval, LSOutACLSample}},
	{ACLStage, "reg8", 19, 20, LSInACLEval, LSInStateful, "where the ACL is that has labelled the connection", [2]string{LSOutACLEval, LSOutStateful}},
	{VerdictAllow, "reg8", 16, 16, LSInACLEval, LSInACLAfterLBAction, "an ACL allows the packet", [2]string{LSOutACLEval, LSOutACLAction}},
	{VerdictDrop, "reg8", 17, 17, LSInACLEval, LSInACLAfterLBAction, "an ACL drops the packet", [2]string{LSOutACLEval, LSOutACLAction}},
	{VerdictReject, "reg8", 18, 18, LSInACLEval, LSInACLAfterLBAction, "an ACL rejects the packet", [2]string{LSOutACLEval, LSOutACLAction}},
	{ACLTier, "reg8", 30, 31, LSInACLEval, LSInACLAfterLBAction, "the tier whose ACLs are asked", [2]string{LSOutACLEval, LSOutACLAction}},

	{DHCPAnswered, "reg0", 3, 3, LSInDHCPOptions, LSInDHCPResponse, "the packet is an answer to a DHCP request", [2]string{}},
	{DNSAnswered, "reg0", 4, 4, LSInDNSLookup, LSInDNSResponse, "the packet is an answer to a DNS query", [2]string{}},

	// So are these, but for those in reg8.
	{NeighbourKnown, "reg9", 2, 2, LRInLookupNeighbor, LRInLearnNeighbor, "there is nothing to learn from the packet", [2]string{}},
	{NeighbourWanted, "reg9", 3, 3, LRInLookupNeighbor, LRInLearnNeighbor, "what the packet says of a neighbour may be learned, where routers are asked to be picky", [2]string{}},
	{OwnAddress, "reg9", 10, 10, LRInIPInput, LRInIPRouting, "the packet is, or was, for an address of the router; OVN has no such bit", [2]string{}},
	{OfOthersToo, "reg9", 12, 12, LRInIPInput, LRInIPInput, "the packet is for an address of the router that is others', too; OVN has no such bit", [2]string{}},
	{AtItsEnd, "reg9", 11, 11, LRInIPInput, LRInIPInput, "the packet may pass no further router; OVN has no such bit", [2]string{}},
	{RAAnswered, "reg0", 5, 5, LRInNDRAOptions, LRInNDRAResponse, "the packet is the answer to a router solicitation", [2]string{}},
	{RouterLoopback, "flags.loopback", 0, 0, LRInAdmission, LROutDelivery, "may leave by the port that it came in by", [2]string{}},
	{RouteTable, "reg8", 0, 15, LRInIPRoutingPre, LRInIPRoutingECMP, "tunnel key of a port that has the route table; 0 for the main one", [2]string{}},
	{Chosen, "reg8", 16, 31, LRInIPRouting, LRInPolicyECMP, "which of several next hops, from 1; 0 if there is nothing to choose", [2]string{}},
	{Chain, "reg9", 16, 31, LRInPolicy, LRInPolicy, "number of the chain of policies, 0 for those without a chain", [2]string{}},
	{Excluded, "reg8", 0, 15, LRInPolicy, LRInPolicy, "a bit for each of what policies exclude: the packet is of that", [2]string{}},
	{NextHop, "xxreg0", 0, 127, LRInIPRouting, LRInARPRequest, "the next hop; see HopRegisters; where a policy chooses, its UUID until then", [2]string{}},
	{HopSource, "xxreg1", 0, 127, LRInIPRouting, LRInARPRequest, "the router's address towards the next hop", [2]string{}},
	{HopIsIP4, "reg9", 9, 9, LRInIPRouting, LRInARPRequest, "the next hop is an IPv4 address", [2]string{}},
	{EgressLoopback, "reg9", 0, 0, LRInAdmission, LRInLargerPkts, "the packet is one that tells of another", [2]string{}},
	{PktLarger, "reg9", 1, 1, LRInAdmission, LRInLargerPkts, "the packet is too large for the port", [2]string{}},
	{OutportMTU, "reg8", 0, 15, LRInChkPktLen, LRInLargerPkts, "the size of packets that may leave by the output port", [2]string{}},
	{ForceSNAT, "flags.force_snat_for_dnat", 0, 0, LRInDNAT, LROutSNAT, "the destination was translated, and the source shall be", [2]string{}},
	{ForceSNATForLB, "flags.force_snat_for_lb", 0, 0, LRInDNAT, LROutSNAT, "the packet is balanced, and its source shall be another", [2]string{}},
	{SkipSNATForLB, "flags.skip_snat_for_lb", 0, 0, LRInDNAT, LROutSNAT, "the packet is balanced, and its source shall stay", [2]string{}},
	{ComesBack, "reg9", 4, 4, LROutChkDNATLocal, LROutEgrLoop, "the packet comes back in, to be translated on this chassis", [2]string{}},
	{UseSNATZone, "flags.use_snat_zone", 0, 0, LRInAdmission, LRInUnsnat, "the packet came back in, a reply: where it belongs the zone of SNAT knows", [2]string{}},
	{Segment, "reg8", 0, 31, LRInSegment, LRInARPResolve, "tunnel key of the switch behind the output port, 0 for none", [2]string{}},
}

// HopRegisters return where a router keeps a packet's next hop, and its own
// address from which it asks for it. Those of IPv4 are a part of those of IPv6;
// HopIsIP4 tells which counts.
func HopRegisters(v6 bool) (hop, source lflow.Field) {
	if v6 {
		return LField(NextHop), LField(HopSource)
	}
	return lflow.Reg(0), lflow.Reg(5)
}

// HopIs matches packets by the family of their next hop.
func HopIs(v6 bool) *lflow.Expr {
	if v6 {
		return IsNot(HopIsIP4)
	}
	return Is(HopIsIP4)
}

// VIPField returns where switches and routers keep the virtual address that a packet
// was for, and before that the client's backend.
func VIPField(v6 bool) lflow.Field {
	if v6 {
		return LField(VIP)
	}
	return lflow.Reg(4)
}

// Uses returns the table of uses.
func Uses() []Bits { return append([]Bits(nil), uses[:]...) }

// LField returns the bits as a field of the language.
func (b Bits) LField() lflow.Field { return lflow.F(b.Field).Bits(b.Lo, b.Hi) }

// LField returns the field of the named use. It panics if there is none.
func LField(name string) lflow.Field {
	for _, u := range uses {
		if u.Name == name {
			return u.LField()
		}
	}
	panic("pipeline: no register use " + name)
}

// Conflict returns a reason why two uses cannot be in one pipeline, or "".
func Conflict(a, b Bits) string {
	if !overlap(a.LField(), b.LField()) {
		return ""
	}
	for _, x := range a.spans() {
		for _, y := range b.spans() {
			if x.pipeline == y.pipeline && x.from <= y.to && y.from <= x.to {
				return a.Name + " and " + b.Name + " share bits in " + pipelines[x.pipeline].Name
			}
		}
	}
	return ""
}

// overlap tells whether two fields share bits; xreg and xxreg are made of reg0
// to reg9.
func overlap(a, b lflow.Field) bool {
	sa, la := a.Base()
	sb, lb := b.Base()
	return sa == sb && la < lb+b.Width() && lb < la+a.Width()
}

// span is a range of stages in one pipeline.
type span struct {
	pipeline ID
	from, to int
}

// spans returns where the bits are live.
func (b Bits) spans() []span {
	from, to := places[b.From], places[b.To]
	switch {
	case b.Out[0] != "":
		outFrom, outTo := places[b.Out[0]], places[b.Out[1]]
		return []span{{from.Pipeline, from.Table, to.Table}, {outFrom.Pipeline, outFrom.Table, outTo.Table}}
	case from.Pipeline == to.Pipeline:
		return []span{{from.Pipeline, from.Table, to.Table}}
	}
	return []span{
		{from.Pipeline, from.Table, len(pipelines[from.Pipeline].Stages) - 1},
		{to.Pipeline, 0, to.Table},
	}
}
