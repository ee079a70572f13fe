package lflow

// HandleSvcCheck gives the reply to a health check of a service to the agent.
type HandleSvcCheck struct{ Port Field }

func (a HandleSvcCheck) Append(b []byte) []byte {
	return append(a.Port.append(append(b, "handle_svc_check("...)), ");"...)
}

func (a HandleSvcCheck) Prerequisites(es []*Expr) []*Expr { return append(es, a.Port.sym.prereq) }

func parseHandleSvcCheck(p *actionParser) (Action, *Error) {
	if err := p.expect(tokLParen); err != nil {
		return nil, err
	}
	port, err := p.sized(0, "a logical port field")
	if err != nil {
		return nil, err
	}
	return HandleSvcCheck{port.Field}, p.expect(tokRParen)
}

// HandleDHCPv6Reply gives a DHCPv6 reply from a delegating router to the
// agent (prefix delegation, RFC 3633).
type HandleDHCPv6Reply struct{}

func (HandleDHCPv6Reply) Append(b []byte) []byte           { return append(b, "handle_dhcpv6_reply;"...) }
func (HandleDHCPv6Reply) Prerequisites(es []*Expr) []*Expr { return es }

func parseHandleDHCPv6Reply(*actionParser) (Action, *Error) { return HandleDHCPv6Reply{}, nil }

// HandleBFD gives a BFD control packet to the agent.
type HandleBFD struct{}

func (HandleBFD) Append(b []byte) []byte           { return append(b, "handle_bfd_msg();"...) }
func (HandleBFD) Prerequisites(es []*Expr) []*Expr { return es }

func parseHandleBFD(p *actionParser) (Action, *Error) { return HandleBFD{}, p.noArguments() }
