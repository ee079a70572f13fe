package lflow

// Clone executes Actions on a copy of the packet.
type Clone struct{ Actions Actions }

func (a Clone) Append(b []byte) []byte           { return appendBlock(append(b, "clone"...), a.Actions) }
func (a Clone) Prerequisites(es []*Expr) []*Expr { return a.Actions.Prerequisites(es) }

func parseClone(p *actionParser) (Action, *Error) {
	as, err := p.block()
	return Clone{as}, err
}
