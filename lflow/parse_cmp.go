package lflow

import (
	"slices"
	"strconv"
)

// field parses a symbol and, if there is one, its range of bits.
func (p *parser) field() (Field, *Error) {
	if p.tok.kind != tokIdent {
		return Field{}, p.expected("the name of a field")
	}
	s := p.table.Lookup(p.tok.text)
	if s == nil {
		return Field{}, errorf(p.tok.pos, CodeSymbol, "unknown symbol %s where the name of a field was expected", p.tok.describe(p.lex.src))
	}
	return p.fieldOf(s)
}

// fieldOf is field where the next token is the name of s. A range of all bits
// is the field itself, also of one that has no subfields.
func (p *parser) fieldOf(s *Symbol) (Field, *Error) {
	f := whole(s)
	pos := p.tok.pos
	p.advance()
	if !p.accept(tokLSquare) {
		return f, nil
	}
	lo, err := p.bitNumber()
	if err != nil {
		return f, err
	}
	hi := lo
	if p.accept(tokRange) {
		if hi, err = p.bitNumber(); err != nil {
			return f, err
		}
	}
	if err := p.expect(tokRSquare); err != nil {
		return f, err
	}
	switch {
	case s.IsString():
		return f, errorf(pos, CodeType, "bits of string field %s cannot be selected", s.Name)
	case lo == 0 && hi == s.Width-1:
		return f, nil
	case hi < s.Width && lo <= hi && (s.Level != Ordinal || s.Kind == KindVirtual):
		return f, errorf(pos, CodeType, "bits of nominal field %s cannot be selected", s.Name)
	case hi < lo:
		return f, errorf(pos, CodeValue, "invalid bit range %d to %d of %s", lo, hi, s.Name)
	case hi >= s.Width:
		return f, errorf(pos, CodeValue, "bit %d does not exist in %d-bit field %s", hi, s.Width, s.Name)
	}
	return f.Bits(lo, hi), nil
}

func (p *parser) bitNumber() (int, *Error) {
	n, err := p.integer("a bit number", 1023)
	return int(n), err
}

// integer consumes a plain integer of at most limit.
func (p *parser) integer(what string, limit uint64) (uint64, *Error) {
	if p.tok.kind != tokInteger || p.tok.notation > Hex {
		return 0, p.expected(what)
	}
	v := p.tok.value
	if v.Hi != 0 || v.Lo > limit {
		return 0, errorf(p.tok.pos, CodeValue, "%s is out of range for %s, at most %s", p.tok.describe(p.lex.src), what, strconv.FormatUint(limit, 10))
	}
	p.advance()
	return v.Lo, nil
}

func (p *parser) isRelation() bool { return p.tok.kind >= tokEQ && p.tok.kind <= tokGE }

func (p *parser) relation() Rel {
	r := Rel(p.tok.kind - tokEQ)
	p.advance()
	return r
}

// comparison parses `field`, `field rel constants`, `constants rel field`
// and `constant rel field rel constant`. Where atomic, only the first.
func (p *parser) comparison(not, atomic bool) (*Expr, *Error) {
	if p.tok.kind == tokIdent {
		pos := p.tok.pos
		f, err := p.field()
		if err != nil {
			return nil, err
		}
		if atomic || !p.isRelation() {
			return p.bare(f, pos, not, atomic)
		}
		rel := p.relation()
		return p.constants(f, pos, rel, not)
	}
	// The constants are parsed twice: their field is known only behind them.
	start, startTok := p.lex, p.tok
	if err := p.skipConstants(); err != nil {
		return nil, err
	}
	if !p.isRelation() {
		return nil, p.expected("a relational operator")
	}
	rel := p.relation()
	pos := p.tok.pos
	f, err := p.field()
	if err != nil {
		return nil, err
	}
	end, endTok := p.lex, p.tok
	p.lex, p.tok = start, startTok
	e, err := p.constants(f, pos, rel.swap(), not)
	if err != nil {
		return nil, err
	}
	p.lex, p.tok = end, endTok
	if !p.isRelation() {
		return e, nil
	}
	return p.interval(e, f, pos, rel, not)
}

