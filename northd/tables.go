package northd

import (
	"net/netip"
	"reflect"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
	"github.com/weft-sdn/weft/schema/sb"
)

// tables are the compiler's tables in the order of their computation.
type tables struct {
	// Inputs.
	ls         *incr.Input[schema.UUID, *nb.LogicalSwitch]
	lsp        *incr.Input[schema.UUID, *nb.LogicalSwitchPort]
	aclRows    *incr.Input[schema.UUID, *nb.ACL]
	pgs        *incr.Input[schema.UUID, *nb.PortGroup]
	sets       *incr.Input[schema.UUID, *nb.AddressSet]
	meters     *incr.Input[schema.UUID, *nb.Meter]
	meterBands *incr.Input[schema.UUID, *nb.MeterBand]
	copps      *incr.Input[schema.UUID, *nb.Copp]
	samples    *incr.Input[schema.UUID, *nb.Sample]
	collectors *incr.Input[schema.UUID, *nb.SampleCollector]
	apps       *incr.Input[schema.UUID, *nb.SamplingApp]
	global     *incr.Input[schema.UUID, *nb.NBGlobal]
	others     *incr.Input[schema.UUID, schema.Row] // tables that are not compiled yet
	chassis    *incr.Input[schema.UUID, *sb.Chassis]
	claims     *incr.Input[schema.UUID, Claim]
	// Inputs that Apply computes from wishes: see keys.go.
	datapathKeys *incr.Input[schema.UUID, int]
	portKeys     *incr.Input[schema.UUID, int]
	aclIDs       *incr.Input[schema.UUID, int]
	keyProblems  *incr.Input[schema.UUID, string]

	oneGlobal     *incr.Index[schema.UUID, *nb.NBGlobal, struct{}]
	switchOfPort  *incr.Index[schema.UUID, *nb.LogicalSwitch, schema.UUID]
	groupByName   *incr.Index[schema.UUID, *nb.PortGroup, string]
	groupBySet    *incr.Index[schema.UUID, *nb.PortGroup, string] // names of its address sets
	groupsOfPort  *incr.Index[schema.UUID, *nb.PortGroup, schema.UUID]
	setByName     *incr.Index[schema.UUID, *nb.AddressSet, string]
	meterByName   *incr.Index[schema.UUID, *nb.Meter, string]
	sharedMeters  *incr.Index[schema.UUID, *nb.Meter, meterUse]
	samplingApps  *incr.Index[schema.UUID, *nb.SamplingApp, string]
	ownMeters     *incr.Index[schema.UUID, *nb.ACL, meterUse]
	chassisByName *incr.Index[schema.UUID, *sb.Chassis, string]
	chassisByHost *incr.Index[schema.UUID, *sb.Chassis, string]

	// Rows as features see them; without "parsed", those that have a key.
	settings       *incr.Table[struct{}, settings]
	drops          *incr.Table[struct{}, string] // see dropped
	parsedSwitches *incr.Table[schema.UUID, *lswitch]
	parsedPorts    *incr.Table[schema.UUID, *lport]
	datapathWishes *incr.Table[schema.UUID, int]
	portWishes     *incr.Table[schema.UUID, portWish]
	aclWishes      *incr.Table[schema.UUID, int]
	switches       *incr.Table[schema.UUID, *lswitch]
	ports          *incr.Table[schema.UUID, *lport]

	portsByGroup *incr.Index[schema.UUID, *lport, groupKey]
	portsByMAC   *incr.Index[schema.UUID, *lport, macOnSwitch]
	portsByIP    *incr.Index[schema.UUID, *lport, ipOnSwitch]

	// Port groups: portgroup.go.
	groupNames *incr.Table[schema.UUID, string]
	members    *incr.Table[schema.UUID, *member]
	membersOn  *incr.Index[schema.UUID, *member, carrier]
	membersIn  *incr.Index[schema.UUID, *member, schema.UUID]

	// ACLs and where they apply: policy.go.
	acls       *incr.Table[schema.UUID, *acl]
	owned      *incr.Table[schema.UUID, []schema.UUID] // ACLs of a switch or port group
	demands    *incr.Table[schema.UUID, policy]        // of an owner's ACLs
	selves     *incr.Index[schema.UUID, *lswitch, carrier]
	carriers   *incr.Table[carrier, struct{}]
	carriersOn *incr.Index[carrier, struct{}, schema.UUID]
	policies   *incr.Table[schema.UUID, policy] // of a switch
	scoped     *incr.Table[carrier, scope]
	byScope    *incr.Index[carrier, scope, scope]
	scopes     *incr.Table[scope, []schema.UUID] // the ACLs
	rules      *incr.Index[scope, []schema.UUID, rule]

	classes *incr.Table[schema.UUID, class]
	byClass *incr.Index[schema.UUID, class, class]

	// Outputs.
	units       *incr.Table[schema.UUID, unit]
	classUnits  *incr.Table[class, unit]
	aclUnits    *incr.Table[rule, unit]
	aclGroups   *incr.Table[scope, *sb.LogicalDPGroup]
	portGroups  *incr.Table[carrier, *sb.PortGroup]
	addressSets *incr.Table[string, *sb.AddressSet]
	sbMeters    *incr.Table[meterUse, *sb.Meter]
	sbBands     *incr.Table[schema.UUID, *sb.MeterBand]
	sbACLIDs    *incr.Table[schema.UUID, *sb.ACLID]
	datapaths   *incr.Table[schema.UUID, *sb.DatapathBinding]
	bindings    *incr.Table[schema.UUID, *sb.PortBinding]
	multicast   *incr.Table[groupKey, *sb.MulticastGroup]
	dpGroups    *incr.Table[class, *sb.LogicalDPGroup]
	back        *incr.Table[schema.UUID, writeback]
	badPorts    *incr.Table[schema.UUID, []Problem]
	badSwitches *incr.Table[schema.UUID, []Problem]
	badACLs     *incr.Table[schema.UUID, []Problem]
	badOthers   *incr.Table[schema.UUID, []Problem]
}

