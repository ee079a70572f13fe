package lflow

// CTOrigKind is a part of what connection tracking knows of a packet's
// connection.
type CTOrigKind uint8

const (
	CTOrigIPv4Dst CTOrigKind = iota
	CTOrigIPv6Dst
	CTOrigPortDst
	CTOrigProto
	CTSavedState
)

// ctOrigRows: the action's name and the width of its result.
var ctOrigRows = [...]struct {
	name  string
	width int
}{
	CTOrigIPv4Dst: {"ct_nw_dst", 32},
	CTOrigIPv6Dst: {"ct_ip6_dst", 128},
	CTOrigPortDst: {"ct_tp_dst", 16},
	CTOrigProto:   {"ct_proto", 8},
	CTSavedState:  {"ct_state_save", 8},
}

func (k CTOrigKind) String() string { return ctOrigRows[k].name }

// Width returns the number of bits of the result.
func (k CTOrigKind) Width() int { return ctOrigRows[k].width }

// CTOrig stores in Dst a part of the connection's original direction, as it
// was before translation, or with CTSavedState the packet's ct_state.
type CTOrig struct {
	Kind CTOrigKind
	Dst  Field
}

func (a CTOrig) Append(b []byte) []byte {
	b = append(a.Dst.append(b), " = "...)
	return append(append(b, a.Kind.String()...), "();"...)
}

func (a CTOrig) Prerequisites(es []*Expr) []*Expr { return append(es, a.Dst.sym.prereq) }

func parseCTOrig(k CTOrigKind) func(*actionParser, operand) (Action, *Error) {
	return func(p *actionParser, dst operand) (Action, *Error) {
		if err := p.noArguments(); err != nil {
			return nil, err
		}
		if err := p.writable(dst); err != nil {
			return nil, err
		}
		if dst.Width() != k.Width() || dst.sym.Kind == KindVirtual {
			return nil, errorf(dst.pos, CodeType, "the result of %s needs a field of %d bits, not %s", k, k.Width(), dst.Field)
		}
		return CTOrig{k, dst.Field}, nil
	}
}
