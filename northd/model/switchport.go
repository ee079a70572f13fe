package model

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/lflow/address"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
)

// SwitchPort is a port of a logical switch.
type SwitchPort struct {
	UUID    schema.UUID
	Switch  schema.UUID
	Name    string
	Type    string
	Enabled bool
	Handled bool // its type has flows
	Unknown bool // gets what nobody is known to have
	// Addresses are those of column addresses, each MAC once; "router" stands
	// for those of the router's port at the other end.
	Addresses []Address
	Dynamic   []Address // of column dynamic_addresses
	Proxy     Address   // of type router: neighbours are told that these, or all of a network, are here
	// Security is column port_security as it stands.
	Security []string
	Options  map[string]string
	Peer     string // of type router: name of the router's port
	Gateway  string // the chassisredirect port of that, if it has one
	Chassis  string // of type router: the chassis that has the router, a gateway router
	Tracked  bool   // packets pass the port with their connections: see readTracked
	Tag      int64  // of a container's port or a localnet port, or 0
	Parent   string // of a container's port: the VM's
	// Announces is what a port to a router with a gateway announces beside the
	// router's own addresses: "MAC IP…", or AllOfRouter.
	Announces string
	MACs      []string          // column addresses as it stands
	IDs       map[string]string // external_ids
	Problems  []graph.Problem
	wantKey   int
}

// parseSwitchPort is the row function of table "parsed switch port".
func (m *Model) parseSwitchPort(r *incr.Reader, id schema.UUID) (*SwitchPort, bool) {
	row, ok := incr.Get(r, m.lsp, id)
	switches := incr.Lookup(r, m.switchOfPort, id)
	if !ok || len(switches) == 0 {
		return nil, false
	}
	e := &graph.RowProblems{Table: "Logical_Switch_Port", Row: id, Name: row.Name}
	p := &SwitchPort{UUID: id, Switch: switches[0], Name: row.Name, Type: row.Type, Options: row.Options,
		Enabled: row.Enabled == nil || *row.Enabled, Handled: slices.Contains(handled, row.Type), Security: row.PortSecurity,
		MACs: row.Addresses, IDs: row.ExternalIDs}
	if len(switches) > 1 {
		e.Problem("name", "is in more than one switch; "+switches[0].String()+" has it")
	}
	if !p.Handled {
		e.Problem("type", strconv.Quote(row.Type)+": "+graph.NotYet)
	}
	p.wantKey = m.options.portKey.Read(row.Options, e)
	if len(m.Requested(p)) > 1 {
		e.Problem("options", "requested-chassis: a second chassis beside the first: "+graph.NotYet)
	}
	var far []Address
	switch p.Type {
	case routerType:
		far = m.farEnd(r, p, e)
		m.readAnnounced(p, e)
	case localnetType:
		m.checkLocalnet(p, e)
	}
	p.addresses(row, far, e)
	if row.DynamicAddresses != nil {
		if a, err := address.Parse(*row.DynamicAddresses); err == nil {
			p.Dynamic = []Address{a}
		}
	}
	if row.ParentName != nil {
		p.Parent = *row.ParentName
	}
	p.tag(row, e)
	p.Problems = e.List
	return p, true
}

// Requested are the chassis that shall have the port, the first one before others:
// names or host names.
func (m *Model) Requested(p *SwitchPort) []string {
	text := m.options.requested.Of(p.Options)
	if text == "" {
		return nil
	}
	all := strings.Split(text, ",")
	for i := range all {
		all[i] = strings.TrimSpace(all[i])
	}
	return all
}

// AnySwitchPort is a port of a switch, also one without a tunnel key.
func (m *Model) AnySwitchPort(r *incr.Reader, id schema.UUID) (*SwitchPort, bool) {
	return incr.Get(r, m.parsedSwitchPorts, id)
}

// AllOfRouter stands for all addresses of NAT of the router.
const AllOfRouter = "router"

// readAnnounced reads what a port announces.
func (m *Model) readAnnounced(p *SwitchPort, e *graph.RowProblems) {
	text := m.options.announces.Of(p.Options)
	if text != "" && text != AllOfRouter {
		if _, err := address.Parse(text); err != nil {
			e.Problem("options", "nat-addresses: "+err.Error())
			return
		}
	}
	p.Announces = text
}

// ToRouter tells whether the port is there for a router, found or not.
func (p *SwitchPort) ToRouter() bool { return p.Type == routerType }

// IsLocalnet tells whether the port leads to a physical network, on each chassis
// that is connected to it.
func (p *SwitchPort) IsLocalnet() bool { return p.Type == localnetType }

// IsLocalport tells whether the port is one of each chassis's own, with the same
// addresses on all.
func (p *SwitchPort) IsLocalport() bool { return p.Type == localportType }

// Types of switch ports; a VM's has none.
const (
	routerType    = "router"   // a router's port is connected to it
	localnetType  = "localnet" // it leads to a physical network
	localportType = "localport"
)

// handled are the types that have flows.
var handled = []string{"", routerType, localnetType, localportType}

