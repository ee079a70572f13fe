package ofp

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// parts takes a body apart: its buckets as they are encoded, and what stands
// behind them. ok is false for what is no body.
func (g GroupBody) parts() (buckets []string, props string, ok bool) {
	if len(g) < 4 {
		return nil, "", false
	}
	n := 4 + int(binary.BigEndian.Uint16([]byte(g[2:4])))
	if n > len(g) {
		return nil, "", false
	}
	for b := string(g[4:n]); b != ""; {
		if len(b) < 8 {
			return nil, "", false
		}
		size := int(binary.BigEndian.Uint16([]byte(b[:2])))
		if size < 8 || size > len(b) {
			return nil, "", false
		}
		buckets, b = append(buckets, b[:size]), b[size:]
	}
	return buckets, string(g[n:]), true
}

// bucketID is the number of an encoded bucket.
func bucketID(b string) uint32 { return binary.BigEndian.Uint32([]byte(b[4:8])) }

func compareBuckets(a, b string) int { return cmp.Compare(bucketID(a), bucketID(b)) }

// join is the body of a select group with these buckets.
func join(buckets []string, props string) GroupBody {
	b := []byte{GroupSelect, 0, 0, 0}
	for _, k := range buckets {
		b = append(b, k...)
	}
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)-4))
	return GroupBody(append(b, props...))
}

// ordered is the body with the buckets of a select group in order.
func (g GroupBody) ordered() GroupBody {
	buckets, props, ok := g.parts()
	if !ok || g[0] != GroupSelect || slices.IsSortedFunc(buckets, compareBuckets) {
		return g
	}
	slices.SortStableFunc(buckets, compareBuckets)
	return join(buckets, props)
}

// BucketChange is what makes the select group to of g: the numbers of the
// buckets that go, and a body without properties that has those that come
// behind that; empty for none. A bucket that changes goes and comes. ok is false
// where the groups differ in more than buckets, or in more of these than stay.
func (g GroupBody) BucketChange(to GroupBody) (gone []uint32, come GroupBody, ok bool) {
	have, props, ok1 := g.parts()
	want, wantProps, ok2 := to.parts()
	if !ok1 || !ok2 || g[0] != GroupSelect || to[0] != GroupSelect || props != wantProps ||
		len(to) > maxBody || !numbered(have) || !numbered(want) {
		return nil, "", false
	}
	var added []string
	stay := 0
	for len(have)+len(want) > 0 {
		switch {
		case len(have) > 0 && len(want) > 0 && have[0] == want[0]:
			stay++
			have, want = have[1:], want[1:]
		case len(want) == 0 || len(have) > 0 && compareBuckets(have[0], want[0]) <= 0:
			gone, have = append(gone, bucketID(have[0])), have[1:]
		default:
			added, want = append(added, want[0]), want[1:]
		}
	}
	if len(added) > 0 {
		come = join(added, "")
	}
	return gone, come, len(gone)+len(added) < stay
}

// numbered tells whether each bucket has a number of its own, in order.
func numbered(buckets []string) bool {
	for i := 1; i < len(buckets); i++ {
		if compareBuckets(buckets[i-1], buckets[i]) >= 0 {
			return false
		}
	}
	return true
}
