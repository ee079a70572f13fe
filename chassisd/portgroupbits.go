package chassisd

import (
	"fmt"

	"github.com/weft-sdn/weft/chassisd/bits"
	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/chassisd/tables"
	"github.com/weft-sdn/weft/schema"
)

// portGroupBitPrefix begins the keys in the bridge's external_ids that say which
// bit of the registers a port group has. The name of the group follows.
const portGroupBitPrefix = "weft-port-group-"

// portGroupBits gives bits of the registers to port groups.
type portGroupBits struct {
	t     *tables.Tables
	alloc *bits.Allocator
	news  map[string]bool // groups of which the use has changed
}

func newPortGroupBits(t *tables.Tables) *portGroupBits {
	return &portGroupBits{t, bits.NewMending(portGroupBitPrefix, 0, lower.PortGroupBits-1), map[string]bool{}}
}

// restored tells the tables of the bits that were taken over. Flows match them
// from the first commit on: none is made for each port before.
func (g *portGroupBits) restored() {
	for _, h := range g.alloc.Holders() {
		g.set(h.Name)
	}
}

// note takes from a commit what bits are good for.
func (g *portGroupBits) note() {
	for _, c := range g.t.PortGroupUse.Changes() {
		g.news[c.Key] = true
		if !c.Has {
			g.alloc.Forget(c.Key)
			continue
		}
		use := bits.Use{Flows: c.New.Flows, Members: c.New.Ports}
		if c.New.Other {
			use.Flows = 0
		}
		g.alloc.SetUse(c.Key, use)
	}
}

// plan says which port groups have which bits from update gen on, and of new ones
// also that they have none; it tells whether that is news. No packet can be on
// its way of a group of which all ports here are among those that came just now.
func (g *portGroupBits) plan(gen int64, came map[schema.UUID]bool) bool {
	for _, name := range g.alloc.Plan(gen, func(name string) bool {
		for _, port := range g.t.InPortGroup(name) {
			if !came[port] {
				return false
			}
		}
		return len(came) > 0
	}) {
		g.news[name] = true
	}
	changed := len(g.news) > 0
	for name := range g.news {
		g.set(name)
	}
	clear(g.news)
	return changed
}

func (g *portGroupBits) set(name string) {
	bit, state := g.alloc.Get(name)
	if _, used := g.t.PortGroupUse.Get(name); !used && state == bits.None {
		g.t.PortGroupBits.Delete(name)
		return
	}
	g.t.PortGroupBits.Set(name, tables.PortGroupBit{
		Bit: bit, None: state == bits.None, Fresh: state == bits.Setting,
		Matched: state == bits.Setting || state == bits.Matched,
	})
}

// values lists the port groups that have bits, as groupBits.values does.
func (g *portGroupBits) values() (values []string) {
	for _, h := range g.alloc.Holders() {
		use := g.alloc.UseOf(h.Name)
		dnat, snat := lower.PortGroupHalves(1 << h.Bit)
		where := fmt.Sprintf("reg11=%#x", dnat)
		if dnat == 0 {
			where = fmt.Sprintf("reg12=%#x", snat)
		}
		values = append(values, where, fmt.Sprintf("port group %s, %s, %d flows of %d ports", h.Name, h.State, use.Flows, use.Members))
	}
	return values
}
