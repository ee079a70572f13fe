package schema

import (
	"fmt"
	"sort"
	"strings"
)

// The elements of a column with Members lie in etcd in buckets, each a key below
// the row's: "<column>/<bucket>", with the elements in JSON as its value, but for
// sets of UUIDs: their value is a byte uuidBytes and the 16 bytes of each. The buckets are the leaves of a binary trie over the elements' keys: a bucket holds
// those whose keys begin with the same bits, and is parted where it would be too
// large. So which buckets there are follows from the set of elements alone, and
// whoever adds an element to a sorted set finds its bucket by binary search and
// looks at no other.
const (
	bucketElements = 64      // the most in one bucket
	bucketBytes    = 4 << 10 // the most of more than one element, counted without quotes and commas
)

// uuidBytes begins the value of a bucket of UUIDs. Up to form 4 that was JSON.
const uuidBytes = 1

// bucketMark ends what is spelled out of the bits that a bucket's keys begin
// with, and begins those that are no whole character. No member's key of form 1
// holds it.
const bucketMark = "+"

// IsBucket tells whether the last part of a key names a bucket. Else it is a
// member, see DecodeMember.
func IsBucket(part string) bool { return strings.Contains(part, bucketMark) }

// members are the elements of a column by position, in order.
type members struct {
	c     *Column
	where place
	n     int
	// at returns one; the value is the zero Atom for a set.
	at func(i int) (key, value Atom)
}

func (c *Column) members(row Row) members {
	if row == nil {
		return members{c: c}
	}
	where := c.at(row)
	n, at := c.shape.ordered(where)
	return members{c, where, n, at}
}

func (m members) key(i int) keyBits {
	k, _ := m.at(i)
	return bitsOf(k)
}

// span is a run of elements whose keys begin with the same bits.
type span struct {
	lo, hi int
	depth  int // how many bits
}

func (m members) all() span { return span{0, m.n, 0} }

// large tells whether a span is parted.
func (m members) large(s span) bool {
	if s.hi-s.lo <= 1 || m.key(s.lo).common(m.key(s.hi-1)) == allBits {
		return false
	}
	if s.hi-s.lo > bucketElements {
		return true
	}
	size := 0
	for i := s.lo; i < s.hi; i++ {
		k, v := m.at(i)
		size += len(k.s) + len(v.s)
	}
	return size > bucketBytes
}

// halves parts a span, which is large, at the first bit in which keys differ.
func (m members) halves(s span) (zero, one span) {
	depth := m.key(s.lo).common(m.key(s.hi - 1))
	mid := s.lo + sort.Search(s.hi-s.lo, func(i int) bool { return m.key(s.lo+i).bit(depth) == 1 })
	return span{s.lo, mid, depth + 1}, span{mid, s.hi, depth + 1}
}

// leaf is the bucket in which a key lies, or would if it were alone there.
func (m members) leaf(key keyBits) span {
	s := m.all()
	for m.large(s) {
		zero, one := m.halves(s)
		if same := key.common(m.key(s.lo)); same < zero.depth-1 {
			return span{s.lo, s.lo, same + 1}
		}
		if s = zero; key.bit(zero.depth-1) == 1 {
			s = one
		}
	}
	return s
}

// leaves calls f with all buckets that hold something of a span.
func (m members) leaves(s span, f func(span)) {
	switch {
	case s.lo == s.hi:
	case m.large(s):
		zero, one := m.halves(s)
		m.leaves(zero, f)
		m.leaves(one, f)
	default:
		f(s)
	}
}

// below is the span of the keys that begin with the first bits of key.
func (m members) below(key keyBits, depth int) span {
	first := func(after bool) int {
		return sort.Search(m.n, func(i int) bool {
			k := m.key(i)
			if same := k.common(key); same < depth {
				return k.bit(same) == 1
			}
			return !after
		})
	}
	return span{first(false), first(true), depth}
}

func (m members) name(s span) string { return m.key(s.lo).bucket(s.depth) }

// ofUUIDs tells whether the column's buckets hold the bytes of UUIDs.
func (c *Column) ofUUIDs() bool { return c.Type.Key.Kind == KindUUID && !c.Type.IsMap() }

// encode is what lies in etcd for a bucket.
func (m members) encode(s span) []byte {
	if m.c.ofUUIDs() {
		data := append(make([]byte, 0, 1+16*(s.hi-s.lo)), uuidBytes)
		for i := s.lo; i < s.hi; i++ {
			k, _ := m.at(i)
			id := k.UUID()
			data = append(data, id[:]...)
		}
		return data
	}
	open, close := byte('['), byte(']')
	if m.c.Type.IsMap() {
		open, close = '{', '}'
	}
	data := append(make([]byte, 0, 512), open)
	if run, ok := m.c.shape.appendRun(data, m.where, s.lo, s.hi); ok {
		return append(run, close)
	}
	for i := s.lo; i < s.hi; i++ {
		if i > s.lo {
			data = append(data, ',')
		}
		k, v := m.at(i)
		data = m.c.shape.appendElement(data, k, v)
	}
	return append(data, close)
}

