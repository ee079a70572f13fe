package chassisd

import (
	"strings"

	"github.com/weft-sdn/weft/chassisd/physical"
	"github.com/weft-sdn/weft/chassisd/tables"
	"github.com/weft-sdn/weft/chassisd/view"
	"github.com/weft-sdn/weft/ofctrl"
	"github.com/weft-sdn/weft/schema/sb"
)

// etcdChanged takes what the view tells.
func (a *Agent) etcdChanged(b *view.Batch) {
	a.changed()
	first := !a.dec.viewed
	a.dec.take(b)
	a.records.take(b)
	a.ovs.tunnels = a.ovs.tunnels || b.Reset
	for key := range b.Events {
		if isTunnels(key) {
			a.ovs.tunnels = true
			break
		}
	}
	if b.More {
		return
	}
	a.report.chassis = a.report.chassis || b.ChassisEvents
	a.unread = a.unread || first
}

// isTunnels tells whether tunnels depend on a key: "<chassis>/<Table>/<uuid>", or
// what a client wrote of such.
func isTunnels(key string) bool {
	rest, ok := strings.CutPrefix(key, sb.ChassisPrefix)
	if !ok {
		rest, ok = strings.CutPrefix(key, sb.Prefix+strings.TrimSuffix(sb.RecordsPath, "/"))
	}
	return ok && (strings.Contains(rest, "/Encap/") || strings.Contains(rest, "/Chassis/"))
}

// compute brings the tables up to date and hands on what changed. Nothing is
// handed on before the switch's and etcd's state are both there, with the flows
// of all datapaths that are needed: until then the switch stays as an earlier
// run left it.
func (a *Agent) compute() {
	if !a.dirty || !a.dec.viewed || !a.loc.synced || a.loc.bridge == nil || a.conf.Name == "" {
		return
	}
	a.dirty = false
	if a.phase == waiting {
		a.phase = reading
		a.restore()
	}
	h := a.updates.open()
	a.releaser.worked(a.cfg.Now())
	a.last = a.t.Engine.Commit()
	a.collect(h)
	zones, groups := a.zones.assign(), a.knowsUse() && a.groups.plan(a.updates.gen, h.datapaths)
	if zones || groups {
		a.ovs.bridge = true
		a.t.Engine.Commit()
		a.collect(h)
	}
	if a.knowsUse() && a.portGroups.plan(a.updates.gen, h.ports) {
		a.ovs.bridge = true
		a.t.Engine.Commit()
		a.collect(h)
	}
	a.check()
	a.interest.wait(a.cfg.Now())
	a.handOn()
}

// restore takes over what an earlier run left in the bridge's external_ids.
func (a *Agent) restore() {
	ids, gen := a.loc.bridge.ExternalIDs, a.updates.gen+1
	a.zones.restore(ids)
	restoreBits(a.groups.alloc, ids, gen, "group", a.log)
	restoreBits(a.portGroups.alloc, ids, gen, "port group", a.log)
	a.portGroups.restored()
}

// knowsUse tells whether all that may use bits is there.
func (a *Agent) knowsUse() bool { return a.phase >= takingOver || a.interest.whole() }

// awaitsFlows tells whether flows that are needed will come in a moment. At the
// start all is waited for; later not for long, and not for an etcd that is
// away: the other datapaths must go on.
func (a *Agent) awaitsFlows() bool {
	if a.interest.whole() {
		return false
	}
	return a.phase < takingOver || a.link.view.State().Connected && a.interest.patient(a.cfg.Now())
}

// askForFlows asks for what has come to be needed.
func (a *Agent) askForFlows() {
	if a.link == nil {
		return
	}
	if w, ok := a.interest.question(); ok {
		a.link.view.Want(w)
	}
}

// handOn gives to the switch and to etcd what has changed, unless flows that
// belong to it are on their way.
func (a *Agent) handOn() {
	if a.updates.next == nil || a.awaitsFlows() {
		return
	}
	h := a.updates.close(a.cfg.Now())
	u := &h.update
	if a.phase < takingOver {
		u.Flows = append(u.Flows, ofctrl.OwnerFlows{Owner: "static", Flows: physical.Static(), Groups: physical.StaticGroups()})
		a.takeOver()
	}
	u.FlushZones = a.zones.toFlush()
	g := generation{nbRev: a.dec.compiled.NBRevision, nbCfg: a.dec.compiled.NBCfg, view: a.dec.rev, chassis: a.report.chassis}
	if !a.interest.whole() {
		g.nbRev, g.nbCfg = a.updates.told.nbRev, a.updates.told.nbCfg
	}
	a.of.Update(*u)
	wishes := map[string][]byte{}
	for port := range h.claims {
		a.ports.wishClaim(wishes, port)
	}
	a.records.wish(wishes)
	a.updates.give(g, len(u.Flows) > 0)
	a.report.chassis = false
}

// takeOver begins to write what the tables say: the first complete state goes to
// the switch.
func (a *Agent) takeOver() {
	a.phase, a.unread, a.ovs.patches = takingOver, true, true
	if a.zones.sweep() {
		a.ovs.bridge = true
		a.t.Engine.Commit() // nobody reads these zones
	}
	for i := range a.loc.portOf {
		a.ports.touch(i)
	}
}

// installed takes that an update is in the switch.
func (a *Agent) installed(gen int64) {
	a.noticeSwitch()
	a.updates.in(gen, a.cfg.Now())
	a.records.wish(a.ports.in(gen, a.cfg.Now()))
	if a.phase == takingOver {
		a.phase = running
		a.releaseFirst()
		a.log.Info("ready", "chassis", a.conf.Name, "flows", a.of.Status().Installed, "ports", len(a.ports.bound))
	}
}

