package ofp

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
