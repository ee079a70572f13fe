package policy

import (
	"encoding/binary"

	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/northd/pipeline"
)

// write writes the flows of a policy: its match is in one of them.
func write(f *graph.Flows, p *policy, match string) {
	var as []lflow.Action
	if p.Mark != 0 && p.Action != "drop" {
		as = append(as, lflow.SetTo(lflow.F("pkt.mark"), p.Mark))
	}
	switch {
	case p.Action == "drop":
		as = append(as, lflow.Drop{})
	case p.Action == "jump":
		as = append(as, lflow.SetTo(pipeline.LField(pipeline.Chain), p.To), pipeline.Jump(pipeline.LRInPolicy))
	case len(p.Hops) > 1:
		as = append(as, choose(f, p)...)
	case len(p.Hops) == 1:
		as = append(as, forward(p.Hops[0])...)
	default:
		as = append(as, lflow.Next{})
	}
	f.AddText(pipeline.LRInPolicy, p.Priority, match, as...)
}

// choose chooses one of several next hops, and writes the flows that send packets
// there: these find the policy by its UUID, which lies where the next hop will.
func choose(f *graph.Flows, p *policy) []lflow.Action {
	hop, _ := pipeline.HopRegisters(true)
	chosen := pipeline.LField(pipeline.Chosen)
	id := lflow.Value{Hi: binary.BigEndian.Uint64(p.UUID[:8]), Lo: binary.BigEndian.Uint64(p.UUID[8:])}
	which := lflow.Select{Dst: chosen}
	for i, h := range p.Hops {
		which.Choices = append(which.Choices, lflow.Choice{Value: lflow.U(uint64(i + 1)), Weight: weight})
		f.Add(pipeline.LRInPolicyECMP, 100, lflow.And(lflow.Eq(chosen, i+1), lflow.Eq(hop, id)), forward(h)...)
	}
	return []lflow.Action{lflow.SetTo(hop, id), which}
}

// weight is that of each of several next hops.
const weight = 100

// forward sends a packet to a next hop. Its TTL is less by one already: it has
// been routed before.
func forward(h hop) []lflow.Action {
	return model.Forward(h.Out, h.IP, h.Source, model.FamilyOf(h.IP))
}
