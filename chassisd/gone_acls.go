package chassisd

import (
	"context"
	"time"

	"github.com/weft-sdn/weft/chassisd/conntrack"
)

// goneACLs are ACLs with option persist-established that are no more, and whose
// connections are to end: as in OVN, once the flows that let them pass are out of
// the switch. What goes while no agent runs is not known to the next one; its flows
// are out all the same, so that its connections meet the ACLs that are left.
type goneACLs struct {
	waiting map[uint16]int64 // by number, the update with which its flows go
	busy    bool             // connections are being ended
	fails   int              // in a row
	retry   time.Time        // not before, after a failure
	ends    chan connectionsEnd
}

// connectionsEnd is how ending connections ended.
type connectionsEnd struct {
	acls map[uint16]bool
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

func newGoneACLs() goneACLs {
	return goneACLs{waiting: map[uint16]int64{}, ends: make(chan connectionsEnd, 1)}
}

// note takes that the flows of an ACL go with an update.
func (g *goneACLs) note(acl uint16, gen int64) { g.waiting[acl] = gen }

// due takes the ACLs whose flows are out of the switch, unless it is not time.
func (g *goneACLs) due(gen int64, now time.Time) map[uint16]bool {
	if g.busy || now.Before(g.retry) {
		return nil
	}
	due := map[uint16]bool{}
	for acl, with := range g.waiting {
		if with <= gen {
			due[acl] = true
			delete(g.waiting, acl)
		}
	}
	return due
}

// endConnections ends those of ACLs whose flows are out of the switch.
func (a *Agent) endConnections(ctx context.Context) {
	if len(a.gone.waiting) == 0 || a.phase != running || a.loc.bridge == nil {
		return
	}
	now := a.cfg.Now()
	acls := a.gone.due(a.updates.done.gen, now)
	if len(acls) == 0 {
		return
	}
	a.gone.busy = true
	f := conntrack.Flush{
		RunDir: a.cfg.RunDir, Target: a.socket(a.conf.Bridge), Datapath: a.loc.bridge.DatapathType,
		ACLs: acls, Zones: a.zones.numbers(),
	}
	a.group.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, endWithin)
		defer cancel()
		n, err := f.Do(ctx)
		a.gone.ends <- connectionsEnd{acls: acls, n: n, took: a.cfg.Now().Sub(now), err: err}
	})
}

// connectionsEnded takes the end of it, and has it tried again where it failed.
func (a *Agent) connectionsEnded(e connectionsEnd) {
	g := &a.gone
	g.busy = false
	if e.err == nil {
		g.fails = 0
		a.log.Info("connections of ACLs that are gone were ended", "acls", len(e.acls), "found", e.n, "took", e.took)
		return
	}
	if g.fails++; g.fails == maxFails {
		g.fails = 0
		a.log.Warn("connections of ACLs that are gone cannot be ended: they meet the ACLs that are left", "acls", len(e.acls), "err", e.err)
		return
	}
	g.retry = a.cfg.Now().Add(time.Second << g.fails)
	for acl := range e.acls {
		g.note(acl, a.updates.done.gen)
	}
}
