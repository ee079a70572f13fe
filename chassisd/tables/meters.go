package tables

import (
	"fmt"
	"maps"
	"slices"

	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/ofctrl"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// uses are the groups and meters that the flows of one unit use. A group is one
// for each logical flow, see choices.go. A meter is one for each name, whatever its rate:
// who shares a name shares the rate, and nobody else does.
type uses struct {
	t      *Tables
	r      *incr.Reader
	m      *maker
	owner  string
	nth    int // of the groups of the flow that is being lowered
	groups map[uint32]ofp.GroupBody
	meters map[uint32]ofp.MeterBody
}

func (t *Tables) uses(r *incr.Reader, u SharedUnit, m *maker) *uses {
	return &uses{t: t, r: r, m: m, owner: u.owner()}
}

// complain notes what the flow that is being lowered does not get. It is in the
// switch all the same.
func (u *uses) complain(what string) { u.m.complain(what) }

// owner is by what name a unit takes numbers.
func (u SharedUnit) owner() string { return u.Path.String() + "/" + u.Datapath.String() }

// answer lets the flows that are lowered ask for groups and meters.
func (u *uses) answer(env *lower.Env) {
	env.Group, env.Meter, env.TunnelPort = u.group, u.meter, u.tunnelPort
	env.RateMeter = func(rate, burst uint32) uint32 {
		name := fmt.Sprintf("rate %s %d %d", u.m.uuid, rate, burst)
		return u.take(name, meterBody(ofp.MeterKbps, ofp.MeterBand{Rate: rate, Burst: burst}))
	}
}

// into puts what was used into the result.
func (u *uses) into(out *Lowered) {
	for _, id := range slices.Sorted(maps.Keys(u.groups)) {
		out.Groups = append(out.Groups, ofctrl.Group{ID: id, Body: u.groups[id]})
	}
	for _, id := range slices.Sorted(maps.Keys(u.meters)) {
		out.Meters = append(out.Meters, ofctrl.Meter{ID: id, Body: u.meters[id]})
	}
}

func (u *uses) group(kind string, body ofp.GroupBody) uint32 {
	id := u.t.groupIDs.Take(u.owner, u.t.selectName(u.r, u.m.flow, kind, u.nth))
	u.nth++
	if id == 0 {
		u.complain("no number of a group is free")
		return 0
	}
	if u.groups == nil {
		u.groups = map[uint32]ofp.GroupBody{}
	}
	u.groups[id] = body
	return id
}

// meter is the meter of a southbound row.
func (u *uses) meter(name string) uint32 {
	_, row, ok := incr.One(u.r, u.t.metersByName, name)
	if !ok {
		u.complain(fmt.Sprintf("there is no meter %q", name))
		return 0
	}
	unit := ofp.MeterKbps
	if row.Unit == "pktps" {
		unit = ofp.MeterPktps
	}
	var bands []ofp.MeterBand
	for _, id := range row.Bands {
		if b, ok := incr.Get(u.r, u.t.MeterBands, id); ok {
			bands = append(bands, ofp.MeterBand{Rate: uint32(b.Rate), Burst: uint32(b.BurstSize)})
		}
	}
	if bands == nil {
		u.complain(fmt.Sprintf("meter %q has no bands", name))
		return 0
	}
	return u.take("name "+name, meterBody(unit, bands...))
}

func (u *uses) take(name string, body ofp.MeterBody) uint32 {
	id := u.t.meterIDs.Take(u.owner, name)
	if id == 0 {
		u.complain("no number of a meter is free")
		return 0
	}
	if u.meters == nil {
		u.meters = map[uint32]ofp.MeterBody{}
	}
	u.meters[id] = body
	return id
}

// meterBody makes a meter as OVN's controller does; no burst is the switch's
// default.
func meterBody(unit uint16, bands ...ofp.MeterBand) ofp.MeterBody {
	flags := unit | ofp.MeterStats
	if slices.ContainsFunc(bands, func(b ofp.MeterBand) bool { return b.Burst != 0 }) {
		flags |= ofp.MeterBurst
	}
	return ofp.NewMeterBody(flags, bands...)
}

// tunnelPort is the OpenFlow port of the tunnel to where a port is.
func (u *uses) tunnelPort(name string) uint32 {
	id, _, ok := incr.One(u.r, u.t.portsByName, name)
	if !ok {
		return 0
	}
	at, _ := incr.Get(u.r, u.t.where, id)
	return at.Tunnel
}

// Keep gives back the numbers that a unit took for groups and meters, but for
// those that l lists.
func (t *Tables) Keep(u SharedUnit, l Lowered) {
	groups, meters := make([]uint32, len(l.Groups)), make([]uint32, len(l.Meters))
	for i, g := range l.Groups {
		groups[i] = g.ID
	}
	for i, m := range l.Meters {
		meters[i] = m.ID
	}
	t.groupIDs.Keep(u.owner(), groups...)
	t.meterIDs.Keep(u.owner(), meters...)
}
