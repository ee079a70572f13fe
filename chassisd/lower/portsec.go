package lower

import (
	"fmt"

	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/lflow/portsec"
)

// PortSecurity appends the flows of one rule of a port to dst, in the table that
// check_in_port_sec or, with out, check_out_port_sec looks the packet up in.
// The env says what the port's name stands for.
func (l *Lowerer) PortSecurity(dst []Flow, r *portsec.Rule, out bool, cookie uint64, env *Env) ([]Flow, error) {
	s := l.take()
	defer l.give(s)
	f := Logical{Pipeline: lflow.Ingress, Priority: r.Priority}
	flow := Flow{Table: TableInPortSec, Priority: r.Priority, Cookie: cookie}
	if out {
		f.Pipeline, flow.Table = lflow.Egress, TableOutPortSec
	}
	s.call = call{f: &f, cookie: cookie, env: env}
	if r.Fail {
		s.actions.Reset()
		e := encoder{b: &s.actions}
		e.raise(flag(FlagPortSec))
		flow.Actions = s.actions.Actions()
	}
	normal, err := s.arena.Normalize(s.arena.AnnotateFlow(r.Match, nil), s.residentFunc)
	if err != nil {
		return dst, fmt.Errorf("port security, match %q: %w", r.Match, err)
	}
	return s.emitAll(dst, normal, flow)
}
