package lflow

// PutFDB records that the Ethernet address MAC is behind Port.
type PutFDB struct{ Port, MAC Field }

func (a PutFDB) Append(b []byte) []byte {
	b = a.Port.append(append(b, "put_fdb("...))
	return append(a.MAC.append(append(b, ", "...)), ");"...)
}

func (a PutFDB) Prerequisites(es []*Expr) []*Expr {
	return append(es, a.Port.sym.prereq, a.MAC.sym.prereq)
}

func parsePutFDB(p *actionParser) (Action, *Error) {
	port, mac, err := p.portAndMAC()
	return PutFDB{port, mac}, err
}

// portAndMAC parses `(port, mac)'.
func (p *actionParser) portAndMAC() (port, mac Field, err *Error) {
	if err := p.expect(tokLParen); err != nil {
		return port, mac, err
	}
	a, err := p.sized(0, "a logical port field")
	if err != nil {
		return port, mac, err
	}
	if err := p.expect(tokComma); err != nil {
		return port, mac, err
	}
	b, err := p.sized(48, "a 48-bit field")
	if err != nil {
		return port, mac, err
	}
	return a.Field, b.Field, p.expect(tokRParen)
}

// LookupFDB stores in Dst whether MAC is known to be behind Port.
type LookupFDB struct{ Dst, Port, MAC Field }

func (a LookupFDB) Append(b []byte) []byte {
	b = a.Port.append(append(a.Dst.append(b), " = lookup_fdb("...))
	return append(a.MAC.append(append(b, ", "...)), ");"...)
}

func (a LookupFDB) Prerequisites(es []*Expr) []*Expr {
	return append(es, a.Port.sym.prereq, a.MAC.sym.prereq)
}

func parseLookupFDB(p *actionParser, dst operand) (Action, *Error) {
	port, mac, err := p.portAndMAC()
	if err != nil {
		return nil, err
	}
	return LookupFDB{dst.Field, port, mac}, p.bitResult(dst, "lookup_fdb")
}

// GetFDB stores in Dst the port that MAC is behind, zero if none is known.
type GetFDB struct{ Dst, MAC Field }

func (a GetFDB) Append(b []byte) []byte {
	b = append(a.Dst.append(b), " = get_fdb("...)
	return append(a.MAC.append(b), ");"...)
}

func (a GetFDB) Prerequisites(es []*Expr) []*Expr {
	return append(es, a.Dst.sym.prereq, a.MAC.sym.prereq)
}

func parseGetFDB(p *actionParser, dst operand) (Action, *Error) {
	if err := p.expect(tokLParen); err != nil {
		return nil, err
	}
	mac, err := p.sized(48, "a 48-bit field")
	if err != nil {
		return nil, err
	}
	if err := p.expect(tokRParen); err != nil {
		return nil, err
	}
	if err := p.writable(dst); err != nil {
		return nil, err
	}
	if !dst.sym.IsString() && dst.Width() != 32 || dst.sym.Kind == KindVirtual {
		return nil, errorf(dst.pos, CodeType, "the result of get_fdb needs a logical port field or 32 bits, not %s", dst.Field)
	}
	return GetFDB{dst.Field, mac.Field}, nil
}
