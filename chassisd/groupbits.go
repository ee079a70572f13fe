package chassisd

import (
	"fmt"
	"strconv"

	"github.com/weft-sdn/weft/chassisd/bits"
	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/chassisd/tables"
	"github.com/weft-sdn/weft/proto"
	"github.com/weft-sdn/weft/schema"
)

// groupBitPrefix begins the keys in the bridge's external_ids that say which
// bit of metadata a group of datapaths has.
const groupBitPrefix = "weft-dp-group-"

func newGroupBits() *bits.Allocator { return bits.New(groupBitPrefix, lower.DatapathBits, 63) }

// restoreBits takes over the bits that the bridge holds, of groups of datapaths
// or of port groups. Where no agent has worked on it there is nothing, and nobody
// waits.
func (a *Agent) restoreBits(b *bits.Allocator, of string) {
	ids := a.loc.bridge.ExternalIDs
	if ids[ovnStartupTS] == "" {
		return
	}
	for _, key := range b.Restore(ids, a.gen+1) {
		a.log.Warn("not the bit of a "+of, "bridge", a.loc.name, "key", key, "value", ids[key])
	}
}

// noteGroups takes from a commit what bits for groups are good for.
func (a *Agent) noteGroups() {
	for _, c := range a.t.GroupUse.Changes() {
		name := c.Key.String()
		a.groupNews[name] = true
		if !c.Has {
			a.groupBits.Forget(name)
			continue
		}
		use := bits.Use{Flows: c.New.Flows, Members: c.New.Datapaths}
		if c.New.Mixed {
			use.Flows = 0
		}
		a.groupBits.SetUse(name, use)
	}
}

// planGroupBits says which groups have which bits; it tells whether that is
// news. At the start it waits for all flows: bits that an earlier run gave are
// kept for those who use them.
func (a *Agent) planGroupBits() bool {
	if !a.knowsUse() {
		return false
	}
	for _, name := range a.groupBits.Plan(a.gen, a.nobodyOn()) {
		a.groupNews[name] = true
	}
	changed := len(a.groupNews) > 0
	for name := range a.groupNews {
		a.setGroupBit(name)
	}
	clear(a.groupNews)
	a.ovs.bridge = a.ovs.bridge || changed
	return changed
}

// knowsUse tells whether all that may use bits is there.
func (a *Agent) knowsUse() bool { return a.started || a.interest.whole(a.t) }

// nobodyOn returns a function that tells of a group whether all its datapaths
// have become local just now, so that no packet can be on its way there.
func (a *Agent) nobodyOn() func(name string) bool {
	came := a.next.datapaths
	return func(name string) bool {
		id, err := schema.ParseUUID(name)
		if err != nil || len(came) == 0 {
			return false
		}
		for _, dp := range a.t.DatapathsOf(tables.SharedUnit{Path: tables.Path{Owner: id}}) {
			if !came[dp] {
				return false
			}
		}
		return true
	}
}

func (a *Agent) setGroupBit(name string) {
	id, err := schema.ParseUUID(name)
	if err != nil {
		return // from the bridge, and nobody's
	}
	bit, state := a.groupBits.Get(name)
	if _, used := a.t.GroupUse.Get(id); !used && state == bits.None {
		a.t.GroupBits.Delete(id)
		return
	}
	a.t.GroupBits.Set(id, tables.GroupBit{Bit: bit, Matched: state == bits.Matched})
}

// tickGroupBits notices that it is time for the next step of a group, of
// datapaths or of ports.
func (a *Agent) tickGroupBits() {
	if !a.started || a.loc.bridge == nil {
		return
	}
	for _, b := range []*bits.Allocator{a.groupBits, a.portGroupBits} {
		if b.Tick(a.done.gen, a.cfg.Now(), a.loc.bridge.ExternalIDs) {
			a.changed()
		}
	}
}

// groupBitsPart lists the groups that have bits, so that a reader of
// ovs-ofctl dump-flows can tell what metadata=0x100000000/0x100000000 is, or
// reg11=0x10000/0x10000.
func (a *Agent) groupBitsPart() *proto.Part {
	var values []string
	for _, h := range a.groupBits.Holders() {
		use := a.groupBits.UseOf(h.Name)
		values = append(values, fmt.Sprintf("metadata=%#x", uint64(1)<<h.Bit),
			fmt.Sprintf("group %s, %s, %d flows of %d datapaths", h.Name, h.State, use.Flows, use.Members))
	}
	values = append(values, a.portGroupValues()...)
	return part("groups", "", proto.State_STATE_OK, append([]string{"local", strconv.Itoa(a.t.GroupUse.Len())}, values...)...)
}
