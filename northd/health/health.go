package health

import (
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
	"github.com/weft-sdn/weft/schema/sb"
)

const name = "health"

// feature is what the files of this package share.
type feature struct {
	m        *model.Model
	copp     model.CoppMeter
	reported *graph.RowTable[*sb.ServiceMonitor]
	mac      *incr.Table[struct{}, lflow.MAC] // the source of questions
	vips     vipChecks
	ports    portChecks
	monitors *incr.Table[model.Service, *monitor]
	online   *incr.Table[model.Service, struct{}]
}

// New declares health checks; copp has the meters of what is sent to agents.
func New(g *graph.Graph, m *model.Model, copp model.CoppMeter) model.HealthChecks {
	ft := &feature{m: m, copp: copp, reported: graph.Read[*sb.ServiceMonitor](g)}
	ft.mac = graph.Table(g, "source of health checks", incr.Keys(m.Options), func(r *incr.Reader, k struct{}) (lflow.MAC, bool) {
		options, _ := incr.Get(r, m.Options, k)
		return lflow.ParseMAC(options[model.ServiceMonitorMAC])
	})
	return func(of *incr.Table[model.VIP, *model.CheckedVIP]) model.Serves {
		ft.declareVIPs(g, of)
		ft.declarePorts(g)
		ft.declareMonitors(g)
		ft.declareFlows(g)
		return func(r *incr.Reader, s model.Service) bool { return incr.Has(r, ft.online, s) }
	}
}

// declareMonitors declares who is asked, and what is known of them.
func (ft *feature) declareMonitors(g *graph.Graph) {
	ft.monitors = graph.Table(g, "monitor", incr.Union(incr.Values(ft.vips.byService), incr.Values(ft.ports.byService)), ft.monitorOf)
	graph.Rows(g, "Service_Monitor", incr.Keys(ft.monitors), ft.row)
	graph.ProblemTable(g, "problems of checked VIPs", incr.Keys(ft.vips.checked), ft.vipProblems)
	graph.ProblemTable(g, "problems of checked ports", incr.Keys(ft.ports.checks), ft.portProblems)
	ft.online = graph.Table(g, "online", incr.Keys(ft.monitors), func(r *incr.Reader, s model.Service) (struct{}, bool) {
		m, ok := incr.Get(r, ft.monitors, s)
		if !ok {
			return struct{}{}, false
		}
		row, ok := incr.Get(r, ft.reported, rowOf(s))
		claim, claimed := incr.Get(r, ft.m.Claims, m.PortID)
		return struct{}{}, ok && row.Status != nil && *row.Status == "online" && claimed && claim.Chassis != ""
	})
	graph.WriteBack(g, ft.ports.rows, "status", func(row *nb.LogicalSwitchPortHealthCheck) **string { return &row.Status }, ft.portStatus)
}

// options are those of a table of health checks. Defaults are the agent's.
type options [4]*graph.Option[int]

// declareOptions declares those of who is asked.
func declareOptions[R schema.Row](g *graph.Graph, who string) options {
	const most = 1<<31/1000 - 1 // seconds
	return options{
		graph.Int[R](g, "options", "interval", 5, 1, most, "", "seconds between two questions, from the answer to the next"),
		graph.Int[R](g, "options", "timeout", 3, 1, most, "", "seconds after which no answer is one: success by UDP, else failure"),
		graph.Int[R](g, "options", "success_count", 1, 1, 1<<31-1, "", "after so many successes, one after another, "+who+" is online"),
		graph.Int[R](g, "options", "failure_count", 1, 1, 1<<31-1, "", "after so many failures, one after another, "+who+" is offline"),
	}
}

// read reads those that a row has.
func (all options) read(row map[string]string, p *graph.RowProblems) map[string]string {
	set := map[string]string{}
	for _, o := range all {
		n := o.Read(row, p)
		if o.Set(row) {
			set[o.Key()] = strconv.Itoa(n)
		}
	}
	return set
}

// rowOf names the row of Service_Monitor.
func rowOf(s model.Service) schema.UUID {
	return schema.NameUUID("Service_Monitor", s.At, s.Addr.String(), strconv.Itoa(int(s.Port)), s.Proto)
}

// inquiry is how somebody is asked.
type inquiry struct {
	Type    string // of the row of Service_Monitor
	Options map[string]string
	From    netip.Addr // as whom
}

// monitor is somebody who is asked, and whose port is there.
type monitor struct {
	model.Service
	inquiry
	MAC    lflow.MAC // likewise
	To     lflow.MAC
	Routed bool // From and MAC are those of a router's port on the switch
	PortID schema.UUID
	Switch schema.UUID
}

// inquiryOf says how somebody is asked: as the first VIP says that has the backend, or
// else the first check of the port.
func (ft *feature) inquiryOf(r *incr.Reader, s model.Service) (q inquiry, ok bool) {
	if _, v, ok := incr.One(r, ft.vips.byService, s); ok {
		return inquiry{"load-balancer", ft.vips.optionsOf(r, v.Check), v.Asked[s]}, true
	}
	_, c, ok := incr.One(r, ft.ports.byService, s)
	if !ok {
		return q, false
	}
	return inquiry{"logical-switch-port", c.Options, c.From}, true
}

// monitorOf is the row function of table "monitor".
func (ft *feature) monitorOf(r *incr.Reader, s model.Service) (*monitor, bool) {
	q, ok := ft.inquiryOf(r, s)
	port, there := ft.m.SwitchPort(r, s.At)
	mac, known := incr.Get(r, ft.mac, struct{}{})
	if !ok || !there || !known || !port.Enabled {
		return nil, false
	}
	to, ok := macOf(port, s.Addr)
	if !ok {
		return nil, false
	}
	m := &monitor{Service: s, inquiry: q, MAC: mac, To: to, PortID: port.UUID, Switch: port.Switch}
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

// row is a row of table Service_Monitor.
func (ft *feature) row(r *incr.Reader, s model.Service) (*sb.ServiceMonitor, bool) {
	m, ok := incr.Get(r, ft.monitors, s)
	if !ok {
		return nil, false
	}
	claim, _ := incr.Get(r, ft.m.Claims, m.PortID)
	return &sb.ServiceMonitor{
		Header: schema.Header{UUID: rowOf(s)}, Type: &m.Type, IP: s.Addr.String(), MAC: m.To.String(), Protocol: &s.Proto, Port: int64(s.Port), LogicalPort: s.At,
		SrcMAC: m.MAC.String(), SrcIP: m.From.String(), ChassisName: claim.Chassis, Options: m.Options,
	}, true
}
