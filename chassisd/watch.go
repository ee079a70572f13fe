package chassisd

import (
	"time"

	"github.com/weft-sdn/weft/chassisd/tables"
	"github.com/weft-sdn/weft/chassisd/vswitch"
)

const (
	// bfdPatience is how long two switches may take to agree. One that is not up yet
	// sends once a second, RFC 5880, section 6.8.3, and each has to hear twice of the
	// other, which may be told to watch later.
	bfdPatience = 5 * time.Second
	// bfdRest is how long a session that is up again is not like the others yet: the
	// other end, and other chassis, come to that later by a second or so.
	bfdRest = 2 * time.Second
)

// watch is a tunnel that BFD watches. Its state changes by what the switch says, and
// by itself at until, if that is not zero:
//
//   - one that worked without BFD is new, until it is up or patience ends;
//   - one that is made with it, and all when the switch has started, are unsure, until
//     they are up or patience ends;
//   - what was down and is up is back at first;
//   - what the agent finds it believes.
type watch struct {
	is    tables.Watch
	until time.Time
}

func isWatched(i *vswitch.Interface) bool { return i != nil && i.BFD["enable"] == "true" }

// noteWatched takes what became of an interface. A nil row is one that there is not.
func (l *local) noteWatched(uuid string, old, row *vswitch.Interface) {
	if !isWatched(row) {
		delete(l.watches, uuid)
		return
	}
	was, known := l.watches[uuid]
	l.watches[uuid] = was.next(known, old != nil && !isWatched(old), row.BFDStatus, l.now())
}

// next is the state that follows. Without known there was none before, and worked says
// that the tunnel was there without BFD.
func (w watch) next(known, worked bool, status map[string]string, now time.Time) watch {
	_, said := status["state"]
	neverUp := !said || status["diagnostic"] == "No Diagnostic" // RFC 5880, section 4.1: why it was last down
	switch up := status["forwarding"] == "true"; {
	case up && known && (w.is == tables.WatchDown || w.is == tables.WatchUnsure):
		return watch{tables.WatchBack, now.Add(bfdRest)}
	case up && w.is == tables.WatchBack:
		return w
	case up:
		return watch{is: tables.WatchUp}
	case !known && worked:
		return watch{tables.WatchNew, now.Add(bfdPatience)}
	case known && (w.is == tables.WatchDown || w.is == tables.WatchNew):
		return w
	case known && w.is == tables.WatchUnsure && neverUp:
		return w
	case neverUp:
		return watch{tables.WatchUnsure, now.Add(bfdPatience)}
	}
	return watch{is: tables.WatchDown}
}

// feedWatch sets the input that says what BFD hears through a tunnel.
func (l *local) feedWatch(t *tables.Tables, uuid string) {
	if w, ok := l.watches[uuid]; ok {
		t.Watches.Set(uuid, w.is)
	} else {
		t.Watches.Delete(uuid)
	}
}

// watchOn changes the states whose time has come, and returns their interfaces.
func (l *local) watchOn() (ifaces []string) {
	for i, w := range l.watches {
		if w.until.IsZero() || l.now().Before(w.until) {
			continue
		}
		l.watches[i] = watch{is: tables.WatchDown}
		if w.is == tables.WatchBack {
			l.watches[i] = watch{is: tables.WatchUp}
		}
		ifaces = append(ifaces, i)
	}
	return ifaces
}
