package chassisd

import (
	"maps"
	"strconv"
	"time"

	"github.com/weft-sdn/weft/chassisd/tables"
	"github.com/weft-sdn/weft/chassisd/view"
	"github.com/weft-sdn/weft/schema"
)

const (
	// linger is how long flows of a datapath are followed that is needed no
	// more: a VM that starts again, or moves back, finds them there.
	linger = time.Minute
	// flowsPatience is how long changes wait for the flows of a datapath that
	// has come to be needed, while etcd answers.
	flowsPatience = 2 * time.Second
)

// interest is what flows the agent reads: those of the datapaths that are
// needed here, as ovn-controller's conditional monitoring, or all.
type interest struct {
	all bool // ovn-monitor-all
	// want are the datapaths whose flows the view is asked for; those that are
	// not needed any more with when they are let go.
	want  map[schema.UUID]time.Time
	asks  bool      // there is something to ask for
	since time.Time // when flows began to be missing; zero where none are
}

func newInterest() interest { return interest{want: map[schema.UUID]time.Time{}} }

// whole tells whether the flows of all that is needed are there.
func (i *interest) whole(t *tables.Tables) bool { return t.Local.Len() == t.Needed.Len() }

// String tells how many datapaths are followed.
func (i *interest) String() string {
	if i.all {
		return "all"
	}
	return strconv.Itoa(len(i.want))
}

// setMonitorAll follows the setting.
func (a *Agent) setMonitorAll() {
	if a.interest.all != a.conf.MonitorAll {
		a.interest.all = a.conf.MonitorAll
		a.askForFlows()
	}
}

// noteNeeded takes from a commit what is needed now.
func (a *Agent) noteNeeded() {
	i := &a.interest
	for _, c := range a.t.Needed.Changes() {
		_, wanted := i.want[c.Key]
		switch {
		case c.Has:
			i.want[c.Key] = time.Time{}
			i.asks = i.asks || !wanted
		case wanted:
			i.want[c.Key] = a.cfg.Now().Add(linger)
		}
	}
}

// planInterest asks for what has come to be needed.
func (a *Agent) planInterest() {
	i := &a.interest
	if i.asks {
		i.asks = false
		a.askForFlows()
	}
	switch {
	case i.whole(a.t):
		i.since = time.Time{}
	case i.since.IsZero():
		i.since = a.cfg.Now()
	}
}

// tickInterest lets go of what has not been needed for long, and of waiting.
func (a *Agent) tickInterest() {
	now := a.cfg.Now()
	before := len(a.interest.want)
	maps.DeleteFunc(a.interest.want, func(_ schema.UUID, until time.Time) bool { return !until.IsZero() && now.After(until) })
	if len(a.interest.want) != before {
		a.askForFlows()
	}
	a.handOn()
}

func (a *Agent) askForFlows() {
	if a.link == nil {
		return
	}
	w := view.Want{All: a.interest.all, Datapaths: map[schema.UUID]bool{}}
	for dp := range a.interest.want {
		w.Datapaths[dp] = true
	}
	a.link.view.Want(w)
}

// awaitsFlows tells whether flows that are needed will come in a moment. At the
// start all is waited for; later not for long, and not for an etcd that is
// away: the other datapaths must go on.
func (a *Agent) awaitsFlows() bool {
	i := &a.interest
	if i.whole(a.t) {
		return false
	}
	return !a.started || a.link.view.State().Connected && a.cfg.Now().Sub(i.since) < flowsPatience
}
