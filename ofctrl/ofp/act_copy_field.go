package ofp

import "encoding/binary"

// CopyField copies bits from src to dst, which are of the same width. (Open
// vSwitch refuses the older Nicira reg_move in OpenFlow 1.5.)
func (b *ActionBuilder) CopyField(src, dst Subfield) {
	m := b.mark()
	b.header(actCopyField, 0)
	b.u16(src.N)
	b.u16(src.Ofs)
	b.u16(dst.Ofs)
	b.u16(0)
	b.field(src.Field)
	b.field(dst.Field)
	b.End(m)
}

func (p *printer) copyField(a []byte) bool {
	if len(a) < 20 {
		return false
	}
	src, _, _, rest, err := parseHeader(a[12:])
	if err != nil {
		return false
	}
	dst, _, _, _, err := parseHeader(rest)
	if err != nil {
		return false
	}
	n := binary.BigEndian.Uint16(a[4:])
	p.str("move:")
	p.sub(Subfield{src, binary.BigEndian.Uint16(a[6:]), n})
	p.str("->")
	p.sub(Subfield{dst, binary.BigEndian.Uint16(a[8:]), n})
	return true
}
