package northd

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
	"github.com/weft-sdn/weft/schema/sb"
)

// member is a switch port in port groups.
type member struct {
	Switch   schema.UUID
	Name     string
	Groups   []schema.UUID
	IP4, IP6 []string // addresses, without prefix lengths
}

func equalMember(a, b *member) bool {
	return a.Switch == b.Switch && a.Name == b.Name && slices.Equal(a.Groups, b.Groups) &&
		slices.Equal(a.IP4, b.IP4) && slices.Equal(a.IP6, b.IP6)
}

func equalPortGroup(a, b *sb.PortGroup) bool {
	return a.Name == b.Name && slices.Equal(a.Ports, b.Ports)
}

func equalAddressSet(a, b *sb.AddressSet) bool {
	return a.Name == b.Name && slices.Equal(a.Addresses, b.Addresses) && maps.Equal(a.Options, b.Options)
}

// declareGroups declares the tables from port groups and address sets to
// those of the southbound database. A port that comes or goes changes rows of
// its groups on its own switch only.
func (c *Compiler) declareGroups() {
	e := c.e
	c.groupNames = incr.NewTable(e, "name of port group", incr.Eq, incr.Keys(c.pgs), func(r *incr.Reader, id schema.UUID) (string, bool) {
		g, ok := incr.Get(r, c.pgs, id)
		return g.Name, ok
	})
	c.members = incr.NewTable(e, "member of port groups", equalMember, incr.Values(c.groupsOfPort), c.memberOf)
	c.membersOn = incr.NewIndex(c.members, "group on switch", func(_ schema.UUID, m *member) []carrier {
		on := make([]carrier, len(m.Groups))
		for i, g := range m.Groups {
			on[i] = carrier{g, m.Switch}
		}
		return on
	})
	c.membersIn = incr.NewIndex(c.members, "group", func(_ schema.UUID, m *member) []schema.UUID { return m.Groups })
}

// memberOf is the row function of table "member of port groups".
func (c *Compiler) memberOf(r *incr.Reader, id schema.UUID) (*member, bool) {
	p, ok := incr.Get(r, c.ports, id)
	row, there := incr.Get(r, c.lsp, id)
	if !ok || !there {
		return nil, false
	}
	m := &member{Switch: p.Switch, Name: p.Name, Groups: incr.Lookup(r, c.groupsOfPort, id)}
	addresses := p.Addresses
	if row.DynamicAddresses != nil {
		if a, err := parseAddress(*row.DynamicAddresses); err == nil {
			addresses = append(slices.Clip(addresses), a)
		}
	}
	for _, a := range addresses {
		m.add(a.IPs)
	}
	return m, true
}

func (m *member) add(ips []netip.Prefix) {
	for _, ip := range ips {
		if ip.Addr().Is4() {
			m.IP4 = append(m.IP4, ip.Addr().String())
		} else {
			m.IP6 = append(m.IP6, ip.Addr().String())
		}
	}
}

// portGroupRow is the row function of table "Port_Group": the ports of a group
// on a switch, as "<tunnel key>_<name>".
func (c *Compiler) portGroupRow(r *incr.Reader, k carrier) (*sb.PortGroup, bool) {
	name, ok := incr.Get(r, c.groupNames, k.owner)
	key, keyed := incr.Get(r, c.datapathKeys, k.sw)
	if !ok || !keyed {
		return nil, false
	}
	row := &sb.PortGroup{
		Header: schema.Header{UUID: schema.NameUUID("Port_Group", k.owner.String(), k.sw.String())},
		Name:   fmt.Sprintf("%d_%s", key, name),
	}
	for _, m := range incr.Each(r, c.membersOn, k) {
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

func (c *Compiler) hasAddressSet(r *incr.Reader, name string) bool {
	return len(incr.Lookup(r, c.setByName, name)) > 0 || len(incr.Lookup(r, c.groupBySet, name)) > 0
}

// addressSetRow is the row function of table "Address_Set". As in OVN, a set
// of the user's takes precedence over a port group's of the same name.
func (c *Compiler) addressSetRow(r *incr.Reader, name string) (*sb.AddressSet, bool) {
	row := &sb.AddressSet{Header: schema.Header{UUID: schema.NameUUID("Address_Set", name)}, Name: name}
	if _, set, ok := incr.One(r, c.setByName, name); ok {
		row.Addresses, row.Options = set.Addresses, set.Options
		return row, true
	}
	groups := incr.Lookup(r, c.groupBySet, name)
	if len(groups) == 0 {
		return nil, false
	}
	for _, m := range incr.Each(r, c.membersIn, groups[0]) {
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
