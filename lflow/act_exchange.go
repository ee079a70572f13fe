package lflow

// Exchange swaps the values of two fields of the same width.
type Exchange struct{ A, B Field }

func (a Exchange) Append(b []byte) []byte {
	b = append(a.A.append(b), " <-> "...)
	return append(a.B.append(b), ';')
}

func (a Exchange) Prerequisites(es []*Expr) []*Expr {
	return append(es, a.A.sym.prereq, a.B.sym.prereq)
}

func (p *actionParser) exchange(a operand) (Action, *Error) {
	b, err := p.operand()
	if err != nil {
		return nil, err
	}
	if err := p.writable(a); err != nil {
		return nil, err
	}
	if err := p.writable(b); err != nil {
		return nil, err
	}
	return Exchange{a.Field, b.Field}, sameType(a, b)
}
