package neighbour

import (
	"net/netip"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/northd/pipeline"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
	"github.com/weft-sdn/weft/schema/sb"
)

// segments know the addresses on switches with routers. OVN writes a flow for
// each address and each router's port on its switch. Here a stage notes the
// switch behind the output port, so that an address has one flow, which holds
// on the switch's one router or on the group of its routers: a VM that comes
// is one small key, and a further router writes no address again.
//
// Unlike OVN's, the flows are not limited to the networks of the port: that a
// next hop is on the segment is what counts.
type segments struct {
	m        *model.Model
	asks     *graph.Option[bool]
	links    *incr.Table[schema.UUID, *link] // by router port
	bySwitch *incr.Index[schema.UUID, *link, schema.UUID]
	linkByIP *incr.Index[schema.UUID, *link, ipOnSwitch]
	hostByIP *incr.Index[schema.UUID, *model.SwitchPort, ipOnSwitch]
	owners   *incr.Table[schema.UUID, owners] // by switch
}

// link is a router's port on a switch.
type link struct {
	port *model.RouterPort
	sw   schema.UUID
	asks bool // its router asks for other routers' addresses
}

type ipOnSwitch struct {
	sw schema.UUID
	ip netip.Addr
}

// owners are what a switch's flows are stored under: a router or a group of
// several; zero if there is none.
type owners struct {
	key     int   // of the switch
	hosts   owner // for addresses of VMs
	routers owner // for those of routers
}

// owner is a router, or a group of routers that are some of wide: flows for a
// segment do nothing on others, unless these must not know its addresses.
type owner struct{ id, wide schema.UUID }

func newSegments(g *graph.Graph, m *model.Model, offers []model.Offers) *segments {
	s := &segments{m: m, asks: graph.Bool[*nb.LogicalRouter](g, "options", "dynamic_neigh_routers", false,
		"ask for the Ethernet addresses of other routers on a switch, as for anybody's")}
	s.links = graph.Table(g, "link of router and switch", incr.Keys(m.RouterPorts), s.linkOf)
	s.bySwitch = incr.NewIndex(s.links, "switch", func(_ schema.UUID, l *link) []schema.UUID { return []schema.UUID{l.sw} })
	s.linkByIP = incr.NewIndex(s.links, "ip", func(_ schema.UUID, l *link) (ips []ipOnSwitch) {
		for _, n := range l.port.Networks {
			ips = append(ips, ipOnSwitch{l.sw, n.Addr()})
		}
		return ips
	})
	s.hostByIP = incr.NewIndex(m.SwitchPorts, "ip of host", func(_ schema.UUID, p *model.SwitchPort) (ips []ipOnSwitch) {
		for _, a := range addressesOf(p) {
			for _, ip := range a.IPs {
				ips = append(ips, ipOnSwitch{p.Switch, ip.Addr()})
			}
		}
		return ips
	})
	s.owners = graph.Table(g, "owner of addresses", incr.Values(s.bySwitch), s.ownersOf)
	graph.Rows(g, "groups of routers for hosts", incr.Keys(s.owners), func(r *incr.Reader, sw schema.UUID) (*sb.LogicalDPGroup, bool) {
		return s.group(r, sw, hosts)
	})
	graph.Rows(g, "groups of routers for routers", incr.Keys(s.owners), func(r *incr.Reader, sw schema.UUID) (*sb.LogicalDPGroup, bool) {
		return s.group(r, sw, routers)
	})
	graph.NewUnits(g, "addresses of switch port", incr.Keys(m.SwitchPorts), s.hostOf, s.placeHost).Write(name, s.resolveHost)
	graph.NewUnits(g, "addresses of router port", incr.Keys(s.links), s.routerOf, s.placeRouter).Write(name, s.resolveRouter)
	for _, o := range offers {
		s.declareOffers(g, o)
	}
	m.RouterPortFlows.Write(name, s.enter)
	return s
}

// enter names the switch behind a port.
func (s *segments) enter(r *incr.Reader, f *graph.Flows, p *model.RouterPort) {
	if l, ok := incr.Get(r, s.links, p.UUID); ok {
		if o, ok := incr.Get(r, s.owners, l.sw); ok {
			f.Add(pipeline.LRInSegment, 100, lflow.Eq(lflow.Outport, p.Name), lflow.SetTo(pipeline.LField(pipeline.Segment), o.key), lflow.Next{})
		}
	}
}

func (s *segments) linkOf(r *incr.Reader, id schema.UUID) (*link, bool) {
	p, ok := incr.Get(r, s.m.RouterPorts, id)
	if !ok {
		return nil, false
	}
	near, ok := s.m.SwitchPortTo(r, p.Name)
	router, there := incr.Get(r, s.m.Routers, p.Router)
	if !ok || !there {
		return nil, false
	}
	return &link{p, near.Switch, s.asks.Of(router.Options)}, true
}

// kind is whose addresses a group of routers is there for.
type kind bool

const (
	hosts   kind = false
	routers kind = true
)

// members are the routers that know the addresses of a kind, in order. Unless
// some router asks for others' addresses, both kinds have the same.
func (s *segments) members(r *incr.Reader, sw schema.UUID, k kind) (all []schema.UUID, same bool) {
	same = true
	for _, l := range incr.Each(r, s.bySwitch, sw) {
		if k == routers && l.asks {
			same = false
			continue
		}
		all = append(all, l.port.Router)
	}
	return sortedOnce(all), same
}

func (s *segments) groupID(sw schema.UUID, k kind) schema.UUID {
	if k == routers {
		return schema.NameUUID("Logical_DP_Group", "routers that know each other", sw.String())
	}
	return schema.NameUUID("Logical_DP_Group", "routers of switch", sw.String())
}

func (s *segments) ownersOf(r *incr.Reader, sw schema.UUID) (owners, bool) {
	key, ok := incr.Get(r, s.m.DatapathKeys.Of, sw)
	if !ok {
		return owners{}, false
	}
	of := func(k kind) (o owner, same bool) {
		all, same := s.members(r, sw, k)
		switch len(all) {
		case 0:
		case 1:
			o.id = all[0]
		default:
			o.id = s.groupID(sw, k)
			if k == hosts || same {
				o.wide = s.m.AllRouters.Group(struct{}{})
			}
		}
		return o, same
	}
	o := owners{key: int(key)}
	o.hosts, _ = of(hosts)
	var same bool
	if o.routers, same = of(routers); same {
		o.routers = o.hosts
	}
	return o, true
}

func (s *segments) group(r *incr.Reader, sw schema.UUID, k kind) (*sb.LogicalDPGroup, bool) {
	all, same := s.members(r, sw, k)
	return &sb.LogicalDPGroup{Header: schema.Header{UUID: s.groupID(sw, k)}, Datapaths: all}, len(all) > 1 && !(k == routers && same)
}
