package ofp

import "encoding/binary"

// Resubmit looks the packet up in a table and goes on after that.
func (b *ActionBuilder) Resubmit(table uint8) { b.resubmit(nxResubmitTable, table) }

// ResubmitCT is Resubmit with the conntrack tuple's addresses and ports in
// place of the packet's.
func (b *ActionBuilder) ResubmitCT(table uint8) { b.resubmit(nxResubmitCT, table) }

func (b *ActionBuilder) resubmit(subtype uint16, table uint8) {
	b.nicira(subtype, 16)
	b.u16(uint16(PortInPort & 0xffff)) // keep in_port
	b.u8(table)
	b.zeros(3)
}

func (p *printer) resubmit(b []byte, ct bool) {
	p.str("resubmit(")
	if port := binary.BigEndian.Uint16(b); port != uint16(PortInPort&0xffff) {
		p.dec(uint64(port))
	}
	p.char(',')
	if b[2] != 255 {
		p.dec(uint64(b[2]))
	}
	if ct {
		p.str(",ct")
	}
	p.char(')')
}
