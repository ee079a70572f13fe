package neighbour

import (
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
)

const name = "neighbour"

// protection is what routers differ in: the meters of what they send to
// agents.
type protection struct {
	ARP, NDNA, NDNS         string // what is learned
	ARPResolve, NDNSResolve string // questions
	// Picky: from questions it learns only of who asks for the router, and of whom
	// it knows already.
	Picky bool
}

// New declares neighbours, those that features offer too. Copp has the meters of what is
// sent to agents.
func New(g *graph.Graph, m *model.Model, copp model.CoppMeter, offers ...model.Offers) {
	always := graph.Bool[*nb.LogicalRouter](g, "options", model.AlwaysLearn, true,
		"learn from the question of any neighbour; false: only from one for the router, or of who is known already")
	of := graph.Table(g, "class of neighbours", incr.Keys(m.Routers), func(r *incr.Reader, id schema.UUID) (protection, bool) {
		router, ok := incr.Get(r, m.Routers, id)
		if !ok {
			return protection{}, false
		}
		meter := func(protocol string) string { return copp.Of(r, id, protocol) }
		return protection{meter("arp"), meter("nd-na"), meter("nd-ns"), meter("arp-resolve"), meter("nd-ns-resolve"), !always.Of(router.Options)}, true
	})
	graph.NewClass(g, "neighbours", of).Write(name, func(_ *incr.Reader, f *graph.Flows, c protection) {
		lookup(f, c)
		learn(f, c)
		resolve(f)
		ask(f, c)
	})
	newSegments(g, m, offers)
	newStatic(g, m)
	m.RouterPortFlows.Write(name, func(r *incr.Reader, f *graph.Flows, p *model.RouterPort) {
		router, _ := incr.Get(r, m.Routers, p.Router)
		lookupFrom(f, p, router != nil && !always.Of(router.Options))
		if m.IsBridged(r, p) {
			resolveBridged(f, p)
		}
		if peer, ok := m.RouterPeer(r, p); ok {
			resolvePeer(f, p, peer)
		}
	})
}
