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
	// WatchDown: nothing comes through.
	WatchDown Watch = iota
	// WatchNew: it is watched only now; the switches have not agreed yet, and it
	// counts as it did before.
	WatchNew
	// WatchUp: both ends hear of each other.
	WatchUp
)

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
	Chassis   []string    // that may have it, in their order
	Ours      bool        // this one may
	Component schema.UUID // of its datapath
}

func (c contest) equal(o contest) bool {
	return slices.Equal(c.Chassis, o.Chassis) && c.Ours == o.Ours && c.Component == o.Component
}

// livenessTables say whom this chassis watches and what it hears.
type livenessTables struct {
	watches  *incr.Index[string, Tunnel, string] // tunnels, by chassis
	reach    *incr.Table[string, binding.Reach]  // of the chassis to which tunnels lead
	peers    *incr.Table[string, binding.Reach]  // of those that are watched
	peersAre *incr.Index[string, binding.Reach, binding.Reach]
	alone    *incr.Table[struct{}, bool]
}

// joinLiveness declares whose tunnels are watched, and what is known of others.
func (t *Tables) joinLiveness() {
	l := &t.liveness
	l.reach = incr.NewTable(t.Engine, "reach of chassis", incr.Eq[binding.Reach], incr.Values(t.tunnelsByPeer), func(r *incr.Reader, chassis string) (binding.Reach, bool) {
		at := binding.Dead
		for k := range incr.Each(r, t.tunnelsByPeer, chassis) {
			if watch, watched := incr.Get(r, t.Watches, k); !watched || watch != WatchDown {
				at = binding.Alive
			}
		}
		return at, true
	})
	peers := t.joinPeersOfGateways()
	l.peers = incr.NewTable(t.Engine, "peers of gateways", incr.Eq[binding.Reach], peers, func(r *incr.Reader, chassis string) (binding.Reach, bool) {
		self, _ := incr.Get(r, t.Self, struct{}{})
		return t.reachOf(r, chassis), chassis != self.Name && len(incr.Lookup(r, t.chassisByName, chassis)) > 0
	})
	l.peersAre = incr.NewIndex(l.peers, "reach", func(_ string, at binding.Reach) []binding.Reach { return one(at) })
	l.alone = incr.NewTable(t.Engine, "alone", incr.Eq[bool], incr.Keys(t.Self), func(r *incr.Reader, _ struct{}) (bool, bool) {
		dead := incr.Count(r, l.peersAre, binding.Dead)
		only := dead == 1 && incr.Count(r, l.peersAre, binding.Unknown) == 0
		return incr.Count(r, l.peersAre, binding.Alive) == 0 && !only, true
	})
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
// there without a tunnel: all of them are needed here.
func (t *Tables) joinPeersOfGateways() incr.Source[string] {
	h := &t.hosts
	contests := incr.NewTable(t.Engine, "contests", contest.equal, incr.Values(h.ports), func(r *incr.Reader, port schema.UUID) (contest, bool) {
		row, _ := incr.Get(r, t.Ports, port)
		if row.Type != standInType || !incr.Has(r, t.Needed, row.Datapath) {
			return contest{}, false
		}
		ranked, ok := incr.Get(r, h.ranked, row.Group)
		rep, _ := incr.Get(r, t.component, row.Datapath)
		return contest{ranked, incr.Has(r, h.possible, port), rep}, ok
	})
	candidates := incr.NewIndex(contests, "candidates", func(_ schema.UUID, c contest) []string {
		if len(c.Chassis) < 2 {
			return nil
		}
		return c.Chassis
	})
	ours := incr.NewIndex(contests, "ours", func(_ schema.UUID, c contest) []schema.UUID {
		if len(c.Chassis) < 2 || !c.Ours {
			return nil
		}
		return one(c.Component)
	})
	// Who may have another gateway port of the same routers sends to ours too.
	beside := incr.NewIndex(contests, "component", func(_ schema.UUID, c contest) []schema.UUID { return one(c.Component) })
	others := incr.NewTable(t.Engine, "candidates beside ours", slices.Equal[[]string], incr.Under(beside, incr.Values(ours)), func(r *incr.Reader, port schema.UUID) ([]string, bool) {
		c, ok := incr.Get(r, contests, port)
		return c.Chassis, ok
	})
	users := incr.NewTable(t.Engine, "users of our gateways", incr.Eq[string], incr.Under(t.portsByDatapath, incr.Under(t.connected, incr.Values(ours))), func(r *incr.Reader, port schema.UUID) (string, bool) {
		row, _ := incr.Get(r, t.Ports, port)
		has := ""
		switch row.Type {
		case "":
			has, _ = incr.Get(r, t.winner, port)
		case l3gateway:
			has = t.named(r, row.Gateway)
		}
		return has, has != ""
	})
	return incr.Union(
		incr.Values(candidates),
		incr.Values(incr.NewIndex(others, "chassis", func(_ schema.UUID, names []string) []string { return names })),
		incr.Values(incr.NewIndex(users, "chassis", func(_ schema.UUID, name string) []string { return one(name) })))
}

// reachOf is what is known of another chassis.
func (t *Tables) reachOf(r *incr.Reader, chassis string) binding.Reach {
	at, _ := incr.Get(r, t.liveness.reach, chassis)
	return at
}

// isAlone tells whether this chassis hears of nobody whom it watches. Where that is
// one alone, nobody can tell who of the two is cut off.
func (t *Tables) isAlone(r *incr.Reader) bool {
	alone, _ := incr.Get(r, t.liveness.alone, struct{}{})
	return alone
}

// tunnelAlive is the tunnel by which a chassis is reached that has a gateway port: its
// first one through which something comes, else its first.
func (t *Tables) tunnelAlive(r *incr.Reader, chassis string) (ofport uint32, watch Watch, ok bool) {
	var best Tunnel
	for k, u := range incr.Each(r, t.tunnelsByPeer, chassis) {
		w, watched := incr.Get(r, t.Watches, k)
		if !watched {
			w = WatchNew
		}
		order := cmp.Or(-cmp.Compare(min(w, WatchNew), min(watch, WatchNew)), cmp.Compare(u.IP, best.IP))
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
