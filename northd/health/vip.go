package health

import (
	"maps"
	"slices"
	"strconv"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
)

// Backends may be asked whether they serve: ovn-nb(5), tables Load_Balancer (columns
// health_check and ip_port_mappings) and Load_Balancer_Health_Check. One of whom it is
// not known that it serves gets no new connections. Package lb says who is asked.

// vipChecks has the tables of health checks of backends.
type vipChecks struct {
	settings  *incr.Table[schema.UUID, *settings]
	checked   *incr.Table[model.VIP, *model.CheckedVIP]
	byService *incr.Index[model.VIP, *model.CheckedVIP, model.Service]
}

// settings are the options of a row of Load_Balancer_Health_Check.
type settings struct {
	Options  map[string]string
	Problems []graph.Problem
}

func (ft *feature) declareVIPs(g *graph.Graph, of *incr.Table[model.VIP, *model.CheckedVIP]) {
	its := declareOptions[*nb.LoadBalancerHealthCheck](g, "a backend")
	rows := graph.Read[*nb.LoadBalancerHealthCheck](g, "vip")
	ft.vips.settings = graph.Table(g, "settings of a health check", incr.Keys(rows), func(r *incr.Reader, id schema.UUID) (*settings, bool) {
		row, ok := incr.Get(r, rows, id)
		if !ok {
			return nil, false
		}
		p := &graph.RowProblems{Table: "Load_Balancer_Health_Check", Row: id, Name: row.VIP}
		options := its.read(row.Options, p)
		return &settings{options, p.List}, true
	})
	graph.ProblemsOf(g, ft.vips.settings, func(s *settings) []graph.Problem { return s.Problems })
	ft.vips.checked = of
	ft.vips.byService = incr.NewIndex(of, "service", func(_ model.VIP, v *model.CheckedVIP) []model.Service { return slices.Collect(maps.Keys(v.Asked)) })
}

// optionsOf are those of a row of Load_Balancer_Health_Check.
func (c *vipChecks) optionsOf(r *incr.Reader, id schema.UUID) map[string]string {
	s, ok := incr.Get(r, c.settings, id)
	if !ok {
		return nil
	}
	return s.Options
}

// vipProblems tells which backends of a VIP cannot be asked, or are not asked as
// its health check says.
func (ft *feature) vipProblems(r *incr.Reader, k model.VIP) []graph.Problem {
	v, ok := incr.Get(r, ft.vips.checked, k)
	if !ok {
		return nil
	}
	p := graph.RowProblems{Table: "Load_Balancer", Row: k.Balancer, Name: v.Of}
	hc := graph.RowProblems{Table: "Load_Balancer_Health_Check", Row: v.Check, Name: k.Text}
	for _, a := range slices.SortedFunc(maps.Keys(v.Asked), model.Service.Compare) {
		switch port, there := ft.m.SwitchPort(r, a.At); {
		case !there:
			p.Problem("ip_port_mappings", a.Addr.String()+": there is no switch port "+strconv.Quote(a.At)+" yet: the backend gets no connections")
		case !port.Enabled:
			p.Problem("ip_port_mappings", a.Addr.String()+": the switch port "+strconv.Quote(a.At)+" is disabled: the backend gets no connections")
		default:
			if _, ok := macOf(port, a.Addr); !ok {
				p.Problem("ip_port_mappings", a.Addr.String()+": the switch port "+strconv.Quote(a.At)+" has no Ethernet address: the backend gets no connections")
			}
		}
		if first, w, ok := incr.One(r, ft.vips.byService, a); ok && first != k && !maps.Equal(ft.vips.optionsOf(r, w.Check), ft.vips.optionsOf(r, v.Check)) {
			hc.Problem("options", a.Addr.String()+" is asked as the health check of VIP "+first.Text+" of load balancer "+strconv.Quote(w.Of)+" says")
		}
	}
	return append(p.List, hc.List...)
}
