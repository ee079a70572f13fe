package lflow

// Arena is memory for trees that are needed for a short while. What its methods
// return holds until Reset, which takes all of it back to be used again; the
// functions and methods outside of it that are named alike make what holds for
// ever. An Arena is for one goroutine. Its zero value is ready.
//
// What a typical flow needs is cut from slabs here. The rest is from the heap:
// it may be kept longer, but need not be.
type Arena struct {
	nodes   slab[Expr]
	args    slab[*Expr]
	actions slab[Action]
	clauses slab[Clause]
	conjs   slab[Conj]
	terms   slab[Term]
	names   slab[string]
	dims    slab[dim]
	fields  slab[FieldTerm]
	matches slab[FlowMatch]

	// stack holds the operands of the &&, || and sets that are being made,
	// pending the actions of the sequences that are being parsed.
	stack   []*Expr
	pending []Action
	parser  actionParser
}

// maxKept bounds what an Arena keeps of each type, so that one large text does
// not pin its memory.
const maxKept = 1024

// Reset takes back all that has been made in a.
func (a *Arena) Reset() {
	a.nodes.reset()
	a.args.reset()
	a.actions.reset()
	a.clauses.reset()
	a.conjs.reset()
	a.terms.reset()
	a.names.reset()
	a.dims.reset()
	a.fields.reset()
	a.matches.reset()
	a.stack = emptied(a.stack)
	a.pending = emptied(a.pending)
	a.parser = actionParser{}
}

// slab is memory for values of one type that is handed out piece by piece.
type slab[T any] struct {
	all  []T
	used int // of all, what is handed out
}

// cut returns n zero values. They have no capacity beyond, so that what is
// appended to them goes elsewhere.
func (s *slab[T]) cut(n int) []T {
	s.room(n)
	from := s.used
	s.used += n
	return s.all[from:s.used:s.used]
}

// room makes sure that n values can be cut without allocation. What is handed
// out already stays where it is, with whoever has it.
func (s *slab[T]) room(n int) {
	if n > len(s.all)-s.used {
		s.all = make([]T, max(n, min(2*len(s.all), maxKept)))
		s.used = 0
	}
}

func (s *slab[T]) reset() {
	if len(s.all) > maxKept {
		*s = slab[T]{}
		return
	}
	clear(s.all[:s.used])
	s.used = 0
}

// emptied returns a stack without its elements, nil where it had become large.
// What has been taken off it is zero already.
func emptied[T any](stack []T) []T {
	if cap(stack) > maxKept {
		return nil
	}
	clear(stack)
	return stack[:0]
}

// node returns a new zero Expr.
func (a *Arena) node() *Expr { return &a.nodes.cut(1)[0] }

// combine replaces the operands on the stack above base by their combination.
func (a *Arena) combine(op Op, base int) *Expr {
	es := a.stack[base:]
	e := a.join(op, es)
	clear(es)
	a.stack = a.stack[:base]
	return e
}

// join combines es with op, taking the arguments of nested nodes of the same
// op as its own. nil elements are left out.
func (a *Arena) join(op Op, es []*Expr) *Expr {
	n := 0
	var last *Expr
	for _, e := range es {
		switch {
		case e == nil:
			continue
		case e.Op == op:
			n += len(e.Args)
		default:
			n++
		}
		last = e
	}
	switch n {
	case 0:
		return constant(op == OpAnd)
	case 1:
		return last
	}
	args := a.args.cut(n)[:0]
	for _, e := range es {
		switch {
		case e == nil:
		case e.Op == op:
			args = append(args, e.Args...)
		default:
			args = append(args, e)
		}
	}
	e := a.node()
	e.Op, e.Args = op, args
	return e
}
