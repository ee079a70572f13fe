package lflow

import "strconv"

// CheckPktLarger stores in Dst whether the packet has more than Size bytes.
type CheckPktLarger struct {
	Dst  Field
	Size uint16
}

func (a CheckPktLarger) Append(b []byte) []byte {
	b = append(a.Dst.append(b), " = check_pkt_larger("...)
	return append(strconv.AppendUint(b, uint64(a.Size), 10), ");"...)
}

func (a CheckPktLarger) Prerequisites(es []*Expr) []*Expr { return append(es, a.Dst.sym.prereq) }

func parseCheckPktLarger(p *actionParser, dst operand) (Action, *Error) {
	if err := p.expect(tokLParen); err != nil {
		return nil, err
	}
	n, err := p.integer("a number of bytes", 65535)
	if err != nil {
		return nil, err
	}
	if err := p.expect(tokRParen); err != nil {
		return nil, err
	}
	return CheckPktLarger{dst.Field, uint16(n)}, p.bitResult(dst, "check_pkt_larger")
}
