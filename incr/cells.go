package incr

import "hash/maphash"

// cells finds the cell of a key. The keys lie in the cells themselves; here is
// a slot of eight bytes for each, without pointers: a row of which nothing else
// is kept must not cost more than itself.
//
// A slot is the upper half of the key's hash and the number of the cell plus
// one, or 0. Keys whose slot is taken lie in the next free one, so that a search
// ends at a free slot.
type cells[K comparable] struct {
	slots []uint64 // a power of two, a quarter of it free at least
	n     int
	key   func(c uint32) K
	hash  func(K) uint64
}

func newCells[K comparable](key func(c uint32) K) cells[K] {
	seed := maphash.MakeSeed()
	return cells[K]{key: key, hash: func(k K) uint64 { return maphash.Comparable(seed, k) }}
}

const (
	fewSlots = 8
	halfHash = 1<<64 - 1<<32 // the half of a slot that is of the hash
)

// home is where the search for a slot begins.
func (s *cells[K]) home(slot uint64) int { return int(slot>>32) & (len(s.slots) - 1) }

// find returns the position of the key's slot, or of the free one where it
// belongs. There is one of them, as there are slots.
func (s *cells[K]) find(h uint64, k K) int {
	i := s.home(h)
	for ; s.slots[i] != 0; i = s.next(i) {
		if (s.slots[i]^h)&halfHash == 0 && s.key(uint32(s.slots[i])-1) == k {
			break
		}
	}
	return i
}

func (s *cells[K]) next(i int) int { return (i + 1) & (len(s.slots) - 1) }

// get returns the cell of a key.
func (s *cells[K]) get(k K) (c uint32, ok bool) {
	if s.n == 0 {
		return 0, false
	}
	slot := s.slots[s.find(s.hash(k), k)]
	return uint32(slot) - 1, slot != 0
}

// add notes the cell of a key that has none. The cell holds the key already.
func (s *cells[K]) add(k K, c uint32) {
	if s.n++; s.n > len(s.slots)/4*3 {
		s.grow()
	}
	h := s.hash(k)
	s.slots[s.find(h, k)] = h&halfHash | uint64(c+1)
}

func (s *cells[K]) grow() {
	old := s.slots
	s.slots = make([]uint64, max(fewSlots, 2*len(old)))
	for _, slot := range old {
		if slot == 0 {
			continue
		}
		i := s.home(slot)
		for s.slots[i] != 0 {
			i = s.next(i)
		}
		s.slots[i] = slot
	}
}

// remove forgets a key that is there, and closes the gap: what lies behind it
// and would lie in it or before moves there.
func (s *cells[K]) remove(k K) {
	s.n--
	gap := s.find(s.hash(k), k)
	for i := s.next(gap); s.slots[i] != 0; i = s.next(i) {
		if mask := len(s.slots) - 1; (i-s.home(s.slots[i]))&mask >= (i-gap)&mask {
			s.slots[gap] = s.slots[i]
			gap = i
		}
	}
	s.slots[gap] = 0
}
