package physical

import (
	"maps"
	"slices"

	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/ofctrl"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// Group is a multicast group as this chassis sees it.
type Group struct {
	Cookie   uint64
	Datapath uint32
	Bits     uint64 // as in Port
	Key      uint16
	// Local are the group's ports on this chassis, but for Patches, its patch
	// ports and localports. Those are on every chassis, and a packet must pass
	// once: on the chassis that it is sent on.
	Local, Patches []Member
	// Tunnels are the ofports of the tunnels to the other chassis that have
	// ports of the group.
	Tunnels []uint32
}

// Member is a port of a group that packets leave by on this chassis.
type Member struct {
	Key    uint16
	Zones  Zones
	Groups uint32 // as in Port
}

// Member is the port as a member of a group.
func (p Port) Member() Member { return Member{p.Key, p.Zones, p.Groups} }

// A packet may resubmit 4,096 times: Open vSwitch drops it then, with the copies
// that were made. What a member takes of that are the stages of the pipelines
// that its copy passes and the tables between them: the egress pipeline for one
// that is here; for a patch port also those of a router behind it and of the
// network behind that.
const (
	localSpan = 4096 / 34
	patchSpan = 4096 / 200
)

// Multicast delivers to every member: one copy to each patch port, one through
// each tunnel, with the group's own key so that the other side does the same for
// its ports, and one to each local port.
func Multicast(g Group) []ofctrl.Flow {
	m := maker{cookie: g.Cookie}
	tunnels := slices.Clone(g.Tunnels)
	slices.Sort(tunnels)
	tunnels = slices.Compact(tunnels)
	if len(tunnels)+len(g.Patches) > 0 {
		m.copies(lower.TableRemoteOutput, g, g.Patches, patchSpan)
		if len(tunnels) > 0 {
			m.encap(g.Datapath, g.Key)
		}
		for _, t := range tunnels {
			m.act.Output(t)
		}
		m.act.Resubmit(lower.TableLocalOutput)
		m.to(g.Datapath, uint32(g.Key))
		m.add(lower.TableRemoteOutput, prioPort)
	}
	if len(g.Local) > 0 {
		m.copies(lower.TableLocalOutput, g, g.Local, localSpan)
		m.to(g.Datapath, uint32(g.Key))
		m.add(lower.TableLocalOutput, prioPort)
	}
	return m.flows
}

// copies begins a flow that gives a copy to each of the members. Where they are
// more than span, parts of them have flows of their own, with a number in the
// upper half of the egress port, which is never set otherwise; the flow gives
// each part a copy that begins anew.
func (m *maker) copies(table uint8, g Group, members []Member, span int) {
	members = slices.Clone(members)
	slices.SortFunc(members, func(a, b Member) int { return int(a.Key) - int(b.Key) })
	if len(members) <= span {
		m.copy(g, members)
		return
	}
	parts := uint32(0)
	for part := range slices.Chunk(members, span) {
		parts++
		m.to(g.Datapath, parts<<16|uint32(g.Key))
		m.copy(g, part)
		m.add(table, prioPort)
	}
	for part := range parts {
		m.set(regOutport, (part+1)<<16|uint32(g.Key))
		m.act.Group(anew[table].fork)
	}
	m.set(regOutport, uint32(g.Key))
}

// copy gives a copy to each of the members.
func (m *maker) copy(g Group, members []Member) {
	if len(members) == 0 {
		return
	}
	m.enter(g.Datapath, g.Bits)
	for _, p := range members {
		m.mark(p.Zones.marks(p.Groups))
		m.set(regOutport, uint32(p.Key))
		m.act.Resubmit(lower.TableCheckLoopback)
	}
	m.set(regOutport, uint32(g.Key))
}

// anew are the groups of the switch that have a copy go on at a table as one that
// has not been resubmitted yet. To choose a bucket by the datapath's hash, Open
// vSwitch lets the datapath compute it and recirculates the packet; conntrack
// would do so for packets of IP alone. Behind hash a list of actions ends, so
// that it stands in the bucket of fork, behind which it goes on.
var anew = map[uint8]struct{ hash, fork uint32 }{
	lower.TableRemoteOutput: {ofctrl.MaxGroupID - 3, ofctrl.MaxGroupID - 1},
	lower.TableLocalOutput:  {ofctrl.MaxGroupID - 2, ofctrl.MaxGroupID},
}

// FreeGroupIDs bounds the numbers of groups that others may have.
const FreeGroupIDs = ofctrl.MaxGroupID - 4

// StaticGroups are the groups that are always there.
func StaticGroups() (groups []ofctrl.Group) {
	for _, table := range slices.Sorted(maps.Keys(anew)) {
		ids := anew[table]
		var again, hash ofp.ActionBuilder
		again.Resubmit(table)
		hash.Group(ids.hash)
		groups = append(groups,
			oneBucket(ids.hash, ofp.GroupSpec{Type: ofp.GroupSelect, Select: "dp_hash"}, again.Actions()),
			oneBucket(ids.fork, ofp.GroupSpec{Type: ofp.GroupAllBuckets}, hash.Actions()))
	}
	return groups
}

func oneBucket(id uint32, spec ofp.GroupSpec, actions ofp.Actions) ofctrl.Group {
	spec.Bucket = []ofp.Bucket{{Actions: actions}}
	if spec.Type == ofp.GroupSelect {
		spec.Bucket[0].Weight = 1
	}
	body, err := spec.Body()
	if err != nil {
		panic(err) // it is a constant
	}
	return ofctrl.Group{ID: id, Body: body}
}
