package tables

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/weft-sdn/weft/chassisd/binding"
	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// Which chassis are alive is what the switches tell each other through the tunnels,
// by BFD. Watched are those tunnels alone that somebody's choice of a gateway depends
// on: from all chassis that send to a gateway port to all that may have it, and back,
// and between these. Both ends of a tunnel find out for themselves that it is to be
// watched, from the same rows.

// Watch is what BFD says of a tunnel that it watches.
type Watch uint8

const (
	// WatchUnsure: BFD has begun, and heard nothing yet.
	WatchUnsure Watch = iota
	// WatchDown: nothing comes through.
	WatchDown
	// WatchBack: both ends hear of each other, since a moment ago.
	WatchBack
	// WatchNew: it is watched only now; the switches have not agreed yet, and it
	// counts as it did before.
	WatchNew
	// WatchUp: both ends hear of each other.
	WatchUp
)

// reach is what that means of the chassis at the other end.
func (w Watch) reach() binding.Reach {
	return [...]binding.Reach{binding.Unknown, binding.Dead, binding.Back, binding.Alive, binding.Alive}[w]
}

// BFDTimes is how tunnels are watched, 0 for what nobody said: package tunnel.
type BFDTimes struct {
	MinRX, MinTX, DecayMinRX int // milliseconds
	Mult                     int
}

// Bounds of BFDTimes: the wire has microseconds in 32 bits and 8 bits of multiplier,
// RFC 5880, section 4.1.
const (
	maxInterval = (1<<32 - 1) / 1000
	maxMult     = 1<<8 - 1
)

// bfdTimes reads the options of SB_Global, which are those of NB_Global. What is no
// such number northd has told.
func bfdTimes(row *sb.SBGlobal, _ Event) (BFDTimes, error) {
	of := func(key string, most int) int {
		n, err := strconv.Atoi(row.Options[key])
		if err != nil || n < 1 || n > most {
			return 0
		}
		return n
	}
	return BFDTimes{of("bfd-min-rx", maxInterval), of("bfd-min-tx", maxInterval), of("bfd-decay-min-rx", maxInterval), of("bfd-mult", maxMult)}, nil
}

// contest is a port that stands for a gateway port, on a datapath that is needed
// here.
type contest struct {
	Chassis []string // that may have it, in their order
	Sends   bool     // from its datapath packets get to a gateway port that this one may have
}

func (c contest) equal(o contest) bool {
	return slices.Equal(c.Chassis, o.Chassis) && c.Sends == o.Sends
}

// livenessTables say whom this chassis watches and what it hears.
type livenessTables struct {
	reach    *incr.Table[string, binding.Reach] // of the chassis to which tunnels lead
	peers    *incr.Table[string, binding.Reach] // of those that are watched
	peersAre *incr.Index[string, binding.Reach, binding.Reach]
	hears    *incr.Table[struct{}, binding.Hearing]
}

// joinLiveness declares whose tunnels are watched, and what is known of others.
func (t *Tables) joinLiveness() {
	l := &t.liveness
	l.reach = incr.NewTable(t.Engine, "reach of chassis", incr.Eq[binding.Reach], incr.Values(t.tunnelsByPeer), func(r *incr.Reader, chassis string) (binding.Reach, bool) {
		at := binding.Unknown
		for k := range incr.Each(r, t.tunnelsByPeer, chassis) {
			at = max(at, t.watchOf(r, k).reach())
		}
		return at, true
	})
	peers := t.joinPeersOfGateways()
	l.peers = incr.NewTable(t.Engine, "peers of gateways", incr.Eq[binding.Reach], peers, func(r *incr.Reader, chassis string) (binding.Reach, bool) {
		self, _ := incr.Get(r, t.Self, struct{}{})
		return t.reachOf(r, chassis), chassis != self.Name && len(incr.Lookup(r, t.chassisByName, chassis)) > 0
	})
	l.peersAre = incr.NewIndex(l.peers, "reach", func(_ string, at binding.Reach) []binding.Reach { return one(at) })
	l.hears = incr.NewTable(t.Engine, "hearing", incr.Eq[binding.Hearing], incr.Keys(t.Self), t.hearing)
	t.Watched = incr.NewTable(t.Engine, "watched chassis", incr.Eq[BFDTimes], incr.Keys(l.peers), func(r *incr.Reader, chassis string) (BFDTimes, bool) {
		times, _ := incr.Get(r, t.BFDTimes, globalRow)
		return times, incr.Has(r, l.peers, chassis)
	}).Feed()
}

// globalRow is the one row of SB_Global.
var globalRow = schema.NameUUID("SB_Global")

