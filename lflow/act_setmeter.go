package lflow

import "strconv"

// SetMeter limits the rate of the packets that go on from here.
type SetMeter struct {
	Rate  uint32 // kbit/s, not 0
	Burst uint32 // kbit, 0 for the switch's default
}

func (a SetMeter) Append(b []byte) []byte {
	b = strconv.AppendUint(append(b, "set_meter("...), uint64(a.Rate), 10)
	if a.Burst != 0 {
		b = strconv.AppendUint(append(b, ", "...), uint64(a.Burst), 10)
	}
	return append(b, ");"...)
}

func (SetMeter) Prerequisites(es []*Expr) []*Expr { return es }

func parseSetMeter(p *actionParser) (Action, *Error) {
	if err := p.expect(tokLParen); err != nil {
		return nil, err
	}
	rate, err := p.meterValue("a rate")
	if err != nil {
		return nil, err
	}
	a := SetMeter{Rate: rate}
	if p.accept(tokComma) {
		if a.Burst, err = p.meterValue("a burst size"); err != nil {
			return nil, err
		}
	}
	return a, p.expect(tokRParen)
}

func (p *actionParser) meterValue(what string) (uint32, *Error) {
	pos := p.tok.pos
	n, err := p.integer(what, 1<<32-1)
	if err == nil && n == 0 {
		err = errorf(pos, CodeValue, "%s must not be 0", what)
	}
	return uint32(n), err
}
