package lb

import (
	"net/netip"

	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/northd/pipeline"
)

// With option affinity_timeout a client goes to the backend that it had before, until
// it has begun no connection for so long: ovn-nb(5), table Load_Balancer. A chassis
// learns which one that is from the first connection, which goes on (in OVN 23.03 it
// does not).

// pipe are the stages that find backends, on switches or on routers.
type pipe struct {
	check, balance, learn string
	known                 string // the bit: the client has a backend
}

var (
	switchPipe = pipe{pipeline.LSInLBAffCheck, pipeline.LSInLB, pipeline.LSInLBAffLearn, pipeline.ClientKnown}
	routerPipe = pipe{pipeline.LRInLBAffCheck, pipeline.LRInDNAT, pipeline.LRInLBAffLearn, pipeline.RouterClientKnown}
)

// affine writes the flows of a VIP with affinity; begins matches what begins a
// connection, then is done with what goes to a backend.
func (v *vip) affine(f *graph.Flows, fam *model.Family, at pipe, begins *lflow.Expr, snat lflow.LBSNAT, then []lflow.Action) {
	if v.Affinity == 0 || len(v.Backends) == 0 {
		return
	}
	its, proto := pipeline.VIPField(fam.V6), map[string]lflow.L4{"tcp": lflow.L4TCP, "udp": lflow.L4UDP, "sctp": lflow.L4SCTP}[v.Proto]
	f.Add(at.check, 100, begins, lflow.Check{Kind: lflow.CheckLBAffinity, Dst: pipeline.LField(at.known)}, lflow.Next{})
	for _, b := range v.Backends {
		b.Port = v.portOf(b)
		has := lflow.And(pipeline.Is(at.known), begins, lflow.Eq(its, b.IP))
		gets := lflow.And(pipeline.IsNot(at.known), lflow.Bool(lflow.CTNew), lflow.Eq(its, v.Addr), v.port(), lflow.Eq(fam.Dst, b.IP))
		if v.Port != 0 {
			has = lflow.And(has, lflow.Eq(lflow.Reg(2).Bits(0, 15), int(b.Port)))
			gets = lflow.And(gets, lflow.Eq(lflow.F(v.Proto+".dst"), int(b.Port)))
		}
		one := v.balance(snat)
		one.Backends, one.HashFields = []lflow.Backend{b}, ""
		f.Add(at.balance, 150, has, append(then[:len(then):len(then)], one)...)
		f.Add(at.learn, 100, gets, lflow.CommitLBAffinity{
			VIP: netip.AddrPortFrom(v.Addr, v.Port), Backend: netip.AddrPortFrom(b.IP, b.Port), Proto: proto, Timeout: uint16(v.Affinity),
		}, lflow.Next{})
	}
}
