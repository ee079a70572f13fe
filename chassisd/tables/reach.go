package tables

import (
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/schema"
)

// AllDatapaths is the key in Followed that stands for every datapath.
var AllDatapaths schema.UUID

// edge is between two datapaths if packets get from one to the other without a
// tunnel.
type edge struct{ from, to schema.UUID }

// reach declares which datapaths are needed, and which of them are local: those
// of which all flows are there. A datapath that has just come to be needed has
// no flow at all until then, so that none of its packets meets half of them.
//
// Needed are the datapaths of ports that are here, of gateway ports that may come to be here, and those
// that packets get to from there. Doors name each other, so that these are the datapaths of the same
// components; of a door whose peer names another, or none, both ends are needed
// where one is.
func (t *Tables) reach() {
	doors := incr.NewIndex(t.Ports, "doors", func(id schema.UUID, p Port) []schema.UUID {
		if !isDoor(p) {
			return nil
		}
		return one(id)
	})
	edges := incr.NewTable(t.Engine, "edges", incr.Eq[edge], incr.Values(doors), t.edge)
	t.component = incr.NewComponents(edges, "components", func(_ schema.UUID, e edge) (a, b schema.UUID) { return e.from, e.to })
	t.connected = incr.NewIndex(t.component, "representative", func(_, rep schema.UUID) []schema.UUID { return one(rep) })

	byDatapath := incr.NewIndex(t.Bound, "datapath", func(_ schema.UUID, b Bound) []schema.UUID { return one(b.Datapath) })
	possible := incr.NewIndex(t.hosts.possible, "datapath", func(_, dp schema.UUID) []schema.UUID { return one(dp) })
	own := incr.NewTable(t.Engine, "own datapaths", incr.Eq[schema.UUID], incr.Union(incr.Values(byDatapath), incr.Values(possible)),
		func(r *incr.Reader, dp schema.UUID) (schema.UUID, bool) {
			if rep, ok := incr.Get(r, t.component, dp); ok {
				return rep, true
			}
			return dp, true // it has no edge: it is all of its component
		})
	reached := incr.NewIndex(own, "representative", func(_, rep schema.UUID) []schema.UUID { return one(rep) })
	t.Needed = incr.NewTable(t.Engine, "needed", incr.Eq[Datapath], incr.Union(incr.Keys(own), incr.Under(t.connected, incr.Values(reached))),
		func(r *incr.Reader, dp schema.UUID) (Datapath, bool) {
			row, ok := incr.Get(r, t.Datapaths, dp)
			if !ok {
				return Datapath{}, false
			}
			return Datapath{Key: uint32(row.TunnelKey), Router: row.Type != nil && *row.Type == "logical-router"}, true
		}).Feed()
	t.Local = incr.NewTable(t.Engine, "local", incr.Eq[Datapath], incr.Keys(t.Needed),
		func(r *incr.Reader, dp schema.UUID) (Datapath, bool) {
			d, _ := incr.Get(r, t.Needed, dp)
			return d, incr.Has(r, t.Followed, dp) || incr.Has(r, t.Followed, AllDatapaths)
		}).Feed()
}

// isDoor tells whether packets leave the datapath by the port for the datapath
// of its peer.
func isDoor(p Port) bool {
	return (p.Type == patch || p.Type == l3gateway) && p.Peer != ""
}

// edge is that of a door, if it and its peer are open here.
func (t *Tables) edge(r *incr.Reader, id schema.UUID) (edge, bool) {
	door, ok := incr.Get(r, t.Ports, id)
	if !ok || !t.opens(r, door) {
		return edge{}, false
	}
	_, peer, ok := incr.One(r, t.portsByName, door.Peer)
	return edge{door.Datapath, peer.Datapath}, ok && t.opens(r, peer)
}

// opens tells whether packets pass the door on this chassis. A gateway router
// is entered on its own chassis alone.
func (t *Tables) opens(r *incr.Reader, door Port) bool {
	if door.Type != l3gateway {
		return isDoor(door)
	}
	self, _ := incr.Get(r, t.Self, struct{}{})
	return isDoor(door) && self.Name != "" && t.named(r, door.Gateway) == self.Name
}
