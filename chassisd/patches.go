package chassisd

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/weft-sdn/weft/chassisd/config"
	"github.com/weft-sdn/weft/chassisd/patch"
	"github.com/weft-sdn/weft/chassisd/tables"
	"github.com/weft-sdn/weft/chassisd/vswitch"
	"github.com/weft-sdn/weft/schema"
)

// planPatches makes the patch ports to the bridges of physical networks those that
// the localnet ports of local datapaths ask for.
func (w *ovsWriter) planPatches(txn *vswitch.Txn, conf *config.Config) {
	if !w.patches {
		return
	}
	w.patches = false
	to, issues := w.loc.mapped(conf.Mappings)
	var want []patch.Want
	reached := map[schema.UUID]bool{} // datapaths
	for _, n := range w.localnets() {
		if br, ok := to[n.Network]; ok {
			reached[n.Datapath] = true
			if br.UUID != "" {
				want = append(want, patch.Want{Port: n.Name, Bridge: br})
			}
		}
	}
	for _, n := range w.localnets() {
		// A switch that is only reached through routers may be connected elsewhere.
		if n.Hosts && !reached[n.Datapath] {
			issues = append(issues, fmt.Sprintf("localnet port %s: no bridge is mapped to network %q", n.Name, n.Network))
			reached[n.Datapath] = true
		}
	}
	w.unpatched = append(issues, patch.Plan(txn, w.loc.patchBridge(w.loc.bridge), want, w.loc.patchPorts(w.loc.bridge, want))...)
}

// localnets are those of local datapaths, by name.
func (w *ovsWriter) localnets() []tables.Localnet {
	var all []tables.Localnet
	for _, n := range w.t.Localnets.All() {
		all = append(all, n)
	}
	slices.SortFunc(all, func(a, b tables.Localnet) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// mapped are the bridges of physical networks, and what is wrong with the mappings. A
// bridge that there is not is zero.
func (l *local) mapped(mappings []config.Mapping) (to map[string]patch.Bridge, issues []string) {
	to = map[string]patch.Bridge{}
	for _, m := range mappings {
		issue := func(why string) {
			issues = append(issues, fmt.Sprintf("external_ids:ovn-bridge-mappings: network %s: %s", m.Network, why))
		}
		if _, twice := to[m.Network]; twice {
			issue("it is mapped twice; the first counts")
			continue
		}
		br := l.bridgeNamed(m.Bridge)
		switch {
		case br == nil:
			issue("there is no bridge " + m.Bridge)
		case br == l.bridge:
			issue(m.Bridge + " is the integration bridge")
			br = nil
		}
		to[m.Network] = l.patchBridge(br)
	}
	return to, issues
}

func (l *local) patchBridge(br *vswitch.Bridge) patch.Bridge {
	if br == nil {
		return patch.Bridge{}
	}
	return patch.Bridge{UUID: br.UUID, Name: br.Name}
}

// bridgeNamed is the bridge of that name, nil for none.
func (l *local) bridgeNamed(name string) *vswitch.Bridge {
	for _, b := range l.bridges {
		if b.Name == name {
			return b
		}
	}
	return nil
}

// patchPorts are the ports that patch.Plan has to know.
func (l *local) patchPorts(integration *vswitch.Bridge, want []patch.Want) []patch.Port {
	names := map[string]bool{}
	for _, w := range want {
		for _, n := range w.Names(l.patchBridge(integration)) {
			names[n] = true
		}
	}
	var out []patch.Port
	for _, id := range slices.Sorted(maps.Keys(l.bridges)) {
		br := l.bridges[id]
		for _, p := range br.Ports {
			port := l.ports[p]
			if port == nil || port.ExternalIDs[patch.Mark] == "" && !names[port.Name] {
				continue
			}
			at := patch.Port{UUID: p, Bridge: br.UUID, Name: port.Name, Mark: port.ExternalIDs[patch.Mark]}
			for _, i := range port.Interfaces {
				if iface := l.interfaces[i]; iface != nil {
					at.Type, at.Peer = iface.Type, iface.Options["peer"]
				}
			}
			out = append(out, at)
		}
	}
	return out
}
