package model

import (
	"strconv"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
)

// A router's port with gateway chassis is a distributed gateway port: what
// leaves by it goes out on one chassis, and what comes in by it is taken in
// there. For the port on that chassis stands another one, of type
// chassisredirect; which chassis has that is what agents decide, by its HA
// group.

// redirectPrefix begins the names of chassisredirect ports.
const redirectPrefix = "cr-"

// The values of redirect-type: packets go to the gateway chassis through a tunnel,
// or over the provider network.
const (
	Overlay = "overlay"
	Bridged = "bridged"
)

// Redirect is a port of type chassisredirect.
type Redirect struct {
	UUID     schema.UUID
	Datapath schema.UUID
	Name     string
	For      string      // the port that it stands for
	Row      schema.UUID // of that, in the northbound database
	Gateway  schema.UUID // the router's port that says which chassis may have it
	Group    schema.UUID // of these chassis: HA_Chassis_Group
	Bridged  bool
	Overlay  bool // the row says so, though it need not
}

// RedirectID is the UUID of the chassisredirect port that stands for a port.
func RedirectID(port schema.UUID) schema.UUID {
	return schema.NameUUID("Port_Binding", redirectPrefix, port.String())
}

// redirectIndexes find ports by what redirects to them.
type redirectIndexes struct {
	ofRouterPort *incr.Index[schema.UUID, *RouterPort, schema.UUID] // by RedirectID
	ofSwitchPort *incr.Index[schema.UUID, *SwitchPort, schema.UUID]
	gateways     *incr.Index[schema.UUID, *RouterPort, schema.UUID] // distributed gateway ports by router
	localnets    *incr.Index[schema.UUID, *SwitchPort, schema.UUID] // by switch
}

// gatewayOf reads which chassis have the port's traffic.
func (m *Model) gatewayOf(row *nb.LogicalRouterPort, p *RouterPort, e *graph.RowProblems) {
	column := "gateway_chassis"
	if row.HAChassisGroup != nil {
		column = "ha_chassis_group"
		if len(row.GatewayChassis) > 0 {
			e.Problem("gateway_chassis", "ha_chassis_group counts in its place")
		}
	}
	switch {
	case row.HAChassisGroup == nil && len(row.GatewayChassis) == 0:
		return
	case p.Chassis != "":
		e.Problem(column, "all of the router is on "+strconv.Quote(p.Chassis)+", its options:chassis")
		return
	case row.HAChassisGroup != nil:
		p.Group = *row.HAChassisGroup
	default:
		p.Group = schema.NameUUID("HA_Chassis_Group", row.UUID.String())
	}
	p.Redirect = redirectPrefix + row.Name
	switch kind := m.options.redirectKind.Of(row.Options); kind {
	case "":
	case Overlay:
		p.overlay = true
	case Bridged:
		p.Bridged = true
	default:
		e.Problem("options", "redirect-type: "+strconv.Quote(kind)+" is neither overlay nor bridged")
	}
}

// declareRedirects declares the chassisredirect ports, with their tunnel keys.
func (m *Model) declareRedirects(g *graph.Graph) {
	ix := &m.redirects
	ix.ofRouterPort = incr.NewIndex(m.parsedRouterPorts, "redirect", func(id schema.UUID, p *RouterPort) []schema.UUID {
		if p.Redirect == "" || !p.Valid() {
			return nil
		}
		return []schema.UUID{RedirectID(id)}
	})
	ix.ofSwitchPort = incr.NewIndex(m.parsedSwitchPorts, "redirect", func(id schema.UUID, p *SwitchPort) []schema.UUID {
		if p.Gateway == "" {
			return nil
		}
		return []schema.UUID{RedirectID(id)}
	})
	ix.gateways = incr.NewIndex(m.parsedRouterPorts, "gateway ports", func(_ schema.UUID, p *RouterPort) []schema.UUID {
		if p.Redirect == "" || !p.Valid() {
			return nil
		}
		return []schema.UUID{p.Router}
	})
	ix.localnets = incr.NewIndex(m.parsedSwitchPorts, "localnet ports", func(_ schema.UUID, p *SwitchPort) []schema.UUID {
		if p.Type != localnetType {
			return nil
		}
		return []schema.UUID{p.Switch}
	})
	parsed := graph.Table(g, "parsed chassisredirect port", incr.Union(incr.Values(ix.ofRouterPort), incr.Values(ix.ofSwitchPort)), m.redirectOf)
	graph.Number(m.PortKeys, parsed, func(p *Redirect) (graph.Wish, bool) { return graph.Wish{Space: p.Datapath}, true })
	m.Redirects = graph.Table(g, "chassisredirect port", incr.Keys(parsed), func(r *incr.Reader, id schema.UUID) (*Redirect, bool) {
		p, ok := incr.Get(r, parsed, id)
		return p, ok && incr.Has(r, m.PortKeys.Of, id) && incr.Has(r, m.DatapathKeys.Of, p.Datapath)
	})
}

