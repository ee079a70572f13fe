package lflow

// BindVport binds the virtual port VPort to this chassis, with Port as its
// parent.
type BindVport struct {
	VPort string
	Port  Field
}

func (a BindVport) Append(b []byte) []byte {
	b = appendString(append(b, "bind_vport("...), a.VPort)
	return append(a.Port.append(append(b, ", "...)), ");"...)
}

func (a BindVport) Prerequisites(es []*Expr) []*Expr { return append(es, a.Port.sym.prereq) }

func parseBindVport(p *actionParser) (Action, *Error) {
	if err := p.expect(tokLParen); err != nil {
		return nil, err
	}
	vport, err := p.quoted("the name of a virtual port in quotes")
	if err != nil {
		return nil, err
	}
	if err := p.expect(tokComma); err != nil {
		return nil, err
	}
	port, err := p.sized(0, "a logical port field")
	if err != nil {
		return nil, err
	}
	return BindVport{vport, port.Field}, p.expect(tokRParen)
}

// quoted consumes a string.
func (p *actionParser) quoted(what string) (string, *Error) {
	if p.tok.kind != tokString {
		return "", p.expected(what)
	}
	s := p.tok.text
	p.advance()
	return s, nil
}
