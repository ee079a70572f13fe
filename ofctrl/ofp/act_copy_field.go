package ofp

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
