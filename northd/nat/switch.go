package nat

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/northd/pipeline"
	"github.com/weft-sdn/weft/schema"
)

// behind is an address outside behind a gateway port, or on a gateway router.
type behind struct {
	model.AddressOn
	gateway schema.UUID // zero on a gateway router
}

func (b behind) Compare(o behind) int {
	return cmp.Or(b.AddressOn.Compare(o.AddressOn), b.gateway.Compare(o.gateway))
}

// onSwitch is an address outside on the switch that a router's port leads to.
type onSwitch struct {
	ip   netip.Addr
	near *model.SwitchPort
	nats []*model.NAT
}

// declareSwitches declares how a switch leads to the addresses outside of its routers:
// who asks for one asks that router, and not all. On a physical network only the chassis
// that has the address does so; on the others the wire leads there.
func (ft *feature) declareSwitches(g *graph.Graph) {
	ft.byPort = incr.NewIndex(ft.nats, "gateway port", func(_ schema.UUID, n *model.NAT) []behind {
		b := behind{AddressOn: model.AddressOn{On: n.Router, IP: n.External}}
		if n.Gateway != nil {
			b.gateway = n.Gateway.UUID
		}
		return []behind{b}
	})
	graph.NewUnits(g, "flows of NAT addresses on switches", incr.Values(ft.byPort), ft.onSwitch, func(k behind, o *onSwitch) graph.Place {
		return graph.Place{Owner: o.near.Switch, Name: "nat-" + k.On.String() + "-" + k.IP.String(), Table: "NAT", Row: o.nats[0].UUID, RowName: k.IP.String()}
	}).Write(name, ft.find)
}

func (ft *feature) onSwitch(r *incr.Reader, k behind) (*onSwitch, bool) {
	o := &onSwitch{ip: k.IP}
	for _, n := range incr.Each(r, ft.byPort, k) {
		o.nats = append(o.nats, n)
	}
	far, near, ok := ft.outside(r, o.nats[0])
	if !ok || far.Has(k.IP) { // as its own address it is found anyway
		return nil, false
	}
	o.near = near
	return o, near.Enabled && far.Enabled
}

// find writes the flows of an address on a switch.
func (ft *feature) find(r *incr.Reader, f *graph.Flows, o *onSwitch) {
	const stage = pipeline.LSInL2Lkup
	to := func(port string) []lflow.Action {
		return []lflow.Action{lflow.SetTo(lflow.Outport, port), lflow.Output{}}
	}
	question := model.AsksAll(o.ip)
	if o.nats[0].Gateway == nil {
		f.Add(stage, 80, question, to(o.near.Name)...)
		return
	}
	wire := ft.m.HasLocalnet(r, o.near.Switch)
	var places []string
	for _, n := range o.nats {
		at := n.At()
		if slices.Contains(places, at) {
			continue
		}
		places = append(places, at)
		here := lflow.Resident(at)
		f.Add(stage, 80, lflow.And(question, here), to(o.near.Name)...)
		if redirect, ok := ft.m.RedirectTo(r, o.near.UUID); ok && !wire && n.Port == "" {
			f.Add(stage, 80, lflow.And(question, lflow.Not(here)), to(redirect)...)
		}
		if n.Port == "" {
			continue
		}
		f.Add(stage, 50, lflow.And(lflow.Eq(lflow.EthDst, n.MAC), here), to(o.near.Name)...)
		if wire {
			// What the router asks, no router needs to hear.
			asks := lflow.Or(lflow.Eq(lflow.ARPOp, 1), lflow.Eq(lflow.F("rarp.op"), 3))
			f.Add(stage, 75, lflow.And(lflow.Eq(lflow.EthSrc, n.MAC), here, lflow.Eq(lflow.EthDst, lflow.Broadcast), asks), to(model.FloodL2Group)...)
		}
	}
}
