package lflow

// DHCPRelay checks a DHCPv4 packet that goes through a relay. A request gets
// Relay as its giaddr; a response must come from Server and bear Relay as its
// giaddr. Dst is 1 if the packet is good and was updated, 0 otherwise.
type DHCPRelay struct {
	Response      bool
	Dst           Field
	Relay, Server Constant
}

func dhcpRelayName(response bool) string {
	if response {
		return "dhcp_relay_resp_chk"
	}
	return "dhcp_relay_req_chk"
}

func (a DHCPRelay) Append(b []byte) []byte {
	b = append(append(a.Dst.append(b), " = "...), dhcpRelayName(a.Response)...)
	b = appendValue(append(b, '('), a.Relay.Value, IPv4)
	return append(appendValue(append(b, ", "...), a.Server.Value, IPv4), ");"...)
}

func (a DHCPRelay) Prerequisites(es []*Expr) []*Expr { return append(es, a.Dst.sym.prereq) }

func parseDHCPRelay(response bool) func(*actionParser, operand) (Action, *Error) {
	return func(p *actionParser, dst operand) (Action, *Error) {
		name := dhcpRelayName(response)
		if err := p.inIngress(dst, name); err != nil {
			return nil, err
		}
		if err := p.bitResult(dst, name); err != nil {
			return nil, err
		}
		a := DHCPRelay{Response: response, Dst: dst.Field}
		if err := p.expect(tokLParen); err != nil {
			return nil, err
		}
		var err *Error
		if a.Relay, err = p.ip4(); err != nil {
			return nil, err
		}
		if err := p.expect(tokComma); err != nil {
			return nil, err
		}
		if a.Server, err = p.ip4(); err != nil {
			return nil, err
		}
		return a, p.expect(tokRParen)
	}
}

// ip4 consumes an IPv4 address.
func (p *actionParser) ip4() (Constant, *Error) {
	c, _ := p.tok.constant()
	if p.tok.kind != tokInteger || c.Notation != IPv4 {
		return c, p.expected("an IPv4 address")
	}
	p.advance()
	return c, nil
}
