package pipeline

import "github.com/weft-sdn/weft/lflow"

// ID is a pipeline.
type ID uint8

// The pipelines, in the order of All.
const (
	SwitchIngress ID = iota
	SwitchEgress
	RouterIngress
	RouterEgress
)

// Names of stages.
const (
	LSInCheckPortSec     = "ls_in_check_port_sec"
	LSInApplyPortSec     = "ls_in_apply_port_sec"
	LSInLookupFDB        = "ls_in_lookup_fdb"
	LSInPutFDB           = "ls_in_put_fdb"
	LSInPreACL           = "ls_in_pre_acl"
	LSInPreLB            = "ls_in_pre_lb"
	LSInPreStateful      = "ls_in_pre_stateful"
	LSInACLHint          = "ls_in_acl_hint"
	LSInACLEval          = "ls_in_acl_eval"
	LSInACLSample        = "ls_in_acl_sample"
	LSInACLAction        = "ls_in_acl_action"
	LSInLBAffCheck       = "ls_in_lb_aff_check"
	LSInLB               = "ls_in_lb"
	LSInLBAffLearn       = "ls_in_lb_aff_learn"
	LSInPreHairpin       = "ls_in_pre_hairpin"
	LSInNATHairpin       = "ls_in_nat_hairpin"
	LSInHairpin          = "ls_in_hairpin"
	LSInACLAfterLBEval   = "ls_in_acl_after_lb_eval"
	LSInACLAfterLBSample = "ls_in_acl_after_lb_sample"
	LSInACLAfterLBAction = "ls_in_acl_after_lb_action"
	LSInStateful         = "ls_in_stateful"
	LSInARPRsp           = "ls_in_arp_rsp"
	LSInDHCPOptions      = "ls_in_dhcp_options"
	LSInDHCPResponse     = "ls_in_dhcp_response"
	LSInDNSLookup        = "ls_in_dns_lookup"
	LSInDNSResponse      = "ls_in_dns_response"
	LSInL2Lkup           = "ls_in_l2_lkup"
	LSInL2Unknown        = "ls_in_l2_unknown"
	LSOutPreACL          = "ls_out_pre_acl"
	LSOutPreLB           = "ls_out_pre_lb"
	LSOutPreStateful     = "ls_out_pre_stateful"
	LSOutACLHint         = "ls_out_acl_hint"
	LSOutACLEval         = "ls_out_acl_eval"
	LSOutACLSample       = "ls_out_acl_sample"
	LSOutACLAction       = "ls_out_acl_action"
	LSOutStateful        = "ls_out_stateful"
	LSOutCheckPortSec    = "ls_out_check_port_sec"
	LSOutApplyPortSec    = "ls_out_apply_port_sec"

	LRInAdmission      = "lr_in_admission"
	LRInLookupNeighbor = "lr_in_lookup_neighbor"
	LRInLearnNeighbor  = "lr_in_learn_neighbor"
	LRInIPInput        = "lr_in_ip_input"
	LRInUnsnat         = "lr_in_unsnat"
	LRInDefrag         = "lr_in_defrag"
	LRInLBAffCheck     = "lr_in_lb_aff_check"
	LRInDNAT           = "lr_in_dnat"
	LRInLBAffLearn     = "lr_in_lb_aff_learn"
	LRInECMPStateful   = "lr_in_ecmp_stateful"
	LRInNDRAOptions    = "lr_in_nd_ra_options"
	LRInNDRAResponse   = "lr_in_nd_ra_response"
	LRInIPRoutingPre   = "lr_in_ip_routing_pre"
	LRInIPRouting      = "lr_in_ip_routing"
	LRInIPRoutingECMP  = "lr_in_ip_routing_ecmp"
	LRInPolicy         = "lr_in_policy"
	LRInPolicyECMP     = "lr_in_policy_ecmp"
	LRInSegment        = "lr_in_segment"
	LRInARPResolve     = "lr_in_arp_resolve"
	LRInChkPktLen      = "lr_in_chk_pkt_len"
	LRInLargerPkts     = "lr_in_larger_pkts"
	LRInGWRedirect     = "lr_in_gw_redirect"
	LRInARPRequest     = "lr_in_arp_request"
	LROutChkDNATLocal  = "lr_out_chk_dnat_local"
	LROutUndnat        = "lr_out_undnat"
	LROutPostUndnat    = "lr_out_post_undnat"
	LROutSNAT          = "lr_out_snat"
	LROutPostSNAT      = "lr_out_post_snat"
	LROutEgrLoop       = "lr_out_egr_loop"
	LROutDelivery      = "lr_out_delivery"
)

