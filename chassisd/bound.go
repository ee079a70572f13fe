package chassisd

import (
	"github.com/weft-sdn/weft/chassisd/tables"
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// boundPort is what is remembered of a port that is bound here.
type boundPort struct {
	port     schema.UUID
	name     string
	datapath schema.UUID
	iface    string
	gen      int64 // the update that brought its flows
	// in: its flows are in the switch. up: they were since it was bound; a
	// switch that starts again makes a port not less up.
	in, up bool
	// held: its claim is not written yet, see wishClaim.
	held bool
	// again: its interface is marked already, from before the switch was lost.
	again bool
}

// boundChanged follows the ports that are bound here. One that gets another
// interface, or another datapath, is another port.
func (a *Agent) boundChanged(c incr.Change[schema.UUID, tables.Bound]) {
	old := a.bound[c.Key]
	if old != nil && (!c.Has || c.New.Interface.UUID != old.iface || c.New.Datapath != old.datapath) {
		delete(a.bound, c.Key)
		delete(a.waiting, c.Key)
		if a.byIface[old.iface] == old {
			delete(a.byIface, old.iface)
		}
		a.ovs.ifaces[old.iface] = true
		a.log.Info("port released", "port", old.name)
		old = nil
	}
	if !c.Has || old != nil {
		return
	}
	i := c.New.Interface
	p := &boundPort{port: c.Key, name: c.New.Name, datapath: c.New.Datapath, iface: i.UUID, gen: a.gen}
	if !a.started && a.ownUp[c.Key] && a.loc.interfaces[i.UUID].ExternalIDs[ovnInstalled] == "true" {
		p.in, p.up = true, true // an earlier run has seen to it
	} else {
		a.waiting[c.Key] = p
		a.log.Info("port bound", "port", p.name, "interface", i.Name, "ofport", i.Ofport)
	}
	a.bound[c.Key], a.byIface[i.UUID] = p, p
	a.ovs.ifaces[i.UUID] = true
}

// flowsCame notes that the next update brings the flows of a datapath: the ports
// there wait for that one.
func (a *Agent) flowsCame(dp schema.UUID) {
	for _, p := range a.waiting {
		if p.datapath == dp {
			p.gen = a.gen
		}
	}
}

// claimOf is the claim of a port as it must be, nil for none.
func (a *Agent) claimOf(port schema.UUID) []byte {
	b, ok := a.t.Asked.Get(port)
	if !ok {
		return nil
	}
	p := a.bound[port]
	return claim(a.conf.Name, port, b.Encap, p != nil && p.up)
}

// wishClaim adds the claim of a port to the wishes. A new claim is held back
// until the port's flows are in the switch, which takes some milliseconds, and
// then written with up: until then others had better not send here, and one
// key is written instead of two. The next tick ends the wait in any case.
func (a *Agent) wishClaim(wishes map[string][]byte, port schema.UUID) {
	_, written := a.ownUp[port]
	if p := a.waiting[port]; p != nil && !written {
		p.held = true
		return
	}
	wishes[sb.RecordKey(a.conf.Name, "Port_Binding", port)] = a.claimOf(port)
}

// endHolding writes the claims that were held back before the last tick.
func (a *Agent) endHolding() {
	wishes := map[string][]byte{}
	for id, p := range a.waiting {
		if p.held {
			p.held = false
			wishes[sb.RecordKey(a.conf.Name, "Port_Binding", id)] = a.claimOf(id)
		}
	}
	a.wish(wishes)
}

// installed takes that an update is in the switch.
func (a *Agent) installed(gen int64) {
	a.noticeSwitch()
	for len(a.pending) > 0 && a.pending[0].gen <= gen {
		g := a.pending[0]
		g.chassis = g.chassis || a.done.chassis
		a.done, a.pending = g, a.pending[1:]
		if !g.since.IsZero() {
			a.changes.n++
			a.changes.computed += g.computed
			a.changes.took += a.cfg.Now().Sub(g.since)
		}
	}
	wishes := map[string][]byte{}
	for id, p := range a.waiting {
		if _, local := a.t.Local.Get(p.datapath); !local || p.gen > gen {
			continue
		}
		delete(a.waiting, id)
		if !p.up {
			a.log.Info("port up", "port", p.name)
		}
		p.in, p.up, p.held = true, true, false
		a.ovs.ifaces[p.iface] = true
		wishes[sb.RecordKey(a.conf.Name, "Port_Binding", id)] = a.claimOf(id)
	}
	a.wish(wishes)
	a.done.seq = max(a.done.seq, a.seq)
	if a.started && !a.ready {
		a.ready = true
		a.releaseFirst()
		a.log.Info("ready", "chassis", a.conf.Name, "flows", a.of.Status().Installed, "ports", len(a.bound))
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
	if !lost {
		return
	}
	for id, p := range a.bound {
		p.in, p.again, p.gen = false, true, a.gen
		a.waiting[id] = p
		a.ovs.ifaces[p.iface] = true
	}
	a.ovs.bridge, a.ovs.tunnels = true, true
}

// wish changes the keys that must be in etcd.
func (a *Agent) wish(keys map[string][]byte) {
	for k, v := range keys {
		if v == nil {
			delete(a.want, k)
		} else {
			a.want[k] = v
		}
	}
	if a.whole && len(keys) > 0 {
		a.seq = a.link.ledger.Want(keys)
	}
}

// wishRecord sets the chassis's own rows. With the first of them, claims may
// be written too, and what an earlier run left and is no more may go.
func (a *Agent) wishRecord(keys map[string][]byte) {
	changed := map[string][]byte{}
	for k, v := range keys {
		if string(a.want[k]) != string(v) {
			changed[k] = v
		}
	}
	for k := range a.want {
		if _, still := keys[k]; !still && isRecord(a.conf.Name, k) {
			changed[k] = nil
		}
	}
	a.wish(changed)
	if !a.whole && a.started {
		a.whole = true
		a.seq = a.link.ledger.Want(a.want)
		a.link.ledger.Complete()
	}
}
