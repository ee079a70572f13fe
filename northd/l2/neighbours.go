package l2

import (
	"net/netip"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/northd/pipeline"
)

// Neighbours are answered for: ARP requests and neighbour solicitations for
// the IP addresses of ports need not be flooded. A port's question about its
// own address goes on: it wants to know whether somebody else has it. These
// are OVN's flows.
//
// As in OVN there are no answers for ports with addresses "unknown", nor on
// switches with vlan-passthru, nor, with NB_Global options:ignore_lsp_down set
// to false, for ports that are not up. Who asks from behind a localnet port is heard
// by several chassis, and answered by that of the port.

func answerNobody(_ *incr.Reader, f *graph.Flows, _ model.SwitchKind) { f.Pass(pipeline.LSInARPRsp) }

func (ft *feature) answerFor(r *incr.Reader, f *graph.Flows, p *model.SwitchPort) {
	const stage = pipeline.LSInARPRsp
	if !p.Handled || p.Unknown || ft.isVLANPassthru(r, p) || !ft.isUp(r, p) {
		return
	}
	for _, a := range p.Addresses {
		for _, ip := range a.IPs {
			if !ft.owns(r, f, p, ip.Addr()) {
				continue
			}
			ask := question(ip.Addr())
			f.Add(stage, 100, lflow.And(ask, lflow.Eq(lflow.Inport, p.Name)), lflow.Next{})
			ask = lflow.And(ask, ft.asksHere(r, p))
			if ip.Addr().Is6() {
				f.Meter = ft.copp.Of(r, p.Switch, "nd-na")
			}
			f.Add(stage, 50, ask, answer(ip.Addr(), a.MAC, p.ToRouter())...)
			f.Meter = ""
		}
	}
}

func (ft *feature) isVLANPassthru(r *incr.Reader, p *model.SwitchPort) bool {
	s, ok := incr.Get(r, ft.m.Switches, p.Switch)
	return ok && s.Kind.VLANPassthru
}

// isUp tells whether a port is up as far as answers for it are concerned.
func (ft *feature) isUp(r *incr.Reader, p *model.SwitchPort) bool {
	if o, _ := incr.Get(r, ft.settings, struct{}{}); !o.needUp || p.Peer != "" || p.IsLocalport() {
		return true
	}
	claim, _ := incr.Get(r, ft.m.Claims, p.UUID)
	return claim.Up
}

// asksHere matches who is answered in the name of the port on this chassis; nil is
// everybody. A router answers itself where the question comes from outside.
func (ft *feature) asksHere(r *incr.Reader, p *model.SwitchPort) *lflow.Expr {
	if incr.Count(r, ft.localnets, p.Switch) == 0 {
		return nil
	}
	inside := pipeline.IsNot(pipeline.FromLocalnet)
	if p.Type != "" {
		return inside
	}
	return lflow.Or(lflow.And(pipeline.Is(pipeline.FromLocalnet), lflow.Resident(p.Name)), inside)
}

// owns tells whether p is the one port of its switch that is answered for.
func (ft *feature) owns(r *incr.Reader, f *graph.Flows, p *model.SwitchPort, ip netip.Addr) bool {
	first := incr.Lookup(r, ft.portsByIP, ipOnSwitch{p.Switch, ip})[0]
	if first != p.UUID {
		f.Problem("addresses", ip.String()+" belongs to another port of the switch already")
	}
	return first == p.UUID
}

// question matches who asks all for an address. Who asks its owner alone wants to
// know whether that is there still: RFC 1122, section 2.3.2.1; RFC 4861, section
// 7.3.
func question(ip netip.Addr) *lflow.Expr {
	if ip.Is4() {
		return lflow.And(lflow.Eq(lflow.ARPTPA, ip), lflow.Eq(lflow.ARPOp, 1), lflow.Eq(lflow.EthDst, lflow.Broadcast))
	}
	return lflow.And(lflow.Bool(lflow.NDNS), lflow.Eq(lflow.IP6Dst, model.SolicitedNode(ip)), lflow.Eq(lflow.NDTarget, ip))
}

// answer turns the question round. A router's advertisements say that it is
// one: RFC 4861, section 4.4.
func answer(ip netip.Addr, mac lflow.MAC, router bool) []lflow.Action {
	back := []lflow.Action{
		lflow.Move{Dst: lflow.Outport, Src: lflow.Inport},
		lflow.SetTo(pipeline.LField(pipeline.Loopback), 1),
		lflow.Output{},
	}
	if ip.Is4() {
		return append([]lflow.Action{
			lflow.Move{Dst: lflow.EthDst, Src: lflow.EthSrc},
			lflow.SetTo(lflow.EthSrc, mac),
			lflow.SetTo(lflow.ARPOp, 2),
			lflow.Move{Dst: lflow.ARPTHA, Src: lflow.ARPSHA},
			lflow.SetTo(lflow.ARPSHA, mac),
			lflow.Move{Dst: lflow.ARPTPA, Src: lflow.ARPSPA},
			lflow.SetTo(lflow.ARPSPA, ip),
		}, back...)
	}
	kind := lflow.NestNDNA
	if router {
		kind = lflow.NestNDNARouter
	}
	return []lflow.Action{lflow.Nested{Kind: kind, Actions: append(lflow.Actions{
		lflow.SetTo(lflow.EthSrc, mac),
		lflow.SetTo(lflow.IP6Src, ip),
		lflow.SetTo(lflow.NDTarget, ip),
		lflow.SetTo(lflow.NDTLL, mac),
	}, back...)}}
}