type macOnSwitch struct {
	sw  schema.UUID
	mac lflow.MAC
}

type ipOnSwitch struct {
	sw schema.UUID
	ip netip.Addr
}

// portWish is what a port wants of the key space of its switch.
type portWish struct {
	sw      schema.UUID
	request int
}

// settings are options for the whole network.
type settings struct {
	needUp      bool // answer ARP only for ports that are up
	defaultDrop bool // drop what ACLs do not allow, on switches that have some
	noInvalid   bool // do not match on ct.inv
}

// equalRow is the equality of rows; pointers and maps are followed.
func equalRow[R schema.Row](a, b R) bool { return reflect.DeepEqual(a, b) }

func (c *Compiler) declare() {
	c.declareInputs()
	c.declareEntities()
	c.declareOutputs()
}

func (c *Compiler) declareInputs() {
	e := c.e
	c.ls = incr.NewInput[schema.UUID](e, "Logical_Switch", incr.Eq[*nb.LogicalSwitch])
	c.lsp = incr.NewInput[schema.UUID](e, "Logical_Switch_Port", incr.Eq[*nb.LogicalSwitchPort])
	c.aclRows = incr.NewInput[schema.UUID](e, "ACL", incr.Eq[*nb.ACL])
	c.pgs = incr.NewInput[schema.UUID](e, "Port_Group of NB", incr.Eq[*nb.PortGroup])
	c.sets = incr.NewInput[schema.UUID](e, "Address_Set of NB", incr.Eq[*nb.AddressSet])
	c.meters = incr.NewInput[schema.UUID](e, "Meter of NB", incr.Eq[*nb.Meter])
	c.meterBands = incr.NewInput[schema.UUID](e, "Meter_Band of NB", incr.Eq[*nb.MeterBand])
	c.copps = incr.NewInput[schema.UUID](e, "Copp", incr.Eq[*nb.Copp])
	c.samples = incr.NewInput[schema.UUID](e, "Sample", incr.Eq[*nb.Sample])
	c.collectors = incr.NewInput[schema.UUID](e, "Sample_Collector", incr.Eq[*nb.SampleCollector])
	c.apps = incr.NewInput[schema.UUID](e, "Sampling_App", incr.Eq[*nb.SamplingApp])
	c.global = incr.NewInput[schema.UUID](e, "NB_Global", incr.Eq[*nb.NBGlobal])
	c.others = incr.NewInput[schema.UUID](e, "others", incr.Eq[schema.Row])
	c.chassis = incr.NewInput[schema.UUID](e, "Chassis", func(a, b *sb.Chassis) bool {
		return a.Name == b.Name && a.Hostname == b.Hostname
	})
	c.claims = incr.NewInput[schema.UUID](e, "claim", incr.Eq[Claim])
	c.datapathKeys = incr.NewInput[schema.UUID](e, "datapath key", incr.Eq[int])
	c.portKeys = incr.NewInput[schema.UUID](e, "port key", incr.Eq[int])
	c.aclIDs = incr.NewInput[schema.UUID](e, "ACL id", incr.Eq[int])
	c.keyProblems = incr.NewInput[schema.UUID](e, "key problem", incr.Eq[string])

	c.oneGlobal = incr.NewIndex(c.global, "one", func(schema.UUID, *nb.NBGlobal) []struct{} { return []struct{}{{}} })
	c.switchOfPort = incr.NewIndex(c.ls, "port", func(_ schema.UUID, s *nb.LogicalSwitch) []schema.UUID { return s.Ports })
	c.groupByName = incr.NewIndex(c.pgs, "name", func(_ schema.UUID, g *nb.PortGroup) []string { return []string{g.Name} })
	c.groupBySet = incr.NewIndex(c.pgs, "set", setsOfGroup)
	c.groupsOfPort = incr.NewIndex(c.pgs, "port", func(_ schema.UUID, g *nb.PortGroup) []schema.UUID { return g.Ports })
	c.setByName = incr.NewIndex(c.sets, "name", func(_ schema.UUID, s *nb.AddressSet) []string { return []string{s.Name} })
	c.meterByName = incr.NewIndex(c.meters, "name", func(_ schema.UUID, m *nb.Meter) []string { return []string{m.Name} })
	c.sharedMeters = incr.NewIndex(c.meters, "shared", func(_ schema.UUID, m *nb.Meter) []meterUse { return []meterUse{{meter: m.Name}} })
	c.samplingApps = incr.NewIndex(c.apps, "type", func(_ schema.UUID, a *nb.SamplingApp) []string { return []string{a.Type} })
	c.ownMeters = incr.NewIndex(c.aclRows, "meter", func(id schema.UUID, a *nb.ACL) []meterUse {
		if a.Meter == nil {
			return nil
		}
		return []meterUse{{*a.Meter, id}}
	})
	c.chassisByName = incr.NewIndex(c.chassis, "name", func(_ schema.UUID, ch *sb.Chassis) []string { return []string{ch.Name} })
	c.chassisByHost = incr.NewIndex(c.chassis, "hostname", func(_ schema.UUID, ch *sb.Chassis) []string { return []string{ch.Hostname} })
}

