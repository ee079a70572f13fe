package model

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
	"github.com/weft-sdn/weft/schema/sb"
)

// Groups are port groups and address sets, which matches name.
type Groups struct {
	m *Model
	// Ports has the rows of port groups, for features that read what else is
	// in them.
	Ports *graph.RowTable[*nb.PortGroup]
	// On has the members of groups by group and switch.
	On *incr.Index[schema.UUID, *Member, GroupOnSwitch]

	sets    *graph.RowTable[*nb.AddressSet]
	names   *incr.Table[schema.UUID, string]
	members *incr.Table[schema.UUID, *Member]
	in      *incr.Index[schema.UUID, *Member, schema.UUID]

	groupByName *incr.Index[schema.UUID, *nb.PortGroup, string]
	groupBySet  *incr.Index[schema.UUID, *nb.PortGroup, string] // names of its address sets
	ofPort      *incr.Index[schema.UUID, *nb.PortGroup, schema.UUID]
	setByName   *incr.Index[schema.UUID, *nb.AddressSet, string]
	setOfOption *incr.Index[struct{}, map[string]string, string] // ServiceMonitorMAC, where it is set
}

// Member is a switch port in port groups.
type Member struct {
	Switch   schema.UUID
	Name     string
	Groups   []schema.UUID
	IP4, IP6 []string // addresses, without prefix lengths
}

// GroupOnSwitch is the part of a port group that is on one switch.
type GroupOnSwitch struct{ Group, Switch schema.UUID }

// Compare orders by group.
func (k GroupOnSwitch) Compare(o GroupOnSwitch) int {
	if c := k.Group.Compare(o.Group); c != 0 {
		return c
	}
	return k.Switch.Compare(o.Switch)
}

// AddressSet is the name of a row of Address_Set.
func (s *Groups) AddressSet(r *incr.Reader, id schema.UUID) (name string, ok bool) {
	set, ok := incr.Get(r, s.sets, id)
	if !ok {
		return "", false
	}
	return set.Name, true
}

// newGroups declares the tables from port groups and address sets to those of
// the southbound database. A port that comes or goes changes rows of its
// groups on its own switch only.
func newGroups(g *graph.Graph, m *Model) *Groups {
	s := &Groups{m: m, Ports: graph.Read[*nb.PortGroup](g, "name", "ports"), sets: graph.Read[*nb.AddressSet](g, "name", "addresses")}
	s.groupByName = incr.NewIndex(s.Ports, "name", func(_ schema.UUID, g *nb.PortGroup) []string { return []string{g.Name} })
	s.groupBySet = incr.NewIndex(s.Ports, "set", setsOfGroup)
	s.ofPort = incr.NewIndex(s.Ports, "port", func(_ schema.UUID, g *nb.PortGroup) []schema.UUID { return g.Ports })
	s.setByName = incr.NewIndex(s.sets, "name", func(_ schema.UUID, s *nb.AddressSet) []string { return []string{s.Name} })
	s.setOfOption = incr.NewIndex(m.Options, "set", func(_ struct{}, options map[string]string) []string {
		if options[ServiceMonitorMAC] == "" {
			return nil
		}
		return []string{ServiceMonitorMAC}
	})
	s.names = graph.Table(g, "name of port group", incr.Keys(s.Ports), func(r *incr.Reader, id schema.UUID) (string, bool) {
		g, ok := incr.Get(r, s.Ports, id)
		if !ok {
			return "", false
		}
		return g.Name, true
	})
	s.members = graph.Table(g, "member of port groups", incr.Values(s.ofPort), s.memberOf)
	s.On = incr.NewIndex(s.members, "group on switch", func(_ schema.UUID, m *Member) []GroupOnSwitch {
		on := make([]GroupOnSwitch, len(m.Groups))
		for i, g := range m.Groups {
			on[i] = GroupOnSwitch{g, m.Switch}
		}
		return on
	})
	s.in = incr.NewIndex(s.members, "group", func(_ schema.UUID, m *Member) []schema.UUID { return m.Groups })
	graph.Rows(g, "Port_Group", incr.Values(s.On), s.portGroupRow)
	graph.Rows(g, "Address_Set", incr.Union(incr.Values(s.setByName), incr.Values(s.groupBySet), incr.Values(s.setOfOption)), s.addressSetRow)
	return s
}

