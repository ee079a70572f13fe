package ofp

// Field names a match field. The constants stand in the order in which a
// canonical [Match] holds them: a field comes after those that it has as
// prerequisites (OpenFlow 1.5, section 7.2.3.6).
type Field uint8

const (
	InPort Field = iota
	PacketType
	ConjID
	DPHash
	RecircID
	ActsetOutput
	PktMark
	TunID
	TunSrc
	TunDst
	TunIPv6Src
	TunIPv6Dst
	TunGBPID
	TunGBPFlags
	TunFlags
	TunMetadata0
	EthSrc
	EthDst
	EthType
	VLANTCI
	MPLSLabel
	MPLSTC
	MPLSBOS
	MPLSTTL
	IPv4Src
	IPv4Dst
	IPv6Src
	IPv6Dst
	IPv6Label
	IPProto
	IPTTL
	IPFrag
	IPDSCP
	IPECN
	ARPOp
	ARPSPA
	ARPTPA
	ARPSHA
	ARPTHA
	TCPSrc
	TCPDst
	TCPFlags
	UDPSrc
	UDPDst
	SCTPSrc
	SCTPDst
	ICMPv4Type
	ICMPv4Code
	ICMPv6Type
	ICMPv6Code
	NDTarget
	NDSLL
	NDTLL
	NDReserved
	NDOptionsType
	CTState
	CTZone
	CTMark
	CTLabel
	CTIPv4Src
	CTIPv4Dst
	CTIPv6Src
	CTIPv6Dst
	CTProto
	CTTPSrc
	CTTPDst
	Metadata
	Reg0
	Reg1
	Reg2
	Reg3
	Reg4
	Reg5
	Reg6
	Reg7
	Reg8
	Reg9
	Reg10
	Reg11
	Reg12
	Reg13
	Reg14
	Reg15
	// The fields from here on are other views of fields above. In a match
	// they are folded into those; in an action they are fields of their own.
	XReg0
	XReg1
	XReg2
	XReg3
	XReg4
	XReg5
	XReg6
	XReg7
	XXReg0
	XXReg1
	XXReg2
	XXReg3
	VLANVID
	VLANPCP
	IPTOS
	// InPort16 is in_port in 16 bits, the form in which actions know it.
	InPort16

	numFields
)

// NumFields is the number of fields; every Field is below it.
const NumFields = int(numFields)

const firstView = XReg0 // fields before it have a place of their own in a match

// Reg returns the 32-bit register n, 0 to 15.
func Reg(n int) Field { return Reg0 + Field(n&15) }

// XReg returns the 64-bit register n, 0 to 7: reg(2n) above reg(2n+1).
func XReg(n int) Field { return XReg0 + Field(n&7) }

// XXReg returns the 128-bit register n, 0 to 3.
func XXReg(n int) Field { return XXReg0 + Field(n&3) }

// format says how ovs-ofctl prints a field's value.
type format uint8

const (
	fmtDec format = iota
	fmtHex
	fmtIPv4
	fmtIPv6
	fmtMAC
	fmtPort
	fmtCTState
	fmtFrag
	fmtTCPFlags
	fmtTunFlags
	fmtPacketType
	fmtPort16
)

// OXM classes.
const (
	classNXM0   = 0x0000
	classNXM1   = 0x0001
	classEric   = 0x1000
	classBasic  = 0x8000
	classPktReg = 0x8001
	classExp    = 0xffff

	expNicira = 0x00002320
	expONF    = 0x4f4e4600
)

// fieldInfo describes one field on the wire and in print.
type fieldInfo struct {
	name  string // as in a match or set_field
	sub   string // as in a subfield, without brackets
	class uint16 // the OXM header that Open vSwitch reports under OpenFlow 1.5
	num   uint8
	bytes uint8 // of the value on the wire
	bits  uint8 // significant ones
	mask  bool  // may be masked
	fmt   format
}

