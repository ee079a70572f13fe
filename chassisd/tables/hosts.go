package tables

import (
	"github.com/weft-sdn/weft/chassisd/binding"
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/schema"
)

// Some ports are on one chassis without an interface there: those of gateway
// routers, on the chassis that options:l3gateway-chassis names, and those that
// stand for a gateway port (chassisredirect), on one of an HA group.

// standInType is the type of ports that stand for another one of their datapath.
const standInType = "chassisredirect"

// Hosted is a port that this chassis has without an interface.
type Hosted struct {
	Name     string
	Datapath schema.UUID
}

// joinHosts declares which chassis have such ports. Each agent decides for
// itself: the claims that are written tell people, and northd.
func (t *Tables) joinHosts() {
	preferred := incr.NewTable(t.Engine, "chassis of HA groups", incr.Eq[string], incr.Keys(t.HAGroups), t.preferred)
	hosted := incr.NewIndex(t.Ports, "ports without interface", func(id schema.UUID, p Port) []schema.UUID {
		if p.Type != standInType && p.Type != l3gateway {
			return nil
		}
		return one(id)
	})
	t.host = incr.NewTable(t.Engine, "hosts", incr.Eq[string], incr.Values(hosted), func(r *incr.Reader, port schema.UUID) (string, bool) {
		row, _ := incr.Get(r, t.Ports, port)
		if row.Type == standInType {
			return incr.Get(r, preferred, row.Group)
		}
		return t.named(r, row.Gateway), row.Gateway != ""
	})
	t.Hosted = incr.NewTable(t.Engine, "hosted", incr.Eq[Hosted], incr.Keys(t.host), func(r *incr.Reader, port schema.UUID) (Hosted, bool) {
		self, _ := incr.Get(r, t.Self, struct{}{})
		has, _ := incr.Get(r, t.host, port)
		row, ok := incr.Get(r, t.Ports, port)
		return Hosted{row.Name, row.Datapath}, ok && self.Name != "" && has == self.Name
	}).Feed()
}

// preferred is the chassis of an HA group that has what the group is for.
func (t *Tables) preferred(r *incr.Reader, group schema.UUID) (string, bool) {
	row, ok := incr.Get(r, t.HAGroups, group)
	if !ok {
		return "", false
	}
	var all []binding.Candidate
	for _, id := range row.HAChassis {
		member, ok := incr.Get(r, t.HAChassis, id)
		if !ok || member.Chassis == nil {
			continue
		}
		if chassis, ok := incr.Get(r, t.Chassis, *member.Chassis); ok {
			all = append(all, binding.Candidate{Chassis: chassis.Name, Priority: member.Priority})
		}
	}
	name := binding.Preferred(all)
	return name, name != ""
}

// standsFor is the port of its datapath that a port stands for.
func (t *Tables) standsFor(r *incr.Reader, row Port) (schema.UUID, bool) {
	port, of, ok := incr.One(r, t.portsByName, row.For)
	return port, ok && of.Datapath == row.Datapath
}
