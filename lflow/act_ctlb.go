package lflow

import (
	"net/netip"
	"strconv"
)

// CTLBKind is one of the actions that balance load.
type CTLBKind uint8

const (
	// CTLBLabel notes the translation in ct_label, the others in ct_mark.
	CTLBLabel CTLBKind = iota
	CTLBMark
	// CTLBMarkLocal uses only the backends on the chassis that has the packet.
	CTLBMarkLocal
)

func (k CTLBKind) String() string {
	return [...]string{"ct_lb", "ct_lb_mark", "ct_lb_mark_local"}[k]
}

// LBSNAT is what becomes of the source address of a balanced connection.
type LBSNAT uint8

const (
	LBSNATDefault LBSNAT = iota
	LBSNATSkip
	LBSNATForce
)

func (s LBSNAT) String() string { return [...]string{"", "skip_snat", "force_snat"}[s] }

// Backend is where a load balancer sends connections.
type Backend struct {
	LogicalPort string // CTLBMarkLocal only
	IP          netip.Addr
	Port        uint16 // 0: the packet's own
}

// CTLB sends the packet through connection tracking and continues in the
// next table. With backends the connection is committed with a translation
// to one of them, without any what has been committed is applied.
type CTLB struct {
	Kind     CTLBKind
	Backends []Backend
	// HashFields names, separated by commas, what a backend is chosen by;
	// empty for what the switch thinks best. See HashFields.
	HashFields string
	SNAT       LBSNAT
}

func (a CTLB) Append(b []byte) []byte {
	b = append(b, a.Kind.String()...)
	if len(a.Backends) == 0 {
		return append(b, ';')
	}
	b = append(b, "(backends="...)
	for i, d := range a.Backends {
		if i > 0 {
			b = append(b, ',')
		}
		if a.Kind == CTLBMarkLocal {
			b = append(appendString(b, d.LogicalPort), ':')
		}
		switch {
		case d.Port == 0:
			b = d.IP.AppendTo(b)
		case d.IP.Is6():
			b = append(d.IP.AppendTo(append(b, '[')), ']')
		default:
			b = d.IP.AppendTo(b)
		}
		if d.Port != 0 {
			b = strconv.AppendUint(append(b, ':'), uint64(d.Port), 10)
		}
	}
	if a.HashFields != "" {
		b = appendString(append(b, "; hash_fields="...), a.HashFields)
	}
	if a.SNAT != LBSNATDefault {
		b = append(append(b, "; "...), a.SNAT.String()...)
	}
	return append(b, ");"...)
}

func (CTLB) Prerequisites(es []*Expr) []*Expr { return append(es, Bool(IP)) }

func parseCTLB(k CTLBKind) func(*actionParser) (Action, *Error) {
	return func(p *actionParser) (Action, *Error) {
		a := CTLB{Kind: k}
		if err := p.hasNext(k.String()); err != nil {
			return nil, err
		}
		if !p.accept(tokLParen) || p.accept(tokRParen) {
			return a, nil
		}
		if err := p.key("backends"); err != nil {
			return nil, err
		}
		for len(a.Backends) == 0 || p.tok.kind != tokSemicolon && p.tok.kind != tokRParen {
			d, err := p.backend(k)
			if err != nil {
				return nil, err
			}
			a.Backends = append(a.Backends, d)
			if !p.accept(tokComma) {
				break
			}
		}
		for p.accept(tokSemicolon) {
			if err := p.lbOption(&a); err != nil {
				return nil, err
			}
		}
		return a, p.expect(tokRParen)
	}
}

// key parses `name='.
func (p *actionParser) key(name string) *Error {
	if p.tok.kind != tokIdent || p.tok.text != name {
		return p.expected("`" + name + "='")
	}
	p.advance()
	return p.expect(tokAssign)
}

// backend parses `ip', `ip:port' or `[ip6]:port'.
func (p *actionParser) backend(k CTLBKind) (d Backend, err *Error) {
	if k == CTLBMarkLocal {
		if p.tok.kind != tokString {
			return d, p.expected("the name of a logical port")
		}
		d.LogicalPort = p.tok.text
		p.advance()
		if err := p.expect(tokColon); err != nil {
			return d, err
		}
	}
	bracket := p.accept(tokLSquare)
	if bracket && (p.tok.kind != tokInteger || p.tok.notation != IPv6) {
		return d, p.expected("an IPv6 address")
	}
	if d.IP, err = p.address(); err != nil {
		return d, err
	}
	if bracket {
		if err := p.expect(tokRSquare); err != nil {
			return d, err
		}
		if err := p.expect(tokColon); err != nil {
			return d, err
		}
	} else if d.IP.Is6() || !p.accept(tokColon) {
		return d, nil
	}
	d.Port, err = p.l4Port()
	return d, err
}

// lbOption parses what may stand behind the backends.
func (p *actionParser) lbOption(a *CTLB) (err *Error) {
	word := ""
	if p.tok.kind == tokIdent {
		word = p.tok.text
	}
	switch {
	case word == "hash_fields" && a.HashFields == "":
		a.HashFields, err = p.hashFields()
		return err
	case word == "skip_snat" && a.SNAT == LBSNATDefault:
		a.SNAT = LBSNATSkip
	case word == "force_snat" && a.SNAT == LBSNATDefault:
		a.SNAT = LBSNATForce
	default:
		return p.expected("`hash_fields=', `skip_snat' or `force_snat', each once")
	}
	p.advance()
	return nil
}
