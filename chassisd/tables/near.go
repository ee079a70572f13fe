package tables

import "github.com/weft-sdn/weft/schema"

// Near are the tunnels to other chassis that have ports on a local datapath, or
// on those that packets get to from it without a tunnel: they send to its ports.
// Where the datapath has a physical network packets take that, and nobody is asked.
func (t *Tables) Near(datapath schema.UUID) []Tunnel {
	for _, l := range t.Localnets.All() {
		if l.Datapath == datapath {
			return nil
		}
	}
	through := map[uint32]bool{}
	for _, dp := range t.ways.Search(datapath) {
		for _, group := range t.groupsByName.Lookup(groupName{dp, floodGroup}) {
			for _, k := range t.members.byGroup.Lookup(group) {
				through[k.Tunnel] = true
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
