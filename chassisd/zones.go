package chassisd

import (
	"log/slog"
	"slices"

	"github.com/weft-sdn/weft/chassisd/tables"
	"github.com/weft-sdn/weft/chassisd/zone"
)

// zones gives conntrack zones to the ports and datapaths of this chassis, and
// keeps in mind which must be flushed.
type zones struct {
	t     *tables.Tables
	log   *slog.Logger
	alloc zone.Allocator
	stale []uint16 // to be flushed with the next update of the switch
}

// restore takes over the zones that the bridge holds.
func (z *zones) restore(ids map[string]string) {
	for _, key := range z.alloc.Restore(ids) {
		z.log.Warn("not a conntrack zone", "key", key, "value", ids[key])
	}
	for _, name := range z.alloc.Names() {
		z.t.Zones.Set(name, z.alloc.Get(name))
	}
}

// diff is what the bridge's external_ids lack, and what is too much in them.
func (z *zones) diff(ids map[string]string) (set map[string]string, gone []string) {
	return z.alloc.Diff(ids)
}

// toFlush are the zones to be flushed; they are told once.
func (z *zones) toFlush() []uint16 {
	stale := z.stale
	z.stale = nil
	return stale
}

// assign takes the zones of what went in the last commit, and then gives some to
// what became local: a port with the name of one that went is another port, and
// must not find its connections. It tells whether any changed.
func (z *zones) assign() bool {
	changed := false
	ports := z.ports()
	for _, c := range ports {
		if c.old != "" && c.old != c.now {
			changed = z.take(c.old) || changed
		}
	}
	renamed := map[string]string{}
	for _, c := range z.t.ZoneNames.Changes() {
		for i, name := range datapathZones(c.Old) {
			switch {
			case c.Had && !c.Has:
				changed = z.take(name) || changed
			case c.Had:
				renamed[name] = datapathZones(c.New)[i]
			}
		}
	}
	changed = z.rename(renamed) || changed
	for _, c := range ports {
		if c.now != "" {
			changed = z.give(c.now) || changed
		}
	}
	for _, c := range z.t.ZoneNames.Changes() {
		if c.Has {
			// An agent of before called them after the UUID.
			old := datapathZones(c.Key.String())
			for i, name := range datapathZones(c.New) {
				if !z.alloc.Has(name) {
					changed = z.rename(map[string]string{old[i]: name}) || changed
				}
				changed = z.give(name) || changed
			}
		}
	}
	return z.ask() || changed
}

// ask gives routers the zones that are asked for them. Who has one gets another;
// but where several are to have the same, the first one by name has it.
func (z *zones) ask() bool {
	if len(z.t.ZonesAsked.Changes())+len(z.t.ZoneNames.Changes()) == 0 {
		return false
	}
	var names []string
	asked := map[string]uint16{}
	for id, dp := range z.t.ZoneNames.All() {
		name := zone.SNAT(dp)
		names = append(names, name)
		if n, ok := z.t.ZonesAsked.Get(id); ok {
			asked[name] = n
		}
	}
	slices.Sort(names)
	changed := false
	for _, name := range names {
		n, is := asked[name]
		switch {
		case !is && z.alloc.Get(name) == 0: // it was asked for before
			changed = z.take(name) || changed
			changed = z.give(name) || changed
		case is && z.alloc.Get(name) != n:
			holder := z.alloc.Holder(n)
			if other, also := asked[holder]; also && other == n {
				z.log.Warn("two routers are to have one conntrack zone", "zone", n, "has it", holder, "has another", name)
				continue
			}
			z.alloc.Claim(name, n)
			z.given(name, n)
			if holder != "" {
				z.give(holder)
			}
			changed = true
		}
	}
	return changed
}

// renaming is a port's name before the last commit and after it, "" where it has no
// zone.
type renaming struct{ old, now string }

// ports are those of this chassis that changed in the last commit.
func (z *zones) ports() (all []renaming) {
	for _, c := range z.t.Bound.Changes() {
		all = append(all, renaming{c.Old.Name, c.New.Name})
	}
	for _, c := range z.t.Plugged.Changes() {
		all = append(all, renaming{c.Old.Name, c.New.Name})
	}
	for _, c := range z.t.Hosted.Changes() {
		all = append(all, renaming{c.Old.Name, c.New.Name})
	}
	return all
}

// datapathZones are the names of the zones of a datapath with that name.
func datapathZones(name string) [2]string {
	return [...]string{zone.DNAT(name), zone.SNAT(name)}
}

// rename has zones go by other names, and keeps the numbers. It tells whether any
// did.
func (z *zones) rename(names map[string]string) bool {
	changed := false
	for from := range names {
		if z.alloc.Has(from) {
			z.t.Zones.Delete(from)
			changed = true
		}
	}
	if !changed {
		return false
	}
	z.alloc.Rename(names)
	for _, to := range names {
		if z.alloc.Has(to) {
			z.t.Zones.Set(to, z.alloc.Get(to))
		}
	}
	return true
}

// give gives a zone to what has none.
func (z *zones) give(name string) bool {
	n, fresh := z.alloc.Assign(name)
	if fresh {
		z.given(name, n)
	}
	return fresh
}

// given notes a zone that something has now. The connections that an earlier owner
// left in it are forgotten before flows send anything there, this run's or another's:
// nobody knows who had it last. Those in the host's own zone are the host's.
func (z *zones) given(name string, n uint16) {
	z.t.Zones.Set(name, n)
	if n != 0 {
		z.stale = append(z.stale, n)
	}
}

func (z *zones) take(name string) bool {
	if !z.alloc.Has(name) {
		return false
	}
	z.alloc.Release(name)
	z.t.Zones.Delete(name)
	return true
}

// sweep takes, at the first complete state, the zones of what is gone since an
// earlier run; it tells whether there were any.
func (z *zones) sweep() bool {
	used := map[string]bool{}
	for _, b := range z.t.Bound.All() {
		used[b.Name] = true
	}
	for _, h := range z.t.Hosted.All() {
		used[h.Name] = true
	}
	for _, p := range z.t.Plugged.All() {
		used[p.Name] = true
	}
	for _, dp := range z.t.ZoneNames.All() {
		for _, name := range datapathZones(dp) {
			used[name] = true
		}
	}
	changed := false
	for _, name := range z.alloc.Names() {
		if !used[name] {
			changed = z.take(name) || changed
		}
	}
	return changed
}

// numbers are those of all zones.
func (z *zones) numbers() map[uint16]bool {
	all := map[uint16]bool{}
	for _, name := range z.alloc.Names() {
		all[z.alloc.Get(name)] = true
	}
	return all
}
