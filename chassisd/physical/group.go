package physical

import (
	"slices"

	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/ofctrl"
)

// Group is a multicast group as this chassis sees it.
type Group struct {
	Cookie   uint64
	Datapath uint32
	Bits     uint64 // as in Port
	Key      uint16
	// Local are the group's ports on this chassis.
	Local []Member
	// Tunnels are the ofports of the tunnels to the other chassis that have
	// ports of the group.
	Tunnels []uint32
}

// Member is a local port of a group.
type Member struct {
	Key    uint16
	Zones  Zones
	Groups uint32 // as in Port
}

// groupSpan bounds the copies that one flow makes: an action list ends at
// 65,535 bytes, and 80 bytes are one member.
const groupSpan = 700

// Multicast delivers to every member: one copy through each tunnel, with the
// group's own key so that the other side does the same for its ports, and one
// copy to each local port.
func Multicast(g Group) []ofctrl.Flow {
	m := maker{cookie: g.Cookie}
	tunnels := slices.Clone(g.Tunnels)
	slices.Sort(tunnels)
	if tunnels = slices.Compact(tunnels); len(tunnels) > 0 {
		m.to(g.Datapath, uint32(g.Key))
		m.encap(g.Datapath, g.Key)
		for _, t := range tunnels {
			m.act.Output(t)
		}
		m.act.Resubmit(lower.TableLocalOutput)
		m.add(lower.TableRemoteOutput, prioPort)
	}
	local := slices.Clone(g.Local)
	slices.SortFunc(local, func(a, b Member) int { return int(a.Key) - int(b.Key) })
	m.local(g, local)
	return m.flows
}

// local makes the flows for the local members. Where one flow cannot hold
// them, it hands on to a next one with its number in the upper half of the
// egress port, which is never set otherwise.
func (m *maker) local(g Group, members []Member) {
	for part := uint32(0); len(members) > 0; part++ {
		n := min(len(members), groupSpan)
		m.to(g.Datapath, part<<16|uint32(g.Key))
		m.enter(g.Datapath, g.Bits)
		for _, p := range members[:n] {
			m.mark(p.Zones.marks(p.Groups))
			m.set(regOutport, uint32(p.Key))
			m.act.Resubmit(lower.TableCheckLoopback)
		}
		members = members[n:]
		if len(members) > 0 {
			m.set(regOutport, (part+1)<<16|uint32(g.Key))
			m.act.Resubmit(lower.TableLocalOutput)
		} else {
			m.set(regOutport, uint32(g.Key))
		}
		m.add(lower.TableLocalOutput, prioPort)
	}
}
