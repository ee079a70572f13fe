package lower

import (
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// nest turns an action that replaces the packet into one for the agent. The
// nested actions are encoded as they are to be executed on the new packet.
func (e *encoder) nest(a lflow.Nested) error {
	var op Opcode
	pause := true
	switch a.Kind {
	case lflow.NestARP:
		op = OpARP
	case lflow.NestNDNS:
		op = OpNDNS
	case lflow.NestNDNA:
		op, pause = OpNDNA, false
	case lflow.NestNDNARouter:
		op, pause = OpNDNARouter, false
	}
	inner, err := e.inner(a.Actions)
	if err != nil {
		return err
	}
	e.controller(append(appendUserdata(make([]byte, 0, userdataHeader+len(inner)), op), inner...), pause)
	return nil
}

// inner encodes actions apart from the ones around them. The result is valid
// until the next call at the same depth.
func (e *encoder) inner(as lflow.Actions) ([]byte, error) {
	if e.depth == len(e.nested) {
		e.nested = append(e.nested, new(ofp.ActionBuilder))
	}
	outer := e.b
	e.b = e.nested[e.depth]
	e.b.Reset()
	e.depth++
	err := e.all(as)
	e.depth--
	inner := e.b.Bytes()
	e.b = outer
	return inner, err
}
