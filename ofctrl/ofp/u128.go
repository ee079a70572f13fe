package ofp

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// U128 is an unsigned number of up to 128 bits, the widest field value (IPv6
// addresses, ct_label, xxreg).
type U128 struct{ Hi, Lo uint64 }

// U64 makes a U128 of a small number.
func U64(v uint64) U128 { return U128{Lo: v} }

// U128FromBytes reads a big-endian number; of more than 16 bytes it keeps the
// last 16.
func U128FromBytes(b []byte) U128 {
	if len(b) > 16 {
		b = b[len(b)-16:]
	}
	var buf [16]byte
	copy(buf[16-len(b):], b)
	return U128{binary.BigEndian.Uint64(buf[:8]), binary.BigEndian.Uint64(buf[8:])}
}

// Ones returns a number whose n lowest bits are 1.
func Ones(n int) U128 {
	switch {
	case n <= 0:
		return U128{}
	case n < 64:
		return U128{Lo: 1<<n - 1}
	case n < 128:
		return U128{Hi: 1<<(n-64) - 1, Lo: ^uint64(0)}
	}
	return U128{^uint64(0), ^uint64(0)}
}

func (u U128) And(v U128) U128 { return U128{u.Hi & v.Hi, u.Lo & v.Lo} }
func (u U128) Or(v U128) U128  { return U128{u.Hi | v.Hi, u.Lo | v.Lo} }
func (u U128) Xor(v U128) U128 { return U128{u.Hi ^ v.Hi, u.Lo ^ v.Lo} }
func (u U128) Not() U128       { return U128{^u.Hi, ^u.Lo} }
func (u U128) IsZero() bool    { return u.Hi|u.Lo == 0 }

// Shl shifts left by n bits, n >= 0.
func (u U128) Shl(n int) U128 {
	if n >= 64 {
		return U128{Hi: u.Lo << (n - 64)}
	}
	return U128{u.Hi<<n | u.Lo>>(64-n), u.Lo << n}
}

// Shr shifts right by n bits, n >= 0.
func (u U128) Shr(n int) U128 {
	if n >= 64 {
		return U128{Lo: u.Hi >> (n - 64)}
	}
	return U128{u.Hi >> n, u.Lo>>n | u.Hi<<(64-n)}
}

// Len is the number of bits up to the highest 1.
func (u U128) Len() int {
	if u.Hi != 0 {
		return 64 + bits.Len64(u.Hi)
	}
	return bits.Len64(u.Lo)
}

// Bytes returns the number as 16 big-endian bytes.
func (u U128) Bytes() (b [16]byte) {
	binary.BigEndian.PutUint64(b[:8], u.Hi)
	binary.BigEndian.PutUint64(b[8:], u.Lo)
	return b
}

// String prints the number in hexadecimal as ovs-ofctl does.
func (u U128) String() string {
	if u.Hi == 0 {
		return fmt.Sprintf("0x%x", u.Lo)
	}
	return fmt.Sprintf("0x%x%016x", u.Hi, u.Lo)
}

// appendUint appends the n low bytes of u in network order, n <= 16; a wider
// field is filled up with zeros in front.
func appendUint(b []byte, u U128, n int) []byte {
	switch n {
	case 1:
		return append(b, byte(u.Lo))
	case 2:
		return binary.BigEndian.AppendUint16(b, uint16(u.Lo))
	case 4:
		return binary.BigEndian.AppendUint32(b, uint32(u.Lo))
	case 8:
		return binary.BigEndian.AppendUint64(b, u.Lo)
	}
	for ; n > 16; n-- {
		b = append(b, 0)
	}
	v := u.Bytes()
	return append(b, v[16-n:]...)
}
