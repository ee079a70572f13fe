package sampling

import (
	"math"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/schema/nb"
)

// sampleDrops declares what flows that drop do where the options ask for
// samples of what they drop, as in OVN. An application "drop" has the domain
// before the option. Numbers that are none count as 0: no set, and domain 0.
func (ft *feature) sampleDrops(g *graph.Graph, m *model.Model) {
	set := graph.Int[*nb.NBGlobal](g, "options", "debug_drop_collector_set", 0, 0, math.MaxUint32, "nothing is sampled",
		"the collector set that gets samples of dropped packets")
	domain := graph.Int[*nb.NBGlobal](g, "options", "debug_drop_domain_id", 0, 0, math.MaxInt64, "0",
		"the observation domain of these samples; above 255 nothing is sampled")
	g.InsteadOfDrop(graph.Table(g, "drops", incr.Keys(m.Options), func(r *incr.Reader, _ struct{}) (string, bool) {
		options, _ := incr.Get(r, m.Options, struct{}{})
		to, in := set.Of(options), domain.Of(options)
		if to == 0 {
			return "", false
		}
		if _, app, ok := incr.One(r, ft.apps, "drop"); ok {
			in = int(app.ID)
		}
		if in > math.MaxUint8 {
			return "", false
		}
		s := lflow.Sample{Probability: 65535, CollectorSet: uint32(to), ObsDomain: uint8(in), Cookie: true}
		return lflow.Actions{s}.String() + " /* drop */", true
	}))
}
