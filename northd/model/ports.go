package model

import (
	"strconv"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
)

// peerIndexes find the other ends of ports.
type peerIndexes struct {
	parsedRouterPort *incr.Index[schema.UUID, *RouterPort, string]           // by name
	towards          *incr.Index[schema.UUID, *nb.LogicalSwitchPort, string] // by the name of a router's port
	routerPort       *incr.Index[schema.UUID, *RouterPort, string]           // by name
	switchPort       *incr.Index[schema.UUID, *SwitchPort, string]           // by Peer
	ofRouter         *incr.Index[schema.UUID, *RouterPort, schema.UUID]
	switchPortNamed  *incr.Index[schema.UUID, *SwitchPort, string]      // by name
	toRouters        *incr.Index[schema.UUID, *SwitchPort, schema.UUID] // those with a Peer, by switch
}

func (m *Model) declarePorts(g *graph.Graph) {
	m.lsp = graph.Read[*nb.LogicalSwitchPort](g, "name", "type", "enabled", "addresses", "dynamic_addresses", "port_security", "parent_name", "tag_request")
	m.lrp = graph.Read[*nb.LogicalRouterPort](g, "name", "mac", "networks", "enabled", "peer", "gateway_chassis", "ha_chassis_group")
	m.ports.towards = incr.NewIndex(m.lsp, "router-port", func(_ schema.UUID, p *nb.LogicalSwitchPort) []string {
		if p.Type != routerType {
			return nil
		}
		return []string{m.options.routerPort.Of(p.Options)}
	})
	m.parsedRouterPorts = graph.Table(g, "parsed router port", incr.Keys(m.lrp), m.parseRouterPort)
	m.ports.parsedRouterPort = incr.NewIndex(m.parsedRouterPorts, "name", func(_ schema.UUID, p *RouterPort) []string { return []string{p.Name} })
	m.parsedSwitchPorts = graph.Table(g, "parsed switch port", incr.Keys(m.lsp), m.parseSwitchPort)
	graph.ProblemsOf(g, m.parsedSwitchPorts, func(p *SwitchPort) []graph.Problem { return p.Problems })
	graph.ProblemsOf(g, m.parsedRouterPorts, func(p *RouterPort) []graph.Problem { return p.Problems })
	graph.Number(m.PortKeys, m.parsedSwitchPorts, func(p *SwitchPort) (graph.Wish, bool) {
		return graph.Wish{Space: p.Switch, Request: p.wantKey}, true
	})
	graph.Number(m.PortKeys, m.parsedRouterPorts, func(p *RouterPort) (graph.Wish, bool) {
		return graph.Wish{Space: p.Router, Request: p.wantKey}, p.Valid()
	})
	m.RouterPorts = graph.Table(g, "router port", incr.Keys(m.parsedRouterPorts), func(r *incr.Reader, id schema.UUID) (*RouterPort, bool) {
		p, _ := incr.Get(r, m.parsedRouterPorts, id)
		return p, incr.Has(r, m.PortKeys.Of, id) && incr.Has(r, m.DatapathKeys.Of, p.Router)
	})
	m.SwitchPorts = graph.Table(g, "switch port", incr.Keys(m.parsedSwitchPorts), func(r *incr.Reader, id schema.UUID) (*SwitchPort, bool) {
		p, _ := incr.Get(r, m.parsedSwitchPorts, id)
		return p, incr.Has(r, m.PortKeys.Of, id) && incr.Has(r, m.DatapathKeys.Of, p.Switch)
	})
	m.ports.routerPort = incr.NewIndex(m.RouterPorts, "name", func(_ schema.UUID, p *RouterPort) []string { return []string{p.Name} })
	m.ports.ofRouter = incr.NewIndex(m.RouterPorts, "router", func(_ schema.UUID, p *RouterPort) []schema.UUID { return []schema.UUID{p.Router} })
	m.ports.switchPort = incr.NewIndex(m.SwitchPorts, "peer", func(_ schema.UUID, p *SwitchPort) []string { return someName(p.Peer) })
	m.ports.switchPortNamed = incr.NewIndex(m.SwitchPorts, "name", func(_ schema.UUID, p *SwitchPort) []string { return []string{p.Name} })
	m.ports.toRouters = incr.NewIndex(m.SwitchPorts, "switch with routers", func(_ schema.UUID, p *SwitchPort) []schema.UUID {
		if p.Peer == "" {
			return nil
		}
		return []schema.UUID{p.Switch}
	})
	m.declareNetworks(g)
	m.declarePeerProblems(g)
	m.SwitchPortFlows = graph.UnitsOf(g, "flows of switch port", m.SwitchPorts, func(id schema.UUID, p *SwitchPort) graph.Place {
		return graph.Place{Owner: p.Switch, Name: "port-" + id.String(), Table: "Logical_Switch_Port", Row: id, RowName: p.Name}
	})
	m.RouterPortFlows = graph.UnitsOf(g, "flows of router port", m.RouterPorts, func(id schema.UUID, p *RouterPort) graph.Place {
		return graph.Place{Owner: p.Router, Name: "port-" + id.String(), Table: "Logical_Router_Port", Row: id, RowName: p.Name}
	})
}

