package lflow

// Set assigns a constant to a field or to some bits of it.
type Set struct {
	Dst   Field
	Value Constant // a masked one changes only the bits of its mask
}

// SetTo returns the assignment of a constant; see ConstantOf for v.
func SetTo(dst Field, v any) Set { return Set{Dst: dst, Value: ConstantOf(v)} }

func (a Set) Append(b []byte) []byte {
	b = append(a.Dst.append(b), " = "...)
	switch c := a.Value; {
	case c.IsString:
		b = appendString(b, c.Str)
	case c.Masked:
		b = appendMasked(b, c.Value, c.Mask, c.Notation)
	default:
		b = appendValue(b, c.Value, c.Notation)
	}
	return append(b, ';')
}

func (a Set) Prerequisites(es []*Expr) []*Expr { return append(es, a.Dst.sym.prereq) }

func (p *actionParser) set(dst operand) (Action, *Error) {
	pos := p.tok.pos
	c, ok := p.tok.constant()
	if !ok {
		return nil, p.expected("a constant, the name of a field or that of an action with a result")
	}
	if err := p.writable(dst); err != nil {
		return nil, err
	}
	p.advance()
	name := dst.Field
	switch {
	case c.IsString != dst.sym.IsString():
		if c.IsString {
			return nil, errorf(pos, CodeType, "a string cannot be assigned to integer field %s", name)
		}
		return nil, errorf(pos, CodeType, "an integer cannot be assigned to string field %s", name)
	case c.IsString:
		return Set{dst.Field, c}, nil
	}
	if err := c.fits(name, pos); err != nil {
		return nil, err
	}
	if c.Masked && dst.sym.Level != Ordinal {
		return nil, errorf(pos, CodeType, "nominal field %s can only be assigned as a whole", name)
	}
	return Set{dst.Field, c}, nil
}
