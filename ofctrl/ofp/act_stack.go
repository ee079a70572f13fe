package ofp

// StackPush pushes bits of a field on the packet's stack.
func (b *ActionBuilder) StackPush(s Subfield) { b.stack(nxStackPush, s) }

// StackPop pops bits off the packet's stack into a field.
func (b *ActionBuilder) StackPop(s Subfield) { b.stack(nxStackPop, s) }

func (b *ActionBuilder) stack(subtype uint16, s Subfield) {
	m := b.mark()
	b.nicira(subtype, 24)
	b.u16(s.Ofs)
	b.field(s.Field)
	b.u16(s.N)
	b.zeros(24 - (len(b.buf) - int(m)))
}