// redirectOf is the row function of table "parsed chassisredirect port". The
// switch at the other end of a gateway port has one too, unless a wire leads to
// the gateway chassis.
func (m *Model) redirectOf(r *incr.Reader, id schema.UUID) (*Redirect, bool) {
	if row, p, ok := incr.One(r, m.redirects.ofRouterPort, id); ok {
		return &Redirect{UUID: id, Datapath: p.Router, Name: p.Redirect, For: p.Name, Row: row, Gateway: row, Group: p.Group, Bridged: m.IsBridged(r, p), Overlay: p.overlay}, true
	}
	row, p, ok := incr.One(r, m.redirects.ofSwitchPort, id)
	if !ok || m.HasLocalnet(r, p.Switch) {
		return nil, false
	}
	gateway, far, ok := incr.One(r, m.ports.parsedRouterPort, p.Peer)
	if !ok {
		return nil, false
	}
	return &Redirect{UUID: id, Datapath: p.Switch, Name: redirectPrefix + p.Name, For: p.Name, Row: row, Gateway: gateway, Group: far.Group}, true
}

// HasLocalnet tells whether a switch has a port that leads to a physical
// network.
func (m *Model) HasLocalnet(r *incr.Reader, sw schema.UUID) bool {
	return incr.Count(r, m.redirects.localnets, sw) > 0
}

// RedirectTo returns the name of the chassisredirect port that stands for a
// port, if there is one.
func (m *Model) RedirectTo(r *incr.Reader, port schema.UUID) (name string, ok bool) {
	p, ok := incr.Get(r, m.Redirects, RedirectID(port))
	if !ok {
		return "", false
	}
	return p.Name, true
}

// NotBridged is why redirect-type=bridged of a port is without effect, "" where it has
// one: ovn-nb(5), Logical_Router_Port options:redirect-type.
func (m *Model) NotBridged(r *incr.Reader, p *RouterPort) string {
	if !p.Bridged {
		return ""
	}
	if sw, ok := m.SwitchPortTo(r, p.Name); !ok || !m.HasLocalnet(r, sw.Switch) {
		return "no switch with a localnet port is at its other end"
	}
	if incr.Count(r, m.redirects.gateways, p.Router) > 1 {
		return "its router has another gateway port"
	}
	return ""
}

// IsBridged tells whether packets get to the chassis of a gateway port over the
// physical network of the switch that it is connected to.
func (m *Model) IsBridged(r *incr.Reader, p *RouterPort) bool {
	return p.Bridged && m.NotBridged(r, p) == ""
}

// GatewayPorts are the distributed gateway ports of a router.
func (m *Model) GatewayPorts(r *incr.Reader, router schema.UUID) []*RouterPort {
	var all []*RouterPort
	for _, p := range incr.Each(r, m.redirects.gateways, router) {
		all = append(all, p)
	}
	return all
}

// IsCentral tells whether some traffic of a router goes through one chassis:
// such routers do not tell anybody that nobody is there.
func (m *Model) IsCentral(r *incr.Reader, router schema.UUID) bool {
	row, ok := incr.Get(r, m.Routers, router)
	return ok && row.Chassis != "" || incr.Count(r, m.redirects.gateways, router) > 0
}

// CentralAt is the chassisredirect port on whose chassis alone a port answers
// for itself: that of the port, or with reside-on-redirect-chassis that of the
// router's one gateway port. "" is on each.
func (m *Model) CentralAt(r *incr.Reader, p *RouterPort) string {
	if p.Redirect != "" || !p.Resides {
		return p.Redirect
	}
	if all := m.GatewayPorts(r, p.Router); len(all) == 1 {
		return all[0].Redirect
	}
	return ""
}

// Resident matches on the chassis that has a port, everywhere without one.
func Resident(port string) *lflow.Expr {
	if port == "" {
		return nil
	}
	return lflow.Resident(port)
}
