package model

import (
	"cmp"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
	"github.com/weft-sdn/weft/schema/sb"
)

// Limits bound the tunnel keys that are given out; 0 means what Geneve has
// room for, 2^24-1 and 2^15-1.
type Limits struct {
	MaxDatapathKey, MaxPortKey int
}

// Model has the tables of entities. Entities are there once they have a
// tunnel key.
type Model struct {
	// Options are NB_Global.options; the row is there with its database row.
	Options *incr.Table[struct{}, map[string]string]

	Switches *incr.Table[schema.UUID, *Switch]
	Routers  *incr.Table[schema.UUID, *Router]
	// SwitchPorts and RouterPorts are by UUID of the northbound row, which is
	// that of the Port_Binding too.
	SwitchPorts *incr.Table[schema.UUID, *SwitchPort]
	RouterPorts *incr.Table[schema.UUID, *RouterPort]
	// Redirects are the ports of type chassisredirect, by UUID of the
	// Port_Binding: RedirectID.
	Redirects *incr.Table[schema.UUID, *Redirect]

	DatapathKeys, PortKeys *graph.Numbers

	Chassis *Chassis
	// Claims are the ports that a chassis has, by Port_Binding; whoever feeds
	// the graph sets them.
	Claims *incr.Input[schema.UUID, Claim]

	Groups *Groups

	// AllSwitches and AllRouters take the flows that are the same on all, or
	// differ with the kind.
	AllSwitches *graph.Class[SwitchKind]
	AllRouters  *graph.Class[struct{}]
	// SwitchPortFlows and RouterPortFlows take the flows of one port.
	SwitchPortFlows *graph.Units[schema.UUID, *SwitchPort]
	RouterPortFlows *graph.Units[schema.UUID, *RouterPort]

	options rowOptions
	limits  Limits

	ls  *graph.RowTable[*nb.LogicalSwitch]
	lr  *graph.RowTable[*nb.LogicalRouter]
	lsp *graph.RowTable[*nb.LogicalSwitchPort]
	lrp *graph.RowTable[*nb.LogicalRouterPort]

	// Rows as they are read, with a key or without.
	parsedSwitches    *incr.Table[schema.UUID, *Switch]
	parsedRouters     *incr.Table[schema.UUID, *Router]
	parsedSwitchPorts *incr.Table[schema.UUID, *SwitchPort]
	parsedRouterPorts *incr.Table[schema.UUID, *RouterPort]

	switchOfPort *incr.Index[schema.UUID, *nb.LogicalSwitch, schema.UUID]
	routerOfPort *incr.Index[schema.UUID, *nb.LogicalRouter, schema.UUID]
	ports        peerIndexes
	networks     *incr.Table[schema.UUID, *networks] // by router
	redirects    redirectIndexes
}

// MaxDatapathKey is the largest tunnel key of a datapath, as it fits into the VNI of
// a Geneve header: RFC 8926, section 3.4.
const MaxDatapathKey = 1<<24 - 1

// ServiceMonitorMAC is the option of NB_Global that has the source address of health
// checks, and the address set with it that matches can name.
const ServiceMonitorMAC = "svc_monitor_mac"

// Claim says which chassis has a port, and whether its flows are in there.
type Claim struct {
	Chassis string // name
	Up      bool
}

// New declares the model.
func New(g *graph.Graph, limits Limits) *Model {
	m := &Model{limits: Limits{cmp.Or(limits.MaxDatapathKey, MaxDatapathKey), cmp.Or(limits.MaxPortKey, 1<<15-1)}}
	m.declareOptions(g)
	m.Chassis = newChassis(g)
	m.Claims = incr.NewInput[schema.UUID](g.Engine, "claim", incr.Eq[Claim])
	m.DatapathKeys = graph.NewNumbers(g, "datapath key", "tunnel key", m.limits.MaxDatapathKey,
		graph.KeptIn(func(d *sb.DatapathBinding) int64 { return d.TunnelKey }))
	m.PortKeys = graph.NewNumbers(g, "port key", "tunnel key", m.limits.MaxPortKey,
		graph.KeptIn(func(p *sb.PortBinding) int64 { return p.TunnelKey }))
	m.declareDatapaths(g)
	m.declarePorts(g)
	m.declareRedirects(g)
	m.Groups = newGroups(g, m)
	graph.Rows(g, "Datapath_Binding", incr.Union(incr.Keys(m.Switches), incr.Keys(m.Routers)), m.datapathRow)
	m.declareKeyProblems(g)
	return m
}