func someName(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

// RouterPort returns the router's port of that name.
func (m *Model) RouterPort(r *incr.Reader, name string) (*RouterPort, bool) {
	_, p, ok := incr.One(r, m.ports.routerPort, name)
	return p, ok
}

// SwitchPort returns the switch port of that name.
func (m *Model) SwitchPort(r *incr.Reader, name string) (*SwitchPort, bool) {
	_, p, ok := incr.One(r, m.ports.switchPortNamed, name)
	return p, ok
}

// SwitchPortTo returns the switch port that a router's port is connected to.
func (m *Model) SwitchPortTo(r *incr.Reader, routerPort string) (*SwitchPort, bool) {
	_, p, ok := incr.One(r, m.ports.switchPort, routerPort)
	return p, ok
}

// RouterPeer returns the router's port that p is connected to directly: each
// of them names the other.
func (m *Model) RouterPeer(r *incr.Reader, p *RouterPort) (*RouterPort, bool) {
	if p.PeerName == "" {
		return nil, false
	}
	peer, ok := m.RouterPort(r, p.PeerName)
	return peer, ok && peer.PeerName == p.Name && peer.UUID != p.UUID
}

// declarePeerProblems tells of router ports that name a peer which does not
// name them.
func (m *Model) declarePeerProblems(g *graph.Graph) {
	graph.ProblemTable(g, "problems of peers", incr.Keys(m.RouterPorts), func(r *incr.Reader, id schema.UUID) []graph.Problem {
		p, ok := incr.Get(r, m.RouterPorts, id)
		if !ok || p.PeerName == "" {
			return nil
		}
		e := graph.RowProblems{Table: "Logical_Router_Port", Row: id, Name: p.Name}
		if peer, there := m.RouterPort(r, p.PeerName); !there {
			e.Problem("peer", "there is no router port "+strconv.Quote(p.PeerName)+" yet")
		} else if _, ok := m.RouterPeer(r, p); !ok {
			e.Problem("peer", strconv.Quote(peer.Name)+" does not have this port as its peer")
		}
		return e.List
	})
}

// PortsOfRouter returns the ports of a router.
func (m *Model) PortsOfRouter(r *incr.Reader, router schema.UUID) []*RouterPort {
	var all []*RouterPort
	for _, p := range incr.Each(r, m.ports.ofRouter, router) {
		all = append(all, p)
	}
	return all
}

// RoutersOn returns the ports of routers that a switch is connected to.
func (m *Model) RoutersOn(r *incr.Reader, sw schema.UUID) []*RouterPort {
	var all []*RouterPort
	for _, near := range incr.Each(r, m.ports.toRouters, sw) {
		if p, ok := m.RouterPort(r, near.Peer); ok {
			all = append(all, p)
		}
	}
	return all
}
