package lb

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	addresses "github.com/weft-sdn/weft/lflow/address"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
	"github.com/weft-sdn/weft/schema/sb"
)

// Backends may be asked whether they serve: ovn-nb(5), tables Load_Balancer (columns
// health_check and ip_port_mappings) and Load_Balancer_Health_Check. Each that is asked
// is a row of Service_Monitor, from which the agent that has the backend's port asks;
// what it finds comes back as the row's status. A backend of whom it is not known that
// it serves gets no new connections. One without a mapping is not asked and gets its
// share.

// health has the tables of health checks.
type health struct {
	options  healthOptions
	rows     *graph.RowTable[*nb.LoadBalancerHealthCheck]
	reported *graph.RowTable[*sb.ServiceMonitor]
	mappings *incr.Table[schema.UUID, *mappings] // by load balancer, of those that need them
	checks   *incr.Table[schema.UUID, *checks]   // likewise
	checked  *incr.Table[vipKey, *checkedVIP]
	byProbe  *incr.Index[vipKey, *checkedVIP, probe]
	mac      *incr.Table[struct{}, lflow.MAC] // the source of questions
	ports    portChecks
	monitors *incr.Table[probe, *monitor]
	online   *incr.Table[probe, struct{}]
}

// healthOptions are those of a table of health checks. Defaults are the agent's.
type healthOptions [4]*graph.Option[int]

// declareHealthOptions declares those of who is asked.
func declareHealthOptions[R schema.Row](g *graph.Graph, who string) healthOptions {
	const most = 1<<31/1000 - 1 // seconds
	return healthOptions{
		graph.Int[R](g, "options", "interval", 5, 1, most, "", "seconds between two questions, from the answer to the next"),
		graph.Int[R](g, "options", "timeout", 3, 1, most, "", "seconds after which no answer is one: success by UDP, else failure"),
		graph.Int[R](g, "options", "success_count", 1, 1, 1<<31-1, "", "after so many successes, one after another, "+who+" is online"),
		graph.Int[R](g, "options", "failure_count", 1, 1, 1<<31-1, "", "after so many failures, one after another, "+who+" is offline"),
	}
}

// read reads those that a row has.
func (all healthOptions) read(row map[string]string, p *graph.RowProblems) map[string]string {
	options := map[string]string{}
	for _, o := range all {
		n := o.Read(row, p)
		if o.Set(row) {
			options[o.Key()] = strconv.Itoa(n)
		}
	}
	return options
}

// probe is who is asked, the index of Service_Monitor.
type probe struct {
	Addr  netip.Addr
	Port  uint16
	Proto string
	At    string // name of the switch port
}

func (p probe) Compare(o probe) int {
	return cmp.Or(p.Addr.Compare(o.Addr), cmp.Compare(p.Port, o.Port), strings.Compare(p.Proto, o.Proto), strings.Compare(p.At, o.At))
}

func (p probe) uuid() schema.UUID {
	return schema.NameUUID("Service_Monitor", p.At, p.Addr.String(), strconv.Itoa(int(p.Port)), p.Proto)
}

// checks are what a load balancer says of health checks.
type checks struct {
	Options  map[string]map[string]string // of each VIP that is checked, by what column vips calls it
	Rows     map[string]schema.UUID       // of Load_Balancer_Health_Check, likewise
	Problems []graph.Problem
}

// mappings is column ip_port_mappings of a load balancer.
type mappings struct {
	Of       map[netip.Addr]addresses.Mapping
	Problems []graph.Problem
}

// checkedVIP is a VIP of which backends are asked.
type checkedVIP struct {
	Options map[string]string
	Row     schema.UUID // of Load_Balancer_Health_Check
	Of      string      // name of the load balancer
	Asked   map[lflow.Backend]asked
}

type asked struct {
	probe
	From netip.Addr
}

// inquiry is how somebody is asked.
type inquiry struct {
	Type    string // of the row of Service_Monitor
	Options map[string]string
	From    netip.Addr // as whom
}

// monitor is somebody who is asked, and whose port is there.
type monitor struct {
	probe
	inquiry
	MAC    lflow.MAC // likewise
	To     lflow.MAC
	Routed bool // From and MAC are those of a router's port on the switch
	PortID schema.UUID
	Switch schema.UUID
}

