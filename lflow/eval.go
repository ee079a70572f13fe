package lflow

// Packet is what an expression is evaluated on.
type Packet interface {
	// Number returns the value of an integer field (KindField).
	Number(s *Symbol) Value
	// Text returns the value of a string field.
	Text(s *Symbol) string
	// Resident answers is_chassis_resident.
	Resident(port string) bool
}

// Evaluate tells whether e is true of a packet. It works on expressions as
// they are parsed as well as on annotated and simplified ones, and is what
// all of those are tested against.
func Evaluate(e *Expr, p Packet) bool {
	switch e.Op {
	case OpConst:
		return e.IsTrue()
	case OpResident:
		return p.Resident(e.Str) != e.Negated
	case OpCmp:
		return evaluateCmp(e, p)
	}
	for _, a := range e.Args {
		if Evaluate(a, p) == (e.Op == OpOr) {
			return e.Op == OpOr
		}
	}
	return e.Op == OpAnd
}

func evaluateCmp(e *Expr, p Packet) bool {
	s := e.Sym
	switch {
	case s.Kind == KindPredicate && e.Value.IsZero():
		return Evaluate(s.negation, p)
	case s.Kind == KindPredicate:
		return Evaluate(s.expansion, p)
	case s.prereq != nil && !Evaluate(s.prereq, p):
		return false
	case s.IsString():
		return (p.Text(s) == e.Str) == (e.Rel == EQ)
	}
	c := p.Number(s.Field).Shr(s.Offset).And(e.Mask).Cmp(e.Value)
	switch e.Rel {
	case EQ:
		return c == 0
	case NE:
		return c != 0
	case LT:
		return c < 0
	case LE:
		return c <= 0
	case GT:
		return c > 0
	}
	return c >= 0
}