// fields is indexed by Field. Numbers and names: ovs-fields(7).
var fields = [numFields]fieldInfo{
	InPort:        {"in_port", "OXM_OF_IN_PORT", classBasic, 0, 4, 32, false, fmtPort},
	PacketType:    {"packet_type", "OXM_OF_PACKET_TYPE", classBasic, 44, 4, 32, false, fmtPacketType},
	ConjID:        {"conj_id", "NXM_NX_CONJ_ID", classNXM1, 37, 4, 32, false, fmtDec},
	DPHash:        {"dp_hash", "NXM_NX_DP_HASH", classNXM1, 35, 4, 32, true, fmtHex},
	RecircID:      {"recirc_id", "NXM_NX_RECIRC_ID", classNXM1, 36, 4, 32, false, fmtDec},
	ActsetOutput:  {"actset_output", "ONFOXM_ET_ACTSET_OUTPUT", classBasic, 43, 4, 32, false, fmtPort},
	PktMark:       {"pkt_mark", "NXM_NX_PKT_MARK", classNXM1, 33, 4, 32, true, fmtHex},
	TunID:         {"tun_id", "NXM_NX_TUN_ID", classBasic, 38, 8, 64, true, fmtHex},
	TunSrc:        {"tun_src", "NXM_NX_TUN_IPV4_SRC", classNXM1, 31, 4, 32, true, fmtIPv4},
	TunDst:        {"tun_dst", "NXM_NX_TUN_IPV4_DST", classNXM1, 32, 4, 32, true, fmtIPv4},
	TunIPv6Src:    {"tun_ipv6_src", "NXM_NX_TUN_IPV6_SRC", classNXM1, 109, 16, 128, true, fmtIPv6},
	TunIPv6Dst:    {"tun_ipv6_dst", "NXM_NX_TUN_IPV6_DST", classNXM1, 110, 16, 128, true, fmtIPv6},
	TunGBPID:      {"tun_gbp_id", "NXM_NX_TUN_GBP_ID", classNXM1, 38, 2, 16, true, fmtDec},
	TunGBPFlags:   {"tun_gbp_flags", "NXM_NX_TUN_GBP_FLAGS", classNXM1, 39, 1, 8, true, fmtHex},
	TunFlags:      {"tun_flags", "NXM_NX_TUN_FLAGS", classNXM1, 104, 2, 1, true, fmtTunFlags},
	TunMetadata0:  {"tun_metadata0", "NXM_NX_TUN_METADATA0", classNXM1, 40, 4, 32, true, fmtHex},
	EthSrc:        {"eth_src", "NXM_OF_ETH_SRC", classBasic, 4, 6, 48, true, fmtMAC},
	EthDst:        {"eth_dst", "NXM_OF_ETH_DST", classBasic, 3, 6, 48, true, fmtMAC},
	EthType:       {"eth_type", "NXM_OF_ETH_TYPE", classBasic, 5, 2, 16, false, fmtHex},
	VLANTCI:       {"vlan_tci", "NXM_OF_VLAN_TCI", classNXM0, 4, 2, 16, true, fmtHex},
	MPLSLabel:     {"mpls_label", "OXM_OF_MPLS_LABEL", classBasic, 34, 4, 20, false, fmtDec},
	MPLSTC:        {"mpls_tc", "OXM_OF_MPLS_TC", classBasic, 35, 1, 3, false, fmtDec},
	MPLSBOS:       {"mpls_bos", "OXM_OF_MPLS_BOS", classBasic, 36, 1, 1, false, fmtDec},
	MPLSTTL:       {"mpls_ttl", "NXM_NX_MPLS_TTL", classNXM1, 30, 1, 8, false, fmtDec},
	IPv4Src:       {"ip_src", "NXM_OF_IP_SRC", classBasic, 11, 4, 32, true, fmtIPv4},
	IPv4Dst:       {"ip_dst", "NXM_OF_IP_DST", classBasic, 12, 4, 32, true, fmtIPv4},
	IPv6Src:       {"ipv6_src", "NXM_NX_IPV6_SRC", classBasic, 26, 16, 128, true, fmtIPv6},
	IPv6Dst:       {"ipv6_dst", "NXM_NX_IPV6_DST", classBasic, 27, 16, 128, true, fmtIPv6},
	IPv6Label:     {"ipv6_label", "NXM_NX_IPV6_LABEL", classBasic, 28, 4, 20, true, fmtHex},
	IPProto:       {"nw_proto", "NXM_OF_IP_PROTO", classBasic, 10, 1, 8, false, fmtDec},
	IPTTL:         {"nw_ttl", "NXM_NX_IP_TTL", classNXM1, 29, 1, 8, false, fmtDec},
	IPFrag:        {"nw_frag", "NXM_NX_IP_FRAG", classNXM1, 26, 1, 2, true, fmtFrag},
	IPDSCP:        {"ip_dscp", "OXM_OF_IP_DSCP", classBasic, 8, 1, 6, false, fmtDec},
	IPECN:         {"nw_ecn", "NXM_NX_IP_ECN", classBasic, 9, 1, 2, false, fmtDec},
	ARPOp:         {"arp_op", "NXM_OF_ARP_OP", classBasic, 21, 2, 16, false, fmtDec},
	ARPSPA:        {"arp_spa", "NXM_OF_ARP_SPA", classBasic, 22, 4, 32, true, fmtIPv4},
	ARPTPA:        {"arp_tpa", "NXM_OF_ARP_TPA", classBasic, 23, 4, 32, true, fmtIPv4},
	ARPSHA:        {"arp_sha", "NXM_NX_ARP_SHA", classBasic, 24, 6, 48, true, fmtMAC},
	ARPTHA:        {"arp_tha", "NXM_NX_ARP_THA", classBasic, 25, 6, 48, true, fmtMAC},
	TCPSrc:        {"tcp_src", "NXM_OF_TCP_SRC", classBasic, 13, 2, 16, true, fmtDec},
	TCPDst:        {"tcp_dst", "NXM_OF_TCP_DST", classBasic, 14, 2, 16, true, fmtDec},
	TCPFlags:      {"tcp_flags", "NXM_NX_TCP_FLAGS", classBasic, 42, 2, 12, true, fmtTCPFlags},
	UDPSrc:        {"udp_src", "NXM_OF_UDP_SRC", classBasic, 15, 2, 16, true, fmtDec},
	UDPDst:        {"udp_dst", "NXM_OF_UDP_DST", classBasic, 16, 2, 16, true, fmtDec},
	SCTPSrc:       {"sctp_src", "OXM_OF_SCTP_SRC", classBasic, 17, 2, 16, true, fmtDec},
	SCTPDst:       {"sctp_dst", "OXM_OF_SCTP_DST", classBasic, 18, 2, 16, true, fmtDec},
	ICMPv4Type:    {"icmp_type", "NXM_OF_ICMP_TYPE", classBasic, 19, 1, 8, false, fmtDec},
	ICMPv4Code:    {"icmp_code", "NXM_OF_ICMP_CODE", classBasic, 20, 1, 8, false, fmtDec},
	ICMPv6Type:    {"icmpv6_type", "NXM_NX_ICMPV6_TYPE", classBasic, 29, 1, 8, false, fmtDec},
	ICMPv6Code:    {"icmpv6_code", "NXM_NX_ICMPV6_CODE", classBasic, 30, 1, 8, false, fmtDec},
	NDTarget:      {"nd_target", "NXM_NX_ND_TARGET", classBasic, 31, 16, 128, true, fmtIPv6},
	NDSLL:         {"nd_sll", "NXM_NX_ND_SLL", classBasic, 32, 6, 48, true, fmtMAC},
	NDTLL:         {"nd_tll", "NXM_NX_ND_TLL", classBasic, 33, 6, 48, true, fmtMAC},
	NDReserved:    {"nd_reserved", "ERICOXM_OF_ICMPV6_ND_RESERVED", classEric, 1, 4, 32, false, fmtDec},
	NDOptionsType: {"nd_options_type", "ERICOXM_OF_ICMPV6_ND_OPTIONS_TYPE", classEric, 2, 1, 8, false, fmtDec},
	CTState:       {"ct_state", "NXM_NX_CT_STATE", classNXM1, 105, 4, 8, true, fmtCTState},
	CTZone:        {"ct_zone", "NXM_NX_CT_ZONE", classNXM1, 106, 2, 16, false, fmtDec},
	CTMark:        {"ct_mark", "NXM_NX_CT_MARK", classNXM1, 107, 4, 32, true, fmtHex},
	CTLabel:       {"ct_label", "NXM_NX_CT_LABEL", classNXM1, 108, 16, 128, true, fmtHex},
	CTIPv4Src:     {"ct_nw_src", "NXM_NX_CT_NW_SRC", classNXM1, 120, 4, 32, true, fmtIPv4},
	CTIPv4Dst:     {"ct_nw_dst", "NXM_NX_CT_NW_DST", classNXM1, 121, 4, 32, true, fmtIPv4},
	CTIPv6Src:     {"ct_ipv6_src", "NXM_NX_CT_IPV6_SRC", classNXM1, 122, 16, 128, true, fmtIPv6},
	CTIPv6Dst:     {"ct_ipv6_dst", "NXM_NX_CT_IPV6_DST", classNXM1, 123, 16, 128, true, fmtIPv6},
	CTProto:       {"ct_nw_proto", "NXM_NX_CT_NW_PROTO", classNXM1, 119, 1, 8, false, fmtDec},
	CTTPSrc:       {"ct_tp_src", "NXM_NX_CT_TP_SRC", classNXM1, 124, 2, 16, true, fmtDec},
	CTTPDst:       {"ct_tp_dst", "NXM_NX_CT_TP_DST", classNXM1, 125, 2, 16, true, fmtDec},
	Metadata:      {"metadata", "OXM_OF_METADATA", classBasic, 2, 8, 64, true, fmtHex},
	Reg0:          {"reg0", "NXM_NX_REG0", classNXM1, 0, 4, 32, true, fmtHex},
	Reg1:          {"reg1", "NXM_NX_REG1", classNXM1, 1, 4, 32, true, fmtHex},
	Reg2:          {"reg2", "NXM_NX_REG2", classNXM1, 2, 4, 32, true, fmtHex},
	Reg3:          {"reg3", "NXM_NX_REG3", classNXM1, 3, 4, 32, true, fmtHex},
	Reg4:          {"reg4", "NXM_NX_REG4", classNXM1, 4, 4, 32, true, fmtHex},
	Reg5:          {"reg5", "NXM_NX_REG5", classNXM1, 5, 4, 32, true, fmtHex},
	Reg6:          {"reg6", "NXM_NX_REG6", classNXM1, 6, 4, 32, true, fmtHex},
	Reg7:          {"reg7", "NXM_NX_REG7", classNXM1, 7, 4, 32, true, fmtHex},
	Reg8:          {"reg8", "NXM_NX_REG8", classNXM1, 8, 4, 32, true, fmtHex},
	Reg9:          {"reg9", "NXM_NX_REG9", classNXM1, 9, 4, 32, true, fmtHex},
	Reg10:         {"reg10", "NXM_NX_REG10", classNXM1, 10, 4, 32, true, fmtHex},
	Reg11:         {"reg11", "NXM_NX_REG11", classNXM1, 11, 4, 32, true, fmtHex},
	Reg12:         {"reg12", "NXM_NX_REG12", classNXM1, 12, 4, 32, true, fmtHex},
	Reg13:         {"reg13", "NXM_NX_REG13", classNXM1, 13, 4, 32, true, fmtHex},
	Reg14:         {"reg14", "NXM_NX_REG14", classNXM1, 14, 4, 32, true, fmtHex},
	Reg15:         {"reg15", "NXM_NX_REG15", classNXM1, 15, 4, 32, true, fmtHex},
	XReg0:         {"xreg0", "OXM_OF_PKT_REG0", classPktReg, 0, 8, 64, true, fmtHex},
	XReg1:         {"xreg1", "OXM_OF_PKT_REG1", classPktReg, 1, 8, 64, true, fmtHex},
	XReg2:         {"xreg2", "OXM_OF_PKT_REG2", classPktReg, 2, 8, 64, true, fmtHex},
	XReg3:         {"xreg3", "OXM_OF_PKT_REG3", classPktReg, 3, 8, 64, true, fmtHex},
	XReg4:         {"xreg4", "OXM_OF_PKT_REG4", classPktReg, 4, 8, 64, true, fmtHex},
	XReg5:         {"xreg5", "OXM_OF_PKT_REG5", classPktReg, 5, 8, 64, true, fmtHex},
	XReg6:         {"xreg6", "OXM_OF_PKT_REG6", classPktReg, 6, 8, 64, true, fmtHex},
	XReg7:         {"xreg7", "OXM_OF_PKT_REG7", classPktReg, 7, 8, 64, true, fmtHex},
	XXReg0:        {"xxreg0", "NXM_NX_XXREG0", classNXM1, 111, 16, 128, true, fmtHex},
	XXReg1:        {"xxreg1", "NXM_NX_XXREG1", classNXM1, 112, 16, 128, true, fmtHex},
	XXReg2:        {"xxreg2", "NXM_NX_XXREG2", classNXM1, 113, 16, 128, true, fmtHex},
	XXReg3:        {"xxreg3", "NXM_NX_XXREG3", classNXM1, 114, 16, 128, true, fmtHex},
	VLANVID:       {"vlan_vid", "OXM_OF_VLAN_VID", classBasic, 6, 2, 13, true, fmtDec},
	VLANPCP:       {"vlan_pcp", "OXM_OF_VLAN_PCP", classBasic, 7, 1, 3, false, fmtDec},
	InPort16:      {"in_port", "NXM_OF_IN_PORT", classNXM0, 0, 2, 16, false, fmtPort16},
	IPTOS:         {"nw_tos", "NXM_OF_IP_TOS", classNXM0, 5, 1, 8, false, fmtDec},
}

