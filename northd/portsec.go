package northd

import (
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/pipeline"
)

// portSecurity lets a port with column port_security send from, and receive
// for, the Ethernet addresses in it only; inside of ARP and neighbour discovery
// it may speak of these addresses only.
//
// OVN writes check_in_port_sec() and check_out_port_sec() and has its agent
// make the flows from Port_Binding.port_security. Here they are logical flows
// like all others: traces and tests see them, and the agent needs no tables
// of its own for them.
func portSecurity() feature {
	return feature{
		name: "portsec",
		class: func(f *flows, _ class) {
			dropIn, dropOut := pipeline.LField(pipeline.PortSecDropIn), pipeline.LField(pipeline.PortSecDropOut)
			f.add(pipeline.LSInApplyPortSec, 50, lflow.Eq(dropIn, 1), lflow.Drop{})
			f.add(pipeline.LSInApplyPortSec, 0, nil, lflow.Next{})
			f.add(pipeline.LSOutCheckPortSec, 100, lflow.Bool(lflow.EthMcast), pass(pipeline.PortSecDropOut)...)
			f.add(pipeline.LSOutCheckPortSec, 0, nil, pass(pipeline.PortSecDropOut)...)
			f.add(pipeline.LSOutApplyPortSec, 50, lflow.Eq(dropOut, 1), lflow.Drop{})
			f.add(pipeline.LSOutApplyPortSec, 0, nil, lflow.Output{})
		},
		port: func(_ *Compiler, _ *incr.Reader, f *flows, p *lport) {
			if p.Secured && p.Enabled {
				secureIn(f, p)
				secureOut(f, p)
			}
		},
	}
}

func secureIn(f *flows, p *lport) {
	const stage = pipeline.LSInCheckPortSec
	for _, m := range p.Allowed {
		from := lflow.And(inport(p), lflow.Eq(lflow.EthSrc, m))
		f.add(stage, 95, lflow.And(from, lflow.Eq(lflow.ARPSHA, m)), lflow.Next{})
		// A neighbour discovery packet without the option has zero in the field.
		var none lflow.MAC
		f.add(stage, 95, lflow.And(from, lflow.Bool(lflow.NDNS), lflow.Eq(lflow.NDSLL, none, m)), lflow.Next{})
		f.add(stage, 95, lflow.And(from, lflow.Bool(lflow.NDNA), lflow.Eq(lflow.NDTLL, none, m)), lflow.Next{})
	}
	f.add(stage, 90, lflow.And(inport(p), lflow.Or(lflow.Bool(lflow.ARP), lflow.Bool(lflow.ND))), fail(pipeline.PortSecDropIn)...)
	if len(p.Allowed) > 0 {
		f.add(stage, 80, lflow.And(inport(p), anyOf(lflow.EthSrc, p.Allowed)), lflow.Next{})
	}
	f.add(stage, 70, inport(p), fail(pipeline.PortSecDropIn)...)
}

func secureOut(f *flows, p *lport) {
	const stage = pipeline.LSOutCheckPortSec
	to := lflow.Eq(lflow.Outport, p.Name)
	if len(p.Allowed) > 0 {
		f.add(stage, 80, lflow.And(to, anyOf(lflow.EthDst, p.Allowed)), pass(pipeline.PortSecDropOut)...)
	}
	f.add(stage, 70, to, fail(pipeline.PortSecDropOut)...)
}

func anyOf(field lflow.Field, macs []lflow.MAC) *lflow.Expr {
	vs := make([]any, len(macs))
	for i, m := range macs {
		vs[i] = m
	}
	return lflow.Eq(field, vs...)
}
