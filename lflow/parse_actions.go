package lflow

import "sync"

// Pipeline is one of the two pipelines of a datapath.
type Pipeline uint8

const (
	// SamePipeline is the one that the flow is in.
	SamePipeline Pipeline = iota
	Ingress
	Egress
)

func (l Pipeline) String() string { return [...]string{"", "ingress", "egress"}[l] }

// Place is where a flow's actions stand.
type Place struct {
	Pipeline Pipeline
	// Table is the number of the stage in its pipeline.
	Table int
	// Tables is the number of stages that the pipeline can have; the other one
	// can have IngressStages or EgressStages. 0 stands for 256 in both.
	Tables int
}

// ParseActions parses actions that stand at a place. An empty text is
// drop. Errors are of type *Error.
func ParseActions(text string, at Place, o *Options) (Actions, error) {
	return new(Arena).ParseActions(text, at, o)
}

// ParseActions is the function of that name.
// Hot path: an allocation for each action that has operands.
func (a *Arena) ParseActions(text string, at Place, o *Options) (Actions, error) {
	if len(text) > MaxLength {
		return nil, tooLong(len(text))
	}
	p := &a.parser
	p.at, p.byName = at, actionsByName()
	p.inCommit, p.inAnswer = false, false
	p.init(a, o)
	p.text(text)
	as, err := p.sequence(tokEnd)
	if err != nil {
		return nil, err
	}
	return as, nil
}

type actionParser struct {
	parser
	at     Place
	byName map[string]*ActionRow
	// inCommit is set inside of ct_commit { … }, where only conntrack fields
	// can be assigned.
	inCommit bool
	// inAnswer is set inside of actions that make another packet: it may
	// leave the egress pipeline by next(pipeline=ingress, …), for another port.
	inAnswer bool
}

// operand is a field in an action, with the place where it was read.
type operand struct {
	Field
	pos int
}

// sequence parses actions up to and including the token end.
func (p *actionParser) sequence(end tokenKind) (Actions, *Error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	base := len(p.pending)
	for !p.accept(end) {
		pos := p.tok.pos
		if p.tok.kind != tokIdent {
			return nil, p.expected("an action")
		}
		a, err := p.action()
		if err != nil {
			return nil, err
		}
		if err := p.expect(tokSemicolon); err != nil {
			return nil, err
		}
		if _, drops := a.(Drop); drops && (len(p.pending) > base || p.tok.kind != end) {
			return nil, errorf(pos, CodeContext, "drop must be the only action")
		}
		p.pending = append(p.pending, a)
	}
	p.depth--
	if len(p.pending) == base {
		p.pending = append(p.pending, Drop{})
	}
	return p.taken(base), nil
}

// taken takes the actions above base off those that are pending.
func (p *actionParser) taken(base int) Actions {
	as := p.actions.cut(len(p.pending) - base)
	copy(as, p.pending[base:])
	clear(p.pending[base:])
	p.pending = p.pending[:base]
	return as
}

func (p *actionParser) action() (Action, *Error) {
	if row := p.byName[p.tok.text]; row != nil && row.Form == Statement {
		if p.inCommit {
			return nil, errorf(p.tok.pos, CodeContext, "%s is not allowed inside of ct_commit", row.Name)
		}
		p.advance()
		return row.parse(p)
	} else if row != nil && row.Form == Result {
		return nil, errorf(p.tok.pos, CodeSyntax, "the result of %s must be assigned to a field", row.Name)
	}
	s := p.table.Lookup(p.tok.text)
	if s == nil {
		return nil, errorf(p.tok.pos, CodeSymbol, "found %s where an action or the name of a field was expected", p.tok.describe(p.lex.src))
	}
	dst := operand{pos: p.tok.pos}
	var err *Error
	if dst.Field, err = p.fieldOf(s); err != nil {
		return nil, err
	}
	switch p.tok.kind {
	case tokAssign:
		p.advance()
		return p.assignment(dst)
	case tokExchange:
		p.advance()
		return p.exchange(dst)
	case tokDecrement:
		p.advance()
		return p.decrement(dst)
	}
	return nil, p.expected("`=', `<->' or `--'")
}

// assignment parses what stands behind `dst ='.
func (p *actionParser) assignment(dst operand) (Action, *Error) {
	if p.tok.kind == tokIdent {
		if row := p.byName[p.tok.text]; row != nil && row.Form == Result {
			if p.inCommit {
				return nil, errorf(p.tok.pos, CodeContext, "%s is not allowed inside of ct_commit", row.Name)
			}
			p.advance()
			return row.parseResult(p, dst)
		}
		return p.move(dst)
	}
	return p.set(dst)
}

// operand parses a field.
func (p *actionParser) operand() (operand, *Error) {
	o := operand{pos: p.tok.pos}
	var err *Error
	o.Field, err = p.field()
	return o, err
}

// writable checks that an action here may change the field.
func (p *actionParser) writable(o operand) *Error {
	s := o.sym
	switch {
	case s.Kind == KindPredicate:
		return errorf(o.pos, CodeType, "predicate %s cannot be assigned; it stands for %s", s.Name, s.expansion)
	case p.inCommit && s.Access != InCommit:
		return errorf(o.pos, CodeContext, "field %s cannot be modified inside of ct_commit", s.Name)
	case s.Access == InCommit && !p.inCommit:
		return errorf(o.pos, CodeContext, "field %s can only be modified inside of ct_commit", s.Name)
	case s.Access == ReadOnly:
		return errorf(o.pos, CodeContext, "field %s is not modifiable", s.Name)
	case s.Access == IngressOnly && p.at.Pipeline == Egress && !p.inAnswer:
		return errorf(o.pos, CodeContext, "field %s is not modifiable in the egress pipeline", s.Name)
	}
	return nil
}

// bitResult checks that o can take a one-bit result.
func (p *actionParser) bitResult(o operand, name string) *Error {
	if err := p.writable(o); err != nil {
		return err
	}
	if o.Width() != 1 || o.sym.Kind == KindVirtual {
		return errorf(o.pos, CodeType, "the result of %s must be assigned to a single bit, not to %s", name, o.Field)
	}
	return nil
}

// sized parses a field of the given width, 0 meaning a string.
func (p *actionParser) sized(width int, what string) (operand, *Error) {
	o, err := p.operand()
	if err != nil {
		return o, err
	}
	if o.Width() != width || o.sym.Kind == KindVirtual || o.sym.Kind == KindPredicate {
		return o, errorf(o.pos, CodeType, "found %s where %s was expected", o.Field, what)
	}
	return o, nil
}

// noArguments parses `()'.
func (p *actionParser) noArguments() *Error {
	if err := p.expect(tokLParen); err != nil {
		return err
	}
	return p.expect(tokRParen)
}

// actionsByName returns the rows with a name of their own.
var actionsByName = sync.OnceValue(func() map[string]*ActionRow {
	m := map[string]*ActionRow{}
	rows := ActionTable()
	for i := range rows {
		if rows[i].Form != Operator {
			m[rows[i].Name] = &rows[i]
		}
	}
	return m
})
