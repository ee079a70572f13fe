package chassisd

import (
	"context"
	"time"

	"github.com/weft-sdn/weft/chassisd/conntrack"
	"github.com/weft-sdn/weft/chassisd/packet"
	"github.com/weft-sdn/weft/chassisd/tables"
	"github.com/weft-sdn/weft/schema"
)

// endings are what is no more and whose connections are to end: as in OVN ACLs with
// option persist-established, once the flows that let them pass are out of the
// switch, and next hops of symmetric replies that have another Ethernet address; and
// translations of addresses, so that none is made of what is no more, or is another's;
// and backends of load balancers with option ct_flush.
// What goes while no agent runs is not known to the next one; the flows of an ACL
// are out all the same, so that its connections meet the ACLs that are left.
type endings struct {
	waiting map[conntrack.End]int64         // the update with which its flows go
	hops    map[schema.UUID]tables.ReplyHop // with the last address that was known
	busy    bool                            // connections are being ended
	fails   int                             // in a row
	retry   time.Time                       // not before, after a failure
	ends    chan connectionsEnd
}

// connectionsEnd is how ending connections ended.
type connectionsEnd struct {
	of   map[conntrack.End]bool
	n    int // found one by one
	took time.Duration
	err  error
}

const (
	// endWithin is how long ending connections may take.
	endWithin = time.Minute
	// maxFails is how often it is tried.
	maxFails = 3
)

func newEndings() endings {
	return endings{waiting: map[conntrack.End]int64{}, hops: map[schema.UUID]tables.ReplyHop{}, ends: make(chan connectionsEnd, 1)}
}

// note takes that something goes with an update.
func (g *endings) note(e conntrack.End, gen int64) { g.waiting[e] = gen }

// noteHop takes what is known of a next hop now; there says whether it is one. Its
// connections go on while nobody knows it, and while another one has its address.
func (g *endings) noteHop(id schema.UUID, now tables.ReplyHop, there bool, gen int64) {
	old := g.hops[id]
	switch {
	case there && now.MAC == (packet.MAC{}):
		return
	case there:
		g.hops[id] = now
	default:
		delete(g.hops, id)
	}
	if old.Zone == 0 || there && old == now {
		return
	}
	for _, h := range g.hops {
		if h == old {
			return
		}
	}
	g.note(conntrack.End{Zone: old.Zone, MAC: old.MAC}, gen)
}

// due takes what is out of the switch, unless it is not time.
func (g *endings) due(gen int64, now time.Time) map[conntrack.End]bool {
	if g.busy || now.Before(g.retry) {
		return nil
	}
	due := map[conntrack.End]bool{}
	for e, with := range g.waiting {
		if with <= gen {
			due[e] = true
			delete(g.waiting, e)
		}
	}
	return due
}

// noteEndings takes from a commit what is no more.
func (a *Agent) noteEndings() {
	for _, c := range a.t.ACLIDs.Changes() {
		if c.Had && (!c.Has || c.Old.ID != c.New.ID) {
			a.endings.note(conntrack.End{ACL: uint16(c.Old.ID)}, a.updates.gen)
		}
	}
	for _, c := range a.t.Translations.Changes() {
		if n := c.Key; c.Had && !c.Has {
			a.endings.note(conntrack.End{Zone: n.Zone, NAT: conntrack.NAT{Source: n.Source, Outside: n.Outside, Inside: n.Inside}}, a.updates.gen)
		}
	}
	for _, c := range a.t.Balanced.Changes() {
		if b := c.Key; c.Had && !c.Has && c.Old {
			a.endings.note(conntrack.End{Balanced: conntrack.Balanced{Proto: b.Proto, VIP: b.VIP, Backend: b.Backend}}, a.updates.gen)
		}
	}
	for _, c := range a.t.ReplyHops.Changes() {
		a.endings.noteHop(c.Key, c.New, c.Has, a.updates.gen)
	}
}

// endConnections ends those of what is out of the switch.
func (a *Agent) endConnections(ctx context.Context) {
	if len(a.endings.waiting) == 0 || a.phase != running || a.loc.bridge == nil {
		return
	}
	now := a.cfg.Now()
	of := a.endings.due(a.updates.done.gen, now)
	if len(of) == 0 {
		return
	}
	a.endings.busy = true
	f := conntrack.Flush{
		RunDir: a.cfg.RunDir, Target: a.socket(a.conf.Bridge), Datapath: a.loc.bridge.DatapathType,
		Of: of, Zones: a.zones.numbers(),
	}
	a.group.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, endWithin)
		defer cancel()
		n, err := f.Do(ctx)
		a.endings.ends <- connectionsEnd{of: of, n: n, took: a.cfg.Now().Sub(now), err: err}
	})
}

// connectionsEnded takes the end of it, and has it tried again where it failed.
func (a *Agent) connectionsEnded(e connectionsEnd) {
	g := &a.endings
	g.busy = false
	if e.err == nil {
		g.fails = 0
		a.log.Info("connections of ACLs, next hops, translations and backends that are gone were ended", "of", len(e.of), "found", e.n, "took", e.took)
		return
	}
	if g.fails++; g.fails == maxFails {
		g.fails = 0
		a.log.Warn("connections of ACLs, next hops, translations and backends that are gone cannot be ended: they meet the flows that are left", "of", len(e.of), "err", e.err)
		return
	}
	g.retry = a.cfg.Now().Add(time.Second << g.fails)
	for end := range e.of {
		g.note(end, a.updates.done.gen)
	}
}
