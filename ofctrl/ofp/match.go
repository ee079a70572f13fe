package ofp

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// Match is the match of a flow: its OXM fields as on the wire, without the
// ofp_match header and padding, in canonical form. Two matches that mean the
// same to Open vSwitch are the same string. The zero value matches everything.
//
// Canonical means: fields in the order of the [Field] constants, headers as
// Open vSwitch reports them under OpenFlow 1.5, no mask on a field that is
// matched whole, no field of which no bit is matched, no value bits outside the
// mask, and views (xreg, xxreg, vlan_vid, vlan_pcp, nw_tos) folded into the
// fields that they are views of.
type Match string

// MatchBuilder collects the fields of a match. Its zero value is ready; it is
// large (about 3 kB), so make one and Reset it.
type MatchBuilder struct {
	have  [2]uint64
	value [firstView]U128
	mask  [firstView]U128
	buf   []byte
}

// Reset empties the builder.
func (b *MatchBuilder) Reset() { b.have = [2]uint64{} }

// Set demands that the whole field f has value v. Like the other setters it
// reports false where earlier demands make the match impossible; the builder is
// then of no use until Reset.
func (b *MatchBuilder) Set(f Field, v uint64) bool {
	return b.SetMasked128(f, U64(v), f.full())
}

// SetMasked demands that the bits of f under mask m are those of v.
func (b *MatchBuilder) SetMasked(f Field, v, m uint64) bool {
	return b.SetMasked128(f, U64(v), U64(m))
}

// Set128 is [MatchBuilder.Set] for wide fields.
func (b *MatchBuilder) Set128(f Field, v U128) bool {
	return b.SetMasked128(f, v, f.full())
}

// SetBits demands that the n bits of f from bit ofs upwards are those of v.
func (b *MatchBuilder) SetBits(f Field, ofs, n int, v U128) bool {
	m := Ones(n)
	return b.SetMasked128(f, v.And(m).Shl(ofs), m.Shl(ofs))
}

// SetMasked128 demands that the bits of f under mask m are those of v. Bits of
// v outside m, and of m outside the field, do not count.
func (b *MatchBuilder) SetMasked128(f Field, v, m U128) bool {
	if f >= firstView {
		return b.setView(f, v, m)
	}
	m = m.And(f.full())
	v = v.And(m)
	w, bit := f>>6, uint64(1)<<(f&63)
	if b.have[w]&bit == 0 {
		if m.IsZero() {
			return true
		}
		b.have[w] |= bit
		b.value[f], b.mask[f] = v, m
		return true
	}
	if !b.value[f].Xor(v).And(b.mask[f].And(m)).IsZero() {
		return false
	}
	b.value[f], b.mask[f] = b.value[f].Or(v), b.mask[f].Or(m)
	return true
}

// setView folds a field that is a view of others into those.
func (b *MatchBuilder) setView(f Field, v, m U128) bool {
	switch {
	case f < XXReg0:
		r := Reg(2 * int(f-XReg0))
		return b.SetMasked(r, v.Lo>>32, m.Lo>>32) && b.SetMasked(r+1, v.Lo&0xffffffff, m.Lo&0xffffffff)
	case f < VLANVID:
		x := XReg(2 * int(f-XXReg0))
		return b.setView(x, U64(v.Hi), U64(m.Hi)) && b.setView(x+1, U64(v.Lo), U64(m.Lo))
	case f == VLANVID:
		return b.SetMasked(VLANTCI, v.Lo&0x1fff, m.Lo&0x1fff)
	case f == VLANPCP:
		return b.SetMasked(VLANTCI, v.Lo<<13, m.Lo&7<<13)
	case f == IPTOS:
		return b.SetMasked(IPDSCP, v.Lo>>2, m.Lo&0xff>>2)
	case f == InPort16:
		return b.Set(InPort, uint64(port32(uint16(v.Lo))))
	}
	return false
}

// Put makes a bit of a register 1, or of a view of registers, whatever was demanded of it
// before; the register's other bits are what they were, 0 if nothing was.
func (b *MatchBuilder) Put(f Field, bit int) {
	switch {
	case f >= XXReg0 && f < VLANVID:
		f, bit = Reg(4*int(f-XXReg0)+3-bit/32), bit%32
	case f >= XReg0 && f < XXReg0:
		f, bit = Reg(2*int(f-XReg0)+1-bit/32), bit%32
	}
	value, _, _ := b.Get(f)
	b.Clear(f)
	b.Set128(f, value.Or(U64(1).Shl(bit)))
}

