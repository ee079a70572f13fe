package sampling

import (
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
)

type feature struct {
	samples    *graph.RowTable[*nb.Sample]
	collectors *graph.RowTable[*nb.SampleCollector]
	apps       *incr.Index[schema.UUID, *nb.SamplingApp, string] // by type
}

// New declares sampling and returns what ACLs ask of it.
func New(g *graph.Graph, m *model.Model) model.ACLSampling {
	ft := &feature{
		samples:    graph.Read[*nb.Sample](g, "metadata", "collectors"),
		collectors: graph.Read[*nb.SampleCollector](g, "id", "name", "probability", "set_id"),
	}
	apps := graph.Read[*nb.SamplingApp](g, "type", "id")
	ft.apps = incr.NewIndex(apps, "type", func(_ schema.UUID, a *nb.SamplingApp) []string { return []string{a.Type} })
	graph.Elsewhere[*nb.ACL](g, "sample_new", "sample_est")
	ft.sampleDrops(g, m)
	return ft.ofACL
}

// ofACL reads the columns of an ACL that refer to Samples.
func (ft *feature) ofACL(r *incr.Reader, row *nb.ACL, problem func(column, reason string)) (fresh, established model.Sampling) {
	fresh = ft.read(r, "sample_new", row.SampleNew, "acl-new", problem)
	established = ft.read(r, "sample_est", row.SampleEst, "acl-est", problem)
	return fresh, established
}

// read reads one column. As in OVN, nothing is sampled for applications that
// have no observation domain.
func (ft *feature) read(r *incr.Reader, column string, id *schema.UUID, app string, problem func(column, reason string)) (s model.Sampling) {
	if id == nil {
		return s
	}
	row, ok := incr.Get(r, ft.samples, *id)
	if !ok {
		return s
	}
	_, domain, ok := incr.One(r, ft.apps, app)
	if !ok {
		problem(column, "there is no Sampling_App of type "+app+": nothing is sampled")
		return s
	}
	s.Point = uint32(row.Metadata)
	for _, id := range row.Collectors {
		if to, ok := incr.Get(r, ft.collectors, id); ok && to.Probability > 0 {
			s.Actions = append(s.Actions, lflow.Sample{Probability: uint16(to.Probability), CollectorSet: uint32(to.SetID),
				ObsDomain: uint8(domain.ID), ObsPoint: s.Point})
		}
	}
	return s
}
