package lflow

// PutDHCP answers a DHCP request: it makes the packet the reply with these
// options and stores 1 in Dst, or leaves the packet alone and stores 0.
// DHCPv4 needs the option offerip, the address to offer.
type PutDHCP struct {
	V6      bool
	Dst     Field
	Options []DHCPValue
}

func putDHCPName(v6 bool) string {
	if v6 {
		return "put_dhcpv6_opts"
	}
	return "put_dhcp_opts"
}

func (a PutDHCP) Append(b []byte) []byte {
	b = append(append(a.Dst.append(b), " = "...), putDHCPName(a.V6)...)
	b = append(b, '(')
	for i, v := range a.Options {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = appendConstants(append(append(b, v.Option.Name...), " = "...), v.Values)
	}
	return append(b, ");"...)
}

func (a PutDHCP) Prerequisites(es []*Expr) []*Expr { return append(es, a.Dst.sym.prereq) }

func parsePutDHCP(v6 bool) func(*actionParser, operand) (Action, *Error) {
	return func(p *actionParser, dst operand) (Action, *Error) {
		a, start := PutDHCP{V6: v6, Dst: dst.Field}, p.tok.pos
		if err := p.inIngress(dst, putDHCPName(v6)); err != nil {
			return nil, err
		}
		if err := p.bitResult(dst, putDHCPName(v6)); err != nil {
			return nil, err
		}
		offer := false
		err := p.keywords(func(name token) *Error {
			v, err := p.dhcpValue(v6, name)
			a.Options = append(a.Options, v)
			offer = offer || v.Option.Code == 0
			return err
		})
		if err == nil && !v6 && !offer {
			err = errorf(start, CodeContext, "put_dhcp_opts needs an offerip")
		}
		return a, err
	}
}

// dhcpValue parses the value of the option that is called name.
func (p *actionParser) dhcpValue(v6 bool, name token) (v DHCPValue, err *Error) {
	find := p.opts.DHCP
	if v6 {
		find = p.opts.DHCPv6
	}
	if find == nil {
		find = standardDHCP(v6)
	}
	o, ok := find(name.text)
	if !ok {
		return v, errorf(name.pos, CodeSymbol, "there is no option `%s' for %s", name.text, putDHCPName(v6))
	}
	pos := p.tok.pos
	v.Option = o
	if v.Values, err = p.constantList(); err != nil {
		return v, err
	}
	wire, bad := v.Wire()
	switch {
	case bad != nil:
		return v, errorf(pos, CodeType, "%s", bad)
	case !v6 && len(wire) > 255:
		return v, errorf(pos, CodeLimit, "%d bytes are too many for option %s", len(wire), o.Name)
	case o.Code == 0 && !v6 && (o.Type != DHCPIPv4 || len(wire) != 4):
		return v, errorf(pos, CodeType, "option %s needs one IPv4 address", o.Name)
	case len(wire) > 65535:
		return v, errorf(pos, CodeLimit, "%d bytes are too many for option %s", len(wire), o.Name)
	}
	return v, nil
}

// constantList parses a constant or `{constant, …}'.
func (p *actionParser) constantList() (cs []Constant, err *Error) {
	one := func() *Error {
		c, ok := p.tok.constant()
		if !ok {
			return p.expected("a constant")
		}
		p.advance()
		cs = append(cs, c)
		return nil
	}
	if !p.accept(tokLCurly) {
		return cs, one()
	}
	for {
		if err := one(); err != nil {
			return nil, err
		}
		if p.accept(tokRCurly) {
			return cs, nil
		}
		p.accept(tokComma) // optional between members, as in matches
	}
}

// appendConstants appends a constant, or several in braces.
func appendConstants(b []byte, cs []Constant) []byte {
	if len(cs) != 1 {
		b = append(b, '{')
	}
	for i, c := range cs {
		if i > 0 {
			b = append(b, ", "...)
		}
		switch {
		case c.IsString:
			b = appendString(b, c.Str)
		case c.Masked:
			b = appendMasked(b, c.Value, c.Mask, c.Notation)
		default:
			b = appendValue(b, c.Value, c.Notation)
		}
	}
	if len(cs) != 1 {
		b = append(b, '}')
	}
	return b
}
