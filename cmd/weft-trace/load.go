package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/lflow/trace"
)

// southbound is what is read of the database: columns that every version has.
var southbound = []string{
	"Datapath_Binding tunnel_key external_ids",
	"Chassis name",
	"Port_Binding logical_port type datapath tunnel_key chassis options external_ids port_security",
	"Multicast_Group datapath name tunnel_key ports",
	"Logical_DP_Group datapaths",
	"Logical_Flow logical_datapath logical_dp_group pipeline table_id priority match actions external_ids",
	"MAC_Binding logical_port ip mac datapath",
	"Static_MAC_Binding logical_port ip mac datapath override_dynamic_mac",
	"FDB mac dp_key port_key",
	"DNS records datapaths",
	"Load_Balancer vips protocol datapaths datapath_group options",
	"Address_Set name addresses",
	"Port_Group name ports",
}

// loader makes a network of the rows of a database.
type loader struct {
	rows      map[string][]row
	net       *trace.Network
	datapaths map[string]*trace.Datapath // by UUID
	ports     map[string]*trace.Port     // by UUID
	at        map[string]string          // chassis by name of port
}

// load reads a network, as seen from a chassis or, where that is empty, from
// everywhere.
func load(ctx context.Context, remotes, chassis string) (*trace.Network, error) {
	rows, err := query(ctx, remotes, southbound)
	if err != nil {
		return nil, err
	}
	for _, table := range rows {
		slices.SortFunc(table, func(a, b row) int { return cmp.Compare(a.text("_uuid"), b.text("_uuid")) })
	}
	l := &loader{rows, &trace.Network{}, map[string]*trace.Datapath{}, map[string]*trace.Port{}, map[string]string{}}
	for _, step := range []func() error{l.loadDatapaths, l.loadPorts, l.loadGroups, l.loadFlows, l.loadNeighbours, l.loadDNS, l.loadBalancers, l.loadSets} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	if chassis != "" {
		if !slices.ContainsFunc(rows["Chassis"], func(r row) bool { return r.text("name") == chassis }) {
			return nil, fmt.Errorf("unknown chassis %q", chassis)
		}
		l.net.Resident = func(port string) bool { return l.at[port] == chassis }
	}
	return l.net, nil
}

func (l *loader) loadDatapaths() error {
	for _, r := range l.rows["Datapath_Binding"] {
		ids := r.pairs("external_ids")
		d := &trace.Datapath{
			UUID:   r.text("_uuid"),
			NBUUID: cmp.Or(ids["logical-switch"], ids["logical-router"]),
			Name:   ids["name"],
			Name2:  ids["name2"],
			Key:    uint32(r.number("tunnel_key")),
			Router: ids["logical-router"] != "",
		}
		l.net.AddDatapath(d)
		l.datapaths[d.UUID] = d
	}
	return nil
}

func (l *loader) loadPorts() error {
	chassis := map[string]string{}
	for _, r := range l.rows["Chassis"] {
		chassis[r.text("_uuid")] = r.text("name")
	}
	for _, r := range l.rows["Port_Binding"] {
		d := l.datapaths[r.text("datapath")]
		if d == nil {
			return fmt.Errorf("logical port %s missing datapath", r.text("logical_port"))
		}
		options := r.pairs("options")
		p := &trace.Port{
			Name:        r.text("logical_port"),
			Friendly:    r.pairs("external_ids")["name"],
			Type:        r.text("type"),
			Key:         uint32(r.number("tunnel_key")),
			Distributed: options["distributed-port"],
			Security:    r.texts("port_security"),
		}
		if p.Type == "patch" || p.Type == "l3gateway" {
			p.Peer = options["peer"]
		}
		l.net.AddPort(d, p)
		l.ports[r.text("_uuid")] = p
		l.at[p.Name] = chassis[r.text("chassis")]
	}
	return nil
}

func (l *loader) loadGroups() error {
	for _, r := range l.rows["Multicast_Group"] {
		d := l.datapaths[r.text("datapath")]
		if d == nil {
			return fmt.Errorf("logical multicast group %s missing datapath", r.text("name"))
		}
		g := &trace.Group{Name: r.text("name"), Key: uint32(r.number("tunnel_key"))}
		for _, id := range r.texts("ports") {
			if p := l.ports[id]; p != nil && p.Datapath == d {
				g.Ports = append(g.Ports, p)
			}
		}
		d.AddGroup(g)
	}
	return nil
}

