package lflow

// CTCommitNAT sends the packet through connection tracking, commits its
// connection, translates it as the entry says, and continues in the next
// table.
type CTCommitNAT struct {
	// SNAT selects, in a router, the SNAT zone and not the DNAT zone.
	SNAT bool
}

func (a CTCommitNAT) Append(b []byte) []byte         { return appendZone(b, "ct_commit_nat", a.SNAT) }
func (CTCommitNAT) Prerequisites(es []*Expr) []*Expr { return append(es, Bool(IP)) }

func parseCTCommitNAT(p *actionParser) (Action, *Error) {
	if err := p.hasNext("ct_commit_nat"); err != nil {
		return nil, err
	}
	if p.tok.kind != tokLParen {
		return CTCommitNAT{}, nil
	}
	snat, err := p.natZone()
	return CTCommitNAT{snat}, err
}

// CTCommitToZone commits the packet's connection to a zone and continues in
// the next table.
type CTCommitToZone struct {
	// SNAT selects, in a router, the SNAT zone and not the DNAT zone.
	SNAT bool
}

func (a CTCommitToZone) Append(b []byte) []byte         { return appendZone(b, "ct_commit_to_zone", a.SNAT) }
func (CTCommitToZone) Prerequisites(es []*Expr) []*Expr { return append(es, Bool(IP)) }

func parseCTCommitToZone(p *actionParser) (Action, *Error) {
	if err := p.hasNext("ct_commit_to_zone"); err != nil {
		return nil, err
	}
	snat, err := p.natZone()
	return CTCommitToZone{snat}, err
}

// natZone parses `(snat)' or `(dnat)'.
func (p *actionParser) natZone() (snat bool, err *Error) {
	if err := p.expect(tokLParen); err != nil {
		return false, err
	}
	if p.tok.kind != tokIdent || p.tok.text != "snat" && p.tok.text != "dnat" {
		return false, p.expected("`snat' or `dnat'")
	}
	snat = p.tok.text == "snat"
	p.advance()
	return snat, p.expect(tokRParen)
}

func appendZone(b []byte, name string, snat bool) []byte {
	if snat {
		return append(append(b, name...), "(snat);"...)
	}
	return append(append(b, name...), "(dnat);"...)
}
