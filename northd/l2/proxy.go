package l2

import (
	"net/netip"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/northd/pipeline"
	"github.com/weft-sdn/weft/schema"
)

// Proxies answer for addresses that are elsewhere: who asks is sent to the port of a
// router (RFC 1027; RFC 4861, section 7.2.8), ovn-nb(5), options:arp_proxy. What a
// port of the switch has is answered for first. These are OVN's flows, but for three
// things: of two routers' ports that would answer for one address the first does;
// the router's own questions go on; and who asks from behind a localnet port hears
// the chassis that takes in what is sent to the port then, where it is one.

// proxiesOn is the switch of a port that answers for others.
func proxiesOn(_ schema.UUID, p *model.SwitchPort) []schema.UUID {
	if len(p.Proxy.IPs) == 0 {
		return nil
	}
	return []schema.UUID{p.Switch}
}

// proxiesAs tells whether a port does so with an Ethernet address that it does not
// have already.
func proxiesAs(p *model.SwitchPort) bool {
	if len(p.Proxy.IPs) == 0 {
		return false
	}
	for _, a := range p.Addresses {
		if a.MAC == p.Proxy.MAC {
			return false
		}
	}
	return true
}

func (ft *feature) answerAsProxy(r *incr.Reader, f *graph.Flows, p *model.SwitchPort) {
	if len(p.Proxy.IPs) == 0 || ft.isVLANPassthru(r, p) || !ft.hasMAC(r, p, p.Proxy.MAC) {
		return
	}
	var v4, v6 []netip.Prefix
	for _, ip := range ft.proxied(r, f, p) {
		if ip.Addr().Is4() {
			v4 = append(v4, ip)
		} else {
			v6 = append(v6, ip)
		}
	}
	const stage = pipeline.LSInARPRsp
	here := ft.hearsProxy(r, p)
	mine := lflow.Eq(lflow.Inport, p.Name)
	if len(v4) > 0 {
		ask := lflow.And(lflow.Eq(lflow.ARPOp, 1), lflow.OneOf(lflow.ARPTPA, v4))
		f.Add(stage, 100, lflow.And(ask, mine), lflow.Next{})
		f.Add(stage, 30, lflow.And(ask, here), model.AnswerARP(p.Proxy.MAC)...)
	}
	if len(v6) > 0 {
		ask := lflow.And(lflow.Bool(lflow.NDNS), lflow.OneOf(lflow.NDTarget, v6))
		f.Add(stage, 100, lflow.And(ask, mine), lflow.Next{})
		f.Meter = ft.copp.Of(r, p.Switch, "nd-na")
		f.Add(stage, 30, lflow.And(ask, here), model.AnswerND(lflow.NestNDNARouter, p.Proxy.MAC))
		f.Meter = ""
	}
}

// proxied are the addresses for which p answers: those for which no earlier port of
// its switch does.
func (ft *feature) proxied(r *incr.Reader, f *graph.Flows, p *model.SwitchPort) (ips []netip.Prefix) {
	taken := func(ip netip.Prefix) bool {
		for id, other := range incr.Each(r, ft.proxies, p.Switch) {
			if id == p.UUID {
				return false
			}
			for _, o := range other.Proxy.IPs {
				if o.Overlaps(ip) {
					return true
				}
			}
		}
		return false
	}
	for _, ip := range p.Proxy.IPs {
		if taken(ip) {
			f.Problem("options", "arp_proxy: another port of the switch answers for "+ip.String()+" already")
			continue
		}
		ips = append(ips, ip)
	}
	return ips
}

// hearsProxy matches who is answered on this chassis; nil is everybody.
func (ft *feature) hearsProxy(r *incr.Reader, p *model.SwitchPort) *lflow.Expr {
	at := ft.centralAt(r, p)
	if at == "" || !ft.m.HasLocalnet(r, p.Switch) {
		return nil
	}
	return lflow.Or(pipeline.IsNot(pipeline.FromLocalnet), lflow.Resident(at))
}