func (c *Compiler) declareEntities() {
	e := c.e
	c.settings = incr.NewTable(e, "settings", incr.Eq, incr.Values(c.oneGlobal), func(r *incr.Reader, _ struct{}) (settings, bool) {
		_, g, _ := incr.One(r, c.oneGlobal, struct{}{})
		return settings{
			needUp:      g.Options["ignore_lsp_down"] == "false",
			defaultDrop: g.Options["default_acl_drop"] == "true",
			noInvalid:   g.Options["use_ct_inv_match"] == "false",
		}, true
	})
	c.drops = incr.NewTable(e, "drops", incr.Eq, incr.Values(c.oneGlobal), c.dropped)
	c.parsedSwitches = incr.NewTable(e, "parsed switch", equalSwitch, incr.Keys(c.ls), c.parseSwitch)
	c.parsedPorts = incr.NewTable(e, "parsed port", equalPort, incr.Keys(c.lsp), c.parsePort)
	c.datapathWishes = incr.NewTable(e, "datapath wish", incr.Eq, incr.Keys(c.parsedSwitches), func(r *incr.Reader, id schema.UUID) (int, bool) {
		s, ok := incr.Get(r, c.parsedSwitches, id)
		return s.WantKey, ok
	}).Feed()
	c.portWishes = incr.NewTable(e, "port wish", incr.Eq, incr.Keys(c.parsedPorts), func(r *incr.Reader, id schema.UUID) (portWish, bool) {
		p, ok := incr.Get(r, c.parsedPorts, id)
		return portWish{p.Switch, p.WantKey}, ok
	}).Feed()
	c.aclWishes = incr.NewTable(e, "ACL id wish", incr.Eq, incr.Keys(c.aclRows), func(r *incr.Reader, id schema.UUID) (int, bool) {
		row, ok := incr.Get(r, c.aclRows, id)
		return 0, ok && persists(row)
	}).Feed()
	c.switches = incr.NewTable(e, "switch", equalSwitch, incr.Keys(c.parsedSwitches), func(r *incr.Reader, id schema.UUID) (*lswitch, bool) {
		s, _ := incr.Get(r, c.parsedSwitches, id)
		return s, incr.Has(r, c.datapathKeys, id)
	})
	c.ports = incr.NewTable(e, "port", equalPort, incr.Keys(c.parsedPorts), func(r *incr.Reader, id schema.UUID) (*lport, bool) {
		p, _ := incr.Get(r, c.parsedPorts, id)
		return p, incr.Has(r, c.portKeys, id) && incr.Has(r, c.datapathKeys, p.Switch)
	})
	c.portsByGroup = incr.NewIndex(c.ports, "group", groupsOf)
	c.portsByMAC = incr.NewIndex(c.ports, "mac", macsOf)
	c.portsByIP = incr.NewIndex(c.ports, "ip", ipsOf)
	c.selves = incr.NewIndex(c.switches, "self", func(id schema.UUID, _ *lswitch) []carrier { return []carrier{{id, id}} })
	c.declareGroups()
	c.declareACLs()
	c.classes = incr.NewTable(e, "class", incr.Eq, incr.Keys(c.switches), c.classOf)
	c.byClass = incr.NewIndex(c.classes, "class", func(_ schema.UUID, k class) []class { return []class{k} })
}

