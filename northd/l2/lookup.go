package l2

import (
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/northd/pipeline"
)

// Lookup sends packets to the port that has the destination address, groups'
// to all ports, and others to the ports with addresses "unknown". Routers get
// of what is for groups only what is for them: see routers.go.
//
// Unlike OVN, northd does not let the agent learn addresses of such ports yet:
// what OVN asks get_fdb goes to all of them. An address that two ports of a
// switch have gets one flow, not two that contradict each other.

func lookupGroups(_ *incr.Reader, f *graph.Flows, _ model.SwitchKind) {
	f.Add(pipeline.LSInL2Lkup, 70, lflow.Bool(lflow.EthMcast), outputTo(floodL2Group)...)
	f.Pass(pipeline.LSInL2Lkup)
	f.Add(pipeline.LSInL2Unknown, 0, nil, lflow.Drop{})
}

func lookupUnknown(_ *incr.Reader, f *graph.Flows, c class) {
	if c.Unknown {
		f.Add(pipeline.LSInL2Unknown, 50, nil, outputTo(unknownGroup)...)
	}
}

func (ft *feature) lookupPort(r *incr.Reader, f *graph.Flows, p *model.SwitchPort) {
	if !p.Handled {
		return
	}
	at := ft.centralAt(r, p)
	redirect, redirected := ft.m.RedirectTo(r, p.UUID)
	for _, a := range p.Addresses {
		if incr.Lookup(r, ft.portsByMAC, macOnSwitch{p.Switch, a.MAC})[0] != p.UUID {
			f.Problem("addresses", a.MAC.String()+" belongs to another port of the switch already")
			continue
		}
		to := outputTo(p.Name)
		if !p.Enabled {
			to = []lflow.Action{lflow.Drop{}}
		}
		f.Add(pipeline.LSInL2Lkup, 50, lflow.And(lflow.Eq(lflow.EthDst, a.MAC), model.Resident(at)), to...)
		if at != "" && p.Enabled && redirected {
			f.Add(pipeline.LSInL2Lkup, 50, lflow.And(lflow.Eq(lflow.EthDst, a.MAC), lflow.Not(lflow.Resident(at))), outputTo(redirect)...)
		}
	}
}

func outputTo(port string) []lflow.Action {
	return []lflow.Action{lflow.SetTo(lflow.Outport, port), lflow.Output{}}
}
