package tables

import (
	"hash/maphash"
	"iter"
	"slices"
	"unique"

	"github.com/weft-sdn/weft/schema"
)

// isShelved tells whether a port can lie on the shelf: it is a VM's, and says no
// more than shelvedPort holds.
func isShelved(p Port) bool {
	return p.Type == "" && p.Peer == "" && p.Gateway == "" && p.For == "" && p.Group.IsZero()
}

// shelvedPorts are ports on the shelf, with their claims. They have numbers, by
// which members of multicast groups name them.
type shelvedPorts struct {
	pages      []*[shelfPage]shelvedPort
	n          uint32 // the last number that was given
	free       []uint32
	byID       map[schema.UUID]uint32
	byName     map[uint32]uint32 // first with that hash; more by same
	byDatapath map[schema.UUID][]uint32
	// more are the claims that a shelvedPort has no room for.
	more map[uint32]map[string]Claim
	seed maphash.Seed
}

const shelfPage = 512

// shelvedPort is what is known of a port. It is there while there is something.
type shelvedPort struct {
	id        schema.UUID
	datapath  schema.UUID
	name      string
	security  security
	version   unique.Handle[string]
	requested unique.Handle[string]
	by        unique.Handle[string] // the chassis that claims it, zero for none
	rev       int64                 // of that claim
	host      host
	quiet     bool
	there     bool // it has a row
	key       uint32
	same      uint32 // the next port whose name has that hash, 0 for none
	members   uint32 // how many members of groups name it
}

func (p *shelvedPort) port() Port {
	return Port{Name: p.name, Datapath: p.datapath, Key: p.key, Requested: p.requested.Value(), Version: p.version.Value(), Security: p.security, Host: p.host, Quiet: p.quiet}
}

// shelvedGroup are the numbers of the members of a multicast group, sorted.
type shelvedGroup []uint32

func newShelvedPorts() shelvedPorts {
	return shelvedPorts{
		byID: map[schema.UUID]uint32{}, byName: map[uint32]uint32{}, byDatapath: map[schema.UUID][]uint32{},
		more: map[uint32]map[string]Claim{}, seed: maphash.MakeSeed(),
	}
}

func (s *shelvedPorts) at(n uint32) *shelvedPort { return &s.pages[(n-1)/shelfPage][(n-1)%shelfPage] }

// number returns the number of a port, which may be new.
func (s *shelvedPorts) number(id schema.UUID) uint32 {
	n := s.byID[id]
	if n != 0 {
		return n
	}
	if last := len(s.free) - 1; last >= 0 {
		n, s.free = s.free[last], s.free[:last]
	} else {
		if s.n%shelfPage == 0 {
			s.pages = append(s.pages, new([shelfPage]shelvedPort))
		}
		s.n++
		n = s.n
	}
	s.at(n).id, s.byID[id] = id, n
	return n
}

// settle forgets a port of which nothing is left.
func (s *shelvedPorts) settle(n uint32) {
	p := s.at(n)
	if p.there || p.members > 0 || p.by != (unique.Handle[string]{}) || len(s.more[n]) > 0 {
		return
	}
	delete(s.byID, p.id)
	*p = shelvedPort{}
	s.free = append(s.free, n)
}

// set puts the row of a port there.
func (s *shelvedPorts) set(id schema.UUID, row Port) {
	n := s.number(id)
	s.takeRow(n)
	p := s.at(n)
	p.there, p.datapath, p.name, p.key = true, row.Datapath, row.Name, row.Key
	p.version, p.requested, p.security = unique.Make(row.Version), unique.Make(row.Requested), row.Security
	p.host, p.quiet = row.Host, row.Quiet
	s.byDatapath[p.datapath] = append(s.byDatapath[p.datapath], n)
	h := s.hash(p.name)
	p.same, s.byName[h] = s.byName[h], n
}

// takeRow takes away the row of a port, if it has one.
func (s *shelvedPorts) takeRow(n uint32) {
	p := s.at(n)
	if !p.there {
		return
	}
	of := s.byDatapath[p.datapath]
	if i := slices.Index(of, n); len(of) > 1 {
		of[i] = of[len(of)-1]
		s.byDatapath[p.datapath] = of[:len(of)-1]
	} else {
		delete(s.byDatapath, p.datapath)
	}
	h := s.hash(p.name)
	if first := s.byName[h]; first != n {
		prev := s.at(first)
		for prev.same != n {
			prev = s.at(prev.same)
		}
		prev.same = p.same
	} else if p.same != 0 {
		s.byName[h] = p.same
	} else {
		delete(s.byName, h)
	}
	p.there, p.datapath, p.name, p.security = false, schema.UUID{}, "", ""
	p.key, p.same, p.requested, p.version = 0, 0, unique.Handle[string]{}, unique.Handle[string]{}
	p.host, p.quiet = host{}, false
}

