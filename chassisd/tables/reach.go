package tables

import (
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/schema"
)

// AllDatapaths is the key in Followed that stands for every datapath.
var AllDatapaths schema.UUID

// edge is between two datapaths if packets get from one to the other without a
// tunnel.
type edge struct {
	from, to schema.UUID
	common   bool // on all chassis
}

// reach declares which datapaths are needed, and which of them are local: those
// of which all flows are there. A datapath that has just come to be needed has
// no flow at all until then, so that none of its packets meets half of them.
//
// Needed are the datapaths of ports that are here, of gateway ports that may come to be here, and those
// that packets get to from there; where other chassis may have such a gateway port too, also those from which
// packets get to it, as whoever is there is to be watched.
func (t *Tables) reach() {
	doors := incr.NewIndex(t.Ports, "doors", func(id schema.UUID, p Port) []schema.UUID {
		if !isDoor(p) {
			return nil
		}
		return one(id)
	})
	t.standIns = incr.NewIndex(t.Ports, "distributed port", func(_ schema.UUID, p Port) []string {
		if p.Type != standInType {
			return nil
		}
		return one(p.For)
	})
	t.wires = incr.NewIndex(t.Ports, "physical network", func(_ schema.UUID, p Port) []schema.UUID {
		if p.Type != localnet {
			return nil
		}
		return one(p.Datapath)
	})
	edges := incr.NewTable(t.Engine, "edges", incr.Eq[edge], incr.Values(doors), t.edge)
	t.ways = incr.NewDigraph(edges, "ways", func(_ schema.UUID, e edge) (from, to schema.UUID) { return e.from, e.to })
	// What all chassis go by is what they agree on: see liveness.go.
	common := incr.NewDigraph(edges, "ways of all", func(_ schema.UUID, e edge) (from, to schema.UUID) {
		if !e.common {
			return e.from, e.from
		}
		return e.from, e.to
	})

	byDatapath := incr.NewIndex(t.Bound, "datapath", func(_ schema.UUID, b Bound) []schema.UUID { return one(b.Datapath) })
	possible := incr.NewIndex(t.hosts.possible, "datapath", func(_, dp schema.UUID) []schema.UUID { return one(dp) })
	own := incr.NewTable(t.Engine, "own datapaths", incr.Eq[struct{}], incr.Union(incr.Values(byDatapath), incr.Values(possible)),
		func(*incr.Reader, schema.UUID) (struct{}, bool) { return struct{}{}, true })
	shared := incr.NewIndex(t.hosts.shared, "datapath", func(_, dp schema.UUID) []schema.UUID { return one(dp) })
	contested := incr.NewTable(t.Engine, "datapaths of shared gateways", incr.Eq[struct{}], incr.Values(shared),
		func(*incr.Reader, schema.UUID) (struct{}, bool) { return struct{}{}, true })
	reached := t.ways.From("reached", own)
	t.senders = common.To("senders to our gateways", contested)
	t.Needed = incr.NewTable(t.Engine, "needed", incr.Eq[Datapath], incr.Union(incr.Keys(reached), incr.Keys(t.senders)),
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

// edge is that of a door, if it and its peer are open here and packets pass.
func (t *Tables) edge(r *incr.Reader, id schema.UUID) (edge, bool) {
	door, ok := incr.Get(r, t.Ports, id)
	if !ok || !t.opens(r, door) {
		return edge{}, false
	}
	_, peer, ok := incr.One(r, t.portsByName, door.Peer)
	if !ok || !t.opens(r, peer) || t.byWire(r, door, peer) {
		return edge{}, false
	}
	e := edge{door.Datapath, peer.Datapath, door.Type == patch && peer.Type == patch}
	if id, standIn, ok := t.always(r, door); ok {
		e.common = false
		return e, standIn.Datapath == door.Datapath && incr.Has(r, t.hosts.possible, id)
	}
	return e, true
}

// byWire tells whether packets for a gateway port do not come in by the door to it, as
// the physical network leads to the chassis that has it. Whoever may have it has its
// router anyway.
func (t *Tables) byWire(r *incr.Reader, door, peer Port) bool {
	return peer.Central && incr.Count(r, t.wires, door.Datapath) > 0
}

// always is the port that stands for a gateway port and has all packets that leave by
// it (always-redirect): the door is one on the chassis that have that port alone.
func (t *Tables) always(r *incr.Reader, door Port) (id schema.UUID, standIn Port, ok bool) {
	if !door.Central {
		return id, standIn, false
	}
	id, standIn, ok = incr.One(r, t.standIns, door.Name)
	return id, standIn, ok && standIn.Always
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
