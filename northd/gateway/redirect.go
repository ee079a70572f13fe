package gateway

import (
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/northd/pipeline"
)

// redirect sends what is to leave by a gateway port to the chassis that has it.
// It is routed already, and its next hop known where the database knows it.
func redirect(m *model.Model, r *incr.Reader, f *graph.Flows, p *model.RouterPort) {
	if p.Redirect == "" {
		return
	}
	if why := m.NotBridged(r, p); why != "" {
		f.Problem("options", "redirect-type: bridged is without effect: "+why)
	}
	f.Add(pipeline.LRInGWRedirect, 50, lflow.Eq(lflow.Outport, p.Name), lflow.SetTo(lflow.Outport, p.Redirect), lflow.Next{})
}