// noticeSwitch finds out whether the connection to the switch was lost: what
// was in it may be gone, and is in again only when it says so.
func (a *Agent) noticeSwitch() {
	if a.of == nil {
		return
	}
	now := a.of.Status().Counters
	lost := now.Disconnects != a.conn.Disconnects
	a.conn = now
	if lost {
		a.ports.lost(a.updates.gen)
		a.ovs.bridge, a.ovs.tunnels, a.ovs.patches = true, true, true
	}
}

// collect takes the changes of the last commit.
func (a *Agent) collect(h *handover) {
	u := &h.update
	for _, c := range a.t.PortFlows.Changes() {
		u.Flows = append(u.Flows, ofctrl.OwnerFlows{Owner: "port/" + c.Key.String(), Packed: c.New})
	}
	for _, c := range a.t.RouterFlows.Changes() {
		u.Flows = append(u.Flows, ofctrl.OwnerFlows{Owner: "router/" + c.Key.String(), Packed: c.New})
	}
	for _, c := range a.t.GroupFlows.Changes() {
		u.Flows = append(u.Flows, ofctrl.OwnerFlows{Owner: "group/" + c.Key.String(), Packed: c.New})
	}
	for _, c := range a.t.MendFlows.Changes() {
		u.Flows = append(u.Flows, ofctrl.OwnerFlows{Owner: "mend/" + c.Key.String(), Packed: c.New})
	}
	for _, c := range a.t.NeighbourFlows.Changes() {
		u.Flows = append(u.Flows, ofctrl.OwnerFlows{Owner: "neighbour/" + c.Key.String(), Packed: c.New})
	}
	for _, c := range a.t.StaticNeighbourFlows.Changes() {
		u.Flows = append(u.Flows, ofctrl.OwnerFlows{Owner: "static neighbour/" + c.Key.String(), Packed: c.New})
	}
	for _, c := range a.t.FDBFlows.Changes() {
		u.Flows = append(u.Flows, ofctrl.OwnerFlows{Owner: "fdb/" + c.Key.String(), Packed: c.New})
	}
	for _, c := range a.t.TunnelFlows.Changes() {
		u.Flows = append(u.Flows, ofctrl.OwnerFlows{Owner: "tunnel/" + c.Key, Packed: c.New})
	}
	for _, c := range a.t.ChassisMACFlows.Changes() {
		u.Flows = append(u.Flows, ofctrl.OwnerFlows{Owner: "chassis address/" + c.Key.String(), Packed: c.New})
	}
	for _, c := range a.t.Units.Changes() {
		unit := tables.SharedUnit{Datapath: c.Key.Owner, Path: c.Key}
		a.unitChanged(u, "unit/"+c.Key.Owner.String()+"/"+c.Key.Unit, unit, c.New, c.Has)
	}
	for _, c := range a.t.SharedUnits.Changes() {
		owner := "shared/" + c.Key.Path.Owner.String() + "/" + c.Key.Path.Unit + "/" + c.Key.Datapath.String()
		a.unitChanged(u, owner, c.Key, c.New, c.Has)
	}
	for _, c := range a.t.SecurityFlows.Changes() {
		a.unitChanged(u, "security/"+c.Key.String(), tables.SecurityUnit(c.Key), c.New, c.Has)
	}
	for _, c := range a.t.FamilyFlows.Changes() {
		owner := "set/" + c.Key.String()
		u.Flows = append(u.Flows, ofctrl.OwnerFlows{Owner: owner, Packed: c.New.Flows})
		a.errors.set(owner, c.New.Errors)
	}
	for _, c := range a.t.Bound.Changes() {
		a.ports.change(c, a.updates.gen, a.marked)
		h.claims[c.Key] = true
	}
	for _, c := range a.t.Asked.Changes() {
		h.claims[c.Key] = true
	}
	for _, c := range a.t.Hosted.Changes() {
		a.ports.host(c, a.updates.gen)
		h.claims[c.Key] = true
	}
	a.noteEndings()
	if len(a.t.Localnets.Changes()) > 0 {
		a.ovs.patches = true
	}
	if len(a.t.Watched.Changes()) > 0 {
		a.ovs.tunnels = true
	}
	a.noteNew(h)
	a.interest.note(a.cfg.Now())
	a.groups.note()
	a.portGroups.note()
	a.duties.Read(a.t)
}

// marked tells of an interface whether an earlier run has marked it.
func (a *Agent) marked(iface string) bool {
	return a.phase < takingOver && a.loc.interfaces[iface].ExternalIDs[ovnInstalled] == "true"
}

// noteNew takes from a commit the local datapaths that are new, and the ports on
// which no packet can be on its way: they have been bound, or the flows of their
// datapaths came, since the last update of the switch.
func (a *Agent) noteNew(h *handover) {
	for _, c := range a.t.Bound.Changes() {
		if _, local := a.t.Local.Get(c.New.Datapath); local && c.Has && !c.Had {
			h.ports[c.Key] = true
		}
	}
	came := false
	for _, c := range a.t.Local.Changes() {
		if c.Has && !c.Had {
			came, h.datapaths[c.Key] = true, true
			a.ports.flowsCame(c.Key, a.updates.gen)
		}
	}
	if !came {
		return
	}
	for port, b := range a.t.Bound.All() {
		if h.datapaths[b.Datapath] {
			h.ports[port] = true
		}
	}
}

func (a *Agent) unitChanged(u *ofctrl.Update, owner string, unit tables.SharedUnit, l tables.Lowered, has bool) {
	u.Flows = append(u.Flows, ofctrl.OwnerFlows{Owner: owner, Packed: l.Flows, Groups: l.Groups, Meters: l.Meters})
	a.t.Keep(unit, l)
	a.errors.set(owner, l.Errors)
	if !has {
		a.t.Release(unit)
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
