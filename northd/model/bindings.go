package model

import (
	"maps"
	"slices"
	"strings"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
	"github.com/weft-sdn/weft/schema/sb"
)

// declareBindings declares the southbound rows of datapaths and ports, and
// what is written back of ports.
func (m *Model) declareBindings(g *graph.Graph) {
	graph.Rows(g, "Datapath_Binding", incr.Union(incr.Keys(m.Switches), incr.Keys(m.Routers)), m.datapathRow)
	graph.Rows(g, "Port_Binding of switch ports", incr.Keys(m.SwitchPorts), m.switchPortRow)
	graph.Rows(g, "Port_Binding of router ports", incr.Keys(m.RouterPorts), m.routerPortRow)
	graph.WriteBack(g, m.lsp, "up", func(p *nb.LogicalSwitchPort) **bool { return &p.Up },
		func(r *incr.Reader, row *nb.LogicalSwitchPort) (*bool, bool) {
			p, ok := incr.Get(r, m.parsedSwitchPorts, row.UUID)
			if !ok {
				return nil, false
			}
			claim, _ := incr.Get(r, m.Claims, row.UUID)
			up := claim.Up || p.Type == routerType
			return &up, true
		})
	graph.WriteBack(g, m.lsp, "tag", func(p *nb.LogicalSwitchPort) **int64 { return &p.Tag },
		func(r *incr.Reader, row *nb.LogicalSwitchPort) (*int64, bool) {
			p, ok := incr.Get(r, m.parsedSwitchPorts, row.UUID)
			if !ok || p.Tag == 0 {
				return nil, ok
			}
			return &p.Tag, true
		})
}

// switchPortRow is a switch port's row in Port_Binding. Columns that chassis
// own stay empty.
func (m *Model) switchPortRow(r *incr.Reader, id schema.UUID) (*sb.PortBinding, bool) {
	p, ok := incr.Get(r, m.SwitchPorts, id)
	key, keyed := incr.Get(r, m.PortKeys.Of, id)
	if !ok || !keyed {
		return nil, false
	}
	row := &sb.PortBinding{
		Header:       schema.Header{UUID: id},
		LogicalPort:  p.Name,
		Type:         p.Type,
		Options:      p.Options,
		Datapath:     p.Switch,
		TunnelKey:    int64(key),
		MAC:          p.MACs,
		PortSecurity: p.Security,
		ExternalIDs:  p.IDs,
	}
	if name, ok := p.IDs["neutron:port_name"]; ok {
		row.ExternalIDs = maps.Clone(p.IDs)
		row.ExternalIDs["name"] = name
	}
	if p.Parent != "" {
		row.ParentPort = &p.Parent
	}
	if p.Tag != 0 {
		row.Tag = &p.Tag
	}
	switch p.Type {
	case routerType:
		row.Type = patchType
		row.Options = map[string]string{}
		if p.Peer != "" {
			row.Options["peer"] = p.Peer
		}
		row.NATAddresses = m.announced(r, p)
		if m.isQuiet(r, p) {
			row.Options["disable_garp_rarp"] = "true"
		}
		if p.Tracked {
			row.Options[trackedOption] = "true"
		}
		m.onGatewayChassis(r, row, p.Chassis)
	default:
		if s, ok := incr.Get(r, m.Switches, p.Switch); ok && s.Kind.VLANPassthru {
			row.Options = map[string]string{}
			maps.Copy(row.Options, p.Options)
			row.Options["vlan-passthru"] = "true"
		}
	}
	m.requestChassis(r, row)
	return row, true
}

// patchType is the Port_Binding.type of a port whose other end is another
// datapath's port: options:peer.
const patchType = "patch"

// routerPortRow is a router port's row in Port_Binding.
func (m *Model) routerPortRow(r *incr.Reader, id schema.UUID) (*sb.PortBinding, bool) {
	p, ok := incr.Get(r, m.RouterPorts, id)
	key, keyed := incr.Get(r, m.PortKeys.Of, id)
	port, there := incr.Get(r, m.lrp, id)
	if !ok || !keyed || !there {
		return nil, false
	}
	row := &sb.PortBinding{
		Header:      schema.Header{UUID: id},
		LogicalPort: p.Name,
		Type:        patchType,
		Options:     map[string]string{},
		Datapath:    p.Router,
		TunnelKey:   int64(key),
		MAC:         []string{strings.Join(append([]string{port.MAC}, port.Networks...), " ")},
		ExternalIDs: port.ExternalIDs,
	}
	if peer, ok := m.RouterPeer(r, p); ok {
		row.Options["peer"] = peer.Name
	} else if near, ok := m.SwitchPortTo(r, p.Name); ok {
		row.Options["peer"] = near.Name
	}
	m.onGatewayChassis(r, row, p.Chassis)
	return row, true
}

// gatewayType is the Port_Binding.type of the ports at both ends of a gateway
// router's links: packets pass on options:l3gateway-chassis alone.
const gatewayType = "l3gateway"

// onGatewayChassis says which chassis has a port, or which port stands for it
// there.
func (m *Model) onGatewayChassis(r *incr.Reader, row *sb.PortBinding, chassis string) {
	if chassis != "" {
		row.Type, row.Options["l3gateway-chassis"] = gatewayType, chassis
	}
	if name, ok := m.RedirectTo(r, row.UUID); ok {
		row.Options["chassis-redirect-port"] = name
	}
}

// requestChassis finds the chassis of options:requested-chassis, names or host
// names: the port's own, then additional ones.
func (m *Model) requestChassis(r *incr.Reader, row *sb.PortBinding) {
	text := m.options.requested.Of(row.Options)
	if text == "" {
		return
	}
	for i, name := range strings.Split(text, ",") {
		id, ok := m.Chassis.Find(r, strings.TrimSpace(name))
		switch {
		case !ok:
		case i == 0:
			row.RequestedChassis = &id
		default:
			row.RequestedAdditionalChassis = append(row.RequestedAdditionalChassis, id)
		}
	}
	slices.SortFunc(row.RequestedAdditionalChassis, schema.UUID.Compare)
	row.RequestedAdditionalChassis = slices.Compact(row.RequestedAdditionalChassis)
}