// memberOf is the row function of table "member of port groups".
func (s *Groups) memberOf(r *incr.Reader, id schema.UUID) (*Member, bool) {
	p, ok := incr.Get(r, s.m.SwitchPorts, id)
	if !ok {
		return nil, false
	}
	m := &Member{Switch: p.Switch, Name: p.Name, Groups: incr.Lookup(r, s.ofPort, id)}
	for _, all := range [][]Address{p.Addresses, p.Dynamic} {
		for _, a := range all {
			m.add(a.IPs)
		}
	}
	return m, true
}

func (m *Member) add(ips []netip.Prefix) {
	for _, ip := range ips {
		if ip.Addr().Is4() {
			m.IP4 = append(m.IP4, ip.Addr().String())
		} else {
			m.IP6 = append(m.IP6, ip.Addr().String())
		}
	}
}

// portGroupRow is a row of table Port_Group: the ports of a group on a switch,
// as "<tunnel key>_<name>".
func (s *Groups) portGroupRow(r *incr.Reader, k GroupOnSwitch) (*sb.PortGroup, bool) {
	name, ok := incr.Get(r, s.names, k.Group)
	key, keyed := incr.Get(r, s.m.DatapathKeys.Of, k.Switch)
	if !ok || !keyed {
		return nil, false
	}
	row := &sb.PortGroup{
		Header: schema.Header{UUID: schema.NameUUID("Port_Group", k.Group.String(), k.Switch.String())},
		Name:   fmt.Sprintf("%d_%s", key, name),
	}
	for _, m := range incr.Each(r, s.On, k) {
		row.Ports = append(row.Ports, m.Name)
	}
	slices.Sort(row.Ports)
	return row, true
}

// The sets of a port group's addresses are called like it, with one of these
// behind.
const (
	ip4Suffix = "_ip4"
	ip6Suffix = "_ip6"
)

func setsOfGroup(_ schema.UUID, g *nb.PortGroup) []string {
	return []string{g.Name + ip4Suffix, g.Name + ip6Suffix}
}

// HasSet tells whether matches can name the address set.
func (s *Groups) HasSet(r *incr.Reader, name string) bool {
	return len(incr.Lookup(r, s.setByName, name)) > 0 || len(incr.Lookup(r, s.groupBySet, name)) > 0 || len(incr.Lookup(r, s.setOfOption, name)) > 0
}

// HasGroup tells whether matches can name the port group.
func (s *Groups) HasGroup(r *incr.Reader, name string) bool {
	return len(incr.Lookup(r, s.groupByName, name)) > 0
}

// addressSetRow is a row of table Address_Set. As in OVN, a set of the user's
// takes precedence over a port group's of the same name; over northd's own too.
func (s *Groups) addressSetRow(r *incr.Reader, name string) (*sb.AddressSet, bool) {
	row := &sb.AddressSet{Header: schema.Header{UUID: schema.NameUUID("Address_Set", name)}, Name: name}
	if _, set, ok := incr.One(r, s.setByName, name); ok {
		row.Addresses, row.Options = set.Addresses, set.Options
		return row, true
	}
	if _, options, ok := incr.One(r, s.setOfOption, name); ok {
		row.Addresses = []string{options[ServiceMonitorMAC]}
		return row, true
	}
	groups := incr.Lookup(r, s.groupBySet, name)
	if len(groups) == 0 {
		return nil, false
	}
	for _, m := range incr.Each(r, s.in, groups[0]) {
		if strings.HasSuffix(name, ip4Suffix) {
			row.Addresses = append(row.Addresses, m.IP4...)
		} else {
			row.Addresses = append(row.Addresses, m.IP6...)
		}
	}
	slices.Sort(row.Addresses)
	row.Addresses = slices.Compact(row.Addresses)
	return row, true
}
