package ofp

import "encoding/binary"

// Group hands the packet to a group.
func (b *ActionBuilder) Group(id uint32) {
	b.header(actGroup, 8)
	b.u32(id)
}

// Meter makes the packet pass a meter.
func (b *ActionBuilder) Meter(id uint32) {
	b.header(actMeter, 8)
	b.u32(id)
}

// SetQueue chooses the queue of the output port.
func (b *ActionBuilder) SetQueue(id uint32) {
	b.header(actSetQueue, 8)
	b.u32(id)
}

// PushVLAN puts a VLAN header in front, with TCI 0x1000; ethertype is 0x8100
// or 0x88a8.
func (b *ActionBuilder) PushVLAN(ethertype uint16) { b.ethertype(actPushVLAN, ethertype) }

// PopVLAN takes the outermost VLAN header off.
func (b *ActionBuilder) PopVLAN() { b.ethertype(actPopVLAN, 0) }

// PushMPLS puts an MPLS label in front.
func (b *ActionBuilder) PushMPLS(ethertype uint16) { b.ethertype(actPushMPLS, ethertype) }

// PopMPLS takes the outermost MPLS label off; ethertype is what is below it.
func (b *ActionBuilder) PopMPLS(ethertype uint16) { b.ethertype(actPopMPLS, ethertype) }

// DecTTL lowers the IP TTL; a packet whose TTL runs out goes to the controller
// with reason invalid_ttl, and the pipeline stops.
func (b *ActionBuilder) DecTTL() { b.ethertype(actDecTTL, 0) }

func (b *ActionBuilder) ethertype(typ, v uint16) {
	b.header(typ, 8)
	b.u16(v)
	b.u16(0)
}

// Note carries bytes that have no effect.
func (b *ActionBuilder) Note(data []byte) {
	m := b.mark()
	b.nicira(nxNote, 0)
	b.buf = append(b.buf, data...)
	b.End(m)
}

// CheckPktLarger sets the bit dst where the packet is longer than n bytes.
func (b *ActionBuilder) CheckPktLarger(n uint16, dst Subfield) {
	m := b.mark()
	b.nicira(nxCheckPktLarger, 0)
	b.u16(n)
	b.u16(dst.Ofs)
	b.field(dst.Field)
	b.End(m)
}

// DeleteField removes a field (a tunnel option) from the packet.
func (b *ActionBuilder) DeleteField(f Field) {
	m := b.mark()
	b.nicira(nxDeleteField, 24)
	b.field(f)
	b.zeros(24 - (len(b.buf) - int(m)))
}

func (p *printer) checkPktLarger(b []byte) bool {
	f, _, _, _, err := parseHeader(b[4:])
	if err != nil {
		return false
	}
	p.str("check_pkt_larger(")
	p.dec(uint64(binary.BigEndian.Uint16(b)))
	p.str(")->")
	p.sub(Subfield{f, binary.BigEndian.Uint16(b[2:]), 1})
	return true
}