// delete takes away the row of a port, if it is there.
func (s *shelvedPorts) delete(id schema.UUID) {
	if n := s.byID[id]; n != 0 {
		s.takeRow(n)
		s.settle(n)
	}
}

func (s *shelvedPorts) hash(name string) uint32 { return uint32(maphash.String(s.seed, name)) }

// named are the ports of a name; each may be taken away when it is told.
func (s *shelvedPorts) named(name string) iter.Seq2[schema.UUID, Port] {
	return func(yield func(schema.UUID, Port) bool) {
		for n := s.byName[s.hash(name)]; n != 0; {
			p := *s.at(n)
			if p.name == name && !yield(p.id, p.port()) {
				return
			}
			n = p.same
		}
	}
}

// of are the ports of a datapath; each may be taken away when it is told.
func (s *shelvedPorts) of(dp schema.UUID) iter.Seq2[schema.UUID, Port] {
	return func(yield func(schema.UUID, Port) bool) {
		for _, n := range slices.Clone(s.byDatapath[dp]) {
			if p := s.at(n); !yield(p.id, p.port()) {
				return
			}
		}
	}
}

// setClaim puts a claim there. The first that names no encapsulation, which is
// nearly each, is kept with the port.
func (s *shelvedPorts) setClaim(k ClaimKey, c Claim) {
	s.deleteClaim(k)
	n := s.number(k.Port)
	if p := s.at(n); p.by == (unique.Handle[string]{}) && c.Encap.IsZero() {
		p.by, p.rev = unique.Make(k.Chassis), c.Rev
		return
	}
	if s.more[n] == nil {
		s.more[n] = map[string]Claim{}
	}
	s.more[n][k.Chassis] = c
}

func (s *shelvedPorts) deleteClaim(k ClaimKey) {
	n := s.byID[k.Port]
	if n == 0 {
		return
	}
	if p := s.at(n); p.by != (unique.Handle[string]{}) && p.by.Value() == k.Chassis {
		p.by, p.rev = unique.Handle[string]{}, 0
	}
	s.dropMore(n, k.Chassis)
	s.settle(n)
}

func (s *shelvedPorts) dropMore(n uint32, chassis string) {
	if delete(s.more[n], chassis); len(s.more[n]) == 0 {
		delete(s.more, n)
	}
}

// claims are those of a port.
func (s *shelvedPorts) claims(port schema.UUID) iter.Seq2[ClaimKey, Claim] {
	return func(yield func(ClaimKey, Claim) bool) {
		n := s.byID[port]
		if n == 0 {
			return
		}
		if p := s.at(n); p.by != (unique.Handle[string]{}) && !yield(ClaimKey{port, p.by.Value()}, Claim{Rev: p.rev}) {
			return
		}
		for chassis, c := range s.more[n] {
			if !yield(ClaimKey{port, chassis}, c) {
				return
			}
		}
	}
}

// deleteClaims takes away those of a port.
func (s *shelvedPorts) deleteClaims(port schema.UUID) {
	if n := s.byID[port]; n != 0 {
		p := s.at(n)
		p.by, p.rev = unique.Handle[string]{}, 0
		delete(s.more, n)
		s.settle(n)
	}
}

// release says that a member less names the port.
func (s *shelvedPorts) release(n uint32) {
	s.at(n).members--
	s.settle(n)
}

func (s *shelf) shelveMember(m Member) {
	n := s.ports.number(m.Row)
	group := s.members[m.Group]
	i, there := slices.BinarySearch(group, n)
	if !there {
		s.members[m.Group] = slices.Insert(group, i, n)
		s.ports.at(n).members++
	}
}

func (s *shelf) unshelveMember(m Member) {
	group := s.members[m.Group]
	n := s.ports.byID[m.Row]
	i, there := slices.BinarySearch(group, n)
	if !there {
		return
	}
	if group = slices.Delete(group, i, i+1); len(group) > 0 {
		s.members[m.Group] = group
	} else {
		delete(s.members, m.Group)
	}
	s.ports.release(n)
}
