package lb

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	addresses "github.com/weft-sdn/weft/lflow/address"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
)

// Load balancers name health checks, and the switch ports of backends: ovn-nb(5), table
// Load_Balancer, columns health_check and ip_port_mappings. Package health has the
// backends asked. One without a mapping is not asked and gets its share.

// health has the tables of who is asked.
type health struct {
	rows     *graph.RowTable[*nb.LoadBalancerHealthCheck]
	mappings *incr.Table[schema.UUID, *mappings] // by load balancer, of those that need them
	checks   *incr.Table[schema.UUID, *checks]   // likewise
	checked  *incr.Table[model.VIP, *model.CheckedVIP]
	serves   model.Serves
}

// checks are the health checks that a load balancer names.
type checks struct {
	Of       map[string]schema.UUID // of each VIP that has one, by what column vips calls it
	Problems []graph.Problem
}

// mappings is column ip_port_mappings of a load balancer.
type mappings struct {
	Of       map[netip.Addr]addresses.Mapping
	Problems []graph.Problem
}

// declareHealth declares who is asked.
func (ft *feature) declareHealth(g *graph.Graph, ask model.HealthChecks) {
	h := &ft.health
	graph.Read[*nb.LoadBalancer](g, "health_check", "ip_port_mappings")
	h.rows = graph.Read[*nb.LoadBalancerHealthCheck](g, "vip")
	h.mappings = graph.Table(g, "mappings of backends", incr.Keys(ft.balancers), ft.mappingsOf)
	graph.ProblemsOf(g, h.mappings, func(m *mappings) []graph.Problem { return m.Problems })
	h.checks = graph.Table(g, "health checks", incr.Keys(ft.rows), ft.checksOf)
	graph.ProblemsOf(g, h.checks, func(c *checks) []graph.Problem { return c.Problems })
	vips := incr.NewIndex(h.checks, "checked VIP", func(id schema.UUID, c *checks) (all []model.VIP) {
		for text := range c.Of {
			all = append(all, model.VIP{Balancer: id, Text: text})
		}
		return all
	})
	h.checked = graph.Table(g, "checked VIP", incr.Values(vips), ft.checkedVIP)
	if ask != nil {
		h.serves = ask(h.checked)
	}
}

// checksOf is the row function of table "health checks".
func (ft *feature) checksOf(r *incr.Reader, id schema.UUID) (*checks, bool) {
	row, ok := incr.Get(r, ft.rows, id)
	if !ok || len(row.HealthCheck) == 0 {
		return nil, false
	}
	p := &graph.RowProblems{Table: "Load_Balancer", Row: id, Name: row.Name}
	if row.Protocol != nil && *row.Protocol == "sctp" {
		p.Problem("health_check", "backends are asked over TCP and UDP alone: those over SCTP are not")
		return &checks{Problems: p.List}, true
	}
	c := &checks{Of: map[string]schema.UUID{}}
	for _, id := range row.HealthCheck {
		if hc, ok := incr.Get(r, ft.health.rows, id); ok {
			c.add(row, hc)
		}
	}
	return c, true
}

// add reads a row of Load_Balancer_Health_Check.
func (c *checks) add(of *nb.LoadBalancer, row *nb.LoadBalancerHealthCheck) {
	p := &graph.RowProblems{Table: "Load_Balancer_Health_Check", Row: row.UUID, Name: row.VIP}
	at, ok := addresses.Endpoint(row.VIP)
	_, there := of.VIPs[row.VIP]
	_, twice := c.Of[row.VIP]
	switch {
	case !there:
		p.Problem("vip", "load balancer "+strconv.Quote(of.Name)+" has no such VIP")
	case ok && at.Port() == 0:
		p.Problem("vip", "backends of a VIP without a port cannot be asked")
	case twice:
		p.Problem("vip", "the VIP has another health check")
	default:
		c.Of[row.VIP] = row.UUID
	}
	c.Problems = append(c.Problems, p.List...)
}

// mappingsOf is the row function of table "mappings of backends".
func (ft *feature) mappingsOf(r *incr.Reader, id schema.UUID) (*mappings, bool) {
	row, ok := incr.Get(r, ft.rows, id)
	b, parsed := incr.Get(r, ft.balancers, id)
	if !ok || !parsed || len(row.HealthCheck) == 0 && !b.Distributed {
		return nil, false
	}
	p := &graph.RowProblems{Table: "Load_Balancer", Row: id, Name: row.Name}
	all := map[netip.Addr]addresses.Mapping{}
	for _, ip := range slices.Sorted(maps.Keys(row.IPPortMappings)) {
		a, m, err := addresses.ParseMapping(ip, row.IPPortMappings[ip])
		if err == nil && m.Remote {
			err = fmt.Errorf("a backend in another availability zone (%q) is not asked: %s", m.Zone, graph.NotYet)
		}
		if err != nil {
			p.Problem("ip_port_mappings", strconv.Quote(ip+"="+row.IPPortMappings[ip])+": "+err.Error())
			continue
		}
		all[a] = m
	}
	return &mappings{all, p.List}, true
}

// service is a backend as one who is asked, and as whom; ok says whether it has a
// mapping.
func (m *mappings) service(v *vip, b lflow.Backend) (s model.Service, from netip.Addr, ok bool) {
	its, ok := m.Of[b.IP]
	return model.Service{Addr: b.IP, Port: v.portOf(b), Proto: v.Proto, At: its.Port}, its.From, ok
}

// checkedVIP is the row function of table "checked VIP".
func (ft *feature) checkedVIP(r *incr.Reader, k model.VIP) (*model.CheckedVIP, bool) {
	c, ok := incr.Get(r, ft.health.checks, k.Balancer)
	its, mapped := incr.Get(r, ft.health.mappings, k.Balancer)
	b, parsed := incr.Get(r, ft.balancers, k.Balancer)
	if !ok || !parsed || !mapped {
		return nil, false
	}
	v, ok := b.VIPs[k.Text]
	if !ok {
		return nil, false
	}
	out := &model.CheckedVIP{Check: c.Of[k.Text], Of: v.Name, Asked: map[model.Service]netip.Addr{}}
	for _, backend := range v.Backends {
		if s, from, ok := its.service(v, backend); ok {
			out.Asked[s] = from
		}
	}
	return out, len(out.Asked) > 0
}

// serving is the VIP with those of its backends alone that get connections.
func (ft *feature) serving(r *incr.Reader, k model.VIP, v *vip) *vip {
	its, mapped := incr.Get(r, ft.health.mappings, k.Balancer)
	if !mapped || ft.health.serves == nil || !incr.Has(r, ft.health.checked, k) {
		return v
	}
	w := *v
	w.All, w.Backends = v.Backends, nil
	for _, b := range v.Backends {
		if s, _, asked := its.service(v, b); !asked || ft.health.serves(r, s) {
			w.Backends = append(w.Backends, b)
		}
	}
	return &w
}

// ever are the backends that connections may be with.
func (v *vip) ever() []lflow.Backend {
	if v.All != nil {
		return v.All
	}
	return v.Backends
}

// hosts are the addresses of these backends, each once.
func (v *vip) hosts() []netip.Addr {
	var all []netip.Addr
	for _, b := range v.ever() {
		all = append(all, b.IP)
	}
	return model.Distinct(all)
}

// portOf is the port of a backend: its own, or else that of the VIP.
func (v *vip) portOf(b lflow.Backend) uint16 { return cmp.Or(b.Port, v.Port) }