func (m *Model) declareOptions(g *graph.Graph) {
	global := graph.Read[*nb.NBGlobal](g)
	one := incr.NewIndex(global, "one", func(schema.UUID, *nb.NBGlobal) []struct{} { return []struct{}{{}} })
	m.Options = graph.Table(g, "options", incr.Values(one), func(r *incr.Reader, _ struct{}) (map[string]string, bool) {
		_, row, ok := incr.One(r, one, struct{}{})
		if !ok {
			return nil, false
		}
		return row.Options, true
	})
	m.options = rowOptions{
		announces: graph.String[*nb.LogicalSwitchPort](g, "options", "nat-addresses", "router, or MAC IP…",
			"for ports of type router with a gateway: what its chassis announces on the physical network beside the router's own addresses"),
		switchKey: graph.Int[*nb.LogicalSwitch](g, "other_config", "requested-tnl-key", 0, 1, m.limits.MaxDatapathKey, "northd's choice", keyDoc),
		routerKey: graph.Int[*nb.LogicalRouter](g, "options", "requested-tnl-key", 0, 1, m.limits.MaxDatapathKey, "northd's choice", keyDoc),
		portKey:   graph.Int[*nb.LogicalSwitchPort](g, "options", "requested-tnl-key", 0, 1, m.limits.MaxPortKey, "northd's choice", keyDoc),
		lrpKey:    graph.Int[*nb.LogicalRouterPort](g, "options", "requested-tnl-key", 0, 1, m.limits.MaxPortKey, "northd's choice", keyDoc),
		passthru:  graph.Bool[*nb.LogicalSwitch](g, "other_config", "vlan-passthru", false, "packets with a VLAN tag pass the switch"),
		macAges: graph.String[*nb.LogicalRouter](g, "options", macAges, "[PREFIX:]SECONDS[;…]",
			"after how long agents forget neighbours that are not in use; 0 or nothing: never, but for the bound of a port"),
		fdbAge: graph.Int[*nb.LogicalSwitch](g, "other_config", "fdb_age_threshold", 0, 0, 1<<31-1, "never",
			"seconds after which a sender behind a port is forgotten that has sent nothing; agents keep at most 2048 of a port each, the newest"),
		snatZone: graph.Int[*nb.LogicalRouter](g, "options", snatZone, -1, 0, 65535, "any",
			"the conntrack zone of the router's SNAT on each chassis; 0 is the one that the host itself uses"),
		requested: graph.String[*nb.LogicalSwitchPort](g, "options", "requested-chassis", "names or host names, comma separated",
			"the first is the chassis that shall have the port; on the others it is not yet"),
		routerPort: graph.String[*nb.LogicalSwitchPort](g, "options", "router-port", "name of a Logical_Router_Port",
			"for ports of type router: the port at the other end"),
		proxy: graph.String[*nb.LogicalSwitchPort](g, "options", "arp_proxy", "[MAC] IP[/LENGTH]…",
			"for ports of type router: questions of neighbours for these addresses are answered with the MAC, or that of the router's port"),
		tracked: graph.Bool[*nb.LogicalSwitchPort](g, "options", TrackedOption, false,
			"for ports of type router with a distributed gateway port: ACLs see the connections of packets that pass the port"),
		chassis: graph.String[*nb.LogicalRouter](g, "options", "chassis", "name or host name of a chassis",
			"the router is a gateway router: all of it is on that chassis"),
		redirectKind: graph.String[*nb.LogicalRouterPort](g, "options", "redirect-type", "overlay or bridged",
			"how packets get to the gateway chassis: through a tunnel (overlay, the default), or over the provider network"),
		resides: graph.Bool[*nb.LogicalRouterPort](g, "options", "reside-on-redirect-chassis", false,
			"what VMs behind a provider network send to the port is routed where the router's one gateway port is"),
		network: graph.String[*nb.LogicalSwitchPort](g, "options", "network_name", "name of a physical network",
			"for ports of type localnet: the network, which chassis map to a bridge (ovn-bridge-mappings)"),
		ethtype: graph.String[*nb.LogicalSwitchPort](g, "options", "ethtype", "802.1q or 802.1ad",
			"for ports of type localnet with a tag: which kind of tag it is; 802.1q"),
	}
	// Package serve writes them where they are missing.
	graph.String[*nb.NBGlobal](g, "options", "mac_prefix", "three octets", "the first ones of Ethernet addresses that are given out; northd chooses them once")
	graph.String[*nb.NBGlobal](g, "options", ServiceMonitorMAC, "Ethernet address", "the source of health checks, and an address set of that name; northd chooses it once")
	graph.String[*nb.NBGlobal](g, "options", "max_tunid", "written by northd", "the largest tunnel key of a datapath")
	// Agents forget what is their own, each at its time.
	graph.Int[*nb.NBGlobal](g, "options", "fdb_removal_limit", 0, 0, 1<<31-1, "",
		"has no meaning: each chassis forgets its own senders one by one, and nobody many at once")
	graph.String[*nb.NBGlobal](g, "options", "northd_internal_version", "written by northd", "the version of the northd that leads")
	// Agents read it in SB_Global.
	graph.Int[*nb.NBGlobal](g, "options", "mac_binding_removal_limit", 0, 0, 1<<31-1, "all",
		"how many neighbours an agent forgets at a time because of their age; the next ones 5 s later")
	// The chassis read it in the port's Port_Binding.
	graph.String[*nb.LogicalSwitchPort](g, "options", "iface-id-ver", "any text",
		"only an interface with the same external_ids:iface-id-ver is the port's")
}

