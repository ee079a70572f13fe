package health

import (
	"net/netip"
	"slices"
	"strconv"

	"github.com/weft-sdn/weft/incr"
	addresses "github.com/weft-sdn/weft/lflow/address"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
)

// Switch ports may be asked whether they answer: ovn-nb(5), column health_checks of
// Logical_Switch_Port, and Logical_Switch_Port_Health_Check. They are asked as backends
// are, over ICMP too; nothing but the check's column status depends on it.

// icmp is the protocol of checks that are pings. They have no port.
const icmp = "icmp"

// portChecks has the tables of health checks of ports.
type portChecks struct {
	options   options
	rows      *graph.RowTable[*nb.LogicalSwitchPortHealthCheck]
	owners    *incr.Index[schema.UUID, *nb.LogicalSwitchPort, schema.UUID] // by check
	checks    *incr.Table[schema.UUID, *portCheck]
	byService *incr.Index[schema.UUID, *portCheck, model.Service]
}

// portCheck is a row of Logical_Switch_Port_Health_Check.
type portCheck struct {
	Options  map[string]string
	From     netip.Addr
	At       string          // name of the port
	Services []model.Service // the check is online if all of them are; without any it is wrong
	Problems []graph.Problem
}

func (ft *feature) declarePorts(g *graph.Graph) {
	its := &ft.ports
	its.options = declareOptions[*nb.LogicalSwitchPortHealthCheck](g, "the port")
	its.rows = graph.Read[*nb.LogicalSwitchPortHealthCheck](g, "protocol", "src_ip", "port", "address")
	its.owners = incr.NewIndex(graph.Read[*nb.LogicalSwitchPort](g, "health_checks"), "health check",
		func(_ schema.UUID, row *nb.LogicalSwitchPort) []schema.UUID { return row.HealthChecks })
	its.checks = graph.Table(g, "health check of a port", incr.Keys(its.rows), ft.portCheckOf)
	graph.ProblemsOf(g, its.checks, func(c *portCheck) []graph.Problem { return c.Problems })
	its.byService = incr.NewIndex(its.checks, "service", func(_ schema.UUID, c *portCheck) []model.Service { return c.Services })
}

// portCheckOf is the row function of table "health check of a port". Of several ports
// with one check the first is asked.
func (ft *feature) portCheckOf(r *incr.Reader, id schema.UUID) (*portCheck, bool) {
	row, ok := incr.Get(r, ft.ports.rows, id)
	_, owner, owned := incr.One(r, ft.ports.owners, id)
	if !ok || !owned {
		return nil, false
	}
	port, ok := ft.m.SwitchPort(r, owner.Name)
	if !ok {
		return nil, false
	}
	p := &graph.RowProblems{Table: "Logical_Switch_Port_Health_Check", Row: id, Name: owner.Name}
	c := &portCheck{At: owner.Name, Options: ft.ports.options.read(row.Options, p)}
	c.Services = c.read(row, port, p)
	c.Problems = p.List
	return c, true
}

// read returns who is asked: one address, or all that the port has of the family.
func (c *portCheck) read(row *nb.LogicalSwitchPortHealthCheck, port *model.SwitchPort, p *graph.RowProblems) []model.Service {
	from, ok := addresses.Endpoint(row.SrcIP)
	if c.From = from.Addr(); !ok || from.Port() != 0 {
		p.Problem("src_ip", strconv.Quote(row.SrcIP)+" is not the IP address of a host")
		return nil
	}
	service := model.Service{Port: uint16(row.Port), Proto: row.Protocol, At: port.Name}
	switch {
	case row.Protocol == icmp:
		service.Port = 0
	case row.Port == 0:
		p.Problem("port", "over "+row.Protocol+" a port is asked")
		return nil
	}
	var asked []netip.Addr
	if row.Address != "" {
		at, ok := addresses.Endpoint(row.Address)
		switch {
		case !ok || at.Port() != 0:
			p.Problem("address", strconv.Quote(row.Address)+" is not the IP address of a host")
			return nil
		case at.Addr().Is4() != c.From.Is4():
			p.Problem("address", "the source "+row.SrcIP+" is of the other family")
			return nil
		}
		asked = append(asked, at.Addr())
	} else {
		for _, a := range slices.Concat(port.Addresses, port.Dynamic) {
			for _, ip := range a.IPs {
				if ip.Addr().Is4() == c.From.Is4() && !slices.Contains(asked, ip.Addr()) {
					asked = append(asked, ip.Addr())
				}
			}
		}
		if len(asked) == 0 {
			p.Problem("address", "the port has no address of the family of the source "+row.SrcIP)
			return nil
		}
	}
	if _, ok := macOf(port, asked[0]); !ok {
		p.Problem("address", "the port has no Ethernet address")
		return nil
	}
	all := make([]model.Service, len(asked))
	for i, ip := range asked {
		all[i] = service
		all[i].Addr = ip
	}
	return all
}

// portStatus is column status. A port that nobody has heard is offline.
func (ft *feature) portStatus(r *incr.Reader, row *nb.LogicalSwitchPortHealthCheck) (*string, bool) {
	c, ok := incr.Get(r, ft.ports.checks, row.UUID)
	if !ok {
		return nil, false
	}
	status := "online"
	for _, p := range c.Services {
		if !incr.Has(r, ft.online, p) {
			status = "offline"
		}
	}
	if len(c.Services) == 0 {
		status = "error"
	}
	return &status, true
}

// portProblems tells why a port is not asked, or not as its check says.
func (ft *feature) portProblems(r *incr.Reader, id schema.UUID) []graph.Problem {
	c, ok := incr.Get(r, ft.ports.checks, id)
	if !ok {
		return nil
	}
	p := graph.RowProblems{Table: "Logical_Switch_Port_Health_Check", Row: id, Name: c.At}
	if port, ok := ft.m.SwitchPort(r, c.At); ok && !port.Enabled {
		p.Problem("address", "the port is disabled: it is not asked")
	}
	for _, its := range c.Services {
		if _, v, ok := incr.One(r, ft.vips.byService, its); ok {
			p.Problem("address", its.Addr.String()+" is asked as the health check of load balancer "+strconv.Quote(v.Of)+" says")
		} else if first, _, ok := incr.One(r, ft.ports.byService, its); ok && first != id {
			p.Problem("address", its.Addr.String()+" is asked as another health check of the port says")
		}
	}
	return p.List
}
