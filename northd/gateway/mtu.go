package gateway

import (
	"net/netip"
	"slices"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/northd/pipeline"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
)

// A port with gateway_mtu tells the senders of packets that are too large for
// it: of those that come in by it, and of those that would leave. As in OVN they
// are told whether or not they forbid fragments, as nobody makes any here.
//
// Unlike OVN, which writes what is told for each pair of ports, the output port
// notes its size in a register: what is told depends on the port that a packet
// came in by and on the sizes that there are on the router.

// frameHeader is what a frame has beside the packet: two addresses, a VLAN tag
// and the type.
const frameHeader = 18

// sizes are the sizes of packets that may pass ports.
type sizes struct {
	m        *model.Model
	copp     model.CoppMeter
	mtu      *graph.Option[int]
	bypass   *graph.Option[string]
	onRouter *incr.Table[schema.UUID, []int]
}

func newSizes(g *graph.Graph, m *model.Model, copp model.CoppMeter) {
	s := &sizes{m: m, copp: copp,
		mtu: graph.Int[*nb.LogicalRouterPort](g, "options", "gateway_mtu", 0, 68, 1<<16-1-frameHeader, "no limit",
			"senders of packets with more bytes, for the port or from it, are told"),
		bypass: graph.String[*nb.LogicalRouterPort](g, "options", "gateway_mtu_bypass", "match", "packets that are not measured"),
	}
	limited := incr.NewIndex(m.RouterPorts, "limited ports", func(_ schema.UUID, p *model.RouterPort) []schema.UUID {
		if s.mtu.Of(p.Options) == 0 {
			return nil
		}
		return []schema.UUID{p.Router}
	})
	s.onRouter = graph.Table(g, "sizes on router", incr.Values(limited), func(r *incr.Reader, router schema.UUID) ([]int, bool) {
		var all []int
		for _, p := range incr.Each(r, limited, router) {
			all = append(all, s.mtu.Of(p.Options))
		}
		slices.Sort(all)
		return slices.Compact(all), len(all) > 0
	})
	m.RouterPortFlows.Write(name, s.measure)
	m.RouterPortFlows.Write(name, s.refuse)
}

// measure measures what comes in by a port and what is to leave by it.
func (s *sizes) measure(r *incr.Reader, f *graph.Flows, p *model.RouterPort) {
	mtu := s.mtu.Read(p.Options, &f.RowProblems)
	if mtu == 0 || !p.Enabled {
		return
	}
	check := lflow.CheckPktLarger{Dst: pipeline.LField(pipeline.PktLarger), Size: uint16(mtu + frameHeader)}
	bypass := s.bypassOf(r, f, p)
	add := func(stage string, priority uint16, match *lflow.Expr, then ...lflow.Action) {
		f.Add(stage, priority, match, append([]lflow.Action{check}, then...)...)
		if bypass != "" {
			f.AddText(stage, priority+5, match.String()+" && ("+bypass+")", then...)
		}
	}
	// What groups get is not measured: nobody is told of it, RFC 1122, section 3.2.2.
	in := lflow.And(lflow.Eq(lflow.EthDst, p.MAC), lflow.Eq(lflow.Inport, p.Name), model.Resident(p.Redirect))
	add(pipeline.LRInAdmission, 55, in, lflow.Next{})
	add(pipeline.LRInChkPktLen, 50, lflow.Eq(lflow.Outport, p.Name), lflow.SetTo(pipeline.LField(pipeline.OutportMTU), mtu), lflow.Next{})
	larger := lflow.And(lflow.Eq(lflow.Inport, p.Name), tooLarge())
	s.tell(r, f, p, pipeline.LRInIPInput, larger, mtu)
}

// tooLarge matches packets that were measured; what tells of one is not told of.
func tooLarge() *lflow.Expr {
	return lflow.And(pipeline.Is(pipeline.PktLarger), pipeline.IsNot(pipeline.EgressLoopback))
}

// refuse tells the senders of packets that came in by a port and are too large
// for the one that they would leave by.
func (s *sizes) refuse(r *incr.Reader, f *graph.Flows, p *model.RouterPort) {
	if !p.Enabled {
		return
	}
	all, _ := incr.Get(r, s.onRouter, p.Router)
	for _, mtu := range all {
		larger := lflow.And(lflow.Eq(lflow.Inport, p.Name), lflow.Eq(pipeline.LField(pipeline.OutportMTU), mtu), tooLarge())
		s.tell(r, f, p, pipeline.LRInLargerPkts, larger, mtu)
	}
}

// tell tells a sender what size may pass, from the port's address in its
// network, else from the first of the family, as of packets at their end.
func (s *sizes) tell(r *incr.Reader, f *graph.Flows, p *model.RouterPort, stage string, match *lflow.Expr, mtu int) {
	for _, fam := range model.Families() {
		from := func(priority uint16, match *lflow.Expr, addr netip.Addr) {
			f.Meter = s.copp.Of(r, p.Router, fam.ErrorProtocol)
			f.Add(stage, priority, match, lflow.Nested{Kind: fam.ErrorTooBig, Actions: lflow.Actions{
				pipeline.Set(pipeline.EgressLoopback),
				pipeline.Clear(pipeline.PktLarger),
				pipeline.Clear(pipeline.Segment), // and the size: for routes, their bits mean something else
				lflow.SetTo(lflow.EthDst, p.MAC),
				lflow.Move{Dst: fam.Dst, Src: fam.Src},
				lflow.SetTo(fam.Src, addr),
				lflow.SetTo(lflow.IPTTL, 255),
				lflow.SetTo(fam.Type, fam.TooBig),
				lflow.SetTo(fam.Code, fam.TooBigCode),
				lflow.SetTo(fam.FragMTU, mtu),
				pipeline.Jump(pipeline.LRInAdmission),
			}})
			f.Meter = ""
		}
		addrs, subnets := p.Addresses(fam), p.Subnets(fam, false)
		if len(addrs) == 0 {
			continue
		}
		from(150, lflow.And(match, lflow.Bool(fam.Is)), addrs[0])
		for _, n := range subnets {
			if n.Addr() != addrs[0] {
				from(151, lflow.And(match, lflow.Eq(fam.Src, n.Masked())), n.Addr())
			}
		}
	}
}

// bypassOf is the match of packets that are not measured, "" for none.
func (s *sizes) bypassOf(r *incr.Reader, f *graph.Flows, p *model.RouterPort) string {
	text := s.bypass.Of(p.Options)
	if text == "" {
		return ""
	}
	_, err := s.m.Groups.ParseMatch(r, "("+text+")")
	if err != nil {
		f.Problem("options", "gateway_mtu_bypass: "+err.Error())
		return ""
	}
	return text
}