const keyDoc = "the tunnel key to have"

// rowOptions are the options of rows that the model reads.
type rowOptions struct {
	switchKey, routerKey, portKey, lrpKey   *graph.Option[int]
	requested, routerPort, proxy, announces *graph.Option[string]
	macAges                                 *graph.Option[string]
	chassis, redirectKind                   *graph.Option[string]
	passthru, resides, tracked              *graph.Option[bool]
	network, ethtype                        *graph.Option[string]
	fdbAge, snatZone                        *graph.Option[int]
}

// declareKeyProblems tells of rows without the tunnel key that they want.
func (m *Model) declareKeyProblems(g *graph.Graph) {
	tell := func(name string, keys *graph.Numbers, rowOf func(*incr.Reader, schema.UUID) (graph.RowProblems, string)) {
		graph.ProblemTable(g, name, incr.Keys(keys.Bad), func(r *incr.Reader, id schema.UUID) []graph.Problem {
			reason, _ := incr.Get(r, keys.Bad, id)
			row, column := rowOf(r, id)
			if row.Table == "" {
				return nil
			}
			row.Row = id
			row.Problem(column, reason)
			return row.List
		})
	}
	tell("datapath key problems", m.DatapathKeys, func(r *incr.Reader, id schema.UUID) (row graph.RowProblems, column string) {
		if s, ok := incr.Get(r, m.parsedSwitches, id); ok {
			return graph.RowProblems{Table: "Logical_Switch", Name: s.Name}, "other_config"
		}
		if s, ok := incr.Get(r, m.parsedRouters, id); ok {
			return graph.RowProblems{Table: "Logical_Router", Name: s.Name}, "options"
		}
		return row, ""
	})
	// Which port of a datapath has none is told where the datapath has one: else no
	// port has a row that would keep it, and a northd that begins now may choose others.
	tell("port key problems", m.PortKeys, func(r *incr.Reader, id schema.UUID) (row graph.RowProblems, column string) {
		if p, ok := incr.Get(r, m.parsedSwitchPorts, id); ok && incr.Has(r, m.DatapathKeys.Of, p.Switch) {
			return graph.RowProblems{Table: "Logical_Switch_Port", Name: p.Name}, "options"
		}
		if p, ok := incr.Get(r, m.parsedRouterPorts, id); ok && incr.Has(r, m.DatapathKeys.Of, p.Router) {
			return graph.RowProblems{Table: "Logical_Router_Port", Name: p.Name}, "options"
		}
		return row, ""
	})
}