// interval parses the second half of `constant rel field rel constant`.
func (p *parser) interval(first *Expr, f Field, pos int, rel Rel, not bool) (*Expr, *Error) {
	at := p.tok.pos
	second := p.relation()
	up, down := rel == LT || rel == LE, rel == GT || rel == GE
	if !(up && (second == LT || second == LE) || down && (second == GT || second == GE)) {
		return nil, errorf(at, CodeSyntax, "a range must be written like 1 < field <= 5 or 5 > field >= 1")
	}
	base := len(p.stack)
	p.stack = append(p.stack, first)
	e, err := p.constants(f, pos, second, not)
	if err != nil {
		return nil, err
	}
	p.stack = append(p.stack, e)
	if not {
		return p.combine(OpOr, base), nil
	}
	return p.combine(OpAnd, base), nil
}

// bare parses a field that stands alone: f == 1 for one bit. Where not, which
// is inside of an odd number of `!', any number may stand alone: it is then
// f == 0, the negation of f != 0.
func (p *parser) bare(f Field, pos int, not, atomic bool) (*Expr, *Error) {
	switch {
	case f.Width() == 1:
		return p.cmp(f, pos, EQ, Constant{Value: U(1)}, not)
	case atomic && p.isRelation():
		return nil, errorf(pos, CodeSyntax, "a comparison behind `!' must be in parentheses")
	case not && f.Width() > 1:
		return p.cmp(f, pos, NE, Constant{}, not)
	case p.tok.kind == tokError || p.tok.kind == tokAssign || f.Width() != 1 && f.sym.IsString():
		return nil, p.expected("a relational operator")
	}
	return nil, errorf(pos, CodeType, "%d-bit field %s needs a comparison, for example %s != 0", f.Width(), f.String(), f.String())
}

// skipConstants skips a constant or a set of constants.
func (p *parser) skipConstants() *Error {
	if p.accept(tokLCurly) {
		for !p.accept(tokRCurly) {
			if err := p.skipConstant(); err != nil {
				return err
			}
			p.accept(tokComma)
		}
		return nil
	}
	return p.skipConstant()
}

func (p *parser) skipConstant() *Error {
	switch p.tok.kind {
	case tokString, tokInteger, tokMasked, tokMacro, tokGroup:
		p.advance()
		return nil
	}
	return p.expected("a constant, the name of a field or `('")
}

// constants parses the constants that f is compared with.
func (p *parser) constants(f Field, pos int, rel Rel, not bool) (*Expr, *Error) {
	if c, ok := p.tok.constant(); ok {
		at := p.tok.pos
		p.advance()
		e, err := p.cmp(f, pos, rel, c, not)
		if err != nil && err.Code == CodeValue {
			err.Pos = at
		}
		return e, err
	}
	base, from := len(p.stack), p.tok.pos
	isSet := p.accept(tokLCurly)
	n := 0
	for {
		if isSet && p.accept(tokRCurly) {
			break
		}
		if err := p.setMember(f, pos, rel, not); err != nil {
			return nil, err
		}
		n++
		if !isSet {
			break
		}
		p.accept(tokComma)
	}
	if n == 0 {
		return nil, errorf(from, CodeSyntax, "found `{}' where at least one constant was expected")
	}
	if rel != EQ && rel != NE && (isSet || len(p.stack) != base+1) {
		return nil, errorf(from, CodeType, "only == and != may be used with sets of values")
	}
	// f != {a, b} is the negation of f == {a, b}.
	anyOf := (rel == EQ) != not
	if len(p.stack) == base {
		return p.constNode(!anyOf), nil
	}
	if anyOf {
		return p.combine(OpOr, base), nil
	}
	return p.combine(OpAnd, base), nil
}

// setMember parses one member of a set and pushes the comparisons with it.
func (p *parser) setMember(f Field, pos int, rel Rel, not bool) *Error {
	t := p.tok
	if c, ok := t.constant(); ok {
		p.advance()
		return p.push(f, pos, rel, c, not)
	}
	switch t.kind {
	case tokMacro:
		p.advance()
		return p.addressSet(f, pos, rel, t, not)
	case tokGroup:
		p.advance()
		return p.portGroup(f, pos, rel, t, not)
	}
	return p.expected("a constant")
}

func (p *parser) push(f Field, pos int, rel Rel, c Constant, not bool) *Error {
	e, err := p.cmp(f, pos, rel, c, not)
	if err == nil {
		p.stack = append(p.stack, e)
	}
	return err
}

