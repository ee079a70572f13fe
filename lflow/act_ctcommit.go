package lflow

// CTCommit commits the packet's connection to connection tracking. Set and
// Move among Actions give the entry's mark and label; there are no others.
type CTCommit struct{ Actions Actions }

func (a CTCommit) Append(b []byte) []byte {
	b = append(b, "ct_commit"...)
	if len(a.Actions) == 0 {
		return append(b, ';')
	}
	return appendBlock(b, a.Actions)
}

func (a CTCommit) Prerequisites(es []*Expr) []*Expr {
	return a.Actions.Prerequisites(append(es, Bool(IP)))
}

func parseCTCommit(p *actionParser) (Action, *Error) {
	if p.tok.kind != tokLCurly {
		return CTCommit{}, nil // anything but a block is refused at the `;'
	}
	pos := p.tok.pos
	p.inCommit = true
	as, err := p.block()
	p.inCommit = false
	if err != nil {
		return nil, err
	}
	if _, none := as[0].(Drop); none {
		return CTCommit{}, nil
	}
	for _, a := range as {
		switch a.(type) {
		case Set, Move:
		default:
			return nil, errorf(pos, CodeContext, "only assignments are allowed inside of ct_commit")
		}
	}
	return CTCommit{as}, nil
}
