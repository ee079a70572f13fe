package tables

import "github.com/weft-sdn/weft/schema"

// Near are the tunnels to other chassis that have ports on a local datapath, or
// on those that packets get to from it without a tunnel: they send to its ports.
func (t *Tables) Near(datapath schema.UUID) []Tunnel {
	through := map[uint32]bool{}
	seen := map[schema.UUID]bool{datapath: true}
	for all := []schema.UUID{datapath}; len(all) > 0; all = all[1:] {
		for _, group := range t.groupsByName.Lookup(groupName{all[0], floodGroup}) {
			for _, k := range t.members.byGroup.Lookup(group) {
				through[k.Tunnel] = true
			}
		}
		for _, door := range t.doors.Lookup(all[0]) {
			row, _ := t.Ports.Get(door)
			for _, id := range t.portsByName.Lookup(row.Peer) {
				peer, _ := t.Ports.Get(id)
				if _, local := t.Local.Get(peer.Datapath); local && !seen[peer.Datapath] {
					seen[peer.Datapath] = true
					all = append(all, peer.Datapath)
				}
			}
		}
	}
	var near []Tunnel
	for _, u := range t.Tunnels.All() {
		if through[u.Ofport] {
			near = append(near, u)
		}
	}
	return near
}

// floodGroup is the name of the multicast group that all ports of a switch are in.
const floodGroup = "_MC_flood"
