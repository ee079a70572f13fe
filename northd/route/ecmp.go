package route

import (
	"fmt"
	"slices"
	"strings"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/northd/pipeline"
)

// Routes that share their packets: one flow chooses, and behind it each of them
// has the flow that sends what it got. Unlike OVN's these match the prefix again,
// not the number of a group, so that nothing has to be numbered.

// maxHops is how many routes can share packets: the switch is told of all of them
// in one message.
const maxHops = 256

// weight is that of each of them.
const weight = 100

// choice are the routes that packets are shared out among.
type choice struct {
	hops   []hop
	fields []string // of the packet, which decide; none: what the switch chooses
}

// choiceOf tells of rows that get no packets. What is dropped has no part in it,
// and what leads to the same as another has none of its own.
func choiceOf(f *graph.Flows, all []hop) choice {
	var c choice
	for _, h := range all {
		if !h.Discard && !slices.ContainsFunc(c.hops, func(o hop) bool { return o.Out.UUID == h.Out.UUID && o.NextHop == h.NextHop }) {
			c.hops = append(c.hops, h)
		}
	}
	if len(c.hops) == 0 {
		return choice{hops: all[:1]}
	}
	for _, h := range all {
		if h.Discard {
			f.Row = h.row
			f.Problem("nexthop", "another route has the prefix, and is not discard: its packets are not dropped")
		}
	}
	for _, h := range c.hops[min(maxHops, len(c.hops)):] {
		f.Row = h.row
		f.Problem("nexthop", fmt.Sprintf("more than %d routes have the prefix", maxHops))
	}
	c.hops = c.hops[:min(maxHops, len(c.hops))]
	c.fields = c.hops[0].HashFields
	for _, h := range c.hops[1:] {
		c.fields = slices.DeleteFunc(slices.Clone(c.fields), func(field string) bool { return !slices.Contains(h.HashFields, field) })
	}
	return c
}

// write writes the flow that chooses, and those of what can be chosen.
func (c choice) write(f *graph.Flows, in *lflow.Expr) {
	rt, chosen, table := c.hops[0].Route, pipeline.LField(pipeline.Chosen), pipeline.LField(pipeline.RouteTable)
	choose := lflow.Select{Dst: chosen, HashFields: strings.Join(c.fields, ",")}
	for i := range c.hops {
		choose.Choices = append(choose.Choices, lflow.Choice{Value: lflow.U(uint64(i + 1)), Weight: weight})
	}
	f.Add(pipeline.LRInIPRouting, priority(rt.Prefix, rt.Kind), packets(rt, in), lflow.DecTTL{}, choose)
	for i, h := range c.hops {
		f.Hint = h.row
		match := packets(rt, in, lflow.Eq(chosen, i+1))
		f.Add(pipeline.LRInIPRoutingECMP, priority(rt.Prefix, rt.Kind), match, append([]lflow.Action{lflow.SetTo(chosen, 0), lflow.SetTo(table, 0)}, forward(h.Route)...)...)
	}
}

// symmetric makes replies leave by the next hop that the connection came from,
// whatever routes and policies say: who begins a connection is noted in it, his
// Ethernet address and the port, and noted again where that changes. OVN does so
// for TCP, UDP and SCTP, and lets the switch learn flows for it.
func (ft *feature) symmetric(r *incr.Reader, f *graph.Flows, hops []hop, in *lflow.Expr) {
	var done []*model.RouterPort
	for _, h := range hops {
		if !h.Symmetric || h.Discard || slices.Contains(done, h.Out) {
			continue
		}
		key, _ := incr.Get(r, ft.m.PortKeys.Of, h.Out.UUID) // a port without one is none
		done = append(done, h.Out)
		f.Hint = h.row
		fam := model.FamilyOf(h.Prefix.Addr())
		there, back := fam.Dst, fam.Src
		if h.Kind == model.SourceRoute {
			there, back = fam.Src, fam.Dst
		}
		comes := lflow.And(lflow.Eq(lflow.Inport, h.Out.Name), inPrefix(fam, back, h.Prefix))
		goes := inPrefix(fam, there, h.Prefix)
		f.Add(pipeline.LRInDefrag, 100, comes, pipeline.CTNext)
		f.Add(pipeline.LRInDefrag, 100, goes, pipeline.CTNext)
		f.Add(pipeline.LRInECMPStateful, 100, lflow.And(comes, lflow.Or(lflow.Bool(lflow.CTNew), lflow.Bool(lflow.CTEst)), lflow.Not(lflow.Bool(lflow.CTRpl))),
			lflow.CTCommit{Actions: lflow.Actions{
				lflow.Move{Dst: lflow.F("ct_label.ecmp_reply_eth"), Src: lflow.EthSrc},
				lflow.SetTo(lflow.F("ct_mark.ecmp_reply_port"), int(key)),
			}}, lflow.Next{})

		reply := lflow.And(lflow.Bool(lflow.CTRpl), lflow.Eq(lflow.F("ct_mark.ecmp_reply_port"), int(key)), goes)
		f.Add(pipeline.LRInIPRouting, 10300, lflow.And(reply, in), append([]lflow.Action{lflow.DecTTL{}}, forward(h.Route)...)...)
		f.Add(pipeline.LRInPolicy, 65535, reply, lflow.Next{})
		label := lflow.F("xxreg1")
		f.Add(pipeline.LRInARPResolve, 200, reply,
			lflow.Push{Src: label}, lflow.Move{Dst: label, Src: lflow.F("ct_label")},
			lflow.Move{Dst: lflow.EthDst, Src: label.Bits(32, 79)}, lflow.Pop{Dst: label}, lflow.Next{})
	}
}