// joinPeersOfGateways declares whom this chassis watches, itself perhaps among them:
// those that may have what it sends to, and where it may have that itself, those that
// send to it too. These are the chassis with ports on the datapaths from which packets get
// there without a tunnel, and those that may have gateway ports there: all of these
// datapaths are needed here, and that of the gateway port where they are.
func (t *Tables) joinPeersOfGateways() incr.Source[string] {
	h := &t.hosts
	contests := incr.NewTable(t.Engine, "contests", contest.equal, incr.Values(h.ports), func(r *incr.Reader, port schema.UUID) (contest, bool) {
		row, _ := incr.Get(r, t.Ports, port)
		if row.Type != standInType || !incr.Has(r, t.Needed, row.Datapath) {
			return contest{}, false
		}
		ranked, ok := incr.Get(r, h.ranked, row.Group)
		return contest{ranked, incr.Has(r, t.senders, row.Datapath)}, ok
	})
	candidates := incr.NewIndex(contests, "candidates", func(_ schema.UUID, c contest) []string {
		if len(c.Chassis) < 2 && !c.Sends {
			return nil
		}
		return c.Chassis
	})
	users := incr.NewTable(t.Engine, "users of our gateways", incr.EqSlice[[]string], incr.Under(t.portsByDatapath, incr.Keys(t.senders)), func(r *incr.Reader, port schema.UUID) ([]string, bool) {
		row, _ := incr.Get(r, t.Ports, port)
		has := ""
		switch row.Type {
		case "":
			has, _ = incr.Get(r, t.winner, port)
		case l3gateway:
			has = t.named(r, row.Gateway)
		case patch:
			all := t.comeBy(r, row)
			return all, len(all) > 0
		}
		return one(has), has != ""
	})
	return incr.Union(
		incr.Values(candidates),
		incr.Values(incr.NewIndex(users, "chassis", func(_ schema.UUID, names []string) []string { return names })))
}

// comeBy are the chassis from which packets come in by a door whose peer they leave on
// the chassis of its gateway port alone: there is no way from beyond it on the others.
func (t *Tables) comeBy(r *incr.Reader, door Port) []string {
	_, peer, ok := incr.One(r, t.portsByName, door.Peer)
	if !ok || peer.Peer != door.Name {
		return nil
	}
	_, standIn, ok := t.always(r, peer)
	if !ok || standIn.Datapath != peer.Datapath || t.byWire(r, peer, door) {
		return nil
	}
	ranked, _ := incr.Get(r, t.hosts.ranked, standIn.Group)
	return ranked
}

// reachOf is what is known of another chassis.
func (t *Tables) reachOf(r *incr.Reader, chassis string) binding.Reach {
	at, _ := incr.Get(r, t.liveness.reach, chassis)
	return at
}

// watchOf is what BFD says of a tunnel; one that it does not watch counts as up, by
// what we know.
func (t *Tables) watchOf(r *incr.Reader, tunnel string) Watch {
	if w, watched := incr.Get(r, t.Watches, tunnel); watched {
		return w
	}
	return WatchNew
}

// hearing is what this chassis hears of those whom it watches. Where that is one
// alone, nobody can tell who of the two is cut off, and what it does not hear is not
// there.
func (t *Tables) hearing(r *incr.Reader, _ struct{}) (binding.Hearing, bool) {
	count := func(at binding.Reach) int { return incr.Count(r, t.liveness.peersAre, at) }
	switch {
	case count(binding.Alive) > 0:
		return binding.Hears, true
	case count(binding.Back) > 0:
		return binding.Begins, true
	case count(binding.Dead) == 1 && count(binding.Unknown) == 0:
		return binding.Hears, true
	}
	return binding.Deaf, true
}

// tunnelAlive is the tunnel by which a chassis is reached that has a gateway port: its
// first one through which something comes, else its first.
func (t *Tables) tunnelAlive(r *incr.Reader, chassis string) (ofport uint32, watch Watch, ok bool) {
	var best Tunnel
	for k, u := range incr.Each(r, t.tunnelsByPeer, chassis) {
		w := t.watchOf(r, k)
		order := cmp.Or(-cmp.Compare(w.reach(), watch.reach()), cmp.Compare(u.IP, best.IP))
		if !ok || order < 0 {
			best, watch, ok = u, w, true
		}
	}
	return best.Ofport, watch, ok
}

// detours are the tunnels to the chassis of an HA group of which BFD says that they
// are alive, in their order, for the switch to choose the first that is so by then: it
// knows earlier than its agent. Of those that come behind this chassis, or if the first
// is not the one that the agent has chosen, there is none.
func (t *Tables) detours(r *incr.Reader, group schema.UUID, first uint32) []uint32 {
	self, _ := incr.Get(r, t.Self, struct{}{})
	ranked, _ := incr.Get(r, t.hosts.ranked, group)
	var all []uint32
	for _, chassis := range ranked {
		if chassis == self.Name {
			break
		}
		if ofport, watch, ok := t.tunnelAlive(r, chassis); ok && watch == WatchUp {
			all = append(all, ofport)
		}
	}
	if len(all) > 0 && all[0] != first {
		return nil
	}
	return all
}
