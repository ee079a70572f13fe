package gateway

import (
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/northd/pipeline"
)

const name = "gateway"

// New declares gateways. Copp has the meters of what is sent to agents.
func New(g *graph.Graph, m *model.Model, copp model.CoppMeter) {
	m.AllRouters.Write(name, func(_ *incr.Reader, f *graph.Flows, _ struct{}) {
		f.Pass(pipeline.LRInChkPktLen, pipeline.LRInLargerPkts, pipeline.LRInGWRedirect)
	})
	m.RouterPortFlows.Write(name, func(r *incr.Reader, f *graph.Flows, p *model.RouterPort) { redirect(m, r, f, p) })
	newGroups(g, m)
	newSizes(g, m, copp)
	newWatching(g)
}
