package lflow

// CTClear forgets the packet's connection tracking state.
type CTClear struct{}

func (CTClear) Append(b []byte) []byte           { return append(b, "ct_clear;"...) }
func (CTClear) Prerequisites(es []*Expr) []*Expr { return es }

func parseCTClear(*actionParser) (Action, *Error) { return CTClear{}, nil }

// CTNext sends the packet through connection tracking and continues in the
// next table.
type CTNext struct {
	// SNAT selects, in a router, the SNAT zone and not the DNAT zone.
	SNAT bool
}

func (a CTNext) Append(b []byte) []byte {
	if a.SNAT {
		return append(b, "ct_next(snat);"...)
	}
	return append(b, "ct_next(dnat);"...)
}

func (CTNext) Prerequisites(es []*Expr) []*Expr { return append(es, Bool(IP)) }

func parseCTNext(p *actionParser) (Action, *Error) {
	if err := p.hasNext("ct_next"); err != nil {
		return nil, err
	}
	if !p.accept(tokLParen) {
		return CTNext{}, nil
	}
	a := CTNext{SNAT: p.tok.text == "snat"}
	if p.tok.kind != tokIdent || p.tok.text != "snat" && p.tok.text != "dnat" {
		return nil, p.expected("`snat' or `dnat'")
	}
	p.advance()
	return a, p.expect(tokRParen)
}

// hasNext checks that there is a table behind this one, to which the action
// moves on.
func (p *actionParser) hasNext(name string) *Error {
	if p.at.Tables != 0 && p.at.Table+1 >= p.at.Tables {
		return errorf(p.tok.pos, CodeContext, "%s is not allowed in the last table", name)
	}
	return nil
}
