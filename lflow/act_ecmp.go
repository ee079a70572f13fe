package lflow

// L4 is a transport protocol.
type L4 uint8

const (
	AnyL4 L4 = iota
	L4TCP
	L4UDP
	L4SCTP
)

func (l L4) String() string { return [...]string{"", "tcp", "udp", "sctp"}[l] }

// transport parses the name of a transport protocol.
func (p *actionParser) transport() (L4, *Error) {
	for _, l := range [...]L4{L4TCP, L4UDP, L4SCTP} {
		if p.tok.kind == tokIdent && p.tok.text == l.String() {
			p.advance()
			return l, nil
		}
	}
	return AnyL4, p.expected("`tcp', `udp' or `sctp'")
}

// CommitECMPNextHop records the next hop that the packet came from for its
// connection. CheckECMPNextHop and CheckECMPNextHopMAC ask about it.
type CommitECMPNextHop struct {
	V6    bool
	Proto L4
}

func (a CommitECMPNextHop) Append(b []byte) []byte {
	b = append(b, "commit_ecmp_nh(ipv6 = "...)
	if a.V6 {
		b = append(b, "true"...)
	} else {
		b = append(b, "false"...)
	}
	return append(append(append(b, ", proto = "...), a.Proto.String()...), ");"...)
}

func (CommitECMPNextHop) Prerequisites(es []*Expr) []*Expr { return es }

// Packets returns what the packets are that the action can be done on.
func (a CommitECMPNextHop) Packets() *Expr { return a.Proto.of(a.V6) }

// of returns the packets of a family and protocol.
func (l L4) of(v6 bool) *Expr {
	family := Bool(IP4)
	if v6 {
		family = Bool(IP6)
	}
	switch l {
	case L4TCP:
		return And(family, Bool(TCP))
	case L4UDP:
		return And(family, Bool(UDP))
	case L4SCTP:
		return And(family, Bool(SCTP))
	}
	return family
}

func parseCommitECMPNextHop(p *actionParser) (Action, *Error) {
	var a CommitECMPNextHop
	err := p.expect(tokLParen)
	if err != nil {
		return nil, err
	}
	if err = p.key("ipv6"); err != nil {
		return nil, err
	}
	if a.V6, err = p.boolean(); err != nil {
		return nil, err
	}
	if err = p.expect(tokComma); err != nil {
		return nil, err
	}
	if err = p.key("proto"); err != nil {
		return nil, err
	}
	if a.Proto, err = p.transport(); err != nil {
		return nil, err
	}
	return a, p.expect(tokRParen)
}
