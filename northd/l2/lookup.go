package l2

import (
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/northd/pipeline"
)

// Lookup sends packets to the port that has the destination address, groups'
// to all ports, and others to the port that they are learned to be behind, else
// to the ports with addresses "unknown". Routers get of what is for groups only
// what is for them: see routers.go.
//
// An address that two ports of a switch have gets one flow, not two that
// contradict each other. Unlike in OVN, a switch on which nothing is learned asks
// nobody.

func lookupGroups(_ *incr.Reader, f *graph.Flows, _ model.SwitchKind) {
	f.Add(pipeline.LSInL2Lkup, 70, lflow.Bool(lflow.EthMcast), outputTo(floodL2Group)...)
	f.Pass(pipeline.LSInL2Lkup)
	f.Add(pipeline.LSInL2Unknown, 0, nil, lflow.Drop{})
}

func lookupUnknown(_ *incr.Reader, f *graph.Flows, c class) {
	to := toUnknown(c)
	switch {
	case c.Learns:
		f.Add(pipeline.LSInL2Lkup, 1, nil, lflow.GetFDB{Dst: lflow.Outport, MAC: lflow.EthDst}, lflow.Next{})
		f.Add(pipeline.LSInL2Unknown, 50, lflow.Eq(lflow.Outport, nobody), to...)
		f.Add(pipeline.LSInL2Unknown, 1, nil, lflow.Output{})
	case c.Unknown:
		f.Add(pipeline.LSInL2Unknown, 50, nil, to...)
	}
}

// nobody is what get_fdb finds where nothing is learned.
const nobody = "none"

func toUnknown(c class) []lflow.Action {
	if !c.Unknown {
		return []lflow.Action{lflow.Drop{}}
	}
	return outputTo(unknownGroup)
}

func (ft *feature) lookupPort(r *incr.Reader, f *graph.Flows, p *model.SwitchPort) {
	if !p.Handled || p.Type == "" && p.Unknown && ft.learn.force.Of(p.Options) {
		return
	}
	for _, a := range p.Addresses {
		ft.lookupMAC(r, f, p, a.MAC, "addresses", "")
	}
	if proxiesAs(p) {
		ft.lookupMAC(r, f, p, p.Proxy.MAC, "options", "arp_proxy: ")
	}
}

// lookupMAC finds the port by an Ethernet address of it, which is of a column, or of
// an option there.
func (ft *feature) lookupMAC(r *incr.Reader, f *graph.Flows, p *model.SwitchPort, mac lflow.MAC, column, option string) {
	if !ft.hasMAC(r, p, mac) {
		f.Problem(column, option+mac.String()+" belongs to another port of the switch already")
		return
	}
	to := outputTo(p.Name)
	if !p.Enabled {
		to = []lflow.Action{lflow.Drop{}}
	}
	at := ft.centralAt(r, p)
	f.Add(pipeline.LSInL2Lkup, 50, lflow.And(lflow.Eq(lflow.EthDst, mac), model.Resident(at)), to...)
	if redirect, ok := ft.m.RedirectTo(r, p.UUID); ok && at != "" && p.Enabled {
		f.Add(pipeline.LSInL2Lkup, 50, lflow.And(lflow.Eq(lflow.EthDst, mac), lflow.Not(lflow.Resident(at))), outputTo(redirect)...)
	}
}

// hasMAC tells whether p is the one port of its switch that has an Ethernet address of
// its own.
func (ft *feature) hasMAC(r *incr.Reader, p *model.SwitchPort, mac lflow.MAC) bool {
	return incr.Lookup(r, ft.portsByMAC, macOnSwitch{p.Switch, mac})[0] == p.UUID
}

func outputTo(port string) []lflow.Action {
	return []lflow.Action{lflow.SetTo(lflow.Outport, port), lflow.Output{}}
}
