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
	// Local are the group's ports on this chassis, but for Patches, its patch
	// ports. Those are on every chassis, and a packet must pass once: on the
	// chassis that it is sent on.
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

// groupSpan bounds the copies that one flow makes: an action list ends at
// 65,535 bytes, and 80 bytes are one member.
const groupSpan = 700

// Multicast delivers to every member: one copy to each patch port, one through
// each tunnel, with the group's own key so that the other side does the same for
// its ports, and one to each local port.
func Multicast(g Group) []ofctrl.Flow {
	m := maker{cookie: g.Cookie}
	tunnels := slices.Clone(g.Tunnels)
	slices.Sort(tunnels)
	tunnels = slices.Compact(tunnels)
	if len(tunnels)+len(g.Patches) > 0 {
		m.copies(lower.TableRemoteOutput, g, g.Patches, func() {
			if len(tunnels) > 0 {
				m.encap(g.Datapath, g.Key)
			}
			for _, t := range tunnels {
				m.act.Output(t)
			}
			m.act.Resubmit(lower.TableLocalOutput)
		})
	}
	if len(g.Local) > 0 {
		m.copies(lower.TableLocalOutput, g, g.Local, func() {})
	}
	return m.flows
}

// copies makes the flows that give a copy to each of the members, which have
// then do what else is to be done. Where one flow cannot hold them, it hands on
// to a next one with its number in the upper half of the egress port, which is
// never set otherwise.
func (m *maker) copies(table uint8, g Group, members []Member, then func()) {
	members = slices.Clone(members)
	slices.SortFunc(members, func(a, b Member) int { return int(a.Key) - int(b.Key) })
	for part := uint32(0); ; part++ {
		n := min(len(members), groupSpan)
		m.to(g.Datapath, part<<16|uint32(g.Key))
		if n > 0 {
			m.enter(g.Datapath, g.Bits)
		}
		for _, p := range members[:n] {
			m.mark(p.Zones.marks(p.Groups))
			m.set(regOutport, uint32(p.Key))
			m.act.Resubmit(lower.TableCheckLoopback)
		}
		if members = members[n:]; len(members) > 0 {
			m.set(regOutport, (part+1)<<16|uint32(g.Key))
			m.act.Resubmit(table)
			m.add(table, prioPort)
			continue
		}
		if n > 0 {
			m.set(regOutport, uint32(g.Key))
		}
		then()
		m.add(table, prioPort)
		return
	}
}
