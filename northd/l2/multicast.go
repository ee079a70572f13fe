package l2

import (
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// The multicast groups of a switch, with OVN's names and tunnel keys.
const (
	floodGroup   = "_MC_flood"
	floodL2Group = model.FloodL2Group
	unknownGroup = "_MC_unknown"
)

// group is a kind of multicast group.
type group uint8

const (
	flood   group = iota // all enabled ports
	floodL2              // all enabled ports but those of routers
	unknown              // enabled ports with addresses "unknown"
)

var groups = [...]struct {
	name string
	key  int64
}{
	flood:   {floodGroup, 32768},
	floodL2: {floodL2Group, 32772},
	unknown: {unknownGroup, 32769},
}

// groupKey is a multicast group of a switch.
type groupKey struct {
	sw   schema.UUID
	kind group
}

func (k groupKey) Compare(o groupKey) int {
	if c := k.sw.Compare(o.sw); c != 0 {
		return c
	}
	return int(k.kind) - int(o.kind)
}

// groupsOf returns the groups that a port is in.
func groupsOf(_ schema.UUID, p *model.SwitchPort) []groupKey {
	if !p.Enabled || !p.Handled {
		return nil
	}
	in := []groupKey{{p.Switch, flood}}
	if !p.ToRouter() {
		in = append(in, groupKey{p.Switch, floodL2})
	}
	if p.Unknown {
		in = append(in, groupKey{p.Switch, unknown})
	}
	return in
}

// multicastRow is a row of table Multicast_Group.
func (ft *feature) multicastRow(r *incr.Reader, k groupKey) (*sb.MulticastGroup, bool) {
	g := groups[k.kind]
	return &sb.MulticastGroup{
		Header:    schema.Header{UUID: schema.NameUUID("Multicast_Group", k.sw.String(), g.name)},
		Datapath:  k.sw,
		Name:      g.name,
		TunnelKey: g.key,
		Ports:     incr.Lookup(r, ft.portsByGroup, k),
	}, true
}
