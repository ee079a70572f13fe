package chassisd

import (
	"fmt"

	"github.com/weft-sdn/weft/chassisd/bits"
	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/chassisd/tables"
)

// portGroupBitPrefix begins the keys in the bridge's external_ids that say which
// bit of the registers a port group has. The name of the group follows.
const portGroupBitPrefix = "weft-port-group-"

func newPortGroupBits() *bits.Allocator {
	return bits.NewMending(portGroupBitPrefix, 0, lower.PortGroupBits-1)
}

// setPortGroupBits tells the tables of the bits that were taken over. Flows match
// them from the first commit on: none is made for each port before.
func (a *Agent) setPortGroupBits() {
	for _, h := range a.portGroupBits.Holders() {
		a.setPortGroupBit(h.Name)
	}
}

// notePortGroups takes from a commit what bits for port groups are good for.
func (a *Agent) notePortGroups() {
	for _, c := range a.t.PortGroupUse.Changes() {
		a.portGroupNews[c.Key] = true
		if !c.Has {
			a.portGroupBits.Forget(c.Key)
			continue
		}
		use := bits.Use{Flows: c.New.Flows, Members: c.New.Ports}
		if c.New.Other {
			use.Flows = 0
		}
		a.portGroupBits.SetUse(c.Key, use)
	}
}

// noteNew takes from a commit the local datapaths that are new, and the ports on
// which no packet can be on its way: they have been bound, or the flows of their
// datapaths came, since the last update of the switch.
func (a *Agent) noteNew() {
	for _, c := range a.t.Bound.Changes() {
		if _, local := a.t.Local.Get(c.New.Datapath); local && c.Has && !c.Had {
			a.next.ports[c.Key] = true
		}
	}
	came := false
	for _, c := range a.t.Local.Changes() {
		if c.Has && !c.Had {
			came, a.next.datapaths[c.Key] = true, true
			a.flowsCame(c.Key)
		}
	}
	if !came {
		return
	}
	for port, b := range a.t.Bound.All() {
		if a.next.datapaths[b.Datapath] {
			a.next.ports[port] = true
		}
	}
}

// planPortGroupBits says which port groups have which bits, and of new ones
// also that they have none; it tells whether that is news. No packet can be on
// its way of a group of which all ports here came just now.
func (a *Agent) planPortGroupBits() bool {
	if !a.knowsUse() {
		return false
	}
	for _, name := range a.portGroupBits.Plan(a.gen, func(name string) bool {
		for _, port := range a.t.InPortGroup(name) {
			if !a.next.ports[port] {
				return false
			}
		}
		return len(a.next.ports) > 0
	}) {
		a.portGroupNews[name] = true
	}
	changed := len(a.portGroupNews) > 0
	for name := range a.portGroupNews {
		a.setPortGroupBit(name)
	}
	clear(a.portGroupNews)
	a.ovs.bridge = a.ovs.bridge || changed
	return changed
}

func (a *Agent) setPortGroupBit(name string) {
	bit, state := a.portGroupBits.Get(name)
	if _, used := a.t.PortGroupUse.Get(name); !used && state == bits.None {
		a.t.PortGroupBits.Delete(name)
		return
	}
	a.t.PortGroupBits.Set(name, tables.PortGroupBit{
		Bit: bit, None: state == bits.None, Fresh: state == bits.Setting,
		Matched: state == bits.Setting || state == bits.Matched,
	})
}

// portGroupValues lists the port groups that have bits.
func (a *Agent) portGroupValues() (values []string) {
	for _, h := range a.portGroupBits.Holders() {
		use := a.portGroupBits.UseOf(h.Name)
		dnat, snat := lower.PortGroupHalves(1 << h.Bit)
		where := fmt.Sprintf("reg11=%#x", dnat)
		if dnat == 0 {
			where = fmt.Sprintf("reg12=%#x", snat)
		}
		values = append(values, where, fmt.Sprintf("port group %s, %s, %d flows of %d ports", h.Name, h.State, use.Flows, use.Members))
	}
	return values
}
