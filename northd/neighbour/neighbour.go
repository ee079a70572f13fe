package neighbour

import (
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/schema"
)

const name = "neighbour"

// protection is what routers differ in: the meters of what they send to
// agents.
type protection struct {
	ARP, NDNA, NDNS         string // what is learned
	ARPResolve, NDNSResolve string // questions
}

// New declares neighbours. Copp has the meters of what is sent to agents.
func New(g *graph.Graph, m *model.Model, copp model.CoppMeter) {
	of := graph.Table(g, "class of neighbours", incr.Keys(m.Routers), func(r *incr.Reader, id schema.UUID) (protection, bool) {
		meter := func(protocol string) string { return copp.Of(r, id, protocol) }
		return protection{meter("arp"), meter("nd-na"), meter("nd-ns"), meter("arp-resolve"), meter("nd-ns-resolve")}, incr.Has(r, m.Routers, id)
	})
	graph.NewClass(g, "neighbours", of).Write(name, func(_ *incr.Reader, f *graph.Flows, c protection) {
		lookup(f)
		learn(f, c)
		resolve(f)
		ask(f, c)
	})
	newSegments(g, m)
	m.RouterPortFlows.Write(name, func(r *incr.Reader, f *graph.Flows, p *model.RouterPort) {
		lookupFrom(f, p)
		resolveBridged(f, p)
		if peer, ok := m.RouterPeer(r, p); ok {
			resolvePeer(f, p, peer)
		}
	})
}
