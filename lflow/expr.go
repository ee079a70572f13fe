package lflow

// Op is what an Expr is.
type Op uint8

const (
	// OpConst is true or false: Value 1 or 0.
	OpConst Op = iota
	// OpCmp compares Sym, in the bits of Mask, with Value or Str; a Sym that
	// is no string, with the members of the address set Str.
	OpCmp
	// OpResident is is_chassis_resident(Str), negated if Negated.
	OpResident
	// OpAnd and OpOr combine two or more Args, none of them of the same Op.
	OpAnd
	OpOr
)

// Rel is a relational operator.
type Rel uint8

const (
	EQ Rel = iota
	NE
	LT
	LE
	GT
	GE
)

// String returns the operator as it is written.
func (r Rel) String() string { return [...]string{"==", "!=", "<", "<=", ">", ">="}[r] }

// invert returns the operator that is true where r is false.
func (r Rel) invert() Rel { return [...]Rel{NE, EQ, GE, GT, LE, LT}[r] }

// swap returns the operator for exchanged operands.
func (r Rel) swap() Rel { return [...]Rel{EQ, NE, GT, GE, LT, LE}[r] }

// Expr is a Boolean expression: a tree of nodes of one type, like
// regexp/syntax.Regexp. Trees are immutable.
type Expr struct {
	Op       Op
	Rel      Rel
	Notation Notation // of Value, for print
	Negated  bool
	Sym      *Symbol
	// Value lies within Mask, both in the bits of Sym. The mask of an order
	// comparison is contiguous. For strings both are zero.
	Value, Mask Value
	Str         string
	Args        []*Expr
}

// True and False return the constant expressions.
func True() *Expr  { return &Expr{Op: OpConst, Value: U(1)} }
func False() *Expr { return &Expr{Op: OpConst} }

func constant(v bool) *Expr {
	if v {
		return True()
	}
	return False()
}

// isSeparate tells whether e is field == $set with the set kept apart.
func (e *Expr) isSeparate() bool { return e.Op == OpCmp && e.Str != "" && !e.Sym.IsString() }

// IsTrue tells whether e is the constant true.
func (e *Expr) IsTrue() bool { return e.Op == OpConst && e.Value.Lo == 1 }

// IsFalse tells whether e is the constant false.
func (e *Expr) IsFalse() bool { return e.Op == OpConst && e.Value.Lo == 0 }

// And returns the conjunction of es; nil elements are left out, none gives
// true.
func And(es ...*Expr) *Expr { return new(Arena).join(OpAnd, es) }

// Or returns the disjunction of es; nil elements are left out, none gives
// false.
func Or(es ...*Expr) *Expr { return new(Arena).join(OpOr, es) }

// Not returns the negation of e. It panics where the language has none: on
// string fields, nominal fields and nominal predicates.
func Not(e *Expr) *Expr {
	n, ok := negate(e)
	if !ok {
		panic("lflow: " + e.String() + " cannot be negated")
	}
	return n
}

// negate pushes a negation down to the comparisons; ok is false if one of
// them is with something that can only be tested for equality.
func negate(e *Expr) (n *Expr, ok bool) {
	switch e.Op {
	case OpConst:
		return constant(!e.IsTrue()), true
	case OpResident:
		c := *e
		c.Negated = !c.Negated
		return &c, true
	case OpCmp:
		c := *e
		c.Rel = c.Rel.invert()
		return canonicalCmp(&c)
	}
	c := &Expr{Op: OpAnd + OpOr - e.Op, Args: make([]*Expr, len(e.Args))}
	for i, a := range e.Args {
		if c.Args[i], ok = negate(a); !ok {
			return nil, false
		}
	}
	return c, true
}

// canonicalCmp turns != on a single bit into == and refuses what the level
// of the symbol does not allow.
func canonicalCmp(e *Expr) (*Expr, bool) {
	if e.Rel == NE && e.Mask.TrailingZeros() < 128 && e.Mask == U(1).Shl(e.Mask.TrailingZeros()) {
		e.Rel = EQ
		e.Value = e.Value.Xor(e.Mask)
	}
	switch {
	case e.Sym.Level == Ordinal:
		return e, true
	case e.Sym.Kind == KindPredicate:
		return e, e.Rel == EQ && (e.Sym.Level == Boolean || !e.Value.IsZero())
	}
	return e, e.Rel == EQ
}
