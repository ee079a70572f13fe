package lflow

// The actions of this file are about the MAC bindings of logical ports. They
// come in pairs, for ARP and for neighbour discovery, which differ in the
// width of the IP address.

// ipWidth returns the width of an address of the family.
func ipWidth(v6 bool) (width int, what string) {
	if v6 {
		return 128, "a 128-bit field"
	}
	return 32, "a 32-bit field"
}

// bindingArgs are the fields that an action about MAC bindings names.
type bindingArgs struct{ port, ip, mac Field }

// binding parses `(port, ip)' or `(port, ip, mac)'.
func (p *actionParser) binding(v6, mac bool) (a bindingArgs, err *Error) {
	if err := p.expect(tokLParen); err != nil {
		return a, err
	}
	port, err := p.sized(0, "a logical port field")
	if err != nil {
		return a, err
	}
	if err := p.expect(tokComma); err != nil {
		return a, err
	}
	ip, err := p.sized(ipWidth(v6))
	if err != nil {
		return a, err
	}
	a.port, a.ip = port.Field, ip.Field
	if mac {
		if err := p.expect(tokComma); err != nil {
			return a, err
		}
		m, err := p.sized(48, "a 48-bit field")
		if err != nil {
			return a, err
		}
		a.mac = m.Field
	}
	return a, p.expect(tokRParen)
}

func appendBinding(b []byte, name string, fields ...Field) []byte {
	b = append(append(b, name...), '(')
	for i, f := range fields {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = f.append(b)
	}
	return append(b, ");"...)
}

// name4or6 returns the name for the family.
func name4or6(v6 bool, arp, nd string) string {
	if v6 {
		return nd
	}
	return arp
}

// GetMAC sets eth.dst to the address that IP is bound to on Port, zero if
// there is none.
type GetMAC struct {
	V6       bool
	Port, IP Field
}

func (a GetMAC) Append(b []byte) []byte {
	return appendBinding(b, name4or6(a.V6, "get_arp", "get_nd"), a.Port, a.IP)
}

func (a GetMAC) Prerequisites(es []*Expr) []*Expr {
	return append(es, a.Port.sym.prereq, a.IP.sym.prereq)
}

func parseGetMAC(v6 bool) func(*actionParser) (Action, *Error) {
	return func(p *actionParser) (Action, *Error) {
		a, err := p.binding(v6, false)
		return GetMAC{v6, a.port, a.ip}, err
	}
}

// PutMAC binds IP to MAC on Port.
type PutMAC struct {
	V6            bool
	Port, IP, MAC Field
}

func (a PutMAC) Append(b []byte) []byte {
	return appendBinding(b, name4or6(a.V6, "put_arp", "put_nd"), a.Port, a.IP, a.MAC)
}

func (a PutMAC) Prerequisites(es []*Expr) []*Expr {
	return append(es, a.IP.sym.prereq, a.MAC.sym.prereq)
}

func parsePutMAC(v6 bool) func(*actionParser) (Action, *Error) {
	return func(p *actionParser) (Action, *Error) {
		a, err := p.binding(v6, true)
		return PutMAC{v6, a.port, a.ip, a.mac}, err
	}
}

// LookupMAC stores in Dst whether IP is bound to MAC on Port.
type LookupMAC struct {
	V6                 bool
	Dst, Port, IP, MAC Field
}

func (a LookupMAC) Append(b []byte) []byte {
	b = append(a.Dst.append(b), " = "...)
	return appendBinding(b, name4or6(a.V6, "lookup_arp", "lookup_nd"), a.Port, a.IP, a.MAC)
}

func (a LookupMAC) Prerequisites(es []*Expr) []*Expr {
	return append(es, a.IP.sym.prereq, a.MAC.sym.prereq)
}

func parseLookupMAC(v6 bool) func(*actionParser, operand) (Action, *Error) {
	return func(p *actionParser, dst operand) (Action, *Error) {
		a, err := p.binding(v6, true)
		if err != nil {
			return nil, err
		}
		return LookupMAC{v6, dst.Field, a.port, a.ip, a.mac}, p.bitResult(dst, "a lookup")
	}
}

// LookupIP stores in Dst whether IP is bound to any address on Port.
type LookupIP struct {
	V6            bool
	Dst, Port, IP Field
}

func (a LookupIP) Append(b []byte) []byte {
	b = append(a.Dst.append(b), " = "...)
	return appendBinding(b, name4or6(a.V6, "lookup_arp_ip", "lookup_nd_ip"), a.Port, a.IP)
}

func (a LookupIP) Prerequisites(es []*Expr) []*Expr { return append(es, a.IP.sym.prereq) }

func parseLookupIP(v6 bool) func(*actionParser, operand) (Action, *Error) {
	return func(p *actionParser, dst operand) (Action, *Error) {
		a, err := p.binding(v6, false)
		if err != nil {
			return nil, err
		}
		return LookupIP{v6, dst.Field, a.port, a.ip}, p.bitResult(dst, "a lookup")
	}
}
