package route

import (
	"net/netip"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/northd/pipeline"
	"github.com/weft-sdn/weft/schema"
)

// connected finds the ports of a router by their networks.
type connected struct {
	byNetwork *incr.Index[schema.UUID, *model.RouterPort, network]
	byAddress *incr.Index[schema.UUID, *model.RouterPort, address]
}

type network struct {
	router schema.UUID
	prefix netip.Prefix
}

type address struct {
	router schema.UUID
	ip     netip.Addr
}

// connect declares the routes to networks of ports.
func connect(m *model.Model) {
	c := &connected{
		byNetwork: incr.NewIndex(m.RouterPorts, "network", func(_ schema.UUID, p *model.RouterPort) (all []network) {
			for _, fam := range model.Families() {
				for _, n := range p.Subnets(fam, false) {
					all = append(all, network{p.Router, n.Masked()})
				}
			}
			return all
		}),
		byAddress: incr.NewIndex(m.RouterPorts, "address", func(_ schema.UUID, p *model.RouterPort) (all []address) {
			for _, n := range p.Networks {
				all = append(all, address{p.Router, n.Addr()})
			}
			return all
		}),
	}
	m.RouterPortFlows.Write(name, c.write)
}

// linkLocal is the network that all links have: RFC 4291, section 2.5.6.
var linkLocal = netip.MustParsePrefix("fe80::/64")

// onLink is the way of a router's answers to link-local addresses: back to the
// link, from the Ethernet address that was asked. What others send to such an
// address no router forwards: RFC 4291, section 2.5.6. OVN does, with a flow for
// each port.
func onLink(f *graph.Flows) {
	hop, source := pipeline.HopRegisters(true)
	answer := lflow.And(lflow.Eq(lflow.IP6Dst, linkLocal), pipeline.Is(pipeline.RouterLoopback), lflow.Not(lflow.Bool(lflow.EthMcast)))
	back := func(match *lflow.Expr, as ...lflow.Action) {
		f.Add(pipeline.LRInIPRouting, priority(linkLocal, model.ConnectedRoute), lflow.And(answer, match), append(as,
			lflow.DecTTL{},
			lflow.Move{Dst: hop, Src: lflow.IP6Dst},
			lflow.Move{Dst: source, Src: lflow.IP6Src},
			lflow.Move{Dst: lflow.Outport, Src: lflow.Inport},
			pipeline.Clear(pipeline.HopIsIP4),
			lflow.Next{})...)
	}
	back(pipeline.Is(pipeline.OwnAddress), lflow.Move{Dst: lflow.EthSrc, Src: lflow.EthDst}) // the request, turned
	back(pipeline.IsNot(pipeline.OwnAddress))                                                // what tells of it has the address
}

// write writes the routes to a port's networks.
func (c *connected) write(r *incr.Reader, f *graph.Flows, p *model.RouterPort) {
	for _, n := range p.Networks {
		if first := firstByName(r, c.byAddress, address{p.Router, n.Addr()}); first.UUID != p.UUID && !model.IsLinkLocal(n.Addr()) {
			f.Problem("networks", n.Addr().String()+" is an address of "+first.Name+", too")
		}
	}
	for _, fam := range model.Families() {
		for _, n := range p.Subnets(fam, true) {
			rt := &model.Route{Prefix: n.Masked(), Kind: model.ConnectedRoute, Out: p, Source: n.Addr()}
			if n.Masked() == linkLocal {
				continue
			}
			if model.IsLinkLocal(n.Addr()) {
				direct(f, rt, lflow.Eq(lflow.Inport, p.Name))
				continue
			}
			if first := firstByName(r, c.byNetwork, network{p.Router, n.Masked()}); first.UUID != p.UUID {
				f.Problem("networks", n.Masked().String()+" is the network of "+first.Name+", which gets its packets")
				continue
			}
			direct(f, rt)
		}
	}
}

// firstByName is the port with the first name of those in an index. There is one.
func firstByName[X comparable](r *incr.Reader, ix *incr.Index[schema.UUID, *model.RouterPort, X], x X) *model.RouterPort {
	var first *model.RouterPort
	for _, p := range incr.Each(r, ix, x) {
		if first == nil || p.Name < first.Name {
			first = p
		}
	}
	return first
}
