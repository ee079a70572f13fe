package serve

import (
	"cmp"
	"slices"
	"sort"
	"strings"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// A bucket of units is parted where it would hold more than bucketUnits, or more
// than bucketBytes in several, before they are compressed. So which buckets an owner
// has follows from its units.
const (
	bucketUnits = 32
	bucketBytes = 32 << 10
	hashBits    = 64
)

// unitList is the units of one owner, in the order of their hashes.
type unitList []hashedUnit

type hashedUnit struct {
	hash uint64
	sb.Unit
}

func compareUnits(a, b hashedUnit) int {
	return cmp.Or(cmp.Compare(a.hash, b.hash), strings.Compare(a.Name, b.Name))
}

// hashed are units by name, in order; those that go have no chunk.
func hashed(units map[string][]byte) unitList {
	l := make(unitList, 0, len(units))
	for name, chunk := range units {
		l = append(l, hashedUnit{sb.HashUnit(name), sb.Unit{Name: name, Chunk: chunk}})
	}
	slices.SortFunc(l, compareUnits)
	return l
}

// with returns the list after changes. Hot path: the units that stay are copied and
// not looked at.
func (l unitList) with(changed unitList) unitList {
	next := make(unitList, 0, len(l)+len(changed))
	for _, u := range changed {
		at, found := slices.BinarySearchFunc(l, u, compareUnits)
		next, l = append(next, l[:at]...), l[at:]
		if found {
			l = l[1:]
		}
		if u.Chunk != nil {
			next = append(next, u)
		}
	}
	return append(next, l...)
}

// leaf tells whether the units lie in one bucket.
func (l unitList) leaf(bits int) bool {
	if len(l) <= 1 || bits == hashBits {
		return true
	}
	size := 0
	for _, u := range l[:min(len(l), bucketUnits)] {
		size += sb.ChunkSize(u.Chunk)
	}
	return len(l) <= bucketUnits && size <= bucketBytes
}

// half is the part of l, units alike in their first bits, that has in the next bit
// what hash has.
func (l unitList) half(hash uint64, bits int) unitList {
	bit := uint64(1) << (hashBits - 1 - bits)
	at := sort.Search(len(l), func(i int) bool { return l[i].hash&bit != 0 })
	if hash&bit == 0 {
		return l[:at]
	}
	return l[at:]
}

// below are the units whose hashes begin as hash does.
func (l unitList) below(hash uint64, bits int) unitList {
	for i := range bits {
		l = l.half(hash, i)
	}
	return l
}

// depth is how many bits the bucket has that a hash belongs into.
func (l unitList) depth(hash uint64) (bits int) {
	for !l.leaf(bits) {
		l = l.half(hash, bits)
		bits++
	}
	return bits
}

// eachBucket calls f with the buckets of units that are alike in their first bits.
func (l unitList) eachBucket(bits int, f func(hash uint64, bits int, in unitList)) {
	switch {
	case len(l) == 0:
	case l.leaf(bits):
		f(l[0].hash, bits, l)
	default:
		l.half(0, bits).eachBucket(bits+1, f)
		l.half(^uint64(0), bits).eachBucket(bits+1, f)
	}
}

func (l unitList) encode() []byte {
	units := make([]sb.Unit, len(l))
	for i := range l {
		units[i] = l[i].Unit
	}
	return sb.EncodeUnits(units)
}

// changedBuckets calls put with the buckets of now in which something differs from
// was, and gone with those of was that now has not, each once; units that differ
// are touched.
func changedBuckets(owner schema.UUID, was, now, touched unitList, gone func(path string), put func(path string, in unitList)) {
	var last uint64 // a hash in the part that was done last, and its bits
	bits := -1
	for _, u := range touched {
		if bits >= 0 && (u.hash^last)>>(hashBits-bits) == 0 {
			continue // as most are where many come together
		}
		// The buckets that differ because of this unit lie below the shorter of its
		// two: nothing else there has another place.
		last, bits = u.hash, min(was.depth(u.hash), now.depth(u.hash))
		stays := map[string]bool{}
		now.below(last, bits).eachBucket(bits, func(hash uint64, bits int, in unitList) {
			path := sb.BucketPath(owner, hash, bits)
			stays[path] = true
			put(path, in)
		})
		was.below(last, bits).eachBucket(bits, func(hash uint64, bits int, _ unitList) {
			if path := sb.BucketPath(owner, hash, bits); !stays[path] {
				gone(path)
			}
		})
	}
}
