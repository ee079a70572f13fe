package bindings

import (
	"maps"
	"slices"
	"strings"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
	"github.com/weft-sdn/weft/schema/sb"
)

type feature struct {
	m        *model.Model
	nats     model.NATs
	balance  model.LoadBalancing
	lrp      *graph.RowTable[*nb.LogicalRouterPort]
	announce announceOptions
	adverts  model.Advertisements
}

// New declares the rows of ports, and what is written back of them; NAT and load balancers
// have addresses that gateways announce, adverts are what agents advertise.
func New(g *graph.Graph, m *model.Model, nats model.NATs, balance model.LoadBalancing, adverts model.Advertisements) {
	ft := &feature{m: m, nats: nats, balance: balance, adverts: adverts, lrp: graph.Read[*nb.LogicalRouterPort](g), announce: declareAnnouncing(g)}
	graph.Rows(g, "Port_Binding of switch ports", incr.Keys(m.SwitchPorts), ft.switchPortRow)
	graph.Rows(g, "Port_Binding of router ports", incr.Keys(m.RouterPorts), ft.routerPortRow)
	graph.Rows(g, "Port_Binding of chassisredirect ports", incr.Keys(m.Redirects), ft.redirectRow)
	lsp := graph.Read[*nb.LogicalSwitchPort](g)
	graph.WriteBack(g, lsp, "up", func(p *nb.LogicalSwitchPort) **bool { return &p.Up },
		func(r *incr.Reader, row *nb.LogicalSwitchPort) (*bool, bool) {
			p, ok := m.AnySwitchPort(r, row.UUID)
			if !ok {
				return nil, false
			}
			claim, _ := incr.Get(r, m.Claims, row.UUID)
			up := claim.Up || p.ToRouter()
			return &up, true
		})
	graph.WriteBack(g, lsp, "tag", func(p *nb.LogicalSwitchPort) **int64 { return &p.Tag },
		func(r *incr.Reader, row *nb.LogicalSwitchPort) (*int64, bool) {
			p, ok := m.AnySwitchPort(r, row.UUID)
			if !ok || p.Tag == 0 {
				return nil, ok
			}
			return &p.Tag, true
		})
	graph.String[*nb.LogicalRouterPort](g, "status", hosting, "written by northd", "of a distributed gateway port: the chassis that has it")
	graph.WriteBack(g, ft.lrp, "status", func(p *nb.LogicalRouterPort) *map[string]string { return &p.Status }, ft.hostingChassis)
}

// switchPortRow is a switch port's row in Port_Binding. Columns that chassis
// own stay empty.
func (ft *feature) switchPortRow(r *incr.Reader, id schema.UUID) (*sb.PortBinding, bool) {
	p, ok := incr.Get(r, ft.m.SwitchPorts, id)
	key, keyed := incr.Get(r, ft.m.PortKeys.Of, id)
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
	if p.ToRouter() {
		row.Type = patchType
		row.Options = map[string]string{}
		if p.Peer != "" {
			row.Options["peer"] = p.Peer
		}
		row.NATAddresses = ft.announced(r, p)
		if ft.isQuiet(r, p) {
			row.Options["disable_garp_rarp"] = "true"
		}
		if p.Tracked {
			row.Options[model.TrackedOption] = "true"
		}
		ft.onGatewayChassis(r, row, p.Chassis)
	} else if s, ok := incr.Get(r, ft.m.Switches, p.Switch); ok && s.Kind.VLANPassthru {
		row.Options = map[string]string{}
		maps.Copy(row.Options, p.Options)
		row.Options["vlan-passthru"] = "true"
	}
	ft.requestChassis(r, row, p)
	return row, true
}

// patchType is the Port_Binding.type of a port whose other end is another
// datapath's port: options:peer.
const patchType = "patch"

// routerPortRow is a router port's row in Port_Binding.
func (ft *feature) routerPortRow(r *incr.Reader, id schema.UUID) (*sb.PortBinding, bool) {
	p, ok := incr.Get(r, ft.m.RouterPorts, id)
	key, keyed := incr.Get(r, ft.m.PortKeys.Of, id)
	port, there := incr.Get(r, ft.lrp, id)
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
	if peer, ok := ft.m.RouterPeer(r, p); ok {
		row.Options["peer"] = peer.Name
	} else if near, ok := ft.m.SwitchPortTo(r, p.Name); ok {
		row.Options["peer"] = near.Name
	}
	maps.Copy(row.Options, ft.adverts.Of(r, id))
	ft.onGatewayChassis(r, row, p.Chassis)
	return row, true
}

// gatewayType is the Port_Binding.type of the ports at both ends of a gateway
// router's links: packets pass on options:l3gateway-chassis alone.
const gatewayType = "l3gateway"

// onGatewayChassis says which chassis has a port, or which port stands for it
// there.
func (ft *feature) onGatewayChassis(r *incr.Reader, row *sb.PortBinding, chassis string) {
	if chassis != "" {
		row.Type, row.Options["l3gateway-chassis"] = gatewayType, chassis
	}
	if name, ok := ft.m.RedirectTo(r, row.UUID); ok {
		row.Options["chassis-redirect-port"] = name
	}
}

// requestChassis finds the chassis of options:requested-chassis, names or host
// names: the port's own, then additional ones.
func (ft *feature) requestChassis(r *incr.Reader, row *sb.PortBinding, p *model.SwitchPort) {
	for i, name := range ft.m.Requested(p) {
		id, ok := ft.m.Chassis.Find(r, name)
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
