package router

import (
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/northd/pipeline"
	"github.com/weft-sdn/weft/schema"
)

const name = "router"

// feature is what the files of this package share.
type feature struct {
	m       *model.Model
	answers model.SwitchAddresses
	copp    model.CoppMeter
}

// New declares routers. Questions that a switch answers are none of theirs; copp has
// the meters of what is sent to agents.
func New(g *graph.Graph, m *model.Model, switches model.SwitchAddresses, copp model.CoppMeter) {
	ft := &feature{m, switches, copp}
	m.AllRouters.Write(name, func(_ *incr.Reader, f *graph.Flows, _ struct{}) {
		admitGroups(f)
		input(f)
		deliverAll(f)
	})
	graph.NewClass(g, "own addresses", graph.Table(g, "class of own addresses", incr.Keys(m.Routers), ft.answersOf)).Write(name, answer)
	m.RouterPortFlows.Write(name, func(r *incr.Reader, f *graph.Flows, p *model.RouterPort) {
		ft.admit(r, f, p)
		dropOwnSources(f, p)
		ft.answerQuestions(r, f, p)
		for _, fam := range model.Families() {
			own(f, p, fam)
			ft.expire(r, f, p, fam)
		}
		deliver(f, p)
	})
}

// metered adds a flow whose packets to agents are limited as those of a
// protocol are.
func (ft *feature) metered(r *incr.Reader, f *graph.Flows, router schema.UUID, protocol string, priority uint16, match *lflow.Expr, actions ...lflow.Action) {
	f.Meter = ft.copp.Of(r, router, protocol)
	f.Add(pipeline.LRInIPInput, priority, match, actions...)
	f.Meter = ""
}

// laterFrag are fragments without the header of the protocol above.
var laterFrag = lflow.F("ip.later_frag")
