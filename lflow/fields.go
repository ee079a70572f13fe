package lflow

import "strconv"

// standard is built once, when the program starts, and never changes.
var standard = func() *Table {
	t, err := NewTable(StandardDefinitions())
	if err != nil {
		panic(err)
	}
	return t
}()

// Standard returns the table of all standard symbols.
func Standard() *Table { return standard }

// F returns the field of a standard symbol. It panics if there is none.
func F(name string) Field {
	f, ok := standard.FieldOf(name)
	if !ok {
		panic("lflow: no symbol " + name)
	}
	return f
}

// Reg returns register i, 0 to 9.
func Reg(i int) Field { return F("reg" + strconv.Itoa(i)) }

// XXReg returns 128-bit register i, 0 or 1.
func XXReg(i int) Field { return F("xxreg" + strconv.Itoa(i)) }

// The standard symbols that code which builds flows uses most.
var (
	Inport        = F("inport")
	Outport       = F("outport")
	Flags         = F("flags")
	FlagsLoopback = F("flags.loopback")
	PktMark       = F("pkt.mark")

	EthSrc      = F("eth.src")
	EthDst      = F("eth.dst")
	EthType     = F("eth.type")
	EthMcast    = F("eth.mcast")
	EthBcast    = F("eth.bcast")
	VlanTCI     = F("vlan.tci")
	VlanPresent = F("vlan.present")
	VlanVID     = F("vlan.vid")

	IP          = F("ip")
	IP4         = F("ip4")
	IP6         = F("ip6")
	IPProto     = F("ip.proto")
	IPTTL       = F("ip.ttl")
	IPDSCP      = F("ip.dscp")
	IP4Src      = F("ip4.src")
	IP4Dst      = F("ip4.dst")
	IP4Mcast    = F("ip4.mcast")
	IP6Src      = F("ip6.src")
	IP6Dst      = F("ip6.dst")
	IP6Mcast    = F("ip6.mcast")
	IP6McastAll = F("ip6.mcast_flood")

	ARP    = F("arp")
	ARPOp  = F("arp.op")
	ARPSPA = F("arp.spa")
	ARPSHA = F("arp.sha")
	ARPTPA = F("arp.tpa")
	ARPTHA = F("arp.tha")
	RARP   = F("rarp")

	ICMP4     = F("icmp4")
	ICMP4Type = F("icmp4.type")
	ICMP4Code = F("icmp4.code")
	ICMP6     = F("icmp6")
	ICMP6Type = F("icmp6.type")
	ICMP6Code = F("icmp6.code")
	TCP       = F("tcp")
	TCPSrc    = F("tcp.src")
	TCPDst    = F("tcp.dst")
	UDP       = F("udp")
	UDPSrc    = F("udp.src")
	UDPDst    = F("udp.dst")
	SCTP      = F("sctp")
	SCTPSrc   = F("sctp.src")
	SCTPDst   = F("sctp.dst")

	ND       = F("nd")
	NDNS     = F("nd_ns")
	NDNA     = F("nd_na")
	NDRS     = F("nd_rs")
	NDRA     = F("nd_ra")
	NDTarget = F("nd.target")
	NDSLL    = F("nd.sll")
	NDTLL    = F("nd.tll")

	CTMark  = F("ct_mark")
	CTLabel = F("ct_label")
	CTState = F("ct_state")
	CTTrk   = F("ct.trk")
	CTNew   = F("ct.new")
	CTEst   = F("ct.est")
	CTRel   = F("ct.rel")
	CTRpl   = F("ct.rpl")
	CTInv   = F("ct.inv")
	CTDNAT  = F("ct.dnat")
	CTSNAT  = F("ct.snat")
	CTProto = F("ct_nw_proto")
)
