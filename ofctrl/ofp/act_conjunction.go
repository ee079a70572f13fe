package ofp

import (
	"encoding/binary"
	"strings"
)

// Conjunction says that the flow is clause (counted from 0) of n of the
// conjunctive match id. A flow's actions are conjunctions only, or none.
func (b *ActionBuilder) Conjunction(id uint32, clause, n uint8) {
	b.nicira(nxConjunction, 16)
	b.u8(clause)
	b.u8(n)
	b.u32(id)
}

const conjunctionLen = 16

// IsConjunction says whether the actions are conjunction clauses.
func (a Actions) IsConjunction() bool {
	return len(a) >= conjunctionLen && a[:10] == "\xff\xff\x00\x10\x00\x00\x23\x20\x00\x22"
}

// Conjunctions splits a list of conjunction clauses into its members.
func (a Actions) Conjunctions() []string {
	var r []string
	for ; a.IsConjunction(); a = a[conjunctionLen:] {
		r = append(r, string(a[:conjunctionLen]))
	}
	return r
}

// CompareConjunctions orders two members by id and clause.
func CompareConjunctions(a, b string) int {
	if d := strings.Compare(a[12:], b[12:]); d != 0 {
		return d
	}
	return strings.Compare(a, b)
}

func (p *printer) conjunction(b []byte) {
	p.str("conjunction(")
	p.dec(uint64(binary.BigEndian.Uint32(b[2:])))
	p.char(',')
	p.dec(uint64(b[0]) + 1)
	p.char('/')
	p.dec(uint64(b[1]))
	p.char(')')
}
