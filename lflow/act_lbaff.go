package lflow

import (
	"net/netip"
	"strconv"
)

// CommitLBAffinity records that Backend serves the packet's source address at
// VIP until it has been idle for Timeout. CheckLBAffinity asks about it.
type CommitLBAffinity struct {
	// VIP and Backend are of one family, and have ports both or neither.
	VIP, Backend netip.AddrPort
	Proto        L4     // AnyL4 without ports
	Timeout      uint16 // seconds, not 0
}

func (a CommitLBAffinity) Append(b []byte) []byte {
	b = appendEndpoint(append(b, `commit_lb_aff(vip = "`...), a.VIP)
	b = append(appendEndpoint(append(b, `", backend = "`...), a.Backend), '"')
	if a.Proto != AnyL4 {
		b = append(append(b, ", proto = "...), a.Proto.String()...)
	}
	b = strconv.AppendUint(append(b, ", timeout = "...), uint64(a.Timeout), 10)
	return append(b, ");"...)
}

// appendEndpoint appends an address, and its port if it is not 0.
func appendEndpoint(b []byte, a netip.AddrPort) []byte {
	if a.Port() == 0 {
		return a.Addr().AppendTo(b)
	}
	return a.AppendTo(b)
}

func (CommitLBAffinity) Prerequisites(es []*Expr) []*Expr { return es }

// Packets returns what the packets are that the action can be done on.
func (a CommitLBAffinity) Packets() *Expr { return a.Proto.of(a.VIP.Addr().Is6()) }

func parseCommitLBAffinity(p *actionParser) (Action, *Error) {
	var a CommitLBAffinity
	err := p.expect(tokLParen)
	if err != nil {
		return nil, err
	}
	if a.VIP, err = p.endpoint("vip"); err != nil {
		return nil, err
	}
	if err = p.expect(tokComma); err != nil {
		return nil, err
	}
	pos := p.tok.pos
	if a.Backend, err = p.endpoint("backend"); err != nil {
		return nil, err
	}
	switch {
	case a.VIP.Addr().Is4() != a.Backend.Addr().Is4():
		return nil, errorf(pos, CodeType, "the backend's address is of another family than the VIP")
	case (a.VIP.Port() == 0) != (a.Backend.Port() == 0):
		return nil, errorf(pos, CodeType, "one of the VIP and the backend has a port, the other has not")
	}
	if err = p.expect(tokComma); err != nil {
		return nil, err
	}
	if a.VIP.Port() != 0 {
		if err = p.key("proto"); err != nil {
			return nil, err
		}
		if a.Proto, err = p.transport(); err != nil {
			return nil, err
		}
		if err = p.expect(tokComma); err != nil {
			return nil, err
		}
	}
	if err = p.key("timeout"); err != nil {
		return nil, err
	}
	pos = p.tok.pos
	n, err := p.integer("a timeout in seconds", 65535)
	if err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, errorf(pos, CodeValue, "the timeout must not be 0")
	}
	a.Timeout = uint16(n)
	return a, p.expect(tokRParen)
}

// endpoint parses `name = "ip"' or `name = "ip:port"'.
func (p *actionParser) endpoint(name string) (a netip.AddrPort, err *Error) {
	if err := p.key(name); err != nil {
		return a, err
	}
	if p.tok.kind == tokString {
		text := p.tok.text
		ap, e := netip.ParseAddrPort(text)
		if e != nil || ap.Port() == 0 {
			ip, e := netip.ParseAddr(text)
			if e != nil {
				return a, p.expected("an IP address with or without port, in quotes")
			}
			ap = netip.AddrPortFrom(ip, 0)
		}
		if ap.Addr().Zone() == "" && !ap.Addr().Is4In6() {
			p.advance()
			return ap, nil
		}
	}
	return a, p.expected("an IP address with or without port, in quotes")
}
