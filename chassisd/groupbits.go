package chassisd

import (
	"fmt"
	"log/slog"

	"github.com/weft-sdn/weft/chassisd/bits"
	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/chassisd/tables"
	"github.com/weft-sdn/weft/schema"
)

// groupBitPrefix begins the keys in the bridge's external_ids that say which
// bit of metadata a group of datapaths has.
const groupBitPrefix = "weft-dp-group-"

// groupBits gives bits of metadata to groups of datapaths.
type groupBits struct {
	t     *tables.Tables
	alloc *bits.Allocator
	news  map[string]bool // groups of which the use has changed
}

func newGroupBits(t *tables.Tables) *groupBits {
	return &groupBits{t, bits.New(groupBitPrefix, lower.DatapathBits, 63), map[string]bool{}}
}

// restoreBits takes over the bits that the bridge's external_ids hold, of groups
// of datapaths or of port groups. Where no agent has worked on it there is
// nothing, and nobody waits.
func restoreBits(b *bits.Allocator, ids map[string]string, gen int64, of string, log *slog.Logger) {
	if ids[ovnStartupTS] == "" {
		return
	}
	for _, key := range b.Restore(ids, gen) {
		log.Warn("not the bit of a "+of, "key", key, "value", ids[key])
	}
}

// note takes from a commit what bits are good for.
func (g *groupBits) note() {
	for _, c := range g.t.GroupUse.Changes() {
		name := c.Key.String()
		g.news[name] = true
		if !c.Has {
			g.alloc.Forget(name)
			continue
		}
		use := bits.Use{Flows: c.New.Flows, Members: c.New.Datapaths}
		if c.New.Mixed {
			use.Flows = 0
		}
		g.alloc.SetUse(name, use)
	}
}

// plan says which groups have which bits from update gen on; it tells whether
// that is news. came are the datapaths that have become local just now. At the
// start it must wait for all flows: bits that an earlier run gave are kept for
// those who use them.
func (g *groupBits) plan(gen int64, came map[schema.UUID]bool) bool {
	for _, name := range g.alloc.Plan(gen, g.nobodyOn(came)) {
		g.news[name] = true
	}
	changed := len(g.news) > 0
	for name := range g.news {
		g.set(name)
	}
	clear(g.news)
	return changed
}

// nobodyOn returns a function that tells of a group whether all its datapaths
// have become local just now, so that no packet can be on its way there.
func (g *groupBits) nobodyOn(came map[schema.UUID]bool) func(name string) bool {
	return func(name string) bool {
		id, err := schema.ParseUUID(name)
		if err != nil || len(came) == 0 {
			return false
		}
		for _, dp := range g.t.DatapathsOf(tables.SharedUnit{Path: tables.Path{Owner: id}}) {
			if !came[dp] {
				return false
			}
		}
		return true
	}
}

func (g *groupBits) set(name string) {
	id, err := schema.ParseUUID(name)
	if err != nil {
		return // from the bridge, and nobody's
	}
	bit, state := g.alloc.Get(name)
	if _, used := g.t.GroupUse.Get(id); !used && state == bits.None {
		g.t.GroupBits.Delete(id)
		return
	}
	g.t.GroupBits.Set(id, tables.GroupBit{Bit: bit, Matched: state == bits.Matched})
}

// values lists the groups that have bits, so that a reader of ovs-ofctl
// dump-flows can tell what metadata=0x100000000/0x100000000 is.
func (g *groupBits) values() (values []string) {
	for _, h := range g.alloc.Holders() {
		use := g.alloc.UseOf(h.Name)
		values = append(values, fmt.Sprintf("metadata=%#x", uint64(1)<<h.Bit),
			fmt.Sprintf("group %s, %s, %d flows of %d datapaths", h.Name, h.State, use.Flows, use.Members))
	}
	return values
}