// declareHealth declares health checks, but for their flows.
func (ft *feature) declareHealth(g *graph.Graph) {
	h := &ft.health
	h.options = declareHealthOptions[*nb.LoadBalancerHealthCheck](g, "a backend")
	graph.Read[*nb.LoadBalancer](g, "health_check", "ip_port_mappings")
	h.rows = graph.Read[*nb.LoadBalancerHealthCheck](g, "vip")
	h.reported = graph.Read[*sb.ServiceMonitor](g)
	h.mappings = graph.Table(g, "mappings of backends", incr.Keys(ft.balancers), ft.mappingsOf)
	graph.ProblemsOf(g, h.mappings, func(m *mappings) []graph.Problem { return m.Problems })
	h.checks = graph.Table(g, "health checks", incr.Keys(ft.rows), ft.checksOf)
	graph.ProblemsOf(g, h.checks, func(c *checks) []graph.Problem { return c.Problems })
	vips := incr.NewIndex(h.checks, "checked VIP", func(id schema.UUID, c *checks) (all []vipKey) {
		for text := range c.Options {
			all = append(all, vipKey{id, text})
		}
		return all
	})
	h.checked = graph.Table(g, "checked VIP", incr.Values(vips), ft.checkedVIP)
	h.byProbe = incr.NewIndex(h.checked, "probe", func(_ vipKey, v *checkedVIP) (all []probe) {
		for _, a := range v.Asked {
			all = append(all, a.probe)
		}
		return all
	})
	h.mac = graph.Table(g, "source of health checks", incr.Keys(ft.m.Options), func(r *incr.Reader, k struct{}) (lflow.MAC, bool) {
		options, _ := incr.Get(r, ft.m.Options, k)
		return lflow.ParseMAC(options[model.ServiceMonitorMAC])
	})
	ft.declarePortChecks(g)
	h.monitors = graph.Table(g, "monitor", incr.Union(incr.Values(h.byProbe), incr.Values(h.ports.byProbe)), ft.monitorOf)
	graph.Rows(g, "Service_Monitor", incr.Keys(h.monitors), ft.monitorRow)
	graph.ProblemTable(g, "problems of checked VIPs", incr.Keys(h.checked), ft.checkedProblems)
	graph.ProblemTable(g, "problems of checked ports", incr.Keys(h.ports.checks), ft.portProblems)
	h.online = graph.Table(g, "backend online", incr.Keys(h.monitors), func(r *incr.Reader, p probe) (struct{}, bool) {
		m, ok := incr.Get(r, h.monitors, p)
		if !ok {
			return struct{}{}, false
		}
		row, ok := incr.Get(r, h.reported, p.uuid())
		claim, claimed := incr.Get(r, ft.m.Claims, m.PortID)
		return struct{}{}, ok && row.Status != nil && *row.Status == "online" && claimed && claim.Chassis != ""
	})
	graph.WriteBack(g, h.ports.rows, "status", func(row *nb.LogicalSwitchPortHealthCheck) **string { return &row.Status }, ft.portStatus)
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
	c := &checks{Options: map[string]map[string]string{}, Rows: map[string]schema.UUID{}}
	for _, id := range row.HealthCheck {
		if hc, ok := incr.Get(r, ft.health.rows, id); ok {
			ft.check(c, row, hc)
		}
	}
	return c, true
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

// check reads a row of Load_Balancer_Health_Check.
func (ft *feature) check(c *checks, of *nb.LoadBalancer, row *nb.LoadBalancerHealthCheck) {
	p := &graph.RowProblems{Table: "Load_Balancer_Health_Check", Row: row.UUID, Name: row.VIP}
	defer func() { c.Problems = append(c.Problems, p.List...) }()
	options := ft.health.options.read(row.Options, p)
	at, ok := addresses.Endpoint(row.VIP)
	_, there := of.VIPs[row.VIP]
	switch {
	case !there:
		p.Problem("vip", "load balancer "+strconv.Quote(of.Name)+" has no such VIP")
	case ok && at.Port() == 0:
		p.Problem("vip", "backends of a VIP without a port cannot be asked")
	case c.Options[row.VIP] != nil:
		p.Problem("vip", "the VIP has another health check")
	default:
		c.Options[row.VIP], c.Rows[row.VIP] = options, row.UUID
	}
}

// checkedVIP is the row function of table "checked VIP".
func (ft *feature) checkedVIP(r *incr.Reader, k vipKey) (*checkedVIP, bool) {
	c, ok := incr.Get(r, ft.health.checks, k.balancer)
	its, mapped := incr.Get(r, ft.health.mappings, k.balancer)
	b, parsed := incr.Get(r, ft.balancers, k.balancer)
	if !ok || !parsed || !mapped {
		return nil, false
	}
	v, ok := b.VIPs[k.text]
	if !ok {
		return nil, false
	}
	out := &checkedVIP{Options: c.Options[k.text], Row: c.Rows[k.text], Of: v.Name, Asked: map[lflow.Backend]asked{}}
	for _, backend := range v.Backends {
		if m, ok := its.Of[backend.IP]; ok {
			out.Asked[backend] = asked{probe{backend.IP, cmp.Or(backend.Port, v.Port), v.Proto, m.Port}, m.From}
		}
	}
	return out, len(out.Asked) > 0
}

// inquiryOf says how somebody is asked: as the first VIP says that has the backend, or
// else the first check of the port.
func (ft *feature) inquiryOf(r *incr.Reader, p probe) (q inquiry, ok bool) {
	_, v, ok := incr.One(r, ft.health.byProbe, p)
	if !ok {
		_, c, ok := incr.One(r, ft.health.ports.byProbe, p)
		if !ok {
			return q, false
		}
		return inquiry{"logical-switch-port", c.Options, c.From}, true
	}
	q = inquiry{Type: "load-balancer", Options: v.Options}
	for _, port := range []uint16{p.Port, 0} { // 0: the backend has that of the VIP
		if a, ok := v.Asked[lflow.Backend{IP: p.Addr, Port: port}]; ok && a.probe == p {
			q.From = a.From
		}
	}
	return q, true
}

// monitorOf is the row function of table "monitor".
func (ft *feature) monitorOf(r *incr.Reader, p probe) (*monitor, bool) {
	q, ok := ft.inquiryOf(r, p)
	port, there := ft.m.SwitchPort(r, p.At)
	mac, known := incr.Get(r, ft.health.mac, struct{}{})
	if !ok || !there || !known || !port.Enabled {
		return nil, false
	}
	to, ok := macOf(port, p.Addr)
	if !ok {
		return nil, false
	}
	m := &monitor{probe: p, inquiry: q, MAC: mac, To: to, PortID: port.UUID, Switch: port.Switch}
	for _, far := range ft.m.RoutersOn(r, port.Switch) {
		if far.Has(m.From) {
			m.MAC, m.Routed = far.MAC, true
		}
	}
	return m, true
}

// macOf is the Ethernet address at which a port has an IP address, or else its first: of
// those that it has, or that port security lets it have.
func macOf(p *model.SwitchPort, ip netip.Addr) (mac lflow.MAC, ok bool) {
	all := slices.Concat(p.Addresses, p.Dynamic)
	for _, text := range p.Security {
		if a, err := addresses.Parse(text); err == nil {
			all = append(all, a)
		}
	}
	for _, a := range all {
		if !ok {
			mac, ok = a.MAC, true
		}
		if slices.ContainsFunc(a.IPs, func(n netip.Prefix) bool { return n.Addr() == ip }) {
			return a.MAC, true
		}
	}
	return mac, ok
}

// monitorRow is a row of table Service_Monitor.
func (ft *feature) monitorRow(r *incr.Reader, p probe) (*sb.ServiceMonitor, bool) {
	m, ok := incr.Get(r, ft.health.monitors, p)
	if !ok {
		return nil, false
	}
	claim, _ := incr.Get(r, ft.m.Claims, m.PortID)
	return &sb.ServiceMonitor{
		Header: schema.Header{UUID: p.uuid()}, Type: &m.Type, IP: p.Addr.String(), MAC: m.To.String(), Protocol: &p.Proto, Port: int64(p.Port), LogicalPort: p.At,
		SrcMAC: m.MAC.String(), SrcIP: m.From.String(), ChassisName: claim.Chassis, Options: m.Options,
	}, true
}

// checkedProblems tells which backends of a VIP cannot be asked, or are not asked as
// its health check says.
func (ft *feature) checkedProblems(r *incr.Reader, k vipKey) []graph.Problem {
	v, ok := incr.Get(r, ft.health.checked, k)
	if !ok {
		return nil
	}
	p := graph.RowProblems{Table: "Load_Balancer", Row: k.balancer, Name: v.Of}
	hc := graph.RowProblems{Table: "Load_Balancer_Health_Check", Row: v.Row, Name: k.text}
	byBackend := func(a, b asked) int { return a.Compare(b.probe) }
	for _, a := range slices.SortedFunc(maps.Values(v.Asked), byBackend) {
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
		if first, w, ok := incr.One(r, ft.health.byProbe, a.probe); ok && first != k && !maps.Equal(w.Options, v.Options) {
			hc.Problem("options", a.Addr.String()+" is asked as the health check of VIP "+first.text+" of load balancer "+strconv.Quote(w.Of)+" says")
		}
	}
	return append(p.List, hc.List...)
}

// serving is the VIP with those of its backends alone that get connections.
func (ft *feature) serving(r *incr.Reader, k vipKey, v *vip) *vip {
	c, ok := incr.Get(r, ft.health.checked, k)
	if !ok {
		return v
	}
	w := *v
	w.All, w.Backends = v.Backends, nil
	for _, b := range v.Backends {
		if a, asked := c.Asked[b]; !asked || incr.Has(r, ft.health.online, a.probe) {
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
