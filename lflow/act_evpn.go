package lflow

// CheckEVPNARP stores in Dst whether IP is the address of a host that EVPN
// has made known.
type CheckEVPNARP struct{ Dst, IP Field }

func (a CheckEVPNARP) Append(b []byte) []byte {
	b = append(a.Dst.append(b), " = chk_evpn_arp("...)
	return append(a.IP.append(b), ");"...)
}

func (a CheckEVPNARP) Prerequisites(es []*Expr) []*Expr {
	return append(es, a.Dst.sym.prereq, a.IP.sym.prereq)
}

func parseCheckEVPNARP(p *actionParser, dst operand) (Action, *Error) {
	if err := p.expect(tokLParen); err != nil {
		return nil, err
	}
	ip, err := p.operand()
	if err != nil {
		return nil, err
	}
	if ip.Width() != 32 && ip.Width() != 128 || ip.sym.Kind == KindVirtual {
		return nil, errorf(ip.pos, CodeType, "found %s where a field of 32 or 128 bits was expected", ip.Field)
	}
	if err := p.expect(tokRParen); err != nil {
		return nil, err
	}
	return CheckEVPNARP{dst.Field, ip.Field}, p.bitResult(dst, "chk_evpn_arp")
}

// GetRemoteFDB stores in Dst, through reg1, the number of the remote tunnel
// endpoint that MAC is behind, zero if none is known.
type GetRemoteFDB struct{ Dst, MAC Field }

func (a GetRemoteFDB) Append(b []byte) []byte {
	b = append(a.Dst.append(b), " = get_remote_fdb("...)
	return append(a.MAC.append(b), ");"...)
}

func (a GetRemoteFDB) Prerequisites(es []*Expr) []*Expr {
	return append(es, a.Dst.sym.prereq, a.MAC.sym.prereq)
}

func parseGetRemoteFDB(p *actionParser, dst operand) (Action, *Error) {
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
	if dst.Width() != 32 || dst.sym.Kind == KindVirtual {
		return nil, errorf(dst.pos, CodeType, "the result of get_remote_fdb needs 32 bits, not %s", dst.Field)
	}
	return GetRemoteFDB{dst.Field, mac.Field}, nil
}