func (f Field) valid() bool { return f < numFields }

// info returns the description of f; an invalid field gets that of field 0, so
// that a wrong constant is a refused flow and not a crash.
func (f Field) info() *fieldInfo {
	if !f.valid() {
		f = 0
	}
	return &fields[f]
}

// Name is the field's name in a match, as in ovs-fields(7).
func (f Field) Name() string { return f.info().name }

// String is [Field.Name].
func (f Field) String() string { return f.info().name }

// Bits is the number of significant bits of the field.
func (f Field) Bits() int { return int(f.info().bits) }

// WireBits is the width of the field as OpenFlow counts it, to which
// subfields of actions may refer.
func (f Field) WireBits() int { return int(f.info().bytes) * 8 }

// Maskable says whether a match on single bits of the field is possible.
func (f Field) Maskable() bool { return f.info().mask }

// full is the mask of a match on the whole field.
func (f Field) full() U128 { return Ones(int(f.info().bits)) }

// FieldByName finds a field by its name in a match or in a subfield.
func FieldByName(name string) (Field, bool) {
	for i := range fields {
		if fields[i].name == name || fields[i].sub == name {
			return Field(i), true
		}
	}
	return 0, false
}

// appendHeader appends the OXM header of f. n is the number of value bytes of
// one value.
func (f Field) appendHeader(b []byte, masked bool, n int) []byte {
	i := f.info()
	hm := i.num << 1
	if masked {
		hm |= 1
		n *= 2
	}
	return append(b, byte(i.class>>8), byte(i.class), hm, byte(n))
}
