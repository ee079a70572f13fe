package lflow

// DecTTL decrements the TTL or hop limit and stops where it reaches zero.
type DecTTL struct{}

func (DecTTL) Append(b []byte) []byte           { return append(b, "ip.ttl--;"...) }
func (DecTTL) Prerequisites(es []*Expr) []*Expr { return append(es, Bool(IP)) }

func (p *actionParser) decrement(o operand) (Action, *Error) {
	if o.sym.Name != "ip.ttl" || p.inCommit {
		return nil, errorf(o.pos, CodeContext, "field %s cannot be decremented", o.Field)
	}
	return DecTTL{}, nil
}
