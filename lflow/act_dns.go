package lflow

// DNSLookup answers a DNS query from the DNS table: it makes the packet the
// reply and stores 1 in Dst, or leaves the packet alone and stores 0.
type DNSLookup struct{ Dst Field }

func (a DNSLookup) Append(b []byte) []byte           { return append(a.Dst.append(b), " = dns_lookup();"...) }
func (a DNSLookup) Prerequisites(es []*Expr) []*Expr { return append(es, a.Dst.sym.prereq, Bool(UDP)) }

func parseDNSLookup(p *actionParser, dst operand) (Action, *Error) {
	if err := p.inIngress(dst, "dns_lookup"); err != nil {
		return nil, err
	}
	if err := p.noArguments(); err != nil {
		return nil, err
	}
	return DNSLookup{dst.Field}, p.bitResult(dst, "dns_lookup")
}

// inIngress checks that the action stands in the ingress pipeline.
func (p *actionParser) inIngress(o operand, name string) *Error {
	if p.at.Pipeline == Egress {
		return errorf(o.pos, CodeContext, "%s is not allowed in the egress pipeline", name)
	}
	return nil
}
