package tables

import (
	"slices"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/schema"
)

// AllDatapaths is the key in Followed that stands for every datapath.
var AllDatapaths schema.UUID

// reach declares which datapaths are needed, and which of them are local: those
// of which all flows are there. A datapath that has just come to be needed has
// no flow at all until then, so that none of its packets meets half of them.
func (t *Tables) reach() {
	byDatapath := incr.NewIndex(t.Bound, "datapath", func(_ schema.UUID, b Bound) []schema.UUID { return one(b.Datapath) })
	own := incr.NewTable(t.Engine, "own datapaths", incr.Eq[struct{}], incr.Values(byDatapath),
		func(*incr.Reader, schema.UUID) (struct{}, bool) { return struct{}{}, true })
	all := incr.NewIndex(own, "all", func(schema.UUID, struct{}) []struct{} { return one(struct{}{}) })
	t.doors = incr.NewIndex(t.Ports, "doors", func(_ schema.UUID, p Port) []schema.UUID {
		if !isDoor(p) {
			return nil
		}
		return one(p.Datapath)
	})
	reached := incr.NewTable(t.Engine, "reached datapaths", slices.Equal[[]schema.UUID], incr.Values(all),
		func(r *incr.Reader, _ struct{}) ([]schema.UUID, bool) {
			return t.connected(r, incr.Lookup(r, all, struct{}{})), true
		})
	datapaths := incr.NewIndex(reached, "datapath", func(_ struct{}, dps []schema.UUID) []schema.UUID { return dps })
	t.Needed = incr.NewTable(t.Engine, "needed", incr.Eq[Datapath], incr.Values(datapaths),
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
	return (p.Type == "patch" || p.Type == "l3gateway") && p.Peer != ""
}

// connected are the datapaths that packets of some get to without a tunnel,
// and these, sorted. A gateway router is entered on its own chassis alone.
func (t *Tables) connected(r *incr.Reader, from []schema.UUID) []schema.UUID {
	seen := make(map[schema.UUID]bool, len(from))
	for _, dp := range from {
		seen[dp] = true
	}
	all := slices.Clone(from)
	for i := 0; i < len(all); i++ {
		for _, door := range incr.Each(r, t.doors, all[i]) {
			_, peer, ok := incr.One(r, t.portsByName, door.Peer)
			if ok && !seen[peer.Datapath] && t.opens(r, door) && t.opens(r, peer) {
				seen[peer.Datapath] = true
				all = append(all, peer.Datapath)
			}
		}
	}
	slices.SortFunc(all, schema.UUID.Compare)
	return all
}

// opens tells whether packets pass the door on this chassis.
func (t *Tables) opens(r *incr.Reader, door Port) bool {
	if door.Type != "l3gateway" {
		return isDoor(door)
	}
	self, _ := incr.Get(r, t.Self, struct{}{})
	return isDoor(door) && self.Name != "" && t.named(r, door.Gateway) == self.Name
}