// macsOf: addresses of ports whose type has no flows take nothing from others.
func macsOf(_ schema.UUID, p *lport) []macOnSwitch {
	if !p.Handled {
		return nil
	}
	var macs []macOnSwitch
	for _, a := range p.Addresses {
		macs = append(macs, macOnSwitch{p.Switch, a.MAC})
	}
	return macs
}

func ipsOf(_ schema.UUID, p *lport) []ipOnSwitch {
	if !p.Handled || p.Unknown {
		return nil
	}
	var ips []ipOnSwitch
	for _, a := range p.Addresses {
		for _, ip := range a.IPs {
			ips = append(ips, ipOnSwitch{p.Switch, ip.Addr()})
		}
	}
	return ips
}

func (c *Compiler) declareOutputs() {
	e := c.e
	c.units = incr.NewTable(e, "port flows", equalUnit, incr.Keys(c.ports), c.portFlows).Feed()
	c.classUnits = incr.NewTable(e, "class flows", equalUnit, incr.Values(c.byClass), c.classFlows).Feed()
	c.aclUnits = incr.NewTable(e, "ACL flows", equalUnit, incr.Values(c.rules), c.ruleFlows).Feed()
	c.aclGroups = incr.NewTable(e, "Logical_DP_Group of ACLs", equalRow, incr.Keys(c.scopes), c.aclGroupRow).Feed()
	c.portGroups = incr.NewTable(e, "Port_Group", equalPortGroup, incr.Values(c.membersOn), c.portGroupRow).Feed()
	c.addressSets = incr.NewTable(e, "Address_Set", equalAddressSet, incr.Union(incr.Values(c.setByName), incr.Values(c.groupBySet)), c.addressSetRow).Feed()
	c.sbMeters = incr.NewTable(e, "Meter", equalMeter, incr.Union(incr.Values(c.sharedMeters), incr.Values(c.ownMeters)), c.meterRow).Feed()
	c.sbBands = incr.NewTable(e, "Meter_Band", equalRow, incr.Keys(c.meterBands), c.meterBandRow).Feed()
	c.sbACLIDs = incr.NewTable(e, "ACL_ID", equalRow, incr.Keys(c.aclIDs), c.aclIDRow).Feed()
	c.datapaths = incr.NewTable(e, "Datapath_Binding", equalRow, incr.Keys(c.switches), c.datapathRow).Feed()
	c.bindings = incr.NewTable(e, "Port_Binding", equalRow, incr.Keys(c.ports), c.bindingRow).Feed()
	c.multicast = incr.NewTable(e, "Multicast_Group", equalRow, incr.Values(c.portsByGroup), c.multicastRow).Feed()
	c.dpGroups = incr.NewTable(e, "Logical_DP_Group", equalRow, incr.Values(c.byClass), c.groupRow).Feed()
	c.back = incr.NewTable(e, "write-back", incr.Eq, incr.Keys(c.lsp), c.portWriteback).Feed()
	c.badPorts = incr.NewTable(e, "port problems", incr.EqSlice, incr.Keys(c.parsedPorts), c.portProblems).Feed()
	c.badSwitches = incr.NewTable(e, "switch problems", incr.EqSlice, incr.Keys(c.parsedSwitches), c.switchProblems).Feed()
	c.badACLs = incr.NewTable(e, "ACL problems", incr.EqSlice, incr.Keys(c.acls), func(r *incr.Reader, id schema.UUID) ([]Problem, bool) {
		a, ok := incr.Get(r, c.acls, id)
		return a.Problems, ok && len(a.Problems) > 0
	}).Feed()
	c.badOthers = incr.NewTable(e, "other problems", incr.EqSlice, incr.Keys(c.others), c.otherProblems).Feed()
}

// otherProblems is the row function of table "other problems".
func (c *Compiler) otherProblems(r *incr.Reader, id schema.UUID) ([]Problem, bool) {
	row, _ := incr.Get(r, c.others, id)
	switch row := row.(type) {
	case *nb.LogicalRouter:
		return []Problem{{"Logical_Router", id, row.Name, "", notYet}}, true
	}
	return nil, false
}
