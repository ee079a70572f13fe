package ofp

import (
	"net/netip"
	"strconv"
)

// printer collects the text of a match or of actions. It is the notation of
// ovs-ofctl(8), with port numbers rather than names.
type printer struct{ b []byte }

func (p *printer) str(s string)   { p.b = append(p.b, s...) }
func (p *printer) char(c byte)    { p.b = append(p.b, c) }
func (p *printer) dec(v uint64)   { p.b = strconv.AppendUint(p.b, v, 10) }
func (p *printer) hex(v uint64)   { p.b = strconv.AppendUint(append(p.b, "0x"...), v, 16) }
func (p *printer) sub(s Subfield) { p.b = s.append(p.b) }

// hexN prints v with at least n hexadecimal digits.
func (p *printer) hexN(v uint64, n int) {
	d := strconv.FormatUint(v, 16)
	p.str("0x")
	for i := len(d); i < n; i++ {
		p.char('0')
	}
	p.str(d)
}

// dots prints bytes as userdata and notes are printed, `00.1f`.
func (p *printer) dots(b string) {
	const digits = "0123456789abcdef"
	for i := 0; i < len(b); i++ {
		if i > 0 {
			p.char('.')
		}
		p.char(digits[b[i]>>4])
		p.char(digits[b[i]&15])
	}
}

// port prints a port number; reserved ports have names.
func (p *printer) port(n uint32) {
	names := [...]string{"IN_PORT", "TABLE", "NORMAL", "FLOOD", "ALL", "CONTROLLER", "LOCAL", "ANY"}
	if n >= PortInPort {
		p.str(names[n-PortInPort])
		return
	}
	p.dec(uint64(n))
}

func (p *printer) mac(v U128) {
	b := v.Bytes()
	const digits = "0123456789abcdef"
	for i, c := range b[10:] {
		if i > 0 {
			p.char(':')
		}
		p.char(digits[c>>4])
		p.char(digits[c&15])
	}
}

func (p *printer) ip4(v U128) {
	b := v.Bytes()
	p.str(netip.AddrFrom4([4]byte(b[12:])).String())
}

// ip6 prints an IPv6 address as inet_ntop(3) does, which writes the last 32
// bits of an IPv4-compatible address in dotted form.
func (p *printer) ip6(v U128) {
	if v.Hi == 0 && v.Lo>>32 == 0 && v.Lo>>16 != 0 {
		p.str("::")
		p.ip4(v)
		return
	}
	p.str(netip.AddrFrom16(v.Bytes()).String())
}

// prefixLen returns the length of a mask of n bits that is a prefix, else -1.
func prefixLen(m U128, n int) int {
	inv := Ones(n).Xor(m)
	if l := inv.Len(); Ones(l) == inv {
		return n - l
	}
	return -1
}

// value prints a field's value, and its mask where it is not the whole field.
func (p *printer) value(f Field, v, m U128) {
	i := f.info()
	whole := m == f.full()
	switch i.fmt {
	case fmtMAC:
		p.mac(v)
		if !whole {
			p.char('/')
			p.mac(m)
		}
	case fmtIPv4:
		p.ip4(v)
		p.mask(m, 32, whole, p.ip4)
	case fmtIPv6:
		p.ip6(v)
		p.mask(m, 128, whole, p.ip6)
	case fmtCTState:
		p.flags(ctStateNames[:], v.Lo, m.Lo, whole)
	case fmtTCPFlags:
		p.flags(tcpFlagNames[:], v.Lo, m.Lo, whole)
	case fmtTunFlags:
		p.flags(tunFlagNames[:], v.Lo, m.Lo, false)
	case fmtFrag:
		p.frag(v.Lo, m.Lo)
	case fmtPort16:
		p.port(port32(uint16(v.Lo)))
	case fmtPort:
		p.port(uint32(v.Lo))
	case fmtPacketType:
		p.char('(')
		p.dec(v.Lo >> 16)
		p.char(',')
		p.hex(v.Lo & 0xffff)
		p.char(')')
	case fmtDec:
		if whole {
			p.dec(v.Lo)
			return
		}
		fallthrough
	default:
		p.number(v)
		if !whole {
			p.char('/')
			p.number(m)
		}
	}
}

// number prints hexadecimal, but 0 as such.
func (p *printer) number(v U128) {
	if v.IsZero() {
		p.char('0')
		return
	}
	p.str(v.String())
}

// mask prints the mask of an address: as a prefix length where it is one.
func (p *printer) mask(m U128, bits int, whole bool, addr func(U128)) {
	if whole {
		return
	}
	p.char('/')
	if n := prefixLen(m, bits); n >= 0 {
		p.dec(uint64(n))
	} else {
		addr(m)
	}
}

var (
	ctStateNames = [...]string{"new", "est", "rel", "rpl", "inv", "trk", "snat", "dnat"}
	tcpFlagNames = [...]string{"fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr", "ns", "[200]", "[400]", "[800]"}
	tunFlagNames = [...]string{"oam"}
)

// flags prints bits by name: those that are set where all are matched, else
// each matched one with its sign.
func (p *printer) flags(names []string, v, m uint64, whole bool) {
	if whole && v == 0 {
		p.char('0')
		return
	}
	first := true
	for i, n := range names {
		switch bit := uint64(1) << i; {
		case m&bit == 0:
			continue
		case whole && v&bit != 0:
			if !first {
				p.char('|')
			}
			first = false
			p.str(n)
		case whole:
		case v&bit != 0:
			p.str("+" + n)
		default:
			p.str("-" + n)
		}
	}
}

func (p *printer) frag(v, m uint64) {
	const fragment, later = 1, 2
	switch {
	case m == later && v&later != 0, m == 3 && v == 3:
		p.str("later")
	case m == later:
		p.str("not_later")
	case m == 3 && v == 1:
		p.str("first")
	case v&fragment != 0:
		p.str("yes")
	case v == later:
		p.str("<error>")
	default:
		p.str("no")
	}
}
