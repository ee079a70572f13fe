package lflow

import "strconv"

// Sample sends a part of the packets to a collector.
type Sample struct {
	Probability  uint16 // of 65535, not 0
	CollectorSet uint32
	// ObsDomain is the high byte of the observation domain; the datapath's
	// key is below it.
	ObsDomain uint8
	ObsPoint  uint32
	// PointField, if not zero, is the field of 32 bits that holds the
	// observation point.
	PointField Field
	// Cookie says that the observation point is the flow's cookie: the first
	// 32 bits of the logical flow's UUID.
	Cookie bool
}

func (a Sample) Append(b []byte) []byte {
	b = strconv.AppendUint(append(b, "sample(probability="...), uint64(a.Probability), 10)
	b = strconv.AppendUint(append(b, ",collector_set="...), uint64(a.CollectorSet), 10)
	b = strconv.AppendUint(append(b, ",obs_domain="...), uint64(a.ObsDomain), 10)
	b = append(b, ",obs_point="...)
	switch {
	case a.Cookie:
		b = append(b, "$cookie"...)
	case a.PointField.IsZero():
		b = strconv.AppendUint(b, uint64(a.ObsPoint), 10)
	default:
		b = a.PointField.append(b)
	}
	return append(b, ");"...)
}

func (a Sample) Prerequisites(es []*Expr) []*Expr {
	if a.PointField.IsZero() {
		return es
	}
	return append(es, a.PointField.sym.prereq)
}

func parseSample(p *actionParser) (Action, *Error) {
	var a Sample
	pos := p.tok.pos
	if err := p.expect(tokLParen); err != nil {
		return nil, err
	}
	for {
		if err := p.sampleArgument(&a); err != nil {
			return nil, err
		}
		if !p.accept(tokComma) {
			break
		}
	}
	if a.Probability == 0 {
		return nil, errorf(pos, CodeValue, "the probability of sample must be greater than 0")
	}
	return a, p.expect(tokRParen)
}

// sampleArgument parses `key=value'.
func (p *actionParser) sampleArgument(a *Sample) *Error {
	key := p.tok
	if key.kind != tokIdent {
		return p.expected("`probability=', `collector_set=', `obs_domain=' or `obs_point='")
	}
	p.advance()
	if err := p.expect(tokAssign); err != nil {
		return err
	}
	limit := uint64(1<<32 - 1)
	switch key.text {
	case "probability":
		limit = 1<<16 - 1
	case "obs_domain":
		limit = 1<<8 - 1
	case "collector_set":
	case "obs_point":
		if a.Cookie = p.tok.kind == tokMacro && p.tok.text == "cookie"; a.Cookie {
			a.ObsPoint, a.PointField = 0, Field{}
			p.advance()
			return nil
		}
		if p.tok.kind == tokIdent {
			f, err := p.sized(32, "a 32-bit field")
			a.ObsPoint, a.PointField = 0, f.Field
			return err
		}
		a.PointField = Field{}
	default:
		return errorf(key.pos, CodeSymbol, "sample has no argument %s", key.text)
	}
	n, err := p.integer("the "+key.text+" of sample", limit)
	switch key.text {
	case "probability":
		a.Probability = uint16(n)
	case "collector_set":
		a.CollectorSet = uint32(n)
	case "obs_domain":
		a.ObsDomain = uint8(n)
	case "obs_point":
		a.ObsPoint = uint32(n)
	}
	return err
}
