package lflow

// Mirror sends a copy of the packet to a logical port, wherever it is.
type Mirror struct{ Port string }

func (a Mirror) Append(b []byte) []byte {
	return append(appendString(append(b, "mirror("...), a.Port), ");"...)
}

func (Mirror) Prerequisites(es []*Expr) []*Expr { return es }

func parseMirror(p *actionParser) (Action, *Error) {
	if err := p.expect(tokLParen); err != nil {
		return nil, err
	}
	port, err := p.portName()
	if err != nil {
		return nil, err
	}
	return Mirror{port}, p.expect(tokRParen)
}
