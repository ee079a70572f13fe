package trace

import (
	"fmt"
	"strings"

	"github.com/weft-sdn/weft/lflow"
)

// OpenFlow returns the packet as a flow in the syntax of OpenFlow tools, ports
// being registers 14 and 15.
func (p *Packet) OpenFlow() string {
	var w flowText
	w.nonzero("pkt_mark", p.get(lflow.PktMark))
	if s := p.get(lflow.CTState); !s.IsZero() {
		w.word("ct_state=" + CTState(s.Lo).String())
	}
	w.nonzero("ct_mark", p.get(lflow.CTMark))
	w.nonzero("ct_label", p.get(lflow.CTLabel))
	if proto := p.protocol(); proto != "" {
		w.word(proto)
	}
	for i := range 10 {
		w.nonzero(fmt.Sprint("reg", i), p.get(lflow.Reg(i)))
	}
	w.nonzero("reg10", p.get(lflow.Flags))
	w.nonzero("reg14", lflow.U(uint64(p.key(p.inport))))
	w.nonzero("reg15", lflow.U(uint64(p.key(p.outport))))
	if p.is(lflow.VlanPresent) {
		w.words(p, "dl_vlan=vlan.vid", "dl_vlan_pcp=vlan.pcp")
		w.word("vlan_tci1=0x0000")
	} else {
		w.word("vlan_tci=0x0000")
	}
	w.words(p, "dl_src=eth.src", "dl_dst=eth.dst")
	p.appendNetwork(&w)
	return w.String()
}

// key returns the tunnel key of a port or multicast group.
func (p *Packet) key(name string) uint32 {
	if port := p.net.ports[name]; port != nil {
		return port.Key
	}
	if in := p.net.ports[p.inport]; in != nil {
		if g := in.Datapath.groups[name]; g != nil {
			return g.Key
		}
	}
	return 0
}

type flowText struct{ strings.Builder }

func (w *flowText) word(s string) {
	if w.Len() > 0 {
		w.WriteByte(',')
	}
	w.WriteString(s)
}

func (w *flowText) nonzero(name string, v lflow.Value) {
	if v.IsZero() {
		return
	}
	if v.Hi != 0 {
		w.word(fmt.Sprintf("%s=0x%x%016x", name, v.Hi, v.Lo))
	} else {
		w.word(fmt.Sprintf("%s=0x%x", name, v.Lo))
	}
}

// words appends fields, given as `name=field`.
func (w *flowText) words(p *Packet, pairs ...string) {
	for _, pair := range pairs {
		name, field, _ := strings.Cut(pair, "=")
		f := lflow.F(field)
		n := notation(f)
		if f.Symbol().Kind == lflow.KindSubfield {
			n = lflow.Decimal
		}
		set := string(lflow.Set{Dst: f, Value: lflow.Constant{Value: p.get(f), Notation: n}}.Append(nil))
		_, value, _ := strings.Cut(strings.TrimSuffix(set, ";"), " = ")
		w.word(name + "=" + value)
	}
}

func (p *Packet) protocol() string {
	proto := p.get(lflow.IPProto).Lo
	switch p.get(lflow.EthType).Lo {
	case 0x806:
		return "arp"
	case 0x8035:
		return "rarp"
	case 0x800:
		if name := map[uint64]string{1: "icmp", 6: "tcp", 17: "udp", 132: "sctp"}[proto]; name != "" {
			return name
		}
		return "ip"
	case 0x86dd:
		if name := map[uint64]string{58: "icmp6", 6: "tcp6", 17: "udp6", 132: "sctp6"}[proto]; name != "" {
			return name
		}
		return "ipv6"
	}
	return ""
}

func (p *Packet) appendNetwork(w *flowText) {
	switch {
	case p.is(lflow.ARP):
		w.words(p, "arp_spa=arp.spa", "arp_tpa=arp.tpa", "arp_op=arp.op", "arp_sha=arp.sha", "arp_tha=arp.tha")
	case p.is(lflow.RARP):
		w.words(p, "arp_spa=rarp.spa", "arp_tpa=rarp.tpa", "arp_op=rarp.op", "arp_sha=rarp.sha", "arp_tha=rarp.tha")
	case p.is(lflow.IP):
		if p.is(lflow.IP4) {
			w.words(p, "nw_src=ip4.src", "nw_dst=ip4.dst")
		} else {
			w.words(p, "ipv6_src=ip6.src", "ipv6_dst=ip6.dst")
			w.word(fmt.Sprintf("ipv6_label=0x%05x", p.get(lflow.F("ip6.label")).Lo))
		}
		if proto := p.protocol(); proto == "ip" || proto == "ipv6" {
			w.words(p, "nw_proto=ip.proto")
		}
		w.word(fmt.Sprintf("nw_tos=%d", p.get(lflow.IPDSCP).Lo<<2))
		w.words(p, "nw_ecn=ip.ecn", "nw_ttl=ip.ttl")
		frag := p.get(lflow.F("ip.frag")).Lo
		w.word("nw_frag=" + [...]string{"no", "first", "later", "later"}[frag])
		if frag&2 == 0 {
			p.appendTransport(w)
		}
	default:
		w.word(fmt.Sprintf("dl_type=0x%04x", p.get(lflow.EthType).Lo))
	}
}

func (p *Packet) appendTransport(w *flowText) {
	switch {
	case p.is(lflow.TCP):
		w.words(p, "tp_src=tcp.src", "tp_dst=tcp.dst")
		w.word("tcp_flags=" + tcpFlags(p.get(lflow.F("tcp.flags")).Lo))
	case p.is(lflow.UDP):
		w.words(p, "tp_src=udp.src", "tp_dst=udp.dst")
	case p.is(lflow.SCTP):
		w.words(p, "tp_src=sctp.src", "tp_dst=sctp.dst")
	case p.is(lflow.ICMP4):
		w.words(p, "icmp_type=icmp4.type", "icmp_code=icmp4.code")
	case p.is(lflow.F("igmp")):
		w.word("tp_src=0")
		w.word("tp_dst=0")
	case p.is(lflow.ICMP6):
		w.words(p, "icmp_type=icmp6.type", "icmp_code=icmp6.code")
		if t := p.get(lflow.ICMP6Type).Lo; t == 135 || t == 136 {
			w.words(p, "nd_target=nd.target", "nd_sll=nd.sll", "nd_tll=nd.tll")
		}
	}
}

func tcpFlags(v uint64) string {
	if v == 0 {
		return "0"
	}
	var words []string
	for i, name := range []string{"fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr", "ns", "[200]", "[400]", "[800]"} {
		if v>>i&1 == 1 {
			words = append(words, name)
		}
	}
	return strings.Join(words, "|")
}
