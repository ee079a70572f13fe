package lflow

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
	"strconv"
)

// Value is an unsigned integer of up to 128 bits, the width of the widest
// field. Values are compared and combined as numbers, bit 0 being the least
// significant.
type Value struct{ Hi, Lo uint64 }

// U returns v as a Value.
func U(v uint64) Value { return Value{Lo: v} }

// Ones returns a value of n one bits, 0 <= n <= 128.
func Ones(n int) Value {
	switch {
	case n <= 0:
		return Value{}
	case n < 64:
		return Value{Lo: 1<<n - 1}
	case n < 128:
		return Value{Hi: 1<<(n-64) - 1, Lo: ^uint64(0)}
	}
	return Value{Hi: ^uint64(0), Lo: ^uint64(0)}
}

func (v Value) IsZero() bool      { return v.Hi|v.Lo == 0 }
func (v Value) And(w Value) Value { return Value{v.Hi & w.Hi, v.Lo & w.Lo} }
func (v Value) Or(w Value) Value  { return Value{v.Hi | w.Hi, v.Lo | w.Lo} }
func (v Value) Xor(w Value) Value { return Value{v.Hi ^ w.Hi, v.Lo ^ w.Lo} }

// AndNot returns the bits of v that are not in w.
func (v Value) AndNot(w Value) Value { return Value{v.Hi &^ w.Hi, v.Lo &^ w.Lo} }

// Shl returns v shifted left by n bits.
func (v Value) Shl(n int) Value {
	if n == 0 {
		return v
	}
	if n >= 64 {
		return Value{Hi: v.Lo << (n - 64)}
	}
	return Value{Hi: v.Hi<<n | v.Lo>>(64-n), Lo: v.Lo << n}
}

// Shr returns v shifted right by n bits.
func (v Value) Shr(n int) Value {
	if n == 0 {
		return v
	}
	if n >= 64 {
		return Value{Lo: v.Hi >> (n - 64)}
	}
	return Value{Hi: v.Hi >> n, Lo: v.Lo>>n | v.Hi<<(64-n)}
}

// Cmp returns -1, 0 or 1 as v is less than, equal to or greater than w.
func (v Value) Cmp(w Value) int {
	switch {
	case v.Hi < w.Hi || v.Hi == w.Hi && v.Lo < w.Lo:
		return -1
	case v == w:
		return 0
	}
	return 1
}

func (v Value) add(w Value) Value {
	lo, carry := bits.Add64(v.Lo, w.Lo, 0)
	hi, _ := bits.Add64(v.Hi, w.Hi, carry)
	return Value{hi, lo}
}

func (v Value) sub(w Value) Value {
	lo, borrow := bits.Sub64(v.Lo, w.Lo, 0)
	hi, _ := bits.Sub64(v.Hi, w.Hi, borrow)
	return Value{hi, lo}
}

// Len returns the number of bits needed to hold v.
func (v Value) Len() int {
	if v.Hi != 0 {
		return 64 + bits.Len64(v.Hi)
	}
	return bits.Len64(v.Lo)
}

// TrailingZeros returns the number of the lowest one bit, 128 for zero.
func (v Value) TrailingZeros() int {
	if v.Lo != 0 {
		return bits.TrailingZeros64(v.Lo)
	}
	return 64 + bits.TrailingZeros64(v.Hi)
}

// contiguous tells whether v is one run of one bits, and where it lies.
func (v Value) contiguous() (lo, n int, ok bool) {
	if v.IsZero() {
		return 0, 0, false
	}
	lo = v.TrailingZeros()
	n = v.Len() - lo
	return lo, n, v == Ones(n).Shl(lo)
}

// Bytes16 returns v in network byte order.
func (v Value) Bytes16() (b [16]byte) {
	binary.BigEndian.PutUint64(b[:8], v.Hi)
	binary.BigEndian.PutUint64(b[8:], v.Lo)
	return b
}

// Notation says how a constant was written. It changes nothing but print.
type Notation uint8

const (
	Decimal Notation = iota
	Hex
	IPv4
	IPv6
	Ethernet
)

// width returns how many bits a constant in this notation claims.
func (n Notation) width(v Value) int {
	switch n {
	case IPv4:
		return 32
	case IPv6:
		return 128
	case Ethernet:
		return 48
	}
	return v.Len()
}

// room returns how many bits can be written in the notation.
func (n Notation) room() int {
	switch n {
	case Decimal:
		return 64
	case Hex:
		return 128
	}
	return n.width(Value{})
}

// appendValue appends v in notation n. Zero is "0" in hexadecimal too.
func appendValue(b []byte, v Value, n Notation) []byte {
	switch n {
	case Decimal:
		if v.Hi == 0 {
			return strconv.AppendUint(b, v.Lo, 10)
		}
	case IPv4:
		if v.Hi == 0 && v.Lo>>32 == 0 {
			a := [4]byte{byte(v.Lo >> 24), byte(v.Lo >> 16), byte(v.Lo >> 8), byte(v.Lo)}
			return netip.AddrFrom4(a).AppendTo(b)
		}
	case IPv6:
		return netip.AddrFrom16(v.Bytes16()).AppendTo(b)
	case Ethernet:
		if v.Hi == 0 && v.Lo>>48 == 0 {
			return appendMAC(b, v.Lo)
		}
	}
	if v.IsZero() {
		return append(b, '0')
	}
	b = append(b, "0x"...)
	if v.Hi == 0 {
		return strconv.AppendUint(b, v.Lo, 16)
	}
	b = strconv.AppendUint(b, v.Hi, 16)
	for s := 60; s >= 0; s -= 4 {
		b = append(b, hexDigits[v.Lo>>s&15])
	}
	return b
}

const hexDigits = "0123456789abcdef"

func appendMAC(b []byte, v uint64) []byte {
	for s := 40; s >= 0; s -= 8 {
		if s != 40 {
			b = append(b, ':')
		}
		b = append(b, hexDigits[v>>(s+4)&15], hexDigits[v>>s&15])
	}
	return b
}

// appendMasked appends v/mask, in hexadecimal where the notation is too narrow
// for the mask; addresses get a prefix length where the mask is one.
func appendMasked(b []byte, v, mask Value, n Notation) []byte {
	if mask.Len() > n.room() {
		n = Hex
	}
	b = append(appendValue(b, v, n), '/')
	width := 0
	switch n {
	case IPv4:
		width = 32
	case IPv6:
		width = 128
	}
	if width > 0 {
		if mask.IsZero() {
			return append(b, '0')
		}
		if lo, ones, ok := mask.contiguous(); ok && lo+ones == width {
			return strconv.AppendInt(b, int64(ones), 10)
		}
	}
	return appendValue(b, mask, n)
}

func popcount(v Value) int { return bits.OnesCount64(v.Hi) + bits.OnesCount64(v.Lo) }
