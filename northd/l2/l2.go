package l2

import (
	"net/netip"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
)

// feature is what the files of this package share.
type feature struct {
	m        *model.Model
	copp     model.CoppMeter
	settings *incr.Table[struct{}, settings]
	learn    learnOptions
	allHear  *graph.Option[bool]
	selfSaid *graph.Option[bool]

	has          *incr.Table[schema.UUID, class]
	portsByGroup *incr.Index[schema.UUID, *model.SwitchPort, groupKey]
	portsByMAC   *incr.Index[schema.UUID, *model.SwitchPort, macOnSwitch]
	portsByIP    *incr.Index[schema.UUID, *model.SwitchPort, model.AddressOn]
	toRouters    *incr.Index[schema.UUID, *model.SwitchPort, schema.UUID]
	learners     *incr.Index[schema.UUID, *model.SwitchPort, schema.UUID] // by switch, as those before and after
	proxies      *incr.Index[schema.UUID, *model.SwitchPort, schema.UUID]
}

// settings are options for the whole network.
type settings struct {
	needUp bool // answer ARP only for ports that are up
}

// class is what switches differ in.
type class struct {
	Unknown bool // some port has addresses "unknown"
	Routed  bool // some port leads to a router
	Hosts   bool // some port does not; said of such with a router only
	Learns  bool // senders behind some port are learned
	Quiet   bool // questions of neighbours are not for all
}

type macOnSwitch struct {
	sw  schema.UUID
	mac lflow.MAC
}

// New declares switching. Copp has the meters of what is sent to agents.
func New(g *graph.Graph, m *model.Model, copp model.CoppMeter) model.SwitchAddresses {
	f := &feature{m: m, copp: copp}
	answerDown := graph.Bool[*nb.NBGlobal](g, "options", "ignore_lsp_down", true, "answer ARP for ports that are not up, too")
	f.settings = graph.Table(g, "settings of switching", incr.Keys(m.Options), func(r *incr.Reader, _ struct{}) (settings, bool) {
		options, _ := incr.Get(r, m.Options, struct{}{})
		return settings{needUp: !answerDown.Of(options)}, true
	})
	f.portsByGroup = incr.NewIndex(m.SwitchPorts, "group", groupsOf)
	f.portsByMAC = incr.NewIndex(m.SwitchPorts, "mac", macsOf)
	f.portsByIP = incr.NewIndex(m.SwitchPorts, "ip", ipsOf)
	f.toRouters = incr.NewIndex(m.SwitchPorts, "to routers", toRouters)
	f.learn = newLearnOptions(g)
	f.allHear = graph.Bool[*nb.LogicalSwitch](g, "other_config", "broadcast-arps-to-all-routers", true,
		"questions for neighbours that no port is known to be go to all ports, else to those with addresses unknown alone")
	f.selfSaid = graph.Bool[*nb.LogicalSwitchPort](g, "options", "disable_arp_nd_rsp", false,
		"for ports of VMs: who asks for the port's addresses is not answered in its name, but by itself")
	f.learners = incr.NewIndex(m.SwitchPorts, "learners", f.learnersOf)
	f.proxies = incr.NewIndex(m.SwitchPorts, "proxies", proxiesOn)
	f.has = graph.Table(g, "class of switching", incr.Keys(m.Switches), f.classOf)
	classes := graph.NewClass(g, "switching", f.has)

	m.AllSwitches.Write("admission", admitAll)
	m.AllSwitches.Write("learning", learnNothing)
	m.AllSwitches.Write("neighbours", answerNobody)
	m.AllSwitches.Write("lookup", lookupGroups)
	classes.Write("lookup", lookupUnknown)
	classes.Write("lookup", lookupRouted)
	classes.Write("lookup", askQuietly)
	m.SwitchPortFlows.Write("admission", admitPort)
	m.SwitchPortFlows.Write("learning", f.learnFrom)
	m.SwitchPortFlows.Write("neighbours", f.answerFor)
	m.SwitchPortFlows.Write("neighbours", f.answerAsProxy)
	m.SwitchPortFlows.Write("lookup", f.lookupPort)
	m.SwitchPortFlows.Write("lookup", f.askRouter)
	graph.Rows(g, "Multicast_Group", incr.Values(f.portsByGroup), f.multicastRow)
	return model.SwitchAddresses{
		Answers: func(r *incr.Reader, p *model.RouterPort, ip netip.Addr) bool {
			near, ok := m.SwitchPortTo(r, p.Name)
			return ok && f.answersAll(r, near, ip)
		},
		Nobody: func(r *incr.Reader, sw schema.UUID, ip netip.Addr) bool {
			has, _ := incr.Get(r, f.has, sw)
			return !has.Unknown && !m.HasLocalnet(r, sw) && incr.Count(r, f.portsByIP, model.AddressOn{On: sw, IP: ip}) == 0
		},
	}
}

func (f *feature) classOf(r *incr.Reader, id schema.UUID) (class, bool) {
	some := func(k group) bool { return incr.Count(r, f.portsByGroup, groupKey{id, k}) > 0 }
	c := class{Unknown: some(unknown), Routed: incr.Count(r, f.toRouters, id) > 0}
	c.Hosts = c.Routed && some(floodL2)
	c.Learns = incr.Count(r, f.learners, id) > 0
	if s, ok := incr.Get(r, f.m.Switches, id); ok {
		c.Quiet = !f.allHear.Of(s.Config)
	}
	return c, c != class{}
}

// macsOf: addresses of ports whose type has no flows take nothing from others.
func macsOf(_ schema.UUID, p *model.SwitchPort) []macOnSwitch {
	if !p.Handled {
		return nil
	}
	var macs []macOnSwitch
	for _, a := range p.Addresses {
		macs = append(macs, macOnSwitch{p.Switch, a.MAC})
	}
	if proxiesAs(p) {
		macs = append(macs, macOnSwitch{p.Switch, p.Proxy.MAC})
	}
	return macs
}

func ipsOf(_ schema.UUID, p *model.SwitchPort) []model.AddressOn {
	if !p.Handled || p.Unknown {
		return nil
	}
	var ips []model.AddressOn
	for _, a := range p.Addresses {
		for _, ip := range a.IPs {
			ips = append(ips, model.AddressOn{On: p.Switch, IP: ip.Addr()})
		}
	}
	return ips
}
