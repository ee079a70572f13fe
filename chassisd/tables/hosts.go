package tables

import (
	"slices"

	"github.com/weft-sdn/weft/chassisd/binding"
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// Some ports are on one chassis without an interface there: those of gateway
// routers, on the chassis that options:l3gateway-chassis names, and those that
// stand for a gateway port (chassisredirect), on one of an HA group. Which one
// that is depends on who is alive: see liveness.go.

// standInType is the type of ports that stand for another one of their datapath.
const standInType = "chassisredirect"

// Hosted is a port that this chassis has without an interface.
type Hosted struct {
	Name     string
	Datapath schema.UUID
}

// hostTables say which chassis have ports without an interface.
type hostTables struct {
	ports  *incr.Index[schema.UUID, Port, schema.UUID] // these ports, by themselves
	ranked *incr.Table[schema.UUID, []string]          // the chassis of an HA group in their order
	// possible are the ports that this chassis may have, with their datapath. It
	// is ready for them: a gateway that others fail over to has all flows already.
	possible *incr.Table[schema.UUID, schema.UUID]
	shared   *incr.Table[schema.UUID, schema.UUID] // those of them that others may have, too
	of       *incr.Table[schema.UUID, string]      // the chassis that has the port
}

// joinCandidates declares who may have ports without an interface.
func (t *Tables) joinCandidates() {
	h := &t.hosts
	h.ports = incr.NewIndex(t.Ports, "ports without interface", func(id schema.UUID, p Port) []schema.UUID {
		if p.Type != standInType && p.Type != l3gateway {
			return nil
		}
		return one(id)
	})
	h.ranked = incr.NewTable(t.Engine, "chassis of HA groups", slices.Equal[[]string], incr.Keys(t.HAGroups), t.rankedOf)
	h.possible = incr.NewTable(t.Engine, "ports that may be here", incr.Eq[schema.UUID], incr.Values(h.ports), func(r *incr.Reader, port schema.UUID) (schema.UUID, bool) {
		self, _ := incr.Get(r, t.Self, struct{}{})
		row, _ := incr.Get(r, t.Ports, port)
		if self.Name == "" {
			return row.Datapath, false
		}
		if row.Type == standInType {
			ranked, _ := incr.Get(r, h.ranked, row.Group)
			return row.Datapath, slices.Contains(ranked, self.Name)
		}
		return row.Datapath, t.named(r, row.Gateway) == self.Name
	})
	h.shared = incr.NewTable(t.Engine, "gateways that may be here or elsewhere", incr.Eq[schema.UUID], incr.Keys(h.possible), func(r *incr.Reader, port schema.UUID) (schema.UUID, bool) {
		dp, ok := incr.Get(r, h.possible, port)
		row, _ := incr.Get(r, t.Ports, port)
		ranked, _ := incr.Get(r, h.ranked, row.Group)
		return dp, ok && row.Type == standInType && len(ranked) > 1
	})
}

// joinHosts declares which chassis have such ports. Each agent decides for
// itself: the claims that are written tell people, and northd.
func (t *Tables) joinHosts() {
	h := &t.hosts
	t.joinLiveness()
	h.of = incr.NewTable(t.Engine, "hosts", incr.Eq[string], incr.Values(h.ports), func(r *incr.Reader, port schema.UUID) (string, bool) {
		row, _ := incr.Get(r, t.Ports, port)
		if row.Type == standInType {
			host := t.chosen(r, port, row.Group)
			return host, host != ""
		}
		return t.named(r, row.Gateway), row.Gateway != ""
	})
	t.Hosted = incr.NewTable(t.Engine, "hosted", incr.Eq[Hosted], incr.Keys(h.of), func(r *incr.Reader, port schema.UUID) (Hosted, bool) {
		self, _ := incr.Get(r, t.Self, struct{}{})
		has, _ := incr.Get(r, h.of, port)
		row, ok := incr.Get(r, t.Ports, port)
		return Hosted{row.Name, row.Datapath}, ok && self.Name != "" && has == self.Name
	}).Feed()
}

// chosen is the chassis of an HA group that has a port.
func (t *Tables) chosen(r *incr.Reader, port, group schema.UUID) string {
	self, _ := incr.Get(r, t.Self, struct{}{})
	ranked, _ := incr.Get(r, t.hosts.ranked, group)
	hears, _ := incr.Get(r, t.liveness.hears, struct{}{})
	var claims []sb.Claim
	for k, c := range incr.Each(r, t.claimsByPort, port) {
		claims = append(claims, sb.Claim{Chassis: k.Chassis, Revision: c.Rev})
	}
	return binding.Host(self.Name, ranked, func(chassis string) binding.Reach { return t.reachOf(r, chassis) }, hears, sb.Winner("", claims))
}

// rankedOf are the chassis of an HA group that there are, in their order.
func (t *Tables) rankedOf(r *incr.Reader, group schema.UUID) ([]string, bool) {
	row, ok := incr.Get(r, t.HAGroups, group)
	if !ok {
		return nil, false
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
	return binding.Rank(all), len(all) > 0
}

// standsFor is the port of its datapath that a port stands for.
func (t *Tables) standsFor(r *incr.Reader, row Port) (schema.UUID, bool) {
	port, of, ok := incr.One(r, t.portsByName, row.For)
	return port, ok && of.Datapath == row.Datapath
}
