package ofp

import (
	"encoding/binary"
	"net/netip"
)

// NAT is the address translation nested in a ct action. Without Src and Dst it
// translates packets of known connections only. Addresses are of one family;
// an empty range leaves that part to the switch.
type NAT struct {
	Src, Dst                 bool
	Persistent, Hash, Random bool
	AddrMin, AddrMax         netip.Addr
	PortMin, PortMax         uint16
}

// NAT appends the translation; it belongs between BeginCT and End.
func (b *ActionBuilder) NAT(n NAT) {
	var flags, present uint16
	for i, on := range [...]bool{n.Src, n.Dst, n.Persistent, n.Hash, n.Random} {
		if on {
			flags |= 1 << i
		}
	}
	if n.AddrMax == n.AddrMin {
		n.AddrMax = netip.Addr{}
	}
	if n.PortMax == n.PortMin {
		n.PortMax = 0
	}
	bit := uint16(1)
	if n.AddrMin.Is6() {
		bit = 4
	}
	if n.AddrMin.IsValid() {
		present |= bit
		if n.AddrMax.IsValid() {
			present |= bit << 1
		}
	}
	if n.PortMin != 0 {
		present |= 16
		if n.PortMax != 0 {
			present |= 32
		}
	}
	m := b.mark()
	b.nicira(nxNAT, 0)
	b.zeros(2)
	b.u16(flags)
	b.u16(present)
	b.addr(n.AddrMin)
	if n.AddrMin.IsValid() {
		b.addr(n.AddrMax)
	}
	if n.PortMin != 0 {
		b.u16(n.PortMin)
		if n.PortMax != 0 {
			b.u16(n.PortMax)
		}
	}
	b.End(m)
}

func (b *ActionBuilder) addr(a netip.Addr) {
	switch {
	case a.Is4():
		v := a.As4()
		b.buf = append(b.buf, v[:]...)
	case a.Is6():
		v := a.As16()
		b.buf = append(b.buf, v[:]...)
	}
}

func (p *printer) nat(b []byte) bool {
	if len(b) < 6 {
		return false
	}
	flags, present := binary.BigEndian.Uint16(b[2:]), binary.BigEndian.Uint16(b[4:])
	b = b[6:]
	p.str("nat")
	if flags == 0 {
		return true
	}
	p.char('(')
	if flags&1 != 0 {
		p.str("src")
	} else {
		p.str("dst")
	}
	if present != 0 {
		p.char('=')
		if !p.natRange(b, present) {
			return false
		}
	}
	for i, name := range [...]string{"persistent", "hash", "random"} {
		if flags&(4<<i) != 0 {
			p.str("," + name)
		}
	}
	p.char(')')
	return true
}

func (p *printer) natRange(b []byte, present uint16) bool {
	bad := false
	take := func(n int) (v U128) {
		if n > len(b) {
			bad = true
			return v
		}
		v, b = U128FromBytes(b[:n]), b[n:]
		return v
	}
	if present&1 != 0 {
		p.ip4(take(4))
		if present&2 != 0 {
			p.char('-')
			p.ip4(take(4))
		}
	}
	if present&4 != 0 {
		addr := p.ip6
		if present&16 != 0 {
			addr = func(v U128) { p.char('['); p.ip6(v); p.char(']') }
		}
		addr(take(16))
		if present&8 != 0 {
			p.char('-')
			addr(take(16))
		}
	}
	if present&16 != 0 {
		p.char(':')
		p.dec(take(2).Lo)
		if present&32 != 0 {
			p.char('-')
			p.dec(take(2).Lo)
		}
	}
	return !bad
}
