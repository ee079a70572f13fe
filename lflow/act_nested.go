package lflow

// NestedKind says which packet takes the place of the current one.
type NestedKind uint8

const (
	NestARP NestedKind = iota
	NestNDNS
	NestNDNA
	NestNDNARouter
	NestICMP4
	NestICMP4Error // quotes all of the original datagram, RFC 1122, section 3.2.2
	NestICMP6
	NestICMP6Error
	NestTCPReset
	NestSCTPAbort
	NestReject // resets TCP, aborts SCTP, ICMP error for the rest; to the sender
)

// nestedRows: the action's name and what the packet that it replaces must
// be, the zero Field for anything.
var nestedRows = [...]struct {
	name   string
	prereq Field
}{
	NestARP:        {"arp", IP},
	NestNDNS:       {"nd_ns", IP},
	NestNDNA:       {"nd_na", NDNS},
	NestNDNARouter: {"nd_na_router", NDNS},
	NestICMP4:      {"icmp4", IP4},
	NestICMP4Error: {"icmp4_error", IP4},
	NestICMP6:      {"icmp6", IP6},
	NestICMP6Error: {"icmp6_error", IP6},
	NestTCPReset:   {"tcp_reset", TCP},
	NestSCTPAbort:  {"sctp_abort", SCTP},
	NestReject:     {"reject", Field{}},
}

func (k NestedKind) String() string { return nestedRows[k].name }

// Nested makes a packet of Kind out of the current one and executes Actions
// on it. Actions behind it see the original packet.
type Nested struct {
	Kind    NestedKind
	Actions Actions
}

func (a Nested) Append(b []byte) []byte {
	return appendBlock(append(b, a.Kind.String()...), a.Actions)
}

func appendBlock(b []byte, as Actions) []byte {
	return append(as.Append(append(b, " { "...)), " };"...)
}

// Prerequisites are those of the kind alone: the nested actions are about
// another packet.
func (a Nested) Prerequisites(es []*Expr) []*Expr {
	if f := nestedRows[a.Kind].prereq; !f.IsZero() {
		es = append(es, Bool(f))
	}
	return es
}

func parseNested(k NestedKind) func(p *actionParser) (Action, *Error) {
	return func(p *actionParser) (Action, *Error) {
		outer := p.inAnswer
		p.inAnswer = true
		as, err := p.block()
		p.inAnswer = outer
		return Nested{k, as}, err
	}
}

// block parses `{ actions }'.
func (p *actionParser) block() (Actions, *Error) {
	if err := p.expect(tokLCurly); err != nil {
		return nil, err
	}
	return p.sequence(tokRCurly)
}
