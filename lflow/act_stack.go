package lflow

// Push puts a field on the packet's stack.
type Push struct{ Src Field }

func (a Push) Append(b []byte) []byte {
	return append(a.Src.append(append(b, "push("...)), ");"...)
}

func (a Push) Prerequisites(es []*Expr) []*Expr { return append(es, a.Src.sym.prereq) }

// Pop takes a field off the packet's stack. What was pushed is cut off, or
// filled up with zeros, at its most significant bits.
type Pop struct{ Dst Field }

func (a Pop) Append(b []byte) []byte {
	return append(a.Dst.append(append(b, "pop("...)), ");"...)
}

func (a Pop) Prerequisites(es []*Expr) []*Expr { return append(es, a.Dst.sym.prereq) }

func parsePush(p *actionParser) (Action, *Error) {
	o, err := p.stackField()
	return Push{o.Field}, err
}

func parsePop(p *actionParser) (Action, *Error) {
	o, err := p.stackField()
	if err != nil {
		return nil, err
	}
	return Pop{o.Field}, p.writable(o)
}

// stackField parses `(field)'.
func (p *actionParser) stackField() (operand, *Error) {
	if err := p.expect(tokLParen); err != nil {
		return operand{}, err
	}
	o, err := p.operand()
	if err != nil {
		return o, err
	}
	if o.sym.Kind == KindPredicate || o.sym.Kind == KindVirtual {
		return o, errorf(o.pos, CodeType, "%s has no place on the stack", o.sym.Name)
	}
	return o, p.expect(tokRParen)
}