// EachBucket calls f with each bucket of the column: the last part of its key,
// and the value.
func (c *Column) EachBucket(row Row, f func(name string, data []byte)) {
	m := c.members(row)
	m.leaves(m.all(), func(s span) { f(m.name(s), m.encode(s)) })
}

// Bucket returns the value of the bucket of that name, nil where the column has
// none.
func (c *Column) Bucket(row Row, name string) []byte {
	key, depth, ok := parseBucket(c, name)
	if !ok {
		return nil
	}
	m := c.members(row)
	if s := m.below(key, depth); s.lo < s.hi && m.leaf(m.key(s.lo)).depth == depth {
		return m.encode(s)
	}
	return nil
}

// ChangedBuckets calls gone and put with the buckets that differ between two
// rows, nil for one that is not there. touched are the keys of all elements in
// which the rows differ, fastest in order.
//
// Hot path: an element added to 10,000 looks at some dozen bits and the elements
// of its bucket. A map is sorted before.
func (c *Column) ChangedBuckets(old, now Row, touched []Atom, gone func(name string), put func(name string, data []byte)) {
	was, is := c.members(old), c.members(now)
	done := map[string]bool{}
	var last keyBits // a key of the part that was done last, and its bits
	bits := allBits
	for _, k := range touched {
		key := bitsOf(k)
		if bits < allBits && key.common(last) >= bits {
			continue // as most are where many come together
		}
		// The buckets that differ because of this key lie below the shorter of
		// its two: nothing else there has another place.
		depth := min(was.leaf(key).depth, is.leaf(key).depth)
		last, bits = key, depth
		part := key.bucket(depth)
		if done[part] {
			continue
		}
		done[part] = true
		stays := map[string]bool{}
		is.leaves(is.below(key, depth), func(s span) {
			name := is.name(s)
			stays[name] = true
			put(name, is.encode(s))
		})
		was.leaves(was.below(key, depth), func(s span) {
			if name := was.name(s); !stays[name] {
				gone(name)
			}
		})
	}
}

// InBucket returns the elements of the row whose place is in or below the bucket
// of that name.
func (c *Column) InBucket(row Row, name string) (Datum, error) {
	key, depth, ok := parseBucket(c, name)
	if !ok {
		return Datum{}, badBucket(c, name)
	}
	m := c.members(row)
	s := m.below(key, depth)
	var d Datum
	for i := s.lo; i < s.hi; i++ {
		k, v := m.at(i)
		d.Keys = append(d.Keys, k)
		if c.Type.IsMap() {
			d.Values = append(d.Values, v)
		}
	}
	return d, nil
}

// DecodeBucket reads a bucket and checks its elements against the column's type,
// and that they belong there. It never panics.
func DecodeBucket(c *Column, name string, data []byte) (Datum, error) {
	prefix, depth, ok := parseBucket(c, name)
	if !ok {
		return Datum{}, badBucket(c, name)
	}
	d, err := c.readElements(data)
	for i := 0; err == nil && i < d.Len(); i++ {
		k := d.Keys[i]
		if err = c.Type.Key.Check(k); err == nil && c.Type.IsMap() {
			err = c.Type.Value.Check(d.Values[i])
		}
		if err == nil && bitsOf(k).common(prefix) < depth {
			err = fmt.Errorf("%q does not belong there", k.String())
		}
	}
	if err != nil {
		return Datum{}, fmt.Errorf("schema: %s.%s bucket %q: %w", c.Table.Name, c.Name, name, err)
	}
	return d, nil
}

func (c *Column) readElements(data []byte) (d Datum, err error) {
	if !c.ofUUIDs() || len(data) == 0 || data[0] != uuidBytes {
		return c.shape.readElements(data)
	}
	data = data[1:]
	if len(data)%16 != 0 {
		return Datum{}, fmt.Errorf("%d bytes are no UUIDs", len(data))
	}
	keys := make([]Atom, 0, len(data)/16)
	for ; len(data) > 0; data = data[16:] {
		keys = append(keys, UUIDAtom(UUID(data[:16])))
	}
	return SetDatum(keys...), nil
}

// DecodePart reads what a key below a row's holds, part being its last part: a
// bucket, or an element by itself where that is of form 1. It never panics.
func DecodePart(c *Column, part string, data []byte) (Datum, error) {
	if IsBucket(part) {
		return DecodeBucket(c, part, data)
	}
	k, v, err := DecodeMember(c, part, data)
	if err != nil {
		return Datum{}, err
	}
	d := Datum{Keys: []Atom{k}}
	if c.Type.IsMap() {
		d.Values = []Atom{v}
	}
	return d, nil
}

func badBucket(c *Column, name string) error {
	return fmt.Errorf("schema: %s.%s: bad name of a bucket %q", c.Table.Name, c.Name, name)
}
