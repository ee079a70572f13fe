package chassisd

import (
	"time"

	"github.com/weft-sdn/weft/chassisd/tables"
	"github.com/weft-sdn/weft/chassisd/vswitch"
)

// BFD of a tunnel that worked without is down at first, at both ends, until the two
// switches have agreed: a switch that is not up yet sends once a second, RFC 5880,
// section 6.8.3. For so long such a tunnel counts as up, lest a gateway that gets a
// second one is lost. One that is made with BFD, or that the agent finds with it, is
// what the switch says.
const bfdGrace = 5 * time.Second

func isWatched(i *vswitch.Interface) bool { return i != nil && i.BFD["enable"] == "true" }

// noteWatched notes when BFD began to watch an interface that had been without. A nil
// row is one that there is not.
func (l *local) noteWatched(uuid string, old, row *vswitch.Interface) {
	switch {
	case !isWatched(row):
		delete(l.fresh, uuid)
	case old != nil && !isWatched(old):
		l.fresh[uuid] = l.now()
	}
}

// feedWatch sets the input that says what BFD hears through a tunnel.
func (l *local) feedWatch(t *tables.Tables, i *vswitch.Interface) {
	switch {
	case !isWatched(i):
		t.Watches.Delete(i.UUID)
	case i.BFDStatus["forwarding"] == "true":
		delete(l.fresh, i.UUID)
		t.Watches.Set(i.UUID, tables.WatchUp)
	case !l.fresh[i.UUID].IsZero():
		t.Watches.Set(i.UUID, tables.WatchNew)
	default:
		t.Watches.Set(i.UUID, tables.WatchDown)
	}
}

// endGrace returns the interfaces that do not count as up any more.
func (l *local) endGrace() (ifaces []string) {
	for i, since := range l.fresh {
		if l.now().Sub(since) >= bfdGrace {
			delete(l.fresh, i)
			ifaces = append(ifaces, i)
		}
	}
	return ifaces
}
