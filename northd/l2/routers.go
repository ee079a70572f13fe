package l2

import (
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/northd/pipeline"
	"github.com/weft-sdn/weft/schema"
)

// Routers on a switch do not get what is for groups, but for questions and
// announcements of neighbours: a question for a router's address that the switch
// does not answer (neighbours.go) goes to that router and to ports with addresses
// "unknown", which may have the address too, and not to all. These are OVN's
// flows.

// toRouters is the switch of a port that leads to a router.
func toRouters(_ schema.UUID, p *model.SwitchPort) []schema.UUID {
	if p.Peer == "" {
		return nil
	}
	return []schema.UUID{p.Switch}
}

// lookupRouted floods what routers want to hear.
func lookupRouted(_ *incr.Reader, f *graph.Flows, c class) {
	if !c.Routed {
		return
	}
	told := lflow.Or(lflow.Bool(lflow.NDNA), lflow.Bool(lflow.NDRS), lflow.Bool(lflow.NDRA))
	f.Add(pipeline.LSInL2Lkup, 72, lflow.And(lflow.Bool(lflow.EthMcast), told), outputTo(floodGroup)...)
	f.Add(pipeline.LSInL2Lkup, 71, lflow.And(lflow.Bool(lflow.EthMcast), lflow.Bool(lflow.ARP)), outputTo(floodGroup)...)
}

// centralAt is the chassisredirect port on whose chassis alone packets for a
// router go in by a port, "" where they do on each. On the others they go to
// that chassis: by the switch's wire, or through a tunnel.
func (ft *feature) centralAt(r *incr.Reader, p *model.SwitchPort) string {
	far, ok := ft.m.RouterPort(r, p.Peer)
	if !ok || far.Redirect == "" && !ft.m.HasLocalnet(r, p.Switch) {
		return ""
	}
	return ft.m.CentralAt(r, far)
}

// askQuietly sends questions of neighbours for which there is no better flow to
// where the answer may come from.
func askQuietly(_ *incr.Reader, f *graph.Flows, c class) {
	if c.Quiet {
		question := lflow.Or(lflow.Eq(lflow.ARPOp, 1), lflow.Bool(lflow.NDNS))
		f.Add(pipeline.LSInL2Lkup, 72, lflow.And(lflow.Bool(lflow.EthMcast), question), toUnknown(c)...)
	}
}

// askRouter sends questions for a router's addresses to it. What it says of
// itself, and what others say of its addresses, no router needs to hear.
func (ft *feature) askRouter(r *incr.Reader, f *graph.Flows, p *model.SwitchPort) {
	far, ok := ft.m.RouterPort(r, p.Peer)
	if !ok || !far.Enabled || !p.Enabled {
		return
	}
	has, _ := incr.Get(r, ft.has, p.Switch)
	ask := outputTo(p.Name)
	if has.Unknown {
		ask = append([]lflow.Action{lflow.Clone{Actions: ask}}, outputTo(unknownGroup)...)
	}
	const stage = pipeline.LSInL2Lkup
	everybody := lflow.Eq(lflow.EthDst, lflow.Broadcast)
	for _, n := range far.Networks {
		if ft.answersAll(r, p, n.Addr()) {
			continue
		}
		question := model.AsksAll(n.Addr())
		if n.Addr().Is4() && has.Hosts {
			f.Add(stage, 90, lflow.And(question, lflow.Eq(lflow.ARPSPA, n.Addr())), outputTo(floodL2Group)...)
		}
		f.Add(stage, 80, question, ask...)
	}
	if has.Hosts {
		own := lflow.And(everybody, lflow.Eq(lflow.ARPOp, 1))
		if !ft.neverAsks(r, p) {
			own = lflow.Or(lflow.And(everybody, lflow.Or(lflow.Eq(lflow.ARPOp, 1), lflow.Eq(lflow.F("rarp.op"), 3))),
				lflow.And(lflow.Bool(lflow.EthMcast), lflow.Bool(lflow.NDNA)))
		}
		f.Add(stage, 75, lflow.And(lflow.Eq(lflow.EthSrc, far.MAC), own), outputTo(floodL2Group)...)
	}
}
