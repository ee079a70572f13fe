package model

import (
	"net/netip"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/pipeline"
	"github.com/weft-sdn/weft/schema"
)

// SourceTowards is the address from which a port asks for a next hop: that in the
// hop's network, else the first of its family, zero if there is none.
func (p *RouterPort) SourceTowards(hop netip.Addr) netip.Addr {
	if n, ok := p.NetworkOf(hop); ok {
		return n.Addr()
	}
	if all := p.OfFamily(hop.Is6()); len(all) > 0 {
		return all[0].Addr()
	}
	return netip.Addr{}
}

// Forward are the actions that send a packet to a next hop: by which port, and the
// address that asks for it, which may be none. Without a next hop that is where the
// packet goes, one of the family to.
func Forward(out *RouterPort, hop, source netip.Addr, to *Family) []lflow.Action {
	v6 := to.V6
	if hop.IsValid() {
		v6 = hop.Is6()
	}
	hopAt, sourceAt := pipeline.HopRegisters(v6)
	as := []lflow.Action{lflow.Move{Dst: hopAt, Src: to.Dst}}
	if hop.IsValid() {
		as[0] = lflow.SetTo(hopAt, hop)
	}
	if source.IsValid() {
		as = append(as, lflow.SetTo(sourceAt, source))
	}
	is4 := pipeline.Set(pipeline.HopIsIP4)
	if v6 {
		is4 = pipeline.Clear(pipeline.HopIsIP4)
	}
	return append(as,
		lflow.SetTo(lflow.EthSrc, out.MAC),
		lflow.SetTo(lflow.Outport, out.Name),
		pipeline.Set(pipeline.RouterLoopback),
		is4,
		lflow.Next{})
}

// Advertisements returns what the row of a router's port tells agents of router
// advertisements; a nil one says nothing.
type Advertisements func(r *incr.Reader, port schema.UUID) map[string]string

// Of calls the function, if there is one.
func (a Advertisements) Of(r *incr.Reader, port schema.UUID) map[string]string {
	if a == nil {
		return nil
	}
	return a(r, port)
}
