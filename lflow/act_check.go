package lflow

// CheckKind is something that Check asks about the packet.
type CheckKind uint8

const (
	// CheckLBHairpin: was it sent by a backend through a load balancer to
	// itself?
	CheckLBHairpin CheckKind = iota
	// CheckLBHairpinReply: is it a reply to such a packet?
	CheckLBHairpinReply
	// CheckECMPNextHopMAC: is it of a connection that CommitECMPNextHop has
	// recorded, with the same next hop address?
	CheckECMPNextHopMAC
	// CheckECMPNextHop: is it a reply of such a connection?
	CheckECMPNextHop
	// CheckLBAffinity: has CommitLBAffinity recorded a backend for it? If
	// so, that backend is in reg4 or xxreg1, its port in reg2[0..15].
	CheckLBAffinity
)

func (k CheckKind) String() string {
	return [...]string{"chk_lb_hairpin", "chk_lb_hairpin_reply", "chk_ecmp_nh_mac", "chk_ecmp_nh", "chk_lb_aff"}[k]
}

// Check stores in Dst the answer to a question that takes no arguments.
type Check struct {
	Kind CheckKind
	Dst  Field
}

func (a Check) Append(b []byte) []byte {
	b = append(a.Dst.append(b), " = "...)
	return append(append(b, a.Kind.String()...), "();"...)
}

func (a Check) Prerequisites(es []*Expr) []*Expr { return append(es, a.Dst.sym.prereq) }

func parseCheck(k CheckKind) func(*actionParser, operand) (Action, *Error) {
	return func(p *actionParser, dst operand) (Action, *Error) {
		if err := p.noArguments(); err != nil {
			return nil, err
		}
		return Check{k, dst.Field}, p.bitResult(dst, k.String())
	}
}
