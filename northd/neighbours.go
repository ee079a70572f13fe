package northd

import (
	"net/netip"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/pipeline"
	"github.com/weft-sdn/weft/schema"
)

// neighbours answers ARP requests and neighbour solicitations for the IP
// addresses of ports on their behalf, so that they need not be flooded. A
// port's question about its own address goes on: it wants to know whether
// somebody else has it. These are OVN's flows.
//
// As in OVN there are no answers for ports with addresses "unknown", nor on
// switches with vlan-passthru, nor, with NB_Global options:ignore_lsp_down set
// to false, for ports that are not up.
func neighbours() feature {
	const stage = pipeline.LSInARPRsp
	return feature{
		name: "neighbours",
		class: func(f *flows, _ class) {
			f.add(stage, 0, nil, lflow.Next{})
		},
		port: func(c *Compiler, r *incr.Reader, f *flows, p *lport) {
			if p.Unknown || c.isVLANPassthru(r, p.Switch) || !c.answersFor(r, p) {
				return
			}
			for _, a := range p.Addresses {
				for _, ip := range a.IPs {
					if !c.owns(r, f, p, ip.Addr()) {
						continue
					}
					ask := question(ip.Addr())
					f.add(stage, 100, lflow.And(ask, inport(p)), lflow.Next{})
					if ip.Addr().Is6() {
						f.meter = c.coppMeter(r, p.Switch, coppNDNA)
					}
					f.add(stage, 50, ask, answer(ip.Addr(), a.MAC)...)
					f.meter = ""
				}
			}
		},
	}
}

func (c *Compiler) isVLANPassthru(r *incr.Reader, sw schema.UUID) bool {
	s, ok := incr.Get(r, c.switches, sw)
	return ok && s.VLANPassthru
}

func (c *Compiler) answersFor(r *incr.Reader, p *lport) bool {
	if o, _ := incr.Get(r, c.settings, struct{}{}); !o.needUp {
		return true
	}
	claim, _ := incr.Get(r, c.claims, p.UUID)
	return claim.Up
}

// owns tells whether p is the one port of its switch that is answered for.
func (c *Compiler) owns(r *incr.Reader, f *flows, p *lport, ip netip.Addr) bool {
	first := incr.Lookup(r, c.portsByIP, ipOnSwitch{p.Switch, ip})[0]
	if first != p.UUID {
		f.problems.add("addresses", ip.String()+" belongs to another port of the switch already")
	}
	return first == p.UUID
}

// question matches who asks for an address.
func question(ip netip.Addr) *lflow.Expr {
	if ip.Is4() {
		return lflow.And(lflow.Eq(lflow.ARPTPA, ip), lflow.Eq(lflow.ARPOp, 1))
	}
	return lflow.And(lflow.Bool(lflow.NDNS), lflow.Eq(lflow.IP6Dst, ip, solicitedNode(ip)), lflow.Eq(lflow.NDTarget, ip))
}

// answer turns the question round.
func answer(ip netip.Addr, mac lflow.MAC) []lflow.Action {
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
	return []lflow.Action{lflow.Nested{Kind: lflow.NestNDNA, Actions: append(lflow.Actions{
		lflow.SetTo(lflow.EthSrc, mac),
		lflow.SetTo(lflow.IP6Src, ip),
		lflow.SetTo(lflow.NDTarget, ip),
		lflow.SetTo(lflow.NDTLL, mac),
	}, back...)}}
}

// solicitedNode returns the group that a solicitation for an address is sent
// to: RFC 4291, section 2.7.1.
func solicitedNode(ip netip.Addr) netip.Addr {
	group := netip.MustParseAddr("ff02::1:ff00:0").As16()
	a := ip.As16()
	copy(group[13:], a[13:])
	return netip.AddrFrom16(group)
}