func (p *parser) addressSet(f Field, pos int, rel Rel, t token, not bool) *Error {
	if p.opts.AddressSet == nil {
		return errorf(t.pos, CodeReference, "unknown address set $%s", t.text)
	}
	if (rel == EQ) != not && p.opts.Separate != nil && mayStandApart(f) && p.opts.Separate(t.text) {
		e := p.node()
		e.Op, e.Sym, e.Rel, e.Str = OpCmp, f.sym, EQ, t.text
		p.stack = append(p.stack, e)
		return nil
	}
	members, ok := p.opts.AddressSet(t.text)
	if !ok {
		return errorf(t.pos, CodeReference, "unknown address set $%s", t.text)
	}
	if f.sym.IsString() {
		return errorf(t.pos, CodeType, "address set $%s cannot be compared with string field %s", t.text, f.sym.Name)
	}
	if rel != EQ && rel != NE {
		return errorf(t.pos, CodeType, "only == and != may be used with sets of values")
	}
	p.stack = slices.Grow(p.stack, len(members))
	for _, c := range members {
		if !c.suits(f) {
			continue
		}
		if err := p.push(f, pos, rel, c, not); err != nil {
			return err
		}
	}
	return nil
}

func (p *parser) portGroup(f Field, pos int, rel Rel, t token, not bool) *Error {
	if (rel == EQ) != not && rel <= NE && f.sym.IsString() && p.opts.GroupBit != nil {
		if bit, ok := p.opts.GroupBit(t.text, f.sym); ok {
			return p.push(bit, pos, EQ, Constant{Value: U(1)}, false)
		}
	}
	if p.opts.PortGroup == nil {
		return errorf(t.pos, CodeReference, "unknown port group @%s", t.text)
	}
	ports, ok := p.opts.PortGroup(t.text, f.sym)
	if !ok {
		return errorf(t.pos, CodeReference, "unknown port group @%s", t.text)
	}
	if !f.sym.IsString() {
		return errorf(t.pos, CodeType, "port group @%s cannot be compared with integer field %s", t.text, f.sym.Name)
	}
	for _, name := range ports {
		if err := p.push(f, pos, rel, Constant{IsString: true, Str: name}, not); err != nil {
			return err
		}
	}
	return nil
}

// cmp builds the comparison f rel c, or its negation.
func (p *parser) cmp(f Field, pos int, rel Rel, c Constant, not bool) (*Expr, *Error) {
	if not {
		if rel > NE && c.Masked {
			return nil, errMasked(pos)
		}
		rel = rel.invert()
	}
	return p.compare(f, pos, rel, c)
}

func errMasked(pos int) *Error {
	return errorf(pos, CodeType, "only == and != may be used with masked constants; a subfield can be compared otherwise, for example eth.src[0..15] > 0x1111")
}

// compare checks the operands of f rel c and builds the node. Outer
// negations have been taken into account in rel.
func (p *parser) compare(f Field, pos int, rel Rel, c Constant) (*Expr, *Error) {
	s := f.sym
	if s.Kind == KindVirtual {
		return nil, errorf(pos, CodeType, "%s can be assigned but not matched", s.Name)
	}
	if c.IsString != s.IsString() {
		if c.IsString {
			return nil, errorf(pos, CodeType, "integer field %s cannot be compared with a string", s.Name)
		}
		return nil, errorf(pos, CodeType, "string field %s cannot be compared with an integer", s.Name)
	}
	e := p.node()
	e.Op, e.Sym, e.Rel, e.Notation = OpCmp, s, rel, c.Notation
	if c.IsString {
		e.Str = c.Str
	} else {
		if err := c.fits(f, pos); err != nil {
			return nil, err
		}
		if c.Notation.width(c.Value) > s.Width {
			e.Notation = Hex
		}
		mask := Ones(f.Width())
		if c.Masked {
			if rel > NE {
				return nil, errMasked(pos)
			}
			if s.Level != Ordinal && c.Mask != mask {
				return nil, errorf(pos, CodeType, "nominal field %s cannot be compared with a masked constant", s.Name)
			}
			mask = c.Mask
		}
		e.Mask = mask.Shl(int(f.lo))
		e.Value = c.Value.Shl(int(f.lo))
	}
	if _, ok := canonicalCmp(e); ok {
		return e, nil
	}
	if s.Kind == KindPredicate && (e.Rel == EQ || e.Rel == NE) {
		return nil, errorf(pos, CodeType, "predicate %s refers to nominal fields and can only be tested for being true (taking enclosing `!' into account)", s.Name)
	}
	return nil, errorf(pos, CodeType, "nominal field %s can only be tested for equality (taking enclosing `!' into account)", s.Name)
}
