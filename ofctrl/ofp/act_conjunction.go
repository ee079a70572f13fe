package ofp

// Conjunction says that the flow is clause (counted from 0) of n of the
// conjunctive match id. A flow's actions are conjunctions only, or none.
func (b *ActionBuilder) Conjunction(id uint32, clause, n uint8) {
	b.nicira(nxConjunction, 16)
	b.u8(clause)
	b.u8(n)
	b.u32(id)
}