// checkLocalnet tells what the options of a localnet port lack; agents read them.
func (m *Model) checkLocalnet(p *SwitchPort, e *graph.RowProblems) {
	if m.options.network.Of(p.Options) == "" {
		e.Problem("options", "network_name: a port of type localnet needs the name of a physical network")
	}
	switch ethtype := strings.ToLower(m.options.ethtype.Of(p.Options)); ethtype {
	case "", "802.1q", "802.11q", "802.1ad", "802.11ad":
	default:
		e.Problem("options", "ethtype: "+strconv.Quote(ethtype)+" is neither 802.1q nor 802.1ad")
	}
}

// farEnd finds the router's port of a switch port and returns its addresses.
func (m *Model) farEnd(r *incr.Reader, p *SwitchPort, e *graph.RowProblems) []Address {
	name := m.options.routerPort.Of(p.Options)
	if name == "" {
		e.Problem("options", "router-port: a port of type router needs the name of the router's port")
		return nil
	}
	_, far, ok := incr.One(r, m.ports.parsedRouterPort, name)
	if !ok {
		e.Problem("options", "router-port: there is no router port "+strconv.Quote(name)+" yet")
		return nil
	}
	if first := incr.Lookup(r, m.ports.towards, name); first[0] != p.UUID {
		e.Problem("options", "router-port: "+strconv.Quote(name)+" is connected to another switch port already")
		return nil
	}
	if far.PeerName != "" {
		e.Problem("options", "router-port: "+strconv.Quote(name)+" is connected to the router port "+strconv.Quote(far.PeerName))
		return nil
	}
	if !far.Valid() {
		e.Problem("options", "router-port: "+strconv.Quote(name)+" has no valid Ethernet address")
		return nil
	}
	p.Peer, p.Gateway, p.Chassis = name, far.Redirect, far.Chassis
	m.readTracked(p, e)
	m.readProxy(p, far.MAC, e)
	return []Address{{MAC: far.MAC, IPs: far.Networks}}
}

// TrackedOption also tells agents that the port needs a conntrack zone.
const TrackedOption = "enable_router_port_acl"

// readTracked reads whether ACLs see the connections of packets that pass a port to
// a router. They do where all of these pass it on one chassis, a gateway port's.
func (m *Model) readTracked(p *SwitchPort, e *graph.RowProblems) {
	if !m.options.tracked.Read(p.Options, e) {
		return
	}
	if p.Tracked = p.Gateway != ""; !p.Tracked {
		e.Problem("options", TrackedOption+": "+strconv.Quote(p.Peer)+" is no distributed gateway port")
	}
}

// addresses reads column addresses; far is what "router" stands for. Those with
// the same MAC are one, and an IP address is at the first MAC that it is given with.
func (p *SwitchPort) addresses(row *nb.LogicalSwitchPort, far []Address, e *graph.RowProblems) {
	own := make([]Address, 0, len(row.Addresses))
	for _, text := range row.Addresses {
		switch text {
		case "unknown":
			p.Unknown = true
			continue
		case "dynamic":
			e.Problem("addresses", text+": "+graph.NotYet)
			continue
		case "router":
			if p.Type != routerType {
				e.Problem("addresses", "router: only ports of type router have the addresses of a router's port")
			}
			own = append(own, far...)
			continue
		}
		a, err := address.Parse(text)
		if err == nil && IsMulticast(a.MAC) {
			err = fmt.Errorf("%s is the address of a group", a.MAC)
		}
		if err != nil {
			e.Problem("addresses", strconv.Quote(text)+": "+err.Error())
			continue
		}
		own = append(own, a)
	}
	for _, same := range GroupBy(own, func(a Address) lflow.MAC { return a.MAC }) {
		ips := slices.Clip(same[0].IPs) // it may be a router's
		for _, a := range same[1:] {
			ips = append(ips, a.IPs...)
		}
		ips = Distinct(ips)
		if slices.ContainsFunc(ips, p.hasIP) {
			ips = slices.DeleteFunc(slices.Clone(ips), p.hasIP)
		}
		p.Addresses = append(p.Addresses, Address{MAC: same[0].MAC, IPs: ips})
	}
}

// hasIP tells whether the port has an IP address.
func (p *SwitchPort) hasIP(ip netip.Prefix) bool {
	return slices.ContainsFunc(p.Addresses, func(a Address) bool {
		return slices.ContainsFunc(a.IPs, func(n netip.Prefix) bool { return n.Addr() == ip.Addr() })
	})
}

// tag reads the VLAN tag by which a parent port tells a container's packets, or which
// those of a localnet port have outside. Column tag is northd's.
func (p *SwitchPort) tag(row *nb.LogicalSwitchPort, e *graph.RowProblems) {
	switch {
	case row.TagRequest == nil:
	case *row.TagRequest != 0:
		p.Tag = *row.TagRequest
	case p.Parent != "":
		e.Problem("tag_request", "0, a tag of northd's choice: "+graph.NotYet)
		if row.Tag != nil {
			p.Tag = *row.Tag
		}
	}
}
