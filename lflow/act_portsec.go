package lflow

// CheckPortSec stores 1 in Dst if the packet fails the port security checks
// of inport, or with Out of outport, and 0 otherwise.
type CheckPortSec struct {
	Dst Field
	Out bool
}

func (a CheckPortSec) Append(b []byte) []byte {
	b = a.Dst.append(b)
	if a.Out {
		return append(b, " = check_out_port_sec();"...)
	}
	return append(b, " = check_in_port_sec();"...)
}

func (a CheckPortSec) Prerequisites(es []*Expr) []*Expr { return append(es, a.Dst.sym.prereq) }

func parseCheckPortSec(out bool) func(*actionParser, operand) (Action, *Error) {
	return func(p *actionParser, dst operand) (Action, *Error) {
		if err := p.noArguments(); err != nil {
			return nil, err
		}
		return CheckPortSec{dst.Field, out}, p.bitResult(dst, "a port security check")
	}
}
