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
// As in OVN there are no answers for ports with addresses "unknown" or with option
// disable_arp_nd_rsp, nor on switches with vlan-passthru, nor, with NB_Global
// options:ignore_lsp_down set to false, for ports that are not up. Who asks from
// behind a localnet port is heard by several chassis, and answered by that of the
// port.

func answerNobody(_ *incr.Reader, f *graph.Flows, _ model.SwitchKind) { f.Pass(pipeline.LSInARPRsp) }

func (ft *feature) answerFor(r *incr.Reader, f *graph.Flows, p *model.SwitchPort) {
	const stage = pipeline.LSInARPRsp
	if !ft.isAnsweredFor(r, p) {
		return
	}
	quiet := ft.neverAsks(r, p)
	for _, a := range p.Addresses {
		for _, ip := range a.IPs {
			if !ft.owns(r, p, ip.Addr()) {
				f.Problem("addresses", ip.Addr().String()+" belongs to another port of the switch already")
				continue
			}
			ask := question(ip.Addr())
			if !quiet {
				f.Add(stage, 100, lflow.And(ask, lflow.Eq(lflow.Inport, p.Name)), lflow.Next{})
			}
			if ft.answersAll(r, p, ip.Addr()) {
				ask = asked(ip.Addr())
			}
			ask = lflow.And(ask, ft.asksHere(r, p))
			if ip.Addr().Is6() {
				f.Meter = ft.copp.Of(r, p.Switch, "nd-na")
			}
			f.Add(stage, 50, ask, answer(ip.Addr(), a.MAC, p.ToRouter())...)
			f.Meter = ""
		}
	}
}

// isAnsweredFor tells whether there are answers in the name of the port.
func (ft *feature) isAnsweredFor(r *incr.Reader, p *model.SwitchPort) bool {
	itself := p.Type == "" && ft.selfSaid.Of(p.Options)
	return p.Handled && !p.Unknown && !itself && !ft.isVLANPassthru(r, p) && ft.isUp(r, p)
}

// neverAsks tells whether nobody ever asks for the port's addresses from behind it:
// the router there has no gateway port, and so nothing to announce.
func (ft *feature) neverAsks(r *incr.Reader, p *model.SwitchPort) bool {
	if !p.ToRouter() { // most ports: they depend on no router
		return false
	}
	far, ok := ft.m.RouterPort(r, p.Peer)
	return ok && !ft.m.IsCentral(r, far.Router)
}

// answersAll tells whether everybody who asks all for an address of a router's port
// is answered on the spot, so that no question comes to the router.
func (ft *feature) answersAll(r *incr.Reader, p *model.SwitchPort, ip netip.Addr) bool {
	if !ft.neverAsks(r, p) || !ft.isAnsweredFor(r, p) || ft.asksHere(r, p) != nil {
		return false
	}
	far, _ := ft.m.RouterPort(r, p.Peer)
	for _, a := range p.Addresses {
		for _, n := range a.IPs {
			if n.Addr() == ip {
				return a.MAC == far.MAC && ft.owns(r, p, ip)
			}
		}
	}
	return false
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
	if !ft.m.HasLocalnet(r, p.Switch) {
		return nil
	}
	inside := pipeline.IsNot(pipeline.FromLocalnet)
	if p.Type != "" {
		return inside
	}
	return lflow.Or(lflow.And(pipeline.Is(pipeline.FromLocalnet), lflow.Resident(p.Name)), inside)
}

// owns tells whether p is the one port of its switch that is answered for.
func (ft *feature) owns(r *incr.Reader, p *model.SwitchPort, ip netip.Addr) bool {
	return incr.Lookup(r, ft.portsByIP, model.AddressOn{On: p.Switch, IP: ip})[0] == p.UUID
}

// question matches who asks all for an address. Who asks its owner alone wants to
// know whether that is there still: RFC 1122, section 2.3.2.1; RFC 4861, section
// 7.3.
func question(ip netip.Addr) *lflow.Expr {
	if ip.Is4() {
		return lflow.And(asked(ip), lflow.Eq(lflow.EthDst, lflow.Broadcast))
	}
	return lflow.And(asked(ip), lflow.Eq(lflow.IP6Dst, model.SolicitedNode(ip)))
}

// asked matches all who ask for an address: a router's port is always there.
func asked(ip netip.Addr) *lflow.Expr {
	if ip.Is4() {
		return lflow.And(lflow.Eq(lflow.ARPTPA, ip), lflow.Eq(lflow.ARPOp, 1))
	}
	return lflow.And(lflow.Bool(lflow.NDNS), lflow.Eq(lflow.NDTarget, ip))
}

// answer turns the question round. A router's advertisements say that it is
// one: RFC 4861, section 4.4.
func answer(ip netip.Addr, mac lflow.MAC, router bool) []lflow.Action {
	back := model.SendBack()
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