// Stage is one table of a pipeline. Its owner is the feature that writes its
// priority-0 flow; others may write flows there too.
type Stage struct {
	Name  string
	Owner string
	Doc   string
}

// Pipeline is a list of stages; a stage's place in it is its table number.
type Pipeline struct {
	ID     ID
	Name   string
	Egress bool
	Router bool
	Stages []Stage
}

var pipelines = [...]Pipeline{
	SwitchIngress: {Name: "switch ingress", Stages: []Stage{
		{LSInCheckPortSec, "admission", "drop what no port may send; find out whether this port may send the packet"},
		{LSInApplyPortSec, "portsec", "drop what the port may not send"},
		{LSInLookupFDB, "learning", "find out whether the sender is known to be behind the port"},
		{LSInPutFDB, "learning", "learn the sender"},
		{LSInPreACL, "acl", "find out whether ACLs need conntrack for the packet"},
		{LSInPreLB, "lb", "find out whether load balancers need conntrack for the packet, and what a backend answers itself"},
		{LSInPreStateful, "stateful", "send the packet through conntrack"},
		{LSInACLHint, "acl", "from the connection's state to what kinds of ACLs may match"},
		{LSInACLEval, "acl", "find the from-lport ACL that decides"},
		{LSInACLSample, "acl", "sample what an ACL asks to"},
		{LSInACLAction, "acl", "do what the ACL says, or go on to the next tier"},
		{LSInLBAffCheck, "lb", "find out whether the client has a backend already"},
		{LSInLB, "lb", "from a virtual address to a backend"},
		{LSInLBAffLearn, "lb", "note which backend the client has"},
		{LSInPreHairpin, "lb", "find out whether the backend is the sender itself"},
		{LSInNATHairpin, "lb", "have it see another sender"},
		{LSInHairpin, "lb", "send back what comes back to its sender"},
		{LSInACLAfterLBEval, "acl", "find the from-lport ACL with apply-after-lb that decides"},
		{LSInACLAfterLBSample, "acl", "sample what an ACL asks to"},
		{LSInACLAfterLBAction, "acl", "do what the ACL says, or go on to the next tier"},
		{LSInStateful, "stateful", "commit the connection"},
		{LSInARPRsp, "neighbours", "answer ARP requests and neighbour solicitations for known addresses"},
		{LSInDHCPOptions, "dhcp", "make a DHCP request the answer to it"},
		{LSInDHCPResponse, "dhcp", "send the answer back"},
		{LSInDNSLookup, "dns", "make a query for a known name the answer to it"},
		{LSInDNSResponse, "dns", "send the answer back"},
		{LSInL2Lkup, "lookup", "from destination address to output port"},
		{LSInL2Unknown, "lookup", "what to do with unknown destinations"},
	}},
	SwitchEgress: {Name: "switch egress", Egress: true, Stages: []Stage{
		{LSOutPreACL, "acl", "find out whether ACLs need conntrack for the packet"},
		{LSOutPreLB, "lb", "find out whether load balancers need conntrack for the packet"},
		{LSOutPreStateful, "stateful", "send the packet through conntrack"},
		{LSOutACLHint, "acl", "from the connection's state to what kinds of ACLs may match"},
		{LSOutACLEval, "acl", "find the to-lport ACL that decides"},
		{LSOutACLSample, "acl", "sample what an ACL asks to"},
		{LSOutACLAction, "acl", "do what the ACL says, or go on to the next tier"},
		{LSOutStateful, "stateful", "commit the connection"},
		{LSOutCheckPortSec, "portsec", "find out whether this port may receive the packet"},
		{LSOutApplyPortSec, "portsec", "drop what the port may not receive, output the rest"},
	}},
	RouterIngress: {Name: "router ingress", Router: true, Stages: []Stage{
		{LRInAdmission, "router", "drop frames that are not for the router"},
		{LRInLookupNeighbor, "neighbour", "find out whether the sender of ARP or neighbour discovery is known"},
		{LRInLearnNeighbor, "neighbour", "learn the sender"},
		{LRInIPInput, "router", "what is for the router itself: questions, pings, packets at their end"},
		{LRInUnsnat, "nat", "back from a connection's address outside to the one inside"},
		{LRInDefrag, "route", "send the packet through conntrack"},
		{LRInLBAffCheck, "lb", "find out whether the client has a backend already"},
		{LRInDNAT, "nat", "from an address outside to the one inside"},
		{LRInLBAffLearn, "lb", "note which backend the client has"},
		{LRInECMPStateful, "route", "note by which next hop a connection came"},
		{LRInNDRAOptions, "ra", "make a router solicitation the advertisement that answers it"},
		{LRInNDRAResponse, "ra", "send the advertisement back"},
		{LRInIPRoutingPre, "route", "find the route table of the port"},
		{LRInIPRouting, "route", "from destination to next hop and output port"},
		{LRInIPRoutingECMP, "route", "the next hop that was chosen of several"},
		{LRInPolicy, "policy", "drop the packet, mark it, or send it elsewhere than the route says"},
		{LRInPolicyECMP, "policy", "the next hop that was chosen of several"},
		{LRInSegment, "neighbour", "from output port to the switch behind it; OVN has no such stage"},
		{LRInARPResolve, "neighbour", "from next hop to destination address"},
		{LRInChkPktLen, "gateway", "find out whether the packet is too large for the output port"},
		{LRInLargerPkts, "gateway", "tell senders of packets that are too large"},
		{LRInGWRedirect, "gateway", "from a gateway port to its instance on the gateway chassis"},
		{LRInARPRequest, "neighbour", "ask for addresses that are not known; output the rest"},
	}},
	RouterEgress: {Name: "router egress", Egress: true, Router: true, Stages: []Stage{
		{LROutChkDNATLocal, "nat", "find out whether the packet comes back in to be translated on this chassis"},
		{LROutUndnat, "nat", "back from a connection's address inside to the one outside"},
		{LROutPostUndnat, "nat", "commit connections that are not translated"},
		{LROutSNAT, "nat", "from an address inside to the one outside"},
		{LROutPostSNAT, "nat", "drop what could not be translated"},
		{LROutEgrLoop, "nat", "back in what is for an address outside that is translated on this chassis"},
		{LROutDelivery, "router", "output what may leave by the port"},
	}},
}

// All returns the pipelines, indexed by ID.
func All() []Pipeline {
	all := pipelines
	for i := range all {
		all[i].ID = ID(i)
	}
	return all[:]
}

// Place is where a stage is.
type Place struct {
	Pipeline ID
	Egress   bool
	Table    int
}

var places = func() map[string]Place {
	m := map[string]Place{}
	for _, p := range All() {
		for i, s := range p.Stages {
			m[s.Name] = Place{p.ID, p.Egress, i}
		}
	}
	return m
}()

// Find returns the place of a stage.
func Find(stage string) (Place, bool) {
	p, ok := places[stage]
	return p, ok
}

// LastTable returns how many stages both kinds of pipelines may have, for
// lflow.Place.
func LastTable(egress bool) int {
	if egress {
		return lflow.EgressStages
	}
	return lflow.IngressStages
}

// ParsePlace returns the place for parsing actions of a stage.
func (p Place) ParsePlace() lflow.Place {
	at := lflow.Place{Pipeline: lflow.Ingress, Table: p.Table, Tables: LastTable(p.Egress)}
	if p.Egress {
		at.Pipeline = lflow.Egress
	}
	return at
}