// Get returns what has been demanded of f so far; views are not answered.
func (b *MatchBuilder) Get(f Field) (value, mask U128, ok bool) {
	if f >= firstView || b.have[f>>6]&(1<<(f&63)) == 0 {
		return U128{}, U128{}, false
	}
	return b.value[f], b.mask[f], true
}

// Clear takes back all demands on f.
func (b *MatchBuilder) Clear(f Field) {
	if f < firstView {
		b.have[f>>6] &^= 1 << (f & 63)
	}
}

// Append appends the canonical match to dst.
//
// Hot path: no allocation.
func (b *MatchBuilder) Append(dst []byte) []byte {
	for w, set := range b.have {
		for ; set != 0; set &= set - 1 {
			f := Field(w<<6 + bits.TrailingZeros64(set))
			m := b.mask[f]
			if f == VLANTCI {
				m = canonicalTCI(b.value[f], m)
			}
			dst = appendField(dst, f, b.value[f].And(m), m)
		}
	}
	return dst
}

// canonicalTCI takes the priority bits out of a match on untagged packets, as
// Open vSwitch does: there are none to match.
//
// Other matches on some of the priority bits work, but the switch reports them
// wrongly under OpenFlow 1.5, which has no way to say them: they are sent again
// at each connect.
func canonicalTCI(v, m U128) U128 {
	const cfi, pcp = 0x1000, 0xe000
	if m.Lo&cfi != 0 && v.Lo&cfi == 0 && m.Lo&pcp != 0 {
		m.Lo &^= pcp
	}
	return m
}

// Match returns the canonical match; its only allocation is the string.
func (b *MatchBuilder) Match() Match {
	b.buf = b.Append(b.buf[:0])
	return Match(b.buf)
}

// appendField appends one OXM field; without a mask where it is matched whole.
func appendField(dst []byte, f Field, v, m U128) []byte {
	n := int(f.info().bytes)
	if m == f.full() {
		return appendUint(f.appendHeader(dst, false, n), v, n)
	}
	return appendUint(appendUint(f.appendHeader(dst, true, n), v, n), m, n)
}

// appendMatch appends m as an ofp_match structure, padded to 8 bytes.
func appendMatch(b []byte, m Match) []byte {
	n := 4 + len(m)
	b = binary.BigEndian.AppendUint16(b, 1) // OFPMT_OXM
	b = binary.BigEndian.AppendUint16(b, uint16(n))
	b = append(b, m...)
	return appendZeros(b, -n&7)
}

// appendZeros appends n zero bytes, 0 <= n < 64.
func appendZeros(b []byte, n int) []byte {
	const zeros = "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" +
		"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" +
		"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" +
		"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	return append(b, zeros[:n]...)
}

// parseMatch takes an ofp_match structure with its padding off b and returns
// its OXM fields.
func parseMatch(b []byte) (oxm, rest []byte, err error) {
	if len(b) < 4 {
		return nil, nil, errShort("match")
	}
	if t := binary.BigEndian.Uint16(b); t != 1 {
		return nil, nil, fmt.Errorf("ofp: match type %d, want OXM", t)
	}
	n := int(binary.BigEndian.Uint16(b[2:]))
	padded := (n + 7) &^ 7
	if n < 4 || padded > len(b) {
		return nil, nil, errLength("match", n, len(b))
	}
	return b[4:n], b[padded:], nil
}

// Fields calls fn for each field of the match in order, until fn returns false.
func (m Match) Fields(fn func(f Field, value, mask U128) bool) error {
	b := []byte(m)
	for len(b) > 0 {
		f, v, msk, rest, err := parseOXM(b)
		if err != nil {
			return err
		}
		if !fn(f, v, msk) {
			return nil
		}
		b = rest
	}
	return nil
}

// Load fills the builder with the fields of m.
func (b *MatchBuilder) Load(m Match) error {
	b.buf = append(b.buf[:0], m...)
	return b.Decode(b.buf)
}
