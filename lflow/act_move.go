package lflow

// Move copies a field or some bits of one to another of the same width.
type Move struct{ Dst, Src Field }

func (a Move) Append(b []byte) []byte {
	b = append(a.Dst.append(b), " = "...)
	return append(a.Src.append(b), ';')
}

func (a Move) Prerequisites(es []*Expr) []*Expr {
	return append(es, a.Dst.sym.prereq, a.Src.sym.prereq)
}

func (p *actionParser) move(dst operand) (Action, *Error) {
	src, err := p.operand()
	if err != nil {
		return nil, err
	}
	if err := p.writable(dst); err != nil {
		return nil, err
	}
	return Move{dst.Field, src.Field}, sameType(dst, src)
}

// sameType checks that the values of a and b fit into one another.
func sameType(a, b operand) *Error {
	for _, o := range [...]operand{a, b} {
		if o.sym.Kind == KindPredicate || o.sym.Kind == KindVirtual {
			return errorf(o.pos, CodeType, "%s cannot be copied", o.sym.Name)
		}
	}
	switch {
	case a.sym.IsString() != b.sym.IsString():
		return errorf(b.pos, CodeType, "one of %s and %s is a string field, the other is not", a.Field, b.Field)
	case a.Width() != b.Width():
		return errorf(b.pos, CodeType, "%s has %d bits and %s has %d", a.Field, a.Width(), b.Field, b.Width())
	}
	return nil
}
