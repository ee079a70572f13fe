package lflow

import (
	"net/netip"
	"strconv"
)

// CTNATKind is one of the actions that translate in a router.
type CTNATKind uint8

const (
	RouterDNAT CTNATKind = iota
	RouterSNAT
	// The czone kinds use the zone that DNAT and SNAT have in common.
	RouterDNATInCZone
	RouterSNATInCZone
)

func (k CTNATKind) String() string {
	return [...]string{"ct_dnat", "ct_snat", "ct_dnat_in_czone", "ct_snat_in_czone"}[k]
}

// SNAT tells whether the kind translates the source.
func (k CTNATKind) SNAT() bool { return k == RouterSNAT || k == RouterSNATInCZone }

// CTNAT sends the packet through a router's connection tracking and
// continues in the next table. With an address the connection is committed
// with that translation, without one what has been committed is applied.
type CTNAT struct {
	Kind CTNATKind
	IP   netip.Addr // invalid for none
	// PortMin and PortMax are the range to choose a port from, at random if
	// it has more than one; PortMin is 0 for none, PortMax for one port only.
	PortMin, PortMax uint16
}

func (a CTNAT) Append(b []byte) []byte {
	b = append(b, a.Kind.String()...)
	if a.IP.IsValid() {
		b = a.IP.AppendTo(append(b, '('))
		if a.PortMin != 0 {
			b = strconv.AppendUint(append(b, ','), uint64(a.PortMin), 10)
			if a.PortMax != 0 {
				b = strconv.AppendUint(append(b, '-'), uint64(a.PortMax), 10)
			}
		}
		b = append(b, ')')
	}
	return append(b, ';')
}

func (CTNAT) Prerequisites(es []*Expr) []*Expr { return append(es, Bool(IP)) }

func parseCTNAT(k CTNATKind) func(*actionParser) (Action, *Error) {
	return func(p *actionParser) (Action, *Error) {
		a := CTNAT{Kind: k}
		if err := p.hasNext(k.String()); err != nil {
			return nil, err
		}
		if !p.accept(tokLParen) {
			return a, nil
		}
		var err *Error
		if a.IP, err = p.address(); err != nil {
			return nil, err
		}
		if p.accept(tokComma) {
			if a.PortMin, a.PortMax, err = p.portRange(); err != nil {
				return nil, err
			}
		}
		return a, p.expect(tokRParen)
	}
}

// address parses an IP address.
func (p *actionParser) address() (a netip.Addr, err *Error) {
	if p.tok.kind != tokInteger || p.tok.notation != IPv4 && p.tok.notation != IPv6 {
		return a, p.expected("an IP address")
	}
	b := p.tok.value.Bytes16()
	if p.tok.notation == IPv4 {
		a = netip.AddrFrom4([4]byte(b[12:]))
	} else {
		a = netip.AddrFrom16(b)
	}
	p.advance()
	return a, nil
}

// l4Port parses a port number other than 0.
func (p *actionParser) l4Port() (uint16, *Error) {
	pos := p.tok.pos
	n, err := p.integer("a port number", 65535)
	if err == nil && n == 0 {
		err = errorf(pos, CodeValue, "0 is not a port number")
	}
	return uint16(n), err
}

// portRange parses `min' or `min-max'; max is 0 if it is not there.
func (p *actionParser) portRange() (lo, hi uint16, err *Error) {
	if lo, err = p.l4Port(); err != nil || !p.accept(tokHyphen) {
		return lo, 0, err
	}
	pos := p.tok.pos
	if hi, err = p.l4Port(); err == nil && hi <= lo {
		err = errorf(pos, CodeValue, "the end %d of a range of ports must be greater than its start %d", hi, lo)
	}
	return lo, hi, err
}
