package ofp

import "strconv"

// String prints the match as ovs-ofctl does, protocols by their keyword.
func (m Match) String() string {
	var b MatchBuilder
	if err := b.Load(m); err != nil {
		return "<" + err.Error() + ">"
	}
	return b.String()
}

// String prints what has been demanded so far.
func (b *MatchBuilder) String() string {
	p := &matchPrinter{m: b}
	p.fields(PktMark, RecircID, DPHash, ConjID, ActsetOutput)
	p.fields(CTState, CTZone, CTMark, CTLabel, CTIPv4Src, CTIPv4Dst, CTIPv6Src, CTIPv6Dst, CTProto, CTTPSrc, CTTPDst, PacketType)
	p.protocol()
	for i := range 16 {
		p.fields(Reg(i))
	}
	p.fields(TunID, TunSrc, TunDst, TunIPv6Src, TunIPv6Dst, TunGBPID, TunGBPFlags, TunFlags, TunMetadata0, Metadata, InPort)
	p.vlan()
	p.as("dl_src", EthSrc)
	p.as("dl_dst", EthDst)
	if v, ok := p.left(EthType); ok {
		p.name("dl_type")
		p.hexN(v.Lo, 4)
	}
	p.as("nw_src", IPv4Src)
	p.as("nw_dst", IPv4Dst)
	p.fields(IPv6Src, IPv6Dst)
	p.label()
	p.fields(ARPSPA, ARPTPA)
	if v, ok := p.left(IPProto); ok {
		p.name("nw_proto")
		p.dec(v.Lo)
	}
	p.fields(ARPOp, ARPSHA, ARPTHA)
	if v, ok := p.left(IPDSCP); ok {
		p.name("nw_tos")
		p.dec(v.Lo << 2)
	}
	p.fields(IPECN, IPTTL, MPLSLabel, MPLSTC, MPLSTTL, MPLSBOS, IPFrag)
	for _, f := range [...]Field{TCPSrc, UDPSrc, SCTPSrc} {
		p.as("tp_src", f)
	}
	for _, f := range [...]Field{TCPDst, UDPDst, SCTPDst} {
		p.as("tp_dst", f)
	}
	p.as("icmp_type", ICMPv4Type)
	p.as("icmp_code", ICMPv4Code)
	p.as("icmp_type", ICMPv6Type)
	p.as("icmp_code", ICMPv6Code)
	p.fields(NDTarget, NDSLL, NDTLL, NDReserved, NDOptionsType, TCPFlags)
	return string(p.b)
}

type matchPrinter struct {
	printer
	m                     *MatchBuilder
	typePrinted, protoPrd bool
}

// name starts a field.
func (p *matchPrinter) name(s string) {
	if len(p.b) > 0 {
		p.char(',')
	}
	p.str(s)
	p.char('=')
}

func (p *matchPrinter) as(name string, f Field) {
	v, m, ok := p.m.Get(f)
	if !ok {
		return
	}
	p.name(name)
	p.value(f, v, m)
}

func (p *matchPrinter) fields(fs ...Field) {
	for _, f := range fs {
		p.as(f.Name(), f)
	}
}

// left returns a field that the protocol's keyword has not said already.
func (p *matchPrinter) left(f Field) (U128, bool) {
	if f == EthType && p.typePrinted || f == IPProto && p.protoPrd {
		return U128{}, false
	}
	v, _, ok := p.m.Get(f)
	return v, ok
}

// keywords are the names of the protocols that have one, by Ethernet type.
var keywords = [...]struct {
	ethType uint64
	name    string
	proto   [4]uint64 // of the names in protoNames; 0: none
	suffix  string
}{
	{0x0800, "ip", [4]uint64{1, 6, 17, 132}, ""},
	{0x86dd, "ipv6", [4]uint64{58, 6, 17, 132}, "6"},
	{0x0806, "arp", [4]uint64{}, ""},
	{0x8035, "rarp", [4]uint64{}, ""},
	{0x8847, "mpls", [4]uint64{}, ""},
	{0x8848, "mplsm", [4]uint64{}, ""},
}

var protoNames = [...]string{"icmp", "tcp", "udp", "sctp"}

func (p *matchPrinter) protocol() {
	t, _, ok := p.m.Get(EthType)
	if !ok {
		return
	}
	for i := range keywords {
		k := &keywords[i]
		if k.ethType != t.Lo {
			continue
		}
		name := k.name
		if proto, _, ok := p.m.Get(IPProto); ok && proto.Lo != 0 {
			for j, n := range k.proto {
				if n == proto.Lo {
					name, p.protoPrd = protoNames[j]+k.suffix, true
				}
			}
		}
		if len(p.b) > 0 {
			p.char(',')
		}
		p.str(name)
		p.typePrinted = true
	}
}

// vlan prints the VLAN TCI, in its parts where it is a match of those.
func (p *matchPrinter) vlan() {
	v, m, ok := p.m.Get(VLANTCI)
	if !ok {
		return
	}
	const cfi, vid, pcp = 0x1000, 0x0fff, 0xe000
	vidMask, pcpMask := m.Lo&vid, m.Lo&pcp
	switch {
	case m.Lo&v.Lo&cfi != 0 && vidMask|pcpMask != 0 && (vidMask == 0 || vidMask == vid) && (pcpMask == 0 || pcpMask == pcp):
		if vidMask != 0 {
			p.name("dl_vlan")
			p.dec(v.Lo & vid)
		}
		if pcpMask != 0 {
			p.name("dl_vlan_pcp")
			p.dec(v.Lo & pcp >> 13)
		}
	default:
		p.name("vlan_tci")
		p.hexN(v.Lo, 4)
		if m.Lo != 0xffff {
			p.char('/')
			p.hexN(m.Lo, 4)
		}
	}
}

func (p *matchPrinter) label() {
	v, m, ok := p.m.Get(IPv6Label)
	if !ok {
		return
	}
	p.name("ipv6_label")
	p.hexN(v.Lo, 5)
	if m != IPv6Label.full() {
		p.char('/')
		p.hexN(m.Lo, 5)
	}
}

// FlowMatchString prints a priority and a match as ovs-ofctl does.
func FlowMatchString(priority uint16, m Match) string {
	s := "priority=" + strconv.Itoa(int(priority))
	if m == "" {
		return s
	}
	return s + "," + m.String()
}
