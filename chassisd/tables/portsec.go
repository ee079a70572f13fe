package tables

import (
	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow/portsec"
	"github.com/weft-sdn/weft/ofctrl"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// securePorts declares the flows that answer the checks of port security for the
// ports that are bound here.
func (t *Tables) securePorts() {
	t.SecurityFlows = incr.NewTable(t.Engine, "port security", loweredEqual, incr.Keys(t.Bound), t.secure).Feed()
}

// SecurityUnit is what the flows of a port's security are known as to Release.
func SecurityUnit(port schema.UUID) SharedUnit { return SharedUnit{Path: Path{port, "port_security"}} }

func (t *Tables) secure(r *incr.Reader, port schema.UUID) (Lowered, bool) {
	row, _ := incr.Get(r, t.Ports, port)
	dp, local := incr.Get(r, t.Local, row.Datapath)
	if row.Security == "" || !local {
		return Lowered{}, false
	}
	s := securer{lowerer: t.lowerer, ids: t.conj.unit(SecurityUnit(port)), cookie: cookie(port)}
	s.env = lower.Env{
		Scope: lower.Datapath(dp.Key),
		Port:  func(string) (lower.Port, bool) { return lower.Port{Key: row.Key}, true },
		Conjunctions: func(n int) uint32 {
			asks := sb.Flow{Pipeline: s.pipeline, Priority: s.rule.Priority, Match: s.rule.Match.String()}
			return s.ids.take(&asks, schema.UUID{}, n)
		},
	}
	policy := row.Security.policy()
	s.add(policy.In(row.Name), sb.Ingress)
	s.add(policy.Out(row.Name), sb.Egress)
	s.ids.done()
	s.out.Flows = ofctrl.Pack(s.flows)
	return s.out, true
}

// securer makes the flows of one port's security.
type securer struct {
	lowerer *lower.Lowerer
	ids     *conjUnit
	cookie  uint64
	env     lower.Env
	out     Lowered
	flows   []ofctrl.Flow
	buf     []lower.Flow

	// What is being lowered.
	pipeline uint8
	rule     *portsec.Rule
}

// add makes the flows of some rules. Where that cannot be done for a rule that lets
// packets pass, they fail.
func (s *securer) add(rules []portsec.Rule, pipeline uint8) {
	for i := range rules {
		s.pipeline, s.rule = pipeline, &rules[i]
		var err error
		if s.buf, err = s.lowerer.PortSecurity(s.buf[:0], s.rule, pipeline == sb.Egress, s.cookie, &s.env); err != nil {
			s.out.Errors = append(s.out.Errors, err.Error())
			continue
		}
		for _, f := range s.buf {
			s.flows = append(s.flows, ofctrl.Flow(f))
		}
	}
}
