package ofp

// BeginClone opens actions that work on a copy of the packet; see
// [ActionBuilder.End].
func (b *ActionBuilder) BeginClone() Mark {
	m := b.mark()
	b.nicira(nxClone, 0)
	b.zeros(6)
	return m
}
