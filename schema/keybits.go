package schema

import (
	"encoding/binary"
	"encoding/hex"
	"math"
	"math/bits"
	"strings"
)

// keyBits is an atom as bits that are in the order in which atoms are: those of a
// string and then zeros, which is unambiguous because OVSDB's strings hold no NUL;
// 128 of anything else.
type keyBits struct {
	text   bool
	s      string
	hi, lo uint64
}

func bitsOf(a Atom) keyBits {
	const sign = 1 << 63
	switch a.kind {
	case KindString:
		return keyBits{text: true, s: a.s}
	case KindInteger:
		return keyBits{hi: a.lo ^ sign}
	case KindReal:
		if math.Signbit(a.Real()) {
			return keyBits{hi: ^a.lo}
		}
		return keyBits{hi: a.lo ^ sign}
	case KindBoolean:
		return keyBits{hi: a.lo << 63}
	}
	return keyBits{hi: a.hi, lo: a.lo}
}

// bit is bit n.
func (k keyBits) bit(n int) int {
	switch {
	case k.text && n/8 >= len(k.s):
		return 0
	case k.text:
		return int(k.s[n/8]>>(7-n%8)) & 1
	case n < 64:
		return int(k.hi>>(63-n)) & 1
	}
	return int(k.lo>>(127-n)) & 1
}

// common is how many first bits two keys have in common, allBits if they do not
// differ.
func (k keyBits) common(other keyBits) int {
	switch {
	case k.hi != other.hi:
		return bits.LeadingZeros64(k.hi ^ other.hi)
	case k.lo != other.lo:
		return 64 + bits.LeadingZeros64(k.lo^other.lo)
	}
	short, long := k.s, other.s
	if len(short) > len(long) {
		short, long = long, short
	}
	n := 0
	for n < len(short) && short[n] == long[n] {
		n++
	}
	for ; n < len(long); n++ {
		x := long[n]
		if n < len(short) {
			x ^= short[n]
		}
		if x != 0 {
			return 8*n + bits.LeadingZeros8(x)
		}
	}
	return allBits
}

const allBits = math.MaxInt

// per is how many bits a character spells in a bucket's name.
func (k keyBits) per() int {
	if k.text {
		return 8
	}
	return 4
}

// bucket is the name of the bucket of all keys that begin with the first depth
// bits of this one: whole characters of a string as they stand in keys,
// hexadecimal digits of anything else, then the mark and the bits that are left.
func (k keyBits) bucket(depth int) string {
	whole := depth / k.per()
	b := make([]byte, 0, 48)
	switch {
	case k.text && whole > len(k.s):
		b = append(b, escapePart(k.s+strings.Repeat("\x00", whole-len(k.s)))...)
	case k.text && whole > 0:
		b = append(b, escapePart(k.s[:whole])...)
	case !k.text:
		var all [16]byte
		binary.BigEndian.PutUint64(all[:8], k.hi)
		binary.BigEndian.PutUint64(all[8:], k.lo)
		b = hex.AppendEncode(b, all[:])[:whole]
	}
	b = append(b, bucketMark...)
	for i := whole * k.per(); i < depth; i++ {
		b = append(b, '0'+byte(k.bit(i)))
	}
	return string(b)
}

// parseBucket reads a bucket's name: the bits with which its keys begin, followed
// by zeros, and how many these are.
func parseBucket(c *Column, name string) (k keyBits, depth int, ok bool) {
	k.text = c.Type.Key.Kind == KindString
	whole, rest, ok := strings.Cut(name, bucketMark)
	if !ok || len(rest) >= k.per() || strings.Trim(rest, "01") != "" {
		return keyBits{}, 0, false
	}
	var last byte
	for i := range len(rest) {
		last |= (rest[i] - '0') << (k.per() - 1 - i)
	}
	if k.text {
		if whole != "" {
			whole, _ = unescapePart(whole)
		}
		k.s, depth = whole+string([]byte{last}), 8*len(whole)+len(rest)
		return k, depth, k.bucket(depth) == name
	}
	depth = 4*len(whole) + len(rest)
	if depth > 128 {
		return keyBits{}, 0, false
	}
	var all [16]byte
	if rest != "" {
		whole += string("0123456789abcdef"[last])
	}
	if _, err := hex.Decode(all[:], []byte(whole+strings.Repeat("0", 32-len(whole)))); err != nil {
		return keyBits{}, 0, false
	}
	k.hi, k.lo = binary.BigEndian.Uint64(all[:8]), binary.BigEndian.Uint64(all[8:])
	return k, depth, k.bucket(depth) == name
}
