package l2

import (
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/northd/pipeline"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
)

// Learning finds out what is behind ports of which nobody says all addresses:
// agents note who sends from there, and lookup asks them for destinations that no
// port has. These are OVN's flows.
//
// What comes in by a localnet port has a flag: agents take an address that is known
// behind another port as known then, too, so that a packet of a VM that comes back
// from outside takes nothing away from that; and the answers to neighbours look at
// it.

// learnOptions are those of ports.
type learnOptions struct {
	port, localnet, force *graph.Option[bool]
}

func newLearnOptions(g *graph.Graph) learnOptions {
	return learnOptions{
		port: graph.Bool[*nb.LogicalSwitchPort](g, "options", "lsp_learn_fdb", true,
			"for ports with addresses unknown and without port security: who sends from there is learned"),
		localnet: graph.Bool[*nb.LogicalSwitchPort](g, "options", "localnet_learn_fdb", false,
			"for ports of type localnet: who sends from there is learned"),
		force: graph.Bool[*nb.LogicalSwitchPort](g, "options", "force_fdb_lookup", false,
			"for ports with addresses unknown: the others of its addresses hold only where they are learned"),
	}
}

// learns tells whether senders behind the port are learned.
func (ft *feature) learns(p *model.SwitchPort) bool {
	if p.IsLocalnet() {
		return ft.learn.localnet.Of(p.Options)
	}
	return p.Type == "" && p.Unknown && len(p.Security) == 0 && ft.learn.port.Of(p.Options)
}

// learnersOf is the switch of a port that learns.
func (ft *feature) learnersOf(_ schema.UUID, p *model.SwitchPort) []schema.UUID {
	if !ft.learns(p) {
		return nil
	}
	return []schema.UUID{p.Switch}
}

func learnNothing(_ *incr.Reader, f *graph.Flows, _ model.SwitchKind) {
	f.Pass(pipeline.LSInLookupFDB, pipeline.LSInPutFDB)
}

func (ft *feature) learnFrom(r *incr.Reader, f *graph.Flows, p *model.SwitchPort) {
	if has, _ := incr.Get(r, ft.has, p.Switch); has.Learns && !p.Enabled {
		f.Add(pipeline.LSInL2Unknown, 60, lflow.Eq(lflow.Outport, p.Name), lflow.Drop{})
	}
	var first []lflow.Action
	if p.IsLocalnet() {
		first = append(first, pipeline.Set(pipeline.FromLocalnet))
	}
	here := lflow.Eq(lflow.Inport, p.Name)
	if !ft.learns(p) {
		if len(first) > 0 {
			f.Add(pipeline.LSInLookupFDB, 50, here, append(first, lflow.Next{})...)
		}
		return
	}
	look := lflow.LookupFDB{Dst: pipeline.LField(pipeline.FDBKnown), Port: lflow.Inport, MAC: lflow.EthSrc}
	f.Add(pipeline.LSInLookupFDB, 100, here, append(first, look, lflow.Next{})...)
	f.Add(pipeline.LSInPutFDB, 100, lflow.And(here, pipeline.IsNot(pipeline.FDBKnown)), lflow.PutFDB{Port: lflow.Inport, MAC: lflow.EthSrc}, lflow.Next{})
}
