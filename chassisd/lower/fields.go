package lower

import (
	"sync"

	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// fieldNames maps each field of the language to the one of OpenFlow that
// holds it. Register and metadata assignments: DESIGN.md, the agent's
// contract with the switch.
func fieldNames() map[string]ofp.Field {
	return map[string]ofp.Field{
		"inport": ofp.Reg14, "outport": ofp.Reg15,
		"xxreg0": ofp.XXReg0, "xxreg1": ofp.XXReg1, "xreg4": ofp.XReg4,
		"flags": ofp.Reg10, "pkt.mark": ofp.PktMark,
		"ct_mark": ofp.CTMark, "ct_label": ofp.CTLabel, "ct_state": ofp.CTState,
		"eth.src": ofp.EthSrc, "eth.dst": ofp.EthDst, "eth.type": ofp.EthType, "vlan.tci": ofp.VLANTCI,
		"ip.proto": ofp.IPProto, "ip.dscp": ofp.IPDSCP, "ip.ecn": ofp.IPECN, "ip.ttl": ofp.IPTTL, "ip.frag": ofp.IPFrag,
		"ip4.src": ofp.IPv4Src, "ip4.dst": ofp.IPv4Dst,
		"ip6.src": ofp.IPv6Src, "ip6.dst": ofp.IPv6Dst, "ip6.label": ofp.IPv6Label,
		"arp.op": ofp.ARPOp, "arp.spa": ofp.ARPSPA, "arp.sha": ofp.ARPSHA, "arp.tpa": ofp.ARPTPA, "arp.tha": ofp.ARPTHA,
		"rarp.op": ofp.ARPOp, "rarp.spa": ofp.ARPSPA, "rarp.sha": ofp.ARPSHA, "rarp.tpa": ofp.ARPTPA, "rarp.tha": ofp.ARPTHA,
		"icmp4.type": ofp.ICMPv4Type, "icmp4.code": ofp.ICMPv4Code, "icmp6.type": ofp.ICMPv6Type, "icmp6.code": ofp.ICMPv6Code,
		"tcp.src": ofp.TCPSrc, "tcp.dst": ofp.TCPDst, "tcp.flags": ofp.TCPFlags,
		"udp.src": ofp.UDPSrc, "udp.dst": ofp.UDPDst, "sctp.src": ofp.SCTPSrc, "sctp.dst": ofp.SCTPDst,
		"ct_nw_proto": ofp.CTProto, "ct_tcp.src": ofp.CTTPSrc, "ct_tcp.dst": ofp.CTTPDst,
		"ct_udp.src": ofp.CTTPSrc, "ct_udp.dst": ofp.CTTPDst, "ct_sctp.src": ofp.CTTPSrc, "ct_sctp.dst": ofp.CTTPDst,
		"nd.target": ofp.NDTarget, "nd.sll": ofp.NDSLL, "nd.tll": ofp.NDTLL,
	}
}

const (
	lastField = ofp.Field(254)
	noField   = ofp.Field(255)
)

// fieldsByIndex maps lflow.Symbol.Index to the OpenFlow field.
var fieldsByIndex = sync.OnceValue(func() []ofp.Field {
	names := fieldNames()
	all := lflow.Standard().All()
	out := make([]ofp.Field, len(all))
	for i, s := range all {
		f, ok := names[s.Name]
		if !ok {
			f = noField
		}
		out[i] = f
	}
	return append(out, regZoneDNAT, regZoneSNAT) // groupFields
})

// subfield returns the bits of OpenFlow fields that f is.
func subfield(f lflow.Field) ofp.Subfield {
	s, lo := f.Base()
	of := fieldsByIndex()[s.Index]
	if s.IsString() {
		return ofp.Whole(of)
	}
	return ofp.Sub(of, lo, f.Width())
}

func u128(v lflow.Value) ofp.U128 { return ofp.U128{Hi: v.Hi, Lo: v.Lo} }
