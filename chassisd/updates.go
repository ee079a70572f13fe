package chassisd

import (
	"time"

	"github.com/weft-sdn/weft/ofctrl"
	"github.com/weft-sdn/weft/schema"
)

// updates follows what goes to the switch, from the change that comes in to the
// barrier behind the flows.
type updates struct {
	gen     int64        // of the newest update given to the switch, or of next
	next    *handover    // nil: nothing is to be handed on
	sent    time.Time    // when the newest was given
	since   time.Time    // when the first change came in that is not in an update
	pending []generation // given and not in the switch yet, at most maxPending
	told    generation   // newest given to the switch
	done    generation   // newest that is in it
	changes changes
}

// handover is what goes to the switch and to etcd next.
type handover struct {
	update ofctrl.Update
	claims map[schema.UUID]bool // ports whose claims may be others now
	// The local datapaths and the bound ports on local ones that are new: no
	// packet can be on its way there.
	datapaths, ports map[schema.UUID]bool
}

// generation is what an update of the switch stands for.
type generation struct {
	gen     int64
	nbRev   int64
	nbCfg   int64
	view    int64
	chassis bool // there were events of chassis
	// since is when the first change that it stands for came in; zero where
	// no flow changed. computed is how long it took the agent.
	since    time.Time
	computed time.Duration
}

// changes counts the changes of flows that are in the switch, and how long
// they took, from a change's arrival from etcd or the local database: until
// the flows were computed, and until the switch's barrier.
type changes struct {
	n              int
	computed, took time.Duration
}

// open begins an update, unless one waits to be handed on.
func (u *updates) open() *handover {
	if u.next == nil {
		u.gen++
		u.next = &handover{
			update: ofctrl.Update{Complete: true}, claims: map[schema.UUID]bool{},
			datapaths: map[schema.UUID]bool{}, ports: map[schema.UUID]bool{},
		}
	}
	return u.next
}

// close ends the update that is to be handed on now.
func (u *updates) close(now time.Time) *handover {
	h := u.next
	u.next, u.sent = nil, now
	h.update.Gen = u.gen
	return h
}

// give notes that an update was given to the switch, and what it stands for.
func (u *updates) give(g generation, flows bool) {
	g.gen, g.computed = u.gen, u.sent.Sub(u.since)
	if flows {
		g.since = u.since
	}
	u.told = g
	if len(u.pending) == maxPending {
		last := &u.pending[maxPending-1]
		g.chassis = g.chassis || last.chassis
		if !last.since.IsZero() {
			g.since, g.computed = last.since, last.computed
		}
		*last = g
		return
	}
	u.pending = append(u.pending, g)
}

// maxPending bounds what is remembered for a switch that is away or slow: from
// there on a generation stands also for the one before it.
const maxPending = 64

// in takes that an update is in the switch.
func (u *updates) in(gen int64, now time.Time) {
	for len(u.pending) > 0 && u.pending[0].gen <= gen {
		g := u.pending[0]
		g.chassis = g.chassis || u.done.chassis
		u.done, u.pending = g, u.pending[1:]
		if !g.since.IsZero() {
			u.changes.n++
			u.changes.computed += g.computed
			u.changes.took += now.Sub(g.since)
		}
	}
}

// idle tells whether nothing is on its way to the switch.
func (u *updates) idle() bool { return len(u.pending) == 0 }
