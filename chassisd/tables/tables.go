package tables

import (
	"maps"
	"strconv"
	"time"

	"github.com/weft-sdn/weft/chassisd/binding"
	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/chassisd/packet"
	"github.com/weft-sdn/weft/chassisd/physical"
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/ofctrl"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// Self is this chassis as the tables need it.
type Self struct {
	Name, Hostname string
	// Encaps are the UUIDs of its encapsulations by address.
	Encaps map[string]schema.UUID
}

func (s Self) binding() binding.Self { return binding.Self{Name: s.Name, Hostname: s.Hostname} }

// Tunnel is a tunnel port that the switch has. Ofport is above 0.
type Tunnel struct {
	Chassis, IP string
	Ofport      uint32
}

// Encap is an encapsulation of a chassis.
type Encap struct {
	*sb.Encap
	Rev int64
}

// ClaimKey names one chassis's claim of a port.
type ClaimKey struct {
	Port    schema.UUID
	Chassis string
}

// Claim is what its key holds.
type Claim struct {
	Rev   int64
	Encap schema.UUID // zero: the chassis's first
}

// Given is where a client says that a port is. It is there as long as no chassis
// claims it.
type Given struct {
	Chassis schema.UUID // zero: nowhere
	Encap   schema.UUID // zero: the chassis's first
}

func given(row *sb.PortBinding, _ Event) (g Given, err error) {
	if row.Chassis != nil {
		g.Chassis = *row.Chassis
	}
	if row.Encap != nil {
		g.Encap = *row.Encap
	}
	return g, nil
}

// Member is a row (a port, a datapath) of a group.
type Member struct{ Group, Row schema.UUID }

// Path names a unit of flows, or a bucket of them below /weft/sb/flows.
type Path struct {
	Owner schema.UUID // a datapath or a group of datapaths
	Unit  string
}

func (p Path) String() string { return sb.FlowPath(p.Owner, p.Unit) }

// group is the group on all of whose datapaths the flows of a group's unit hold.
func (p Path) group() schema.UUID {
	if wide := sb.WideGroup(p.Unit); !wide.IsZero() {
		return wide
	}
	return p.Owner
}

// Bound is a port that is bound here.
type Bound struct {
	Name      string
	Datapath  schema.UUID
	Interface binding.Interface
	Encap     schema.UUID
}

// Lowered are the flows of a unit, what they use, and what could not be
// lowered.
type Lowered struct {
	Flows    ofctrl.Flows
	Families []Family // more flows: FamilyFlows
	Groups   []ofctrl.Group
	Meters   []ofctrl.Meter
	// PortGroups are those that flows match where a bit would do.
	PortGroups []groupRef
	Errors     []string
}

// SharedUnit is a unit of a group on one of its datapaths, or, without one, on
// all that are local.
type SharedUnit struct {
	Datapath schema.UUID
	Path     Path
}

// Tables are all tables of an agent. One goroutine owns them.
type Tables struct {
	Engine *incr.Engine
	// Feeds puts what etcd has into the inputs.
	Feeds *Feeds

	// Inputs.
	Self         *incr.Input[struct{}, Self]
	Interfaces   *incr.Input[string, binding.Interface] // by UUID, those with an iface-id
	Tunnels      *incr.Input[string, Tunnel]            // by the UUID of their interface
	Watches      *incr.Input[string, Watch]             // likewise, those that BFD watches
	Patches      *incr.Input[string, Patch]             // likewise
	NATAddresses *incr.Input[schema.UUID, natAddresses] // that ports announce; few have any
	AllAdverts   *incr.Input[schema.UUID, Advert]       // by the router's port
	// NamesOn are the switches that have the names of a row of table DNS, NamesOwned tells
	// of the row whether all is answered.
	NamesOn    *incr.Input[Member, struct{}]
	NamesOwned *incr.Input[schema.UUID, bool]
	AllNames   *incr.Input[NamesPart, Names]
	Zones      *incr.Input[string, uint16] // by name, as in package zone
	Datapaths  *incr.Input[schema.UUID, *sb.DatapathBinding]
	// Ports, their Claims and GroupPorts are those that the shelf lets in.
	Ports      *incr.Input[schema.UUID, Port]
	Groups     *incr.Input[schema.UUID, *sb.MulticastGroup]
	GroupPorts *incr.Input[Member, struct{}]
	DPGroups   *incr.Input[Member, struct{}] // datapaths of Logical_DP_Groups
	Chunks     *incr.Input[Path, string]     // encoded, as etcd has them
	// Followed are the datapaths of which all flows are in Chunks, those of
	// groups as well.
	Followed *incr.Input[schema.UUID, struct{}]
	Chassis  *incr.Input[schema.UUID, *sb.Chassis]
	Encaps   *incr.Input[schema.UUID, Encap]
	Claims   *incr.Input[ClaimKey, Claim]
	Given    *incr.Input[schema.UUID, Given] // by port
	// HAGroups are of chassis of which one has what names the group.
	HAGroups  *incr.Input[schema.UUID, *sb.HAChassisGroup]
	HAChassis *incr.Input[schema.UUID, *sb.HAChassis]
	BFDTimes  *incr.Input[schema.UUID, BFDTimes] // of tunnels, by row of SB_Global
	// MACBindings are what all agents have learned.
	MACBindings *incr.Input[RecordOf, MACBinding]
	StaticMACs  *incr.Input[schema.UUID, *sb.StaticMACBinding]
	// Templates are the values of template variables of this chassis, and of others
	// where they come in.
	Templates *incr.Input[schema.UUID, *sb.ChassisTemplateVar]
	// RemovalLimit is how many of them an agent may forget at a time, 0 for all.
	RemovalLimit *incr.Input[schema.UUID, int] // by row of SB_Global
	// AnnounceFor is the longest time between two announcements of an address, which
	// then never end; 0 is for them to end.
	AnnounceFor *incr.Input[struct{}, time.Duration]
	// BFD are the sessions of all routers' ports, BFDStatus of which a chassis has
	// said how they are.
	BFD       *incr.Input[schema.UUID, *sb.BFD]
	BFDStatus *incr.Input[RecordOf, struct{}]
	// Services are all that chassis ask whether they serve, ServiceStatus of which a
	// chassis has said whether they do.
	Services      *incr.Input[schema.UUID, Service]
	ServiceStatus *incr.Input[RecordOf, struct{}]
	FDBs          *incr.Input[RecordOf, FDB]
	// Doubts are the senders that shall be told of again when they send.
	Doubts       *incr.Input[SenderKey, struct{}]
	Meters       *incr.Input[schema.UUID, *sb.Meter]
	MeterBands   *incr.Input[schema.UUID, *sb.MeterBand]
	GroupBits    *incr.Input[schema.UUID, GroupBit] // by group of datapaths, see GroupBit
	ECMPNexthops *incr.Input[schema.UUID, *sb.ECMPNexthop]
	ACLIDs       *incr.Input[schema.UUID, *sb.ACLID] // of ACLs whose connections outlive their match
	// CollectorSets are the numbers of those that the switch has for our bridge.
	CollectorSets *incr.Input[uint32, struct{}]
	// PortGroupBits are by name in the northbound database.
	PortGroupBits *incr.Input[string, PortGroupBit]
	// Elide says whether packets go past the stages that hold nothing.
	Elide *incr.Input[struct{}, bool]

	AddressSets    *incr.Input[schema.UUID, *sb.AddressSet]
	Addresses      *incr.Input[SetMember, struct{}]
	PortGroups     *incr.Input[schema.UUID, *sb.PortGroup] // one per datapath: "<tunnel key>_<name>"
	PortGroupPorts *incr.Input[SetMember, struct{}]

	// Outputs, with a feed of changes.
	Asked     *incr.Table[schema.UUID, Bound]    // ports that this chassis asks for
	Bound     *incr.Table[schema.UUID, Bound]    // those that it has
	Hosted    *incr.Table[schema.UUID, Hosted]   // ports without interface that this chassis has
	Watched   *incr.Table[string, BFDTimes]      // chassis whose tunnels BFD is to watch, by name
	Plugged   *incr.Table[schema.UUID, Plug]     // those that work here and that nobody claims
	Localnets *incr.Table[schema.UUID, Localnet] // of local datapaths
	Needed    *incr.Table[schema.UUID, Datapath] // datapaths with ports here, and those reached from them
	Local     *incr.Table[schema.UUID, Datapath] // those of them that are followed
	ReplyHops *incr.Table[schema.UUID, ReplyHop] // next hops whose connections end when they are others
	// Translations are those of local routers.
	Translations *incr.Table[Translation, struct{}]
	// Balanced are the backends of load balancers: whether connections end with them.
	Balanced    *incr.Table[Balanced, bool]
	ZoneNames   *incr.Table[schema.UUID, string]       // what the zones of local datapaths are called after
	ZonesAsked  *incr.Table[schema.UUID, uint16]       // the numbers that the zones of SNAT of some are to have
	PortFlows   *incr.Table[schema.UUID, ofctrl.Flows] // by port
	RouterFlows *incr.Table[schema.UUID, ofctrl.Flows] // by datapath: see physical.Router
	GroupFlows  *incr.Table[schema.UUID, ofctrl.Flows] // by multicast group
	TunnelFlows *incr.Table[string, ofctrl.Flows]      // by the tunnel interface's UUID
	// ChassisMACFlows are by Ethernet address of another chassis.
	ChassisMACFlows *incr.Table[packet.MAC, ofctrl.Flows]
	Units           *incr.Table[Path, Lowered]            // units of one datapath
	SharedUnits     *incr.Table[SharedUnit, Lowered]      // units of groups
	GroupUse        *incr.Table[schema.UUID, GroupUse]    // by group with local datapaths
	Neighbours      *incr.Table[NeighbourKey, packet.MAC] // of local routers' ports
	// NeighbourFlows are by neighbour.
	NeighbourFlows *incr.Table[NeighbourKey, ofctrl.Flows]
	// NeighbourSeen is when those that are forgotten some time were heard of.
	NeighbourSeen        *incr.Table[NeighbourKey, int64]
	StaticNeighbourFlows *incr.Table[schema.UUID, ofctrl.Flows] // by row
	RouterPorts          *incr.Table[schema.UUID, RouterPort]   // of local routers
	Orphans              *incr.Table[RecordOf, struct{}]        // our MAC bindings of ports that are no more
	BFDSessions          *incr.Table[schema.UUID, BFDSession]   // of ports on this chassis
	Announcements        *incr.Table[Announced, PortAt]         // to physical networks
	Adverts              *incr.Table[schema.UUID, LocalAdvert]  // that this chassis sends, by the router's port
	NamesAt              *incr.Table[Member, uint32]            // local switches with names, by their tunnel keys
	Names                *incr.Table[NamesPart, Names]          // of these
	OwnedNames           *incr.Table[schema.UUID, struct{}]     // rows of these that are answered whatever is asked
	BFDOrphans           *incr.Table[RecordOf, struct{}]        // what we said of others
	LocalServices        *incr.Table[schema.UUID, LocalService] // of ports on this chassis
	ServiceOrphans       *incr.Table[RecordOf, struct{}]        // what we said of others
	Senders              *incr.Table[SenderKey, Sender]         // on local switches
	FDBFlows             *incr.Table[SenderKey, ofctrl.Flows]   // by sender
	Learning             *incr.Table[schema.UUID, Learning]     // by local switch
	Outdone              *incr.Table[RecordOf, struct{}]        // our FDB records that are good for nothing
	// PortGroupUse is by name, of those that ports of this chassis are in.
	PortGroupUse *incr.Table[string, PortGroupUse]
	FamilyFlows  *incr.Table[FamilyPart, Lowered]       // with the members of large address sets
	MendFlows    *incr.Table[schema.UUID, ofctrl.Flows] // by port: see PortGroupBit.Fresh
	// SecurityFlows are those that answer the checks of port security, by port.
	SecurityFlows *incr.Table[schema.UUID, Lowered]

	shelf   *shelf
	lowerer *lower.Lowerer
	conj    *conjunctions

	groupIDs, meterIDs *ofctrl.IDs

	ifacesByID      *incr.Index[string, binding.Interface, string]
	portsByDatapath *incr.Index[schema.UUID, Port, schema.UUID]
	tunnelsByPeer   *incr.Index[string, Tunnel, string]
	portsByName     *incr.Index[schema.UUID, Port, string]
	groupsByName    *incr.Index[schema.UUID, *sb.MulticastGroup, groupName]
	chassisByName   *incr.Index[schema.UUID, *sb.Chassis, string]
	chassisByHost   *incr.Index[schema.UUID, *sb.Chassis, string]
	claimsByPort    *incr.Index[ClaimKey, Claim, schema.UUID]
	standIns        *incr.Index[schema.UUID, Port, string]      // by the port that each stands for
	wires           *incr.Index[schema.UUID, Port, schema.UUID] // localnet ports, by datapath
	selfByName      *incr.Index[struct{}, Self, string]         // one
	outlets         *incr.Index[schema.UUID, Plug, schema.UUID] // localnet ports that are plugged in, by datapath
	toDistributed   *incr.Index[schema.UUID, Port, schema.UUID] // patch ports, by datapath
	metersByName    *incr.Index[schema.UUID, *sb.Meter, string]

	ways    *incr.Digraph[schema.UUID, edge, schema.UUID] // between datapaths, without a tunnel: see reach
	senders *incr.Table[schema.UUID, struct{}]            // datapaths from which packets get to gateway ports that are to be shared

	winner  *incr.Table[schema.UUID, string] // of the ports of local datapaths
	where   *incr.Table[schema.UUID, where]  // of the ports of local datapaths
	members memberTables

	hosts    hostTables
	liveness livenessTables

	variables *incr.Table[string, string] // template variables of this chassis

	neighbours neighbourTables
	fdb        fdbTables

	marks  markTables
	scopes scopeTables
	survey surveyTables
	stages stageTables
	shared sharedTables
	sets   setTables
}

// groupName is what a multicast group is named by in actions.
type groupName struct {
	Datapath schema.UUID
	Name     string
}

// New declares the tables.
func New(opts ...incr.Option) *Tables {
	t := newInputs(opts...)
	t.index()
	t.bind()
	t.joinVariables()
	t.joinScopes()
	t.decodeShared()
	t.surveyChunks()
	t.joinStages()
	t.joinSets()
	t.joinMarks()
	t.joinChassisMACs()
	t.joinPeers()
	t.joinNeighbours()
	t.joinReplies()
	t.joinTranslations()
	t.joinBalanced()
	t.joinBFD()
	t.joinServices()
	t.announce()
	t.adverts()
	t.names()
	t.joinFDB()
	t.joinGroups()
	t.lowerUnits()
	t.lowerShared()
	t.usePortGroups()
	t.joinFamilies()
	t.securePorts()
	return t
}

// newInputs declares the inputs and what feeds them.
func newInputs(opts ...incr.Option) *Tables {
	e, f := incr.New(opts...), newFeeds()
	t := &Tables{
		Engine: e, Feeds: f, lowerer: lower.New(), conj: newConjunctions(numBlocks),
		groupIDs: ofctrl.NewIDs(physical.FreeGroupIDs), meterIDs: ofctrl.NewIDs(ofctrl.MaxMeterID),

		Self:          incr.NewInput[struct{}, Self](e, "self", nil),
		Interfaces:    incr.NewInput[string](e, "interfaces", incr.Eq[binding.Interface]),
		Tunnels:       incr.NewInput[string](e, "tunnels", incr.Eq[Tunnel]),
		Watches:       incr.NewInput[string](e, "watched tunnels", incr.Eq[Watch]),
		Patches:       incr.NewInput[string](e, "patches", incr.Eq[Patch]),
		Zones:         incr.NewInput[string](e, "zones", incr.Eq[uint16]),
		NATAddresses:  feed[schema.UUID, natAddresses](f, incr.NewInput[schema.UUID](e, "NAT addresses", incr.Eq[natAddresses])),
		CollectorSets: incr.NewInput[uint32](e, "collector sets", incr.Eq[struct{}]),
		GroupBits:     incr.NewInput[schema.UUID](e, "group bits", incr.Eq[GroupBit]),
		PortGroupBits: incr.NewInput[string](e, "port group bits", incr.Eq[PortGroupBit]),
		AnnounceFor:   incr.NewInput[struct{}](e, "announce for", incr.Eq[time.Duration]),
		Elide:         incr.NewInput[struct{}](e, "elide", incr.Eq[bool]),

		Datapaths:      rowsOf[*sb.DatapathBinding](f, e, "datapaths", byNorthd),
		Ports:          feed[schema.UUID, Port](f, incr.NewInput[schema.UUID](e, "ports", incr.Eq[Port])),
		Groups:         feed[schema.UUID, *sb.MulticastGroup](f, incr.NewInput[schema.UUID](e, "groups", rowEqual[*sb.MulticastGroup]())),
		GroupPorts:     feed[Member, struct{}](f, incr.NewInput[Member](e, "group ports", incr.Eq[struct{}])),
		DPGroups:       feed[Member, struct{}](f, incr.NewInput[Member](e, "datapath groups", incr.Eq[struct{}])),
		Chunks:         feed[Path, string](f, incr.NewInput[Path](e, "chunks", incr.Eq[string])),
		Followed:       feed[schema.UUID, struct{}](f, incr.NewInput[schema.UUID](e, "followed", incr.Eq[struct{}])),
		Chassis:        rowsOf[*sb.Chassis](f, e, "chassis", byChassis, byClients),
		Encaps:         feed[schema.UUID, Encap](f, incr.NewInput[schema.UUID, Encap](e, "encaps", nil)),
		Claims:         feed[ClaimKey, Claim](f, incr.NewInput[ClaimKey](e, "claims", incr.Eq[Claim])),
		Given:          feed[schema.UUID, Given](f, incr.NewInput[schema.UUID](e, "given places", incr.Eq[Given])),
		MACBindings:    feed[RecordOf, MACBinding](f, incr.NewInput[RecordOf](e, "MAC bindings", incr.Eq[MACBinding])),
		StaticMACs:     rowsOf[*sb.StaticMACBinding](f, e, "static MAC bindings", byNorthd),
		Templates:      rowsOf[*sb.ChassisTemplateVar](f, e, "template variables", byNorthd),
		RemovalLimit:   feed[schema.UUID, int](f, incr.NewInput[schema.UUID](e, "removal limit", incr.Eq[int])),
		BFDTimes:       feed[schema.UUID, BFDTimes](f, incr.NewInput[schema.UUID](e, "BFD times", incr.Eq[BFDTimes])),
		BFD:            rowsOf[*sb.BFD](f, e, "BFD", byNorthd),
		Services:       feed[schema.UUID, Service](f, incr.NewInput[schema.UUID](e, "services", incr.Eq[Service])),
		ServiceStatus:  feed[RecordOf, struct{}](f, incr.NewInput[RecordOf](e, "status of services", incr.Eq[struct{}])),
		BFDStatus:      feed[RecordOf, struct{}](f, incr.NewInput[RecordOf](e, "BFD status", incr.Eq[struct{}])),
		NamesOn:        feed[Member, struct{}](f, incr.NewInput[Member](e, "switches that have names", incr.Eq[struct{}])),
		NamesOwned:     feed[schema.UUID, bool](f, incr.NewInput[schema.UUID](e, "rows of names", incr.Eq[bool])),
		AllNames:       feed[NamesPart, Names](f, incr.NewInput[NamesPart](e, "all names", incr.Eq[Names])),
		AllAdverts:     feed[schema.UUID, Advert](f, incr.NewInput[schema.UUID](e, "advertisements of routers", incr.Eq[Advert])),
		HAGroups:       rowsOf[*sb.HAChassisGroup](f, e, "HA groups", byNorthd),
		HAChassis:      rowsOf[*sb.HAChassis](f, e, "HA chassis", byNorthd),
		FDBs:           feed[RecordOf, FDB](f, incr.NewInput[RecordOf](e, "FDB", incr.Eq[FDB])),
		Doubts:         incr.NewInput[SenderKey](e, "doubts", incr.Eq[struct{}]),
		Meters:         rowsOf[*sb.Meter](f, e, "meters", byNorthd),
		MeterBands:     rowsOf[*sb.MeterBand](f, e, "meter bands", byNorthd),
		ECMPNexthops:   rowsOf[*sb.ECMPNexthop](f, e, "ECMP next hops", byNorthd),
		ACLIDs:         rowsOf[*sb.ACLID](f, e, "ACL numbers", byNorthd),
		AddressSets:    rowsOf[*sb.AddressSet](f, e, "address sets", byNorthd),
		Addresses:      textMembers[*sb.AddressSet](f, incr.NewInput[SetMember](e, "addresses", incr.Eq[struct{}]), "addresses"),
		PortGroups:     rowsOf[*sb.PortGroup](f, e, "port groups", byNorthd),
		PortGroupPorts: textMembers[*sb.PortGroup](f, incr.NewInput[SetMember](e, "port group ports", incr.Eq[struct{}]), "ports"),
	}
	t.ACLIDs.Feed()
	t.shelf = newShelf(t)
	t.feedRows()
	return t
}

// feedRows declares the inputs that hold something else than rows.
func (t *Tables) feedRows() {
	f, s := t.Feeds, t.shelf
	f.shelf = s
	id := func(_ string, row schema.UUID) schema.UUID { return row }
	fromRows(f, feeder[schema.UUID, fedPort]{s, s.feedPort, s.deletePort}, byNorthd, id, func(row *sb.PortBinding, _ Event) (fedPort, error) {
		p := fedPort{PortOf(row), NATAddressesOf(row), AdvertOf(row)}
		for _, s := range p.Strings() {
			*s = f.once(*s)
		}
		return p, nil
	})
	recordOf := func(chassis string, row schema.UUID) RecordOf { return RecordOf{f.once(chassis), row} }
	for _, by := range []writer{byChassis, byClients} {
		fromRows(f, t.Encaps, by, id, func(row *sb.Encap, e Event) (Encap, error) { return Encap{row, e.Rev}, nil })
		fromRows(f, t.MACBindings, by, recordOf, macBinding)
		fromRows(f, t.FDBs, by, recordOf, fdbRow)
	}
	fromRows(f, t.RemovalLimit, byNorthd, id, func(row *sb.SBGlobal, _ Event) (int, error) {
		n, err := strconv.ParseUint(row.Options["mac_binding_removal_limit"], 10, 31)
		if err != nil {
			return 0, nil // northd has told
		}
		return int(n), nil
	})
	fromRows(f, t.BFDTimes, byNorthd, id, bfdTimes)
	fromRows(f, t.Services, byNorthd, id, func(row *sb.ServiceMonitor, _ Event) (Service, error) { return serviceOf(row, f.once) })
	fromRows(f, t.ServiceStatus, byChassis, recordOf, func(*sb.ServiceMonitor, Event) (struct{}, error) { return struct{}{}, nil })
	fromRows(f, t.BFDStatus, byChassis, func(chassis string, row schema.UUID) RecordOf { return RecordOf{f.once(chassis), row} },
		func(*sb.BFD, Event) (struct{}, error) { return struct{}{}, nil })
	fromRows(f, t.Given, byClients, id, given)
	fromRows(f, feeder[schema.UUID, *sb.MulticastGroup]{s, s.setGroup, s.deleteGroup}, byNorthd, id,
		func(row *sb.MulticastGroup, _ Event) (*sb.MulticastGroup, error) { return row, nil })
	rowMembers[*sb.MulticastGroup](f, feeder[Member, struct{}]{s, s.setMember, s.deleteMember}, "ports")
	rowMembers[*sb.LogicalDPGroup](f, t.DPGroups, "datapaths")
	fromRows(f, feeder[ClaimKey, Claim]{s, s.setClaim, s.deleteClaim}, byChassis, func(chassis string, port schema.UUID) ClaimKey { return ClaimKey{port, f.once(chassis)} },
		func(row *sb.PortBinding, e Event) (Claim, error) {
			c := Claim{Rev: e.Created}
			if row.Encap != nil {
				c.Encap = *row.Encap
			}
			return c, nil
		})
	t.feedNames()
	f.chunks = t.Chunks
}

// rowEqual compares the stored columns of two rows.
func rowEqual[R schema.Row]() func(a, b R) bool {
	var zero R
	table := sb.Schema().TableOf(zero)
	return func(a, b R) bool { return table.Equal(a, b) }
}

func (t *Tables) index() {
	t.ifacesByID = incr.NewIndex(t.Interfaces, "iface-id", func(_ string, i binding.Interface) []string { return one(i.ID) })
	t.tunnelsByPeer = incr.NewIndex(t.Tunnels, "chassis", func(_ string, u Tunnel) []string { return one(u.Chassis) })
	t.portsByName = incr.NewIndex(t.Ports, "name", func(_ schema.UUID, p Port) []string { return one(p.Name) })
	t.portsByDatapath = incr.NewIndex(t.Ports, "datapath", func(_ schema.UUID, p Port) []schema.UUID { return one(p.Datapath) })
	t.groupsByName = incr.NewIndex(t.Groups, "name", func(_ schema.UUID, g *sb.MulticastGroup) []groupName {
		return one(groupName{g.Datapath, g.Name})
	})
	t.chassisByName = incr.NewIndex(t.Chassis, "name", func(_ schema.UUID, c *sb.Chassis) []string { return one(c.Name) })
	t.chassisByHost = incr.NewIndex(t.Chassis, "hostname", func(_ schema.UUID, c *sb.Chassis) []string { return one(c.Hostname) })
	t.metersByName = incr.NewIndex(t.Meters, "name", func(_ schema.UUID, m *sb.Meter) []string { return one(m.Name) })
	t.selfByName = incr.NewIndex(t.Self, "name", func(_ struct{}, s Self) []string { return one(s.Name) })
	t.claimsByPort = incr.NewIndex(t.Claims, "port", func(k ClaimKey, _ Claim) []schema.UUID { return one(k.Port) })
}

func one[X any](x X) []X { return []X{x} }

// packed makes of a row function one whose rows take less.
func packed[K comparable](fn func(*incr.Reader, K) ([]ofctrl.Flow, bool)) func(*incr.Reader, K) (ofctrl.Flows, bool) {
	return func(r *incr.Reader, k K) (ofctrl.Flows, bool) {
		flows, ok := fn(r, k)
		return ofctrl.Pack(flows), ok
	}
}

// cookie is the first 32 bits of a row's UUID, as OVN's controller has it.
func cookie(u schema.UUID) uint64 {
	return uint64(u[0])<<24 | uint64(u[1])<<16 | uint64(u[2])<<8 | uint64(u[3])
}

// Equal tells whether two are the same.
func (s Self) Equal(o Self) bool {
	return s.Name == o.Name && s.Hostname == o.Hostname && maps.Equal(s.Encaps, o.Encaps)
}
