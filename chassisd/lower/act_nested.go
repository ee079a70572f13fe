package lower

import (
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// nestedOps are the opcodes of the kinds. ICMP is one for both families, as
// the packet tells which.
func nestedOps() [lflow.NestReject + 1]Opcode {
	return [...]Opcode{
		lflow.NestARP: OpARP, lflow.NestNDNS: OpNDNS, lflow.NestNDNA: OpNDNA, lflow.NestNDNARouter: OpNDNARouter,
		lflow.NestICMP4: OpICMP, lflow.NestICMP6: OpICMP, lflow.NestICMP4Error: OpICMP4Error, lflow.NestICMP6Error: OpICMP6Error,
		lflow.NestTCPReset: OpTCPReset, lflow.NestSCTPAbort: OpSCTPAbort, lflow.NestReject: OpReject,
	}
}

// nest turns an action that replaces the packet into one for the agent. The
// nested actions are encoded as they are to be executed on the new packet.
func (e *encoder) nest(a lflow.Nested) error {
	op := nestedOps()[a.Kind]
	// The packet waits only for what may well be needed to deliver it.
	pause := op == OpARP || op == OpNDNS
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
