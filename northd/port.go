package northd

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
)

// lport is a logical switch port as features see it.
type lport struct {
	UUID    schema.UUID
	Switch  schema.UUID
	Name    string
	Type    string
	Enabled bool
	Handled bool // its type has flows
	Unknown bool // gets what nobody is known to have
	// Addresses are those of column addresses, each MAC once, sorted.
	Addresses []address
	// Secured: the port may send and receive only what Security allows.
	Secured  bool
	Security []secRule
	Tag      int64 // of a container's port, or 0
	WantKey  int

	Problems []Problem
}

func equalPort(a, b *lport) bool {
	return a.UUID == b.UUID && a.Switch == b.Switch && a.Name == b.Name && a.Type == b.Type &&
		a.Enabled == b.Enabled && a.Handled == b.Handled && a.Unknown == b.Unknown &&
		slices.EqualFunc(a.Addresses, b.Addresses, equalAddress) && a.Secured == b.Secured &&
		slices.EqualFunc(a.Security, b.Security, equalRule) && a.Tag == b.Tag && a.WantKey == b.WantKey &&
		slices.Equal(a.Problems, b.Problems)
}

// parsePort is the row function of table "port".
func (c *Compiler) parsePort(r *incr.Reader, id schema.UUID) (*lport, bool) {
	row, ok := incr.Get(r, c.lsp, id)
	switches := incr.Lookup(r, c.switchOfPort, id)
	if !ok || len(switches) == 0 {
		return nil, false
	}
	p := &lport{UUID: id, Switch: switches[0], Name: row.Name, Type: row.Type,
		Enabled: row.Enabled == nil || *row.Enabled, Handled: row.Type == ""}
	e := &problems{table: "Logical_Switch_Port", id: id, name: row.Name}
	if len(switches) > 1 {
		e.add("name", "is in more than one switch; "+switches[0].String()+" has it")
	}
	if !p.Handled {
		e.add("type", strconv.Quote(row.Type)+": "+notYet)
	}
	p.WantKey = e.requestedKey("options", row.Options, c.maxPortKey)
	p.addresses(row, e)
	p.security(row, e)
	p.tag(row, e)
	for _, f := range []struct {
		column string
		set    bool
	}{
		{"dhcpv4_options", row.DHCPv4Options != nil},
		{"dhcpv6_options", row.DHCPv6Options != nil},
		{"mirror_rules", len(row.MirrorRules) > 0},
		{"ha_chassis_group", row.HAChassisGroup != nil},
		{"health_checks", len(row.HealthChecks) > 0},
	} {
		if f.set {
			e.add(f.column, notYet)
		}
	}
	p.Problems = e.list
	return p, true
}

// addresses reads column addresses.
func (p *lport) addresses(row *nb.LogicalSwitchPort, e *problems) {
	for _, text := range row.Addresses {
		switch text {
		case "unknown":
			p.Unknown = true
			continue
		case "dynamic", "router":
			e.add("addresses", text+": "+notYet)
			continue
		}
		a, err := parseAddress(text)
		if err == nil && isMulticast(a.MAC) {
			err = fmt.Errorf("%s is the address of a group", a.MAC)
		}
		if err != nil {
			e.add("addresses", strconv.Quote(text)+": "+err.Error())
			continue
		}
		p.own(a)
	}
}

// own adds an address, or its IP addresses if the port has the MAC already.
func (p *lport) own(a address) {
	at := slices.IndexFunc(p.Addresses, func(b address) bool { return b.MAC == a.MAC })
	if at < 0 {
		p.Addresses = append(p.Addresses, address{MAC: a.MAC})
		at = len(p.Addresses) - 1
	}
	for _, ip := range a.IPs {
		if !slices.Contains(p.Addresses[at].IPs, ip) {
			p.Addresses[at].IPs = append(p.Addresses[at].IPs, ip)
		}
	}
}

// security reads column port_security. A port whose entries are all invalid is
// secured all the same: nothing passes rather than everything.
func (p *lport) security(row *nb.LogicalSwitchPort, e *problems) {
	p.Secured = len(row.PortSecurity) > 0
	for _, text := range row.PortSecurity {
		r, err := parseRule(text)
		if err != nil {
			e.add("port_security", strconv.Quote(text)+": "+err.Error())
			continue
		}
		p.Security = addRule(p.Security, r)
	}
}

// tag reads the VLAN tag by which a parent port tells a container's packets.
func (p *lport) tag(row *nb.LogicalSwitchPort, e *problems) {
	hasParent := row.ParentName != nil && *row.ParentName != ""
	switch {
	case row.TagRequest != nil && *row.TagRequest != 0:
		p.Tag = *row.TagRequest
	case row.TagRequest != nil && hasParent:
		e.add("tag_request", "0, a tag of northd's choice: "+notYet)
	case row.Tag != nil:
		p.Tag = *row.Tag
	}
}
