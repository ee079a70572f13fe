package portsec

import (
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/lflow/portsec"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/northd/pipeline"
)

// New declares port security: it lets a port with column port_security send from, and receive
// for, the addresses in it only; inside of ARP and neighbour discovery it may
// speak of these addresses only. What that means in full stands in ovn-nb(5).
//
// One flow asks for all ports; the agent that has a port answers, from
// Port_Binding.port_security.
func New(m *model.Model) {
	m.AllSwitches.Write("portsec", func(_ *incr.Reader, f *graph.Flows, _ model.SwitchKind) {
		f.Add(pipeline.LSInCheckPortSec, 50, nil, check(pipeline.PortSecDropIn, false)...)
		f.Add(pipeline.LSInApplyPortSec, 50, pipeline.Is(pipeline.PortSecDropIn), lflow.Drop{})
		f.Pass(pipeline.LSInApplyPortSec)
		// Each copy of a packet that goes to several ports is judged for itself.
		f.Add(pipeline.LSOutCheckPortSec, 100, lflow.Bool(lflow.EthMcast), pipeline.Clear(pipeline.PortSecDropOut), lflow.Next{})
		f.Add(pipeline.LSOutCheckPortSec, 0, nil, check(pipeline.PortSecDropOut, true)...)
		f.Add(pipeline.LSOutApplyPortSec, 50, pipeline.Is(pipeline.PortSecDropOut), lflow.Drop{})
		f.Add(pipeline.LSOutApplyPortSec, 0, nil, lflow.Output{})
	})
	m.SwitchPortFlows.Write("portsec", func(_ *incr.Reader, f *graph.Flows, p *model.SwitchPort) {
		_, errs := portsec.Parse(p.Security)
		for _, err := range errs {
			f.Problem("port_security", err.Error())
		}
	})
}

// check marks a packet that fails in a bit, and goes on to the stage that drops
// it.
func check(bit string, out bool) []lflow.Action {
	return []lflow.Action{lflow.CheckPortSec{Dst: pipeline.LField(bit), Out: out}, lflow.Next{}}
}
