package ofp

import "strconv"

// Subfield is bits Ofs to Ofs+N-1 of a field.
type Subfield struct {
	Field  Field
	Ofs, N uint16
}

// Whole is the whole of a field.
func Whole(f Field) Subfield {
	f = inAction(f)
	return Subfield{f, 0, uint16(f.WireBits())}
}

// Sub is n bits of f from bit ofs upwards.
func Sub(f Field, ofs, n int) Subfield { return Subfield{inAction(f), uint16(ofs), uint16(n)} }

// inAction returns the field by which actions know f.
func inAction(f Field) Field {
	if f == InPort {
		return InPort16
	}
	return f
}

// ofsNbits is the Nicira encoding of a range of bits in 16 bits; it can name
// at most 64 bits.
func (s Subfield) ofsNbits() uint16 { return s.Ofs<<6 | (s.N-1)&63 }

// String prints the subfield as ovs-ofctl does, `NXM_NX_REG0[3..5]`.
func (s Subfield) String() string { return string(s.append(nil)) }

func (s Subfield) append(b []byte) []byte {
	i := s.Field.info()
	b = append(append(b, i.sub...), '[')
	if s.Ofs != 0 || int(s.N) != s.Field.WireBits() {
		b = strconv.AppendUint(b, uint64(s.Ofs), 10)
		if s.N != 1 {
			b = append(b, ".."...)
			b = strconv.AppendUint(b, uint64(s.Ofs)+uint64(s.N)-1, 10)
		}
	}
	return append(b, ']')
}
