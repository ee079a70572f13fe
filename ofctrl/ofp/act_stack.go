package ofp

import "encoding/binary"

// StackPush pushes bits of a field on the packet's stack.
func (b *ActionBuilder) StackPush(s Subfield) { b.stack(nxStackPush, s) }

// StackPop pops bits off the packet's stack into a field.
func (b *ActionBuilder) StackPop(s Subfield) { b.stack(nxStackPop, s) }

func (b *ActionBuilder) stack(subtype uint16, s Subfield) {
	m := b.mark()
	b.nicira(subtype, 24)
	b.u16(s.Ofs)
	b.legacyField(s.Field)
	b.u16(s.N)
	b.zeros(24 - (len(b.buf) - int(m)))
}

func (p *printer) stack(b []byte) bool {
	f, _, _, rest, err := parseHeader(b[2:])
	if err != nil || len(rest) < 2 {
		return false
	}
	p.sub(Subfield{f, binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(rest)})
	return true
}
