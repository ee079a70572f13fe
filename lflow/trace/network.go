package trace

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/weft-sdn/weft/lflow"
)

// Network is what packets are traced through. It is filled with the Add
// methods, and then not changed any more; tracing is for one goroutine at a
// time, as flows are parsed when they are first met.
type Network struct {
	// AddressSet and PortGroup resolve names in matches; may be nil.
	AddressSet func(name string) ([]lflow.Constant, bool)
	PortGroup  func(name string) ([]string, bool)
	// Resident answers is_chassis_resident. Where it is nil every port that
	// there is, is resident: a trace is of no particular chassis.
	Resident func(port string) bool

	datapaths []*Datapath
	ports     map[string]*Port
}

// Datapath is a logical switch or router.
type Datapath struct {
	UUID   string // of the Datapath_Binding
	NBUUID string // of the Logical_Switch or Logical_Router
	Name   string
	Name2  string // friendlier, may be empty
	Key    uint32
	Router bool

	ports  map[uint32]*Port
	groups map[string]*Group
	macs   map[binding]lflow.MAC
	fixed  map[binding]lflow.MAC
	fdb    map[lflow.MAC]uint32
	tables map[place]*table

	dns       map[string][]string // answers by name in lower case
	hairpins  []Hairpin
	evpnHosts map[netip.Addr]bool
	remoteFDB map[lflow.MAC]uint32
}

type place struct {
	pipeline lflow.Pipeline
	table    int
}

type binding struct {
	port string
	ip   lflow.Value
	v6   bool
}

// Port is a logical port.
type Port struct {
	Name     string
	Friendly string // what users call it, may be empty
	Type     string // as in Port_Binding
	Key      uint32
	// Peer is the name of the port at the other end of a patch port.
	Peer string
	// Distributed is, for a chassisredirect port, the port that it stands for.
	Distributed string
	// Security is the column port_security.
	Security []string

	Datapath *Datapath // set by AddPort
}

// Group is a multicast group.
type Group struct {
	Name  string
	Key   uint32
	Ports []*Port
}

// Flow is a logical flow.
type Flow struct {
	UUID     string
	Pipeline lflow.Pipeline
	Table    int
	Priority int
	Match    string
	Actions  string
	Stage    string // name of the stage
	Source   string // what wrote it
	Hint     string // the beginning of the UUID of the northbound row behind it

	parsed  bool
	err     error
	match   *lflow.Expr // with the prerequisites of the actions
	always  bool        // the text of the match is true
	actions lflow.Actions
}

// table is the flows of a stage.
type table struct {
	stage  string
	flows  []*Flow
	sorted bool
}

// AddDatapath adds a datapath.
func (n *Network) AddDatapath(d *Datapath) {
	d.ports, d.groups = map[uint32]*Port{}, map[string]*Group{}
	d.fdb, d.tables = map[lflow.MAC]uint32{}, map[place]*table{}
	n.datapaths = append(n.datapaths, d)
}

// AddPort adds a port to a datapath.
func (n *Network) AddPort(d *Datapath, p *Port) {
	if n.ports == nil {
		n.ports = map[string]*Port{}
	}
	p.Datapath = d
	n.ports[p.Name], d.ports[p.Key] = p, p
}

// AddGroup adds a multicast group; its ports are reached in the order of
// their names.
func (d *Datapath) AddGroup(g *Group) {
	slices.SortFunc(g.Ports, func(a, b *Port) int { return cmp.Compare(a.Name, b.Name) })
	d.groups[g.Name] = g
}

// AddMAC binds an IP address, as the language writes it, to an Ethernet
// address.
func (d *Datapath) AddMAC(port, ip string, mac lflow.MAC) error { return bind(&d.macs, port, ip, mac) }

// AddFixedMAC is AddMAC for a binding that overrides what is learned.
func (d *Datapath) AddFixedMAC(port, ip string, mac lflow.MAC) error {
	return bind(&d.fixed, port, ip, mac)
}