// groups returns the datapaths of each group.
func (l *loader) groups() map[string][]string {
	groups := map[string][]string{}
	for _, r := range l.rows["Logical_DP_Group"] {
		groups[r.text("_uuid")] = r.texts("datapaths")
	}
	return groups
}

func (l *loader) loadFlows() error {
	groups := l.groups()
	for _, r := range l.rows["Logical_Flow"] {
		ids := r.pairs("external_ids")
		f := &trace.Flow{
			UUID:     r.text("_uuid"),
			Pipeline: lflow.Ingress,
			Table:    int(r.number("table_id")),
			Priority: int(r.number("priority")),
			Match:    r.text("match"),
			Actions:  r.text("actions"),
			Stage:    ids["stage-name"],
			Source:   ids["source"],
			Hint:     ids["stage-hint"],
		}
		if r.text("pipeline") == "egress" {
			f.Pipeline = lflow.Egress
		}
		on := groups[r.text("logical_dp_group")]
		if one := r.text("logical_datapath"); one != "" {
			on = append(on[:len(on):len(on)], one)
		}
		for _, id := range on {
			if d := l.datapaths[id]; d != nil {
				d.AddFlow(f)
			}
		}
	}
	return nil
}

// loadNeighbours reads what was learned and, where it says so, what
// overrides it.
func (l *loader) loadNeighbours() error {
	byKey := map[uint32]*trace.Datapath{}
	for _, d := range l.datapaths {
		byKey[d.Key] = d
	}
	bind := func(table string, to func(*trace.Datapath) func(port, ip string, mac lflow.MAC) error, which func(row) bool) error {
		for _, r := range l.rows[table] {
			mac, ok := lflow.ParseMAC(r.text("mac"))
			d := l.datapaths[r.text("datapath")]
			if !ok || d == nil || !which(r) {
				continue // half-written rows bind nothing
			}
			if err := to(d)(r.text("logical_port"), r.text("ip"), mac); err != nil {
				return err
			}
		}
		return nil
	}
	overrides := func(r row) bool { b, _ := r["override_dynamic_mac"].(bool); return b }
	learned := func(d *trace.Datapath) func(string, string, lflow.MAC) error { return d.AddMAC }
	fixed := func(d *trace.Datapath) func(string, string, lflow.MAC) error { return d.AddFixedMAC }
	if err := errors.Join(
		bind("Static_MAC_Binding", learned, func(r row) bool { return !overrides(r) }),
		bind("MAC_Binding", learned, func(row) bool { return true }),
		bind("Static_MAC_Binding", fixed, overrides)); err != nil {
		return err
	}
	for _, r := range l.rows["FDB"] {
		d := byKey[uint32(r.number("dp_key"))]
		if mac, ok := lflow.ParseMAC(r.text("mac")); ok && d != nil {
			d.AddFDB(mac, uint32(r.number("port_key")))
		}
	}
	return nil
}

func (l *loader) loadDNS() error {
	for _, r := range l.rows["DNS"] {
		for _, id := range r.texts("datapaths") {
			if d := l.datapaths[id]; d != nil {
				for name, answers := range r.pairs("records") {
					d.AddDNS(name, answers)
				}
			}
		}
	}
	return nil
}

func (l *loader) loadSets() error {
	sets, groups := map[string][]lflow.Constant{}, map[string][]string{}
	for _, r := range l.rows["Address_Set"] {
		members := []lflow.Constant{}
		for _, text := range r.texts("addresses") {
			if c, err := lflow.ParseConstant(text); err == nil {
				members = append(members, c)
			}
		}
		sets[r.text("name")] = members
	}
	for _, r := range l.rows["Port_Group"] {
		// The part of a group that is on one datapath is named after its key:
		// KEY_NAME. A match names the group; taking the parts together does no
		// harm, as the other datapaths' ports are not met here.
		name := r.text("name")
		if key, rest, ok := strings.Cut(name, "_"); ok && isNumber(key) {
			name = rest
		}
		groups[name] = append(groups[name], r.texts("ports")...)
	}
	l.net.AddressSet = func(name string) ([]lflow.Constant, bool) { m, ok := sets[name]; return m, ok }
	l.net.PortGroup = func(name string) ([]string, bool) { p, ok := groups[name]; return p, ok }
	return nil
}

func isNumber(s string) bool {
	_, err := strconv.ParseUint(s, 10, 32)
	return err == nil
}
