package lflow

// FwdGroup sends the packet to one of Ports, with Liveness only to one whose
// tunnel is alive.
type FwdGroup struct {
	Liveness bool
	Ports    []string
}

func (a FwdGroup) Append(b []byte) []byte {
	b = append(b, "fwd_group("...)
	if a.Liveness {
		b = append(b, `liveness="true", `...)
	}
	b = append(b, "childports="...)
	for i, port := range a.Ports {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = appendString(b, port)
	}
	return append(b, ");"...)
}

func (FwdGroup) Prerequisites(es []*Expr) []*Expr { return es }

func parseFwdGroup(p *actionParser) (Action, *Error) {
	var a FwdGroup
	if err := p.expect(tokLParen); err != nil {
		return nil, err
	}
	if p.tok.kind == tokIdent && p.tok.text == "liveness" {
		var err *Error
		if err = p.key("liveness"); err != nil {
			return nil, err
		}
		if a.Liveness, err = p.boolean(); err != nil {
			return nil, err
		}
		if err := p.expect(tokComma); err != nil {
			return nil, err
		}
	}
	if err := p.key("childports"); err != nil {
		return nil, err
	}
	for {
		port, err := p.portName()
		if err != nil {
			return nil, err
		}
		a.Ports = append(a.Ports, port)
		if !p.accept(tokComma) {
			return a, p.expect(tokRParen)
		}
	}
}

// boolean parses true or false, in quotes or not.
func (p *actionParser) boolean() (bool, *Error) {
	t := p.tok
	if t.kind != tokIdent && t.kind != tokString || t.text != "true" && t.text != "false" {
		return false, p.expected("true or false")
	}
	p.advance()
	return t.text == "true", nil
}

// portName parses the name of a logical port in quotes.
func (p *actionParser) portName() (string, *Error) {
	if p.tok.kind != tokString {
		return "", p.expected("the name of a logical port in quotes")
	}
	name := p.tok.text
	p.advance()
	return name, nil
}
