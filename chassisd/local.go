package chassisd

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/weft-sdn/weft/chassisd/binding"
	"github.com/weft-sdn/weft/chassisd/patch"
	"github.com/weft-sdn/weft/chassisd/tables"
	"github.com/weft-sdn/weft/chassisd/tunnel"
	"github.com/weft-sdn/weft/chassisd/vswitch"
)

// local is the switch's database as last told, and what of it concerns the
// integration bridge.
type local struct {
	connected, synced bool
	err               error

	open       map[string]*vswitch.OpenvSwitch
	bridges    map[string]*vswitch.Bridge
	ports      map[string]*vswitch.Port
	interfaces map[string]*vswitch.Interface
	collectors map[string]*vswitch.CollectorSet

	name   string            // of the bridge
	bridge *vswitch.Bridge   // nil while it is not there
	portOf map[string]string // interface on the bridge → its port

	idOf   map[string]string          // interface on the bridge → its iface-id
	withID map[string]map[string]bool // iface-id → those who have it
	double map[string]bool            // iface-ids that several have

	now     func() time.Time
	watches map[string]watch // interfaces that BFD watches

	patched map[string]bool   // interfaces of the bridge that are patches of ours
	broken  map[string]string // tunnel interfaces of ours that the switch has not: why
}

func newLocal(now func() time.Time) *local {
	return &local{
		now: now, watches: map[string]watch{},
		open: map[string]*vswitch.OpenvSwitch{}, bridges: map[string]*vswitch.Bridge{},
		ports: map[string]*vswitch.Port{}, interfaces: map[string]*vswitch.Interface{},
		collectors: map[string]*vswitch.CollectorSet{}, portOf: map[string]string{},
		idOf: map[string]string{}, withID: map[string]map[string]bool{}, double: map[string]bool{},
		broken: map[string]string{}, patched: map[string]bool{},
	}
}

// row is the Open_vSwitch row, nil while there is none.
func (l *local) row() *vswitch.OpenvSwitch {
	for _, k := range slices.Sorted(maps.Keys(l.open)) {
		return l.open[k]
	}
	return nil
}

func overlay[T any](have, changes map[string]*T) {
	for k, v := range changes {
		if v == nil {
			delete(have, k)
		} else {
			have[k] = v
		}
	}
}

// apply takes changes and returns the interfaces that may matter now, or no
// more.
func (l *local) apply(ch vswitch.Changes) []string {
	l.connected, l.synced, l.err = ch.Connected, ch.Synced, ch.Err
	overlay(l.open, ch.Open)
	overlay(l.bridges, ch.Bridges)
	overlay(l.ports, ch.Ports)
	for i, row := range ch.Interfaces {
		l.noteWatched(i, l.interfaces[i], row)
	}
	overlay(l.interfaces, ch.Interfaces)
	overlay(l.collectors, ch.CollectorSets)
	touched := maps.Clone(ch.Interfaces)
	if touched == nil {
		touched = map[string]*vswitch.Interface{}
	}
	if len(ch.Bridges)+len(ch.Ports) > 0 {
		for _, i := range l.join() {
			touched[i] = nil
		}
	}
	return slices.Sorted(maps.Keys(touched))
}

// use says which bridge is ours; it returns interfaces as apply does.
func (l *local) use(name string) []string {
	if l.name == name {
		return nil
	}
	l.name = name
	return l.join()
}

// join finds which interfaces are on the bridge, and returns those that came
// or went, or whose port changed.
func (l *local) join() []string {
	l.bridge = l.bridgeNamed(l.name)
	old := l.portOf
	l.portOf = l.on(l.bridge)
	var changed []string
	for i, p := range l.portOf {
		if ids := l.ports[p].ExternalIDs; old[i] != p || ids[tunnel.Mark] != "" || ids[patch.Mark] != "" || l.patched[i] {
			changed = append(changed, i)
		}
	}
	for i := range old {
		if _, still := l.portOf[i]; !still {
			changed = append(changed, i)
		}
	}
	return changed
}

// on are the interfaces on a bridge, nil for none, with their ports.
func (l *local) on(br *vswitch.Bridge) map[string]string {
	if br == nil {
		return nil
	}
	portOf := make(map[string]string, len(br.Ports))
	for _, p := range br.Ports {
		if port := l.ports[p]; port != nil {
			for _, i := range port.Interfaces {
				portOf[i] = p
			}
		}
	}
	return portOf
}

