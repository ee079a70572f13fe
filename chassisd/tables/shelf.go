package tables

import (
	"maps"

	"github.com/weft-sdn/weft/chassisd/binding"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// shelf stands between etcd and the inputs that hold rows of all datapaths, and
// lets those in of which something may follow here. The others lie on it, in a
// small part of the bytes that they take as rows of a table: of a large cloud they
// are nearly all.
//
// The rule: what is in the inputs follows from what etcd has, from what is
// followed and from what interfaces ask for, in whatever order these are told.
// Let in are
//
//   - the ports of the datapaths that are followed, those that an interface asks
//     for, and those that are no VM's: they lead to other datapaths, or name them;
//   - the claims of these ports;
//   - the members of the multicast groups of the datapaths that are followed;
//   - everything, where all datapaths are followed.
//
// A datapath is followed before it is local, so that all of its rows are there
// when its flows are made.
type shelf struct {
	t        *Tables
	followed map[schema.UUID]bool
	asked    map[string]int    // by name: interfaces that ask for the port
	asks     map[string]string // by interface
	untidy   bool              // something is in the inputs that need not be

	ports   shelvedPorts
	members map[schema.UUID]shelvedGroup
}

func newShelf(t *Tables) *shelf {
	s := &shelf{t: t, asked: map[string]int{}, asks: map[string]string{}}
	s.Reset()
	return s
}

// feeder is an input as the feeds see it.
type feeder[K comparable, V any] struct {
	*shelf
	set  func(K, V)
	drop func(K)
}

func (f feeder[K, V]) Set(k K, v V) { f.set(k, v) }
func (f feeder[K, V]) Delete(k K)   { f.drop(k) }

// Reset begins a complete state, with nothing followed.
func (s *shelf) Reset() {
	s.followed, s.ports, s.members = map[schema.UUID]bool{}, newShelvedPorts(), map[schema.UUID]shelvedGroup{}
}

// EndReset ends a complete state. The inputs' must have been called before.
func (s *shelf) EndReset() {
	s.untidy = true
	s.tidy()
}

// all tells whether all there is is let in.
func (s *shelf) all() bool { return s.followed[AllDatapaths] }

func (s *shelf) follows(dp schema.UUID) bool { return s.followed[dp] || s.all() }

// lets tells whether a port is let in.
func (s *shelf) lets(p Port) bool {
	return !isShelved(p) || s.follows(p.Datapath) || s.asked[p.Name] > 0
}

// letsClaims tells whether the claims of a port are let in.
func (s *shelf) letsClaims(port schema.UUID) bool {
	p, ok := s.t.Ports.Get(port)
	return ok && s.lets(p) || s.all()
}

// letsMembers tells whether the members of a multicast group are let in.
func (s *shelf) letsMembers(group schema.UUID) bool {
	g, ok := s.t.Groups.Get(group)
	return ok && s.follows(g.Datapath) || s.all()
}

// feedPort takes a port. What it announces is not on the shelf: few do.
func (s *shelf) feedPort(id schema.UUID, p fedPort) {
	if p.nat == "" {
		s.t.NATAddresses.Delete(id)
	} else {
		s.t.NATAddresses.Set(id, p.nat)
	}
	set(s.t.AllAdverts, id, p.advert, p.advert != Advert{})
	s.setPort(id, p.Port)
}

func (s *shelf) setPort(id schema.UUID, p Port) {
	if s.lets(p) {
		s.letPort(id, p)
		return
	}
	if _, was := s.t.Ports.Get(id); was {
		s.t.Ports.Delete(id)
		s.untidy = true // its claims
	}
	s.ports.set(id, p)
}

func (s *shelf) deletePort(id schema.UUID) {
	s.t.NATAddresses.Delete(id)
	s.t.AllAdverts.Delete(id)
	s.t.Ports.Delete(id)
	s.ports.delete(id)
}

func (s *shelf) setClaim(k ClaimKey, c Claim) {
	if s.letsClaims(k.Port) {
		s.t.Claims.Set(k, c)
		s.ports.deleteClaim(k)
		return
	}
	s.t.Claims.Delete(k)
	s.ports.setClaim(k, c)
}

func (s *shelf) deleteClaim(k ClaimKey) {
	s.t.Claims.Delete(k)
	s.ports.deleteClaim(k)
}

func (s *shelf) setMember(m Member, _ struct{}) {
	if s.letsMembers(m.Group) {
		s.t.GroupPorts.Set(m, struct{}{})
		s.unshelveMember(m)
		return
	}
	s.t.GroupPorts.Delete(m)
	s.shelveMember(m)
}

func (s *shelf) deleteMember(m Member) {
	s.t.GroupPorts.Delete(m)
	s.unshelveMember(m)
}

func (s *shelf) setGroup(id schema.UUID, g *sb.MulticastGroup) {
	were := s.letsMembers(id)
	s.t.Groups.Set(id, g)
	if s.follows(g.Datapath) {
		s.letMembers(id)
	} else {
		s.untidy = s.untidy || were
	}
}

func (s *shelf) deleteGroup(id schema.UUID) {
	s.untidy = s.untidy || s.letsMembers(id)
	s.t.Groups.Delete(id)
}

// letPort lets a port in, with its claims.
func (s *shelf) letPort(id schema.UUID, p Port) {
	s.t.Ports.Set(id, p)
	s.letClaims(id)
	s.ports.delete(id)
}

// letClaims lets the claims of a port in.
func (s *shelf) letClaims(port schema.UUID) {
	for k, c := range s.ports.claims(port) {
		s.t.Claims.Set(k, c)
	}
	s.ports.deleteClaims(port)
}

// letMembers lets the members of a multicast group in.
func (s *shelf) letMembers(group schema.UUID) {
	for _, n := range s.members[group] {
		s.t.GroupPorts.Set(Member{group, s.ports.at(n).id}, struct{}{})
		s.ports.release(n)
	}
	delete(s.members, group)
}

// tidy puts on the shelf what is in the inputs and need not be: it looks at all
// that is there. What makes that necessary is rare.
func (s *shelf) tidy() {
	if !s.untidy || s.all() {
		return
	}
	s.untidy = false
	for id, p := range s.t.Ports.All() {
		if !s.lets(p) {
			s.t.Ports.Delete(id)
			s.ports.set(id, p)
		}
	}
	for k, c := range s.t.Claims.All() {
		if !s.letsClaims(k.Port) {
			s.t.Claims.Delete(k)
			s.ports.setClaim(k, c)
		}
	}
	for m := range s.t.GroupPorts.All() {
		if !s.letsMembers(m.Group) {
			s.t.GroupPorts.Delete(m)
			s.shelveMember(m)
		}
	}
}

// Follow says that all flows of a datapath, or with AllDatapaths of every one,
// are in Chunks with what else is told before the next commit.
func (t *Tables) Follow(dp schema.UUID) {
	s := t.shelf
	t.Followed.Set(dp, struct{}{})
	s.followed[dp] = true
	for id, p := range s.ports.of(dp) {
		s.letPort(id, p)
	}
	if s.all() {
		for dp := range maps.Clone(s.ports.byDatapath) {
			for id, p := range s.ports.of(dp) {
				s.letPort(id, p)
			}
		}
		for id := range maps.Clone(s.ports.byID) {
			s.letClaims(id)
		}
	}
	for group := range s.members {
		if s.letsMembers(group) {
			s.letMembers(group)
		}
	}
}

// Unfollow ends what Follow began.
func (t *Tables) Unfollow(dp schema.UUID) {
	t.Followed.Delete(dp)
	delete(t.shelf.followed, dp)
	t.shelf.untidy = true
}

// SetInterface sets the input of an interface, which asks for the port that it
// names.
func (t *Tables) SetInterface(i binding.Interface) {
	t.Interfaces.Set(i.UUID, i)
	t.shelf.ask(i.UUID, i.ID)
}

// DeleteInterface takes it away, if it is there.
func (t *Tables) DeleteInterface(uuid string) {
	t.Interfaces.Delete(uuid)
	t.shelf.ask(uuid, "")
}

// ask notes which port an interface asks for, "" for none.
func (s *shelf) ask(iface, name string) {
	old := s.asks[iface]
	if old == name {
		return
	}
	if s.asked[old]--; s.asked[old] <= 0 {
		delete(s.asked, old)
		s.untidy = s.untidy || old != ""
	}
	if name == "" {
		delete(s.asks, iface)
		return
	}
	s.asks[iface] = name
	if s.asked[name]++; s.asked[name] == 1 {
		for id, p := range s.ports.named(name) {
			s.letPort(id, p)
		}
	}
}
