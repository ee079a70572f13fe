package chassisd

import (
	"encoding/json"
	"maps"
	"strings"

	"github.com/weft-sdn/weft/chassisd/physical"
	"github.com/weft-sdn/weft/chassisd/tables"
	"github.com/weft-sdn/weft/chassisd/view"
	"github.com/weft-sdn/weft/chassisd/zone"
	"github.com/weft-sdn/weft/ofctrl"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// etcdChanged takes what the view tells.
func (a *Agent) etcdChanged(b *view.Batch) {
	a.changed()
	a.dec.take(b)
	if b.Reset {
		a.unseen = maps.Clone(a.ownKeys)
		a.ovs.tunnels = true
	}
	own := sb.RecordsOf(a.conf.Name)
	for key, e := range b.Events {
		switch {
		case key == sb.StatusKey(a.conf.Name):
			a.resume(e)
		case strings.HasPrefix(key, own):
			a.seeOwn(key, e)
			delete(a.unseen, key)
		}
		if isTunnels(key) {
			a.ovs.tunnels = true
		}
	}
	if b.More {
		return
	}
	for key := range a.unseen {
		a.seeOwn(key, view.Event{Rev: b.Chassis})
	}
	a.unseen = nil
	a.viewRev = max(a.viewRev, b.Chassis)
	a.report.chassis = a.report.chassis || b.ChassisEvents
	a.unread = a.unread || !a.viewed
	a.viewed = true
}

// isTunnels tells whether tunnels depend on a key: "<chassis>/<Table>/<uuid>".
func isTunnels(key string) bool {
	rest, ok := strings.CutPrefix(key, sb.ChassisPrefix)
	return ok && (strings.Contains(rest, "/Encap/") || strings.Contains(rest, "/Chassis/"))
}

// resume takes over what an earlier run said of itself.
func (a *Agent) resume(e view.Event) {
	var s sb.Status
	if e.Value != nil && json.Unmarshal(e.Value, &s) == nil {
		a.claimed = max(a.claimed, s.Claimed)
	}
	a.link.ledger.Seen(sb.StatusKey(a.conf.Name), e.Value, e.Rev)
}

// seeOwn takes a record of this chassis.
func (a *Agent) seeOwn(key string, e view.Event) {
	if a.ownKeys[key] = true; e.Value == nil {
		delete(a.ownKeys, key)
	}
	a.link.ledger.Seen(key, e.Value, e.Rev)
	a.ownKey(strings.TrimPrefix(key, sb.RecordsOf(a.conf.Name)), e)
}

// ownKey notes our own claims: "Port_Binding/<uuid>".
func (a *Agent) ownKey(rest string, e view.Event) {
	id, ok := strings.CutPrefix(rest, "Port_Binding/")
	if !ok {
		return
	}
	a.claimed = max(a.claimed, e.Rev)
	port, err := schema.ParseUUID(id)
	if err != nil {
		return
	}
	delete(a.ownUp, port)
	if e.Value == nil {
		return
	}
	if row, err := schema.DecodeRow(sb.Schema().Table("Port_Binding"), port, e.Value); err == nil {
		up := row.(*sb.PortBinding).Up
		a.ownUp[port] = up != nil && *up
	}
}

// compute brings the tables up to date and hands on what changed. Nothing is
// handed on before the switch's and etcd's state are both there, with the flows
// of all datapaths that are needed: until then the switch stays as an earlier
// run left it.
func (a *Agent) compute() {
	if !a.dirty || !a.viewed || !a.loc.synced || a.loc.bridge == nil || a.conf.Name == "" {
		return
	}
	a.dirty = false
	if !a.zoned {
		a.zoned = true
		a.restoreZones()
		a.restoreBits(a.groupBits, "group")
		a.restoreBits(a.portGroupBits, "port group")
		a.setPortGroupBits()
	}
	if a.next == nil {
		a.gen++
		a.next = newHandover()
	}
	a.releaser.worked(a.cfg.Now())
	a.last = a.t.Engine.Commit()
	a.collect()
	zones, groups := a.assignZones(), a.planGroupBits()
	if zones || groups {
		a.t.Engine.Commit()
		a.collect()
	}
	if a.planPortGroupBits() {
		a.t.Engine.Commit()
		a.collect()
	}
	a.check()
	a.planInterest()
	a.handOn()
}

// handover is what goes to the switch and to etcd next.
type handover struct {
	update ofctrl.Update
	claims map[schema.UUID]bool // ports whose claims may be others now
	// The local datapaths and the bound ports on local ones that are new: no
	// packet can be on its way there.
	datapaths, ports map[schema.UUID]bool
}

func newHandover() *handover {
	return &handover{
		update: ofctrl.Update{Complete: true}, claims: map[schema.UUID]bool{},
		datapaths: map[schema.UUID]bool{}, ports: map[schema.UUID]bool{},
	}
}

// handOn gives to the switch and to etcd what has changed, unless flows that
// belong to it are on their way.
func (a *Agent) handOn() {
	if a.next == nil || a.awaitsFlows() {
		return
	}
	u, claims := &a.next.update, a.next.claims
	a.next = nil
	if !a.started {
		u.Flows = append(u.Flows, ofctrl.OwnerFlows{Owner: "static", Flows: physical.Static()})
		a.started, a.unread = true, true
		a.releaseZones()
		for i := range a.loc.portOf {
			a.ovs.ifaces[i] = true
		}
	}
	u.Gen, a.sent = a.gen, a.cfg.Now()
	u.FlushZones, a.flush = a.flush, nil
	g := generation{
		gen: a.gen, nbRev: a.dec.compiled.NBRevision, nbCfg: a.dec.compiled.NBCfg,
		view: a.viewRev, chassis: a.report.chassis, computed: a.cfg.Now().Sub(a.since),
	}
	if len(u.Flows) > 0 {
		g.since = a.since
	}
	if !a.interest.whole(a.t) {
		g.nbRev, g.nbCfg = a.told.nbRev, a.told.nbCfg
	}
	a.told = g
	a.of.Update(*u)
	wishes := map[string][]byte{}
	for port := range claims {
		a.wishClaim(wishes, port)
	}
	a.wish(wishes)
	g.seq = a.seq
	a.pending = append(a.pending, g)
	a.report.chassis = false
}

// collect takes the changes of the last commit.
func (a *Agent) collect() {
	u := &a.next.update
	for _, c := range a.t.PortFlows.Changes() {
		u.Flows = append(u.Flows, ofctrl.OwnerFlows{Owner: "port/" + c.Key.String(), Packed: c.New})
	}
	for _, c := range a.t.GroupFlows.Changes() {
		u.Flows = append(u.Flows, ofctrl.OwnerFlows{Owner: "group/" + c.Key.String(), Packed: c.New})
	}
	for _, c := range a.t.MendFlows.Changes() {
		u.Flows = append(u.Flows, ofctrl.OwnerFlows{Owner: "mend/" + c.Key.String(), Packed: c.New})
	}
	for _, c := range a.t.TunnelFlows.Changes() {
		u.Flows = append(u.Flows, ofctrl.OwnerFlows{Owner: "tunnel/" + c.Key, Packed: c.New})
	}
	for _, c := range a.t.Units.Changes() {
		unit := tables.SharedUnit{Datapath: c.Key.Owner, Path: c.Key}
		a.unitChanged(u, "unit/"+c.Key.Owner.String()+"/"+c.Key.Unit, unit, c.New, c.Has)
	}
	for _, c := range a.t.SharedUnits.Changes() {
		owner := "shared/" + c.Key.Path.Owner.String() + "/" + c.Key.Path.Unit + "/" + c.Key.Datapath.String()
		a.unitChanged(u, owner, c.Key, c.New, c.Has)
	}
	for _, c := range a.t.FamilyFlows.Changes() {
		owner := "set/" + c.Key.String()
		u.Flows = append(u.Flows, ofctrl.OwnerFlows{Owner: owner, Packed: c.New.Flows})
		a.noteErrors(owner, c.New.Errors)
	}
	for _, c := range a.t.Bound.Changes() {
		a.boundChanged(c)
		a.next.claims[c.Key] = true
	}
	for _, c := range a.t.Asked.Changes() {
		a.next.claims[c.Key] = true
	}
	a.noteNew()
	a.noteNeeded()
	a.noteGroups()
	a.notePortGroups()
}

func (a *Agent) unitChanged(u *ofctrl.Update, owner string, unit tables.SharedUnit, l tables.Lowered, has bool) {
	u.Flows = append(u.Flows, ofctrl.OwnerFlows{Owner: owner, Packed: l.Flows, Groups: l.Groups, Meters: l.Meters})
	a.t.Keep(unit, l)
	a.noteErrors(owner, l.Errors)
	if !has {
		a.t.Release(unit)
	}
}

// noteErrors keeps what could not be lowered of an owner's flows.
func (a *Agent) noteErrors(owner string, errs []string) {
	delete(a.errors, owner)
	if len(errs) > 0 {
		a.errors[owner] = errs
	}
}

// check compares with what computing from nothing gives.
func (a *Agent) check() {
	for _, err := range a.t.Engine.Errors() {
		a.log.Error("a row function panicked", "err", err, "stack", err.Stack)
	}
	if !a.cfg.Check {
		return
	}
	if err := a.t.Engine.Check(); err != nil {
		a.checkErr = err
		a.log.Error(err.Error())
	}
}

// restoreZones takes over the zones that the bridge holds.
func (a *Agent) restoreZones() {
	for _, key := range a.zones.Restore(a.loc.bridge.ExternalIDs) {
		a.log.Warn("not a conntrack zone", "bridge", a.loc.name, "key", key, "value", a.loc.bridge.ExternalIDs[key])
	}
	for _, name := range a.zones.Names() {
		a.t.Zones.Set(name, a.zones.Get(name))
	}
}

// assignZones takes the zones of what went in the last commit, and then gives
// some to what became local: a port with the name of one that went is another
// port, and must not find its connections. It tells whether any changed.
func (a *Agent) assignZones() bool {
	changed := false
	for _, c := range a.t.Bound.Changes() {
		if c.Had && (!c.Has || c.Old.Name != c.New.Name) {
			changed = a.takeZone(c.Old.Name) || changed
		}
	}
	for _, c := range a.t.Local.Changes() {
		if !c.Has {
			for _, name := range datapathZones(c.Key) {
				changed = a.takeZone(name) || changed
			}
		}
	}
	for _, c := range a.t.Bound.Changes() {
		if c.Has {
			changed = a.giveZone(c.New.Name) || changed
		}
	}
	for _, c := range a.t.Local.Changes() {
		if c.Has {
			for _, name := range datapathZones(c.Key) {
				changed = a.giveZone(name) || changed
			}
		}
	}
	return changed
}

func datapathZones(dp schema.UUID) [2]string {
	return [...]string{zone.DNAT(dp.String()), zone.SNAT(dp.String())}
}

// giveZone gives a zone to what has none. The connections that an earlier owner
// left in it are forgotten before flows send anything there, this run's or
// another's: nobody knows who had it last.
func (a *Agent) giveZone(name string) bool {
	z, fresh := a.zones.Assign(name)
	if !fresh {
		return false
	}
	a.t.Zones.Set(name, z)
	a.flush = append(a.flush, z)
	a.ovs.bridge = true
	return true
}

func (a *Agent) takeZone(name string) bool {
	if a.zones.Get(name) == 0 {
		return false
	}
	a.zones.Release(name)
	a.t.Zones.Delete(name)
	a.ovs.bridge = true
	return true
}

// releaseZones takes, at the first complete state, the zones of what is gone
// since an earlier run.
func (a *Agent) releaseZones() {
	used := map[string]bool{}
	for _, b := range a.t.Bound.All() {
		used[b.Name] = true
	}
	for dp := range a.t.Local.All() {
		for _, name := range datapathZones(dp) {
			used[name] = true
		}
	}
	changed := false
	for _, name := range a.zones.Names() {
		if !used[name] {
			changed = a.takeZone(name) || changed
		}
	}
	if changed {
		a.t.Engine.Commit() // nobody reads these zones
	}
}
