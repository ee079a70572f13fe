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
	t   *tables.Tables
	all bool // ovn-monitor-all
	// want are the datapaths whose flows the view is asked for; those that are
	// not needed any more with when they are let go.
	want  map[schema.UUID]time.Time
	asks  bool      // there is something to ask for
	since time.Time // when flows began to be missing; zero where none are
}

func newInterest(t *tables.Tables) *interest {
	return &interest{t: t, want: map[schema.UUID]time.Time{}}
}

// whole tells whether the flows of all that is needed are there.
func (i *interest) whole() bool { return i.t.Local.Len() == i.t.Needed.Len() }

// String tells how many datapaths are followed.
func (i *interest) String() string {
	if i.all {
		return "all"
	}
	return strconv.Itoa(len(i.want))
}

// setAll follows the setting.
func (i *interest) setAll(all bool) {
	i.asks = i.asks || i.all != all
	i.all = all
}

// note takes from a commit what is needed now.
func (i *interest) note(now time.Time) {
	for _, c := range i.t.Needed.Changes() {
		_, wanted := i.want[c.Key]
		switch {
		case c.Has:
			i.want[c.Key] = time.Time{}
			i.asks = i.asks || !wanted
		case wanted:
			i.want[c.Key] = now.Add(linger)
		}
	}
}

// wait notes since when flows are missing.
func (i *interest) wait(now time.Time) {
	switch {
	case i.whole():
		i.since = time.Time{}
	case i.since.IsZero():
		i.since = now
	}
}

// tick lets go of what has not been needed for long.
func (i *interest) tick(now time.Time) {
	before := len(i.want)
	maps.DeleteFunc(i.want, func(_ schema.UUID, until time.Time) bool { return !until.IsZero() && now.After(until) })
	i.asks = i.asks || len(i.want) != before
}

// question returns what the view is to be asked for, if that is news.
func (i *interest) question() (w view.Want, ok bool) {
	if !i.asks {
		return w, false
	}
	i.asks = false
	w = view.Want{All: i.all, Datapaths: map[schema.UUID]bool{}}
	for dp := range i.want {
		w.Datapaths[dp] = true
	}
	return w, true
}

// patient tells whether flows that are missing are worth waiting for.
func (i *interest) patient(now time.Time) bool { return now.Sub(i.since) < flowsPatience }