func bind(m *map[binding]lflow.MAC, port, ip string, mac lflow.MAC) error {
	c, err := lflow.ParseConstant(ip)
	if err != nil || c.Notation != lflow.IPv4 && c.Notation != lflow.IPv6 {
		return fmt.Errorf("trace: %s: bad IP address", ip)
	}
	put(m, binding{port, c.Value, c.Notation == lflow.IPv6}, mac)
	return nil
}

// AddFDB records that an Ethernet address is behind the port with a key.
func (d *Datapath) AddFDB(mac lflow.MAC, port uint32) { d.fdb[mac] = port }

// AddFlow adds a flow to a datapath. The same flow can be in several.
func (d *Datapath) AddFlow(f *Flow) {
	at := place{f.Pipeline, f.Table}
	t := d.tables[at]
	if t == nil {
		t = &table{}
		d.tables[at] = t
	}
	if t.stage == "" {
		t.stage = f.Stage
	}
	t.flows, t.sorted = append(t.flows, f), false
}

// Port returns the port of that name, nil if there is none.
func (n *Network) Port(name string) *Port { return n.ports[name] }

// Datapath finds a datapath by name, or by its own or its northbound row's
// UUID, of which the beginning is enough where it is unique.
func (n *Network) Datapath(name string) (*Datapath, error) {
	var named, begins []*Datapath
	for _, d := range n.datapaths {
		switch {
		case d.UUID == name || d.NBUUID == name:
			return d, nil
		case d.Name == name || d.Name2 == name:
			named = append(named, d)
		case len(name) >= 4 && (strings.HasPrefix(d.UUID, name) || strings.HasPrefix(d.NBUUID, name)):
			begins = append(begins, d)
		}
	}
	for _, found := range [][]*Datapath{named, begins} {
		switch len(found) {
		case 1:
			return found[0], nil
		case 0:
		default:
			return nil, fmt.Errorf("name %q matches multiple datapaths", name)
		}
	}
	return nil, fmt.Errorf("unknown datapath %q", name)
}

// resident is what matches are evaluated with.
func (n *Network) resident(port string) bool {
	if n.Resident != nil {
		return n.Resident(port)
	}
	return n.ports[port] != nil
}

func (n *Network) options() *lflow.Options {
	o := &lflow.Options{AddressSet: n.AddressSet}
	if n.PortGroup != nil {
		o.PortGroup = func(name string, _ *lflow.Symbol) ([]string, bool) { return n.PortGroup(name) }
	}
	return o
}

// lookup returns the flow that matches in a table, nil if none does, and the
// name of the stage.
func (n *Network) lookup(d *Datapath, at place, p *Packet, warn func(error)) (*Flow, string) {
	t := d.tables[at]
	if t == nil {
		return nil, ""
	}
	if !t.sorted {
		slices.SortStableFunc(t.flows, func(a, b *Flow) int {
			return cmp.Or(cmp.Compare(b.Priority, a.Priority), cmp.Compare(a.Match, b.Match), cmp.Compare(a.UUID, b.UUID))
		})
		t.sorted = true
	}
	for _, f := range t.flows {
		if !f.parsed {
			if f.parse(n.options()); f.err != nil {
				warn(f.err)
			}
		}
		if f.err == nil && lflow.Evaluate(f.match, p) {
			return f, t.stage
		}
	}
	return nil, t.stage
}

func (f *Flow) parse(o *lflow.Options) {
	f.parsed = true
	match, err := lflow.ParseMatch(f.Match, o)
	if err != nil {
		f.err = fmt.Errorf("%s: parsing expression failed (%w)", f.Match, err)
		return
	}
	f.actions, err = lflow.ParseActions(f.Actions, lflow.Place{Pipeline: f.Pipeline, Table: f.Table}, o)
	if err != nil {
		f.err = fmt.Errorf("%s: parsing actions failed (%w)", f.Actions, err)
		return
	}
	f.always = match.IsTrue()
	f.match = lflow.And(match, f.actions.Prerequisite())
}

// trivial tells whether a flow does nothing but go on.
func (f *Flow) trivial() bool {
	return f.always && len(f.actions) == 1 && f.actions[0] == lflow.Action(lflow.Next{})
}
