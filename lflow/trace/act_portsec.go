package trace

import "github.com/weft-sdn/weft/lflow/portsec"

// portSecure tells whether the port that the packet comes from, or goes to,
// may send or receive it.
func (x *exec) portSecure(out bool) bool {
	name := x.p.inport
	if out {
		name = x.p.outport
	}
	port := x.port(name)
	if port == nil || port.Type != "" {
		return true // no agent has it
	}
	policy, _ := portsec.Parse(port.Security)
	rules := policy.In
	if out {
		rules = policy.Out
	}
	return portsec.Passes(rules(name), x.p)
}