// feed sets the inputs that come from an interface.
func (l *local) feed(t *tables.Tables, uuid string) {
	i := l.interfaces[uuid]
	port, on := l.portOf[uuid]
	delete(l.broken, uuid)
	if i == nil || !on {
		t.DeleteInterface(uuid)
		t.Tunnels.Delete(uuid)
		t.Watches.Delete(uuid)
		l.feedPatch(t, uuid, "", 0)
		l.named(uuid, "")
		return
	}
	ofport := 0
	if i.Ofport != nil {
		ofport = *i.Ofport
	}
	id := i.ExternalIDs["iface-id"]
	l.named(uuid, id)
	if id != "" {
		t.SetInterface(binding.Interface{
			UUID: uuid, Name: i.Name, ID: id, Ofport: ofport, EncapIP: i.ExternalIDs["encap-ip"],
			Version: i.ExternalIDs["iface-id-ver"],
		})
	} else {
		t.DeleteInterface(uuid)
	}
	name := l.ports[port].ExternalIDs[patch.Mark]
	if i.Type != "patch" {
		name = ""
	}
	l.feedPatch(t, uuid, name, ofport)
	chassis, ip, ok := tunnel.ParseID(l.ports[port].ExternalIDs[tunnel.Mark])
	if why := brokenReason(i, ofport); ok && why != "" {
		l.broken[uuid] = why
	}
	if ok && ofport > 0 && i.Type == "geneve" {
		t.Tunnels.Set(uuid, tables.Tunnel{Chassis: chassis, IP: ip, Ofport: uint32(ofport)})
		l.feedWatch(t, uuid)
	} else {
		t.Tunnels.Delete(uuid)
		t.Watches.Delete(uuid)
	}
}

// feedPatch sets the input of a patch to the bridge of a physical network; port is the
// localnet port that it is for, "" for none.
func (l *local) feedPatch(t *tables.Tables, uuid, port string, ofport int) {
	if port == "" || ofport <= 0 {
		delete(l.patched, uuid)
		t.Patches.Delete(uuid)
		return
	}
	l.patched[uuid] = true
	t.Patches.Set(uuid, tables.Patch{Port: port, Ofport: uint32(ofport)})
}

// brokenReason is why the switch has not a tunnel, "" if it has or may have soon.
func brokenReason(i *vswitch.Interface, ofport int) string {
	switch {
	case i.Error != nil && *i.Error != "":
		return *i.Error
	case ofport < 0:
		return "the switch has not taken it"
	}
	return ""
}

// brokenTunnels says which of our tunnels the switch has not, and why.
func (l *local) brokenTunnels() []string {
	var out []string
	for i, reason := range l.broken {
		port := l.ports[l.portOf[i]]
		out = append(out, fmt.Sprintf("tunnel %s to %s: %s", port.Name, port.ExternalIDs[tunnel.Mark], reason))
	}
	slices.Sort(out)
	return out
}

// feedCollectors sets the input that says which collector sets the bridge has,
// and tells whether it changed.
func (l *local) feedCollectors(t *tables.Tables) bool {
	have := map[uint32]bool{}
	for _, c := range l.collectors {
		if l.bridge != nil && c.Bridge == l.bridge.UUID {
			have[uint32(c.ID)] = true
		}
	}
	changed := false
	for id := range t.CollectorSets.All() {
		if !have[id] {
			t.CollectorSets.Delete(id)
			changed = true
		}
		delete(have, id)
	}
	for id := range have {
		t.CollectorSets.Set(id, struct{}{})
		changed = true
	}
	return changed
}

// tunnelPorts are ports of a bridge, by interface, as package tunnel needs them.
func (l *local) tunnelPorts(ports map[string]string) []tunnel.Port {
	var out []tunnel.Port
	for i, p := range ports {
		iface, port := l.interfaces[i], l.ports[p]
		if iface == nil || port == nil {
			continue
		}
		out = append(out, tunnel.Port{
			UUID: p, Iface: i, Name: port.Name, Type: iface.Type, IDs: port.ExternalIDs, Options: iface.Options, BFD: iface.BFD,
			Works: iface.Ofport != nil && *iface.Ofport > 0,
		})
	}
	slices.SortFunc(out, func(a, b tunnel.Port) int { return strings.Compare(a.UUID, b.UUID) })
	return out
}

// taken tells whether some port or interface of the switch has the name.
func (l *local) taken(name string) bool {
	for _, p := range l.ports {
		if p.Name == name {
			return true
		}
	}
	for _, i := range l.interfaces {
		if i.Name == name {
			return true
		}
	}
	return false
}

// named notes which iface-id an interface of the bridge has now, if any.
func (l *local) named(iface, id string) {
	old := l.idOf[iface]
	if old == id {
		return
	}
	if old != "" {
		delete(l.withID[old], iface)
		if len(l.withID[old]) < 2 {
			delete(l.double, old)
		}
		if len(l.withID[old]) == 0 {
			delete(l.withID, old)
		}
	}
	delete(l.idOf, iface)
	if id == "" {
		return
	}
	if l.withID[id] == nil {
		l.withID[id] = map[string]bool{}
	}
	l.idOf[iface], l.withID[id][iface] = id, true
	if len(l.withID[id]) > 1 {
		l.double[id] = true
	}
}

// doubles says which logical ports several interfaces want to be.
func (l *local) doubles() []string {
	var out []string
	for _, id := range slices.Sorted(maps.Keys(l.double)) {
		var names []string
		for i := range l.withID[id] {
			if row := l.interfaces[i]; row != nil {
				names = append(names, row.Name)
			}
		}
		slices.Sort(names)
		out = append(out, fmt.Sprintf("interfaces %s all have iface-id %s: only one of them is used", strings.Join(names, ", "), id))
	}
	return out
}
