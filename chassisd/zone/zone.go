package zone

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Prefix begins the key of a zone in the bridge's external_ids.
const Prefix = "ct-zone-"

const last = 1<<16 - 1

// DNAT and SNAT are the names of a datapath's zones.
func DNAT(datapath string) string { return datapath + "_dnat" }

// SNAT is the other one.
func SNAT(datapath string) string { return datapath + snat }

const snat = "_snat"

// Allocator knows which zone is whose. Its zero value knows none.
type Allocator struct {
	byName map[string]uint16
	holder map[uint16]string // by zone; nobody has 0
	next   uint16            // where the search for a free zone begins
}

// Restore takes over the zones in the bridge's external_ids. Keys that hold no
// zone, or another's, are given back in order; their owners get a new one.
func (a *Allocator) Restore(ids map[string]string) (bad []string) {
	a.init()
	for _, key := range slices.Sorted(maps.Keys(ids)) {
		name, ok := strings.CutPrefix(key, Prefix)
		if !ok || a.Has(name) {
			continue
		}
		n, err := strconv.ParseUint(ids[key], 10, 16)
		if err != nil || n == 0 && !strings.HasSuffix(name, snat) || a.Holder(uint16(n)) != "" {
			bad = append(bad, key)
			continue
		}
		a.set(name, uint16(n))
	}
	return bad
}

func (a *Allocator) init() {
	if a.byName == nil {
		a.byName, a.holder = map[string]uint16{}, map[uint16]string{}
	}
}

// set has a name have a zone. Zone 0 is everybody's.
func (a *Allocator) set(name string, z uint16) {
	a.byName[name] = z
	if z != 0 {
		a.holder[z] = name
	}
}

// Has tells whether a name has a zone.
func (a *Allocator) Has(name string) bool { _, ok := a.byName[name]; return ok }

// Get returns the zone of a name, 0 where it has none.
func (a *Allocator) Get(name string) uint16 { return a.byName[name] }

// Holder is the name that has a zone, "" of zone 0 and where none has.
func (a *Allocator) Holder(z uint16) string { return a.holder[z] }

// Claim gives a name a certain zone. Who has it, has none then.
func (a *Allocator) Claim(name string, z uint16) {
	a.init()
	a.Release(a.Holder(z))
	a.Release(name)
	a.set(name, z)
}

// Assign gives the name a zone unless it has one. fresh says that it got it
// now: what somebody else, perhaps before a restart, left in the zone must be
// flushed. Zone 0 means that there is none left. Numbers go round, so that one
// given back is not handed out again at once.
func (a *Allocator) Assign(name string) (z uint16, fresh bool) {
	a.init()
	if a.Has(name) {
		return a.byName[name], false
	}
	for i := range last {
		z := uint16((int(a.next)+i)%last + 1)
		if a.Holder(z) == "" {
			a.next = z
			a.set(name, z)
			return z, true
		}
	}
	return 0, false
}

// Rename gives the zones of names to other names, all at once: each may be one of
// the others. A zone whose new name has one already is released.
func (a *Allocator) Rename(names map[string]string) {
	zones := map[string]uint16{} // by new name
	for from, to := range names {
		if z, ok := a.byName[from]; ok {
			zones[to] = z
			a.Release(from)
		}
	}
	for to, z := range zones {
		if !a.Has(to) {
			a.set(to, z)
		}
	}
}

// Release takes the zone of a name that is gone.
func (a *Allocator) Release(name string) {
	z, ok := a.byName[name]
	if !ok {
		return
	}
	delete(a.byName, name)
	delete(a.holder, z)
}

// Names returns the names that have a zone, in order.
func (a *Allocator) Names() []string { return slices.Sorted(maps.Keys(a.byName)) }

// IDs returns the zones as the bridge's external_ids hold them.
func (a *Allocator) IDs() map[string]string {
	ids := make(map[string]string, len(a.byName))
	for name, z := range a.byName {
		ids[Prefix+name] = strconv.Itoa(int(z))
	}
	return ids
}

// Diff returns what to set in and what to remove from the bridge's
// external_ids so that they hold the zones; keys of others are left alone.
func (a *Allocator) Diff(ids map[string]string) (set map[string]string, gone []string) {
	right := 0
	for key, value := range ids {
		name, ok := strings.CutPrefix(key, Prefix)
		if !ok {
			continue
		}
		switch z, ok := a.byName[name]; {
		case !ok:
			gone = append(gone, key)
		case value == strconv.Itoa(int(z)):
			right++
		}
	}
	slices.Sort(gone)
	set = map[string]string{}
	if right == len(a.byName) {
		return set, gone
	}
	for name, z := range a.byName {
		if key, value := Prefix+name, strconv.Itoa(int(z)); ids[key] != value {
			set[key] = value
		}
	}
	return set, gone
}
