package ofp

import (
	"encoding/binary"
	"fmt"
)

// oxmKey is an OXM class and field number.
type oxmKey struct {
	class uint16
	num   uint8
	exp   uint32
}

// aliases are headers other than the preferred one that mean a field of ours
// with the same width: the Nicira names of OpenFlow's fields and the reverse.
var aliases = [...]struct {
	oxmKey
	f Field
}{
	{oxmKey{classNXM0, 1, 0}, EthDst},
	{oxmKey{classNXM0, 2, 0}, EthSrc},
	{oxmKey{classNXM0, 3, 0}, EthType},
	{oxmKey{classNXM0, 6, 0}, IPProto},
	{oxmKey{classNXM0, 7, 0}, IPv4Src},
	{oxmKey{classNXM0, 8, 0}, IPv4Dst},
	{oxmKey{classNXM0, 9, 0}, TCPSrc},
	{oxmKey{classNXM0, 10, 0}, TCPDst},
	{oxmKey{classNXM0, 11, 0}, UDPSrc},
	{oxmKey{classNXM0, 12, 0}, UDPDst},
	{oxmKey{classNXM0, 13, 0}, ICMPv4Type},
	{oxmKey{classNXM0, 14, 0}, ICMPv4Code},
	{oxmKey{classNXM0, 15, 0}, ARPOp},
	{oxmKey{classNXM0, 16, 0}, ARPSPA},
	{oxmKey{classNXM0, 17, 0}, ARPTPA},
	{oxmKey{classNXM1, 16, 0}, TunID},
	{oxmKey{classNXM1, 17, 0}, ARPSHA},
	{oxmKey{classNXM1, 18, 0}, ARPTHA},
	{oxmKey{classNXM1, 19, 0}, IPv6Src},
	{oxmKey{classNXM1, 20, 0}, IPv6Dst},
	{oxmKey{classNXM1, 21, 0}, ICMPv6Type},
	{oxmKey{classNXM1, 22, 0}, ICMPv6Code},
	{oxmKey{classNXM1, 23, 0}, NDTarget},
	{oxmKey{classNXM1, 24, 0}, NDSLL},
	{oxmKey{classNXM1, 25, 0}, NDTLL},
	{oxmKey{classNXM1, 27, 0}, IPv6Label},
	{oxmKey{classNXM1, 28, 0}, IPECN},
	{oxmKey{classNXM1, 34, 0}, TCPFlags},
	{oxmKey{classExp, 42, expONF}, TCPFlags},
	{oxmKey{classExp, 43, expONF}, ActsetOutput},
}

// fieldOf finds the field of an OXM header.
func fieldOf(k oxmKey) (Field, bool) {
	for i := range fields {
		if fields[i].num == k.num && fields[i].class == k.class {
			return Field(i), true
		}
	}
	for i := range aliases {
		if aliases[i].oxmKey == k {
			return aliases[i].f, true
		}
	}
	return 0, false
}

// legacyField appends the header of f that Nicira's older actions (output_reg,
// stack, ct, learn) name it by: the Nicira one where there is one.
func (b *ActionBuilder) legacyField(f Field) {
	i := f.info()
	class, num := i.class, i.num
	for j := range aliases {
		if a := &aliases[j]; a.f == f && a.class != classExp {
			class, num = a.class, a.num
		}
	}
	b.u16(class)
	b.buf = append(b.buf, num<<1, i.bytes)
}

// parseHeader takes an OXM header off b. n is the number of bytes that follow
// it, value and mask together.
func parseHeader(b []byte) (f Field, masked bool, n int, rest []byte, err error) {
	if len(b) < 4 {
		return 0, false, 0, nil, errShort("OXM header")
	}
	k := oxmKey{class: binary.BigEndian.Uint16(b), num: b[2] >> 1}
	masked, n = b[2]&1 != 0, int(b[3])
	rest = b[4:]
	if k.class == classExp {
		if n < 4 || len(rest) < 4 {
			return 0, false, 0, nil, errShort("experimenter OXM header")
		}
		k.exp = binary.BigEndian.Uint32(rest)
		n, rest = n-4, rest[4:]
	}
	f, ok := fieldOf(k)
	if !ok {
		return 0, false, 0, nil, fmt.Errorf("%w: OXM class %#x field %d experimenter %#x", ErrUnknown, k.class, k.num, k.exp)
	}
	return f, masked, n, rest, nil
}

// parseOXM takes one OXM field with its value off b.
func parseOXM(b []byte) (f Field, v, m U128, rest []byte, err error) {
	f, masked, n, rest, err := parseHeader(b)
	if err != nil {
		return 0, U128{}, U128{}, nil, err
	}
	if n > len(rest) {
		return 0, U128{}, U128{}, nil, errLength("OXM "+f.Name(), n, len(rest))
	}
	body, rest := rest[:n], rest[n:]
	if masked {
		if n&1 != 0 {
			return 0, U128{}, U128{}, nil, errLength("masked OXM "+f.Name(), n, n)
		}
		n /= 2
	}
	if want := int(f.info().bytes); n != want && f != TunMetadata0 {
		return 0, U128{}, U128{}, nil, errLength("OXM "+f.Name(), n, want)
	}
	v, m = U128FromBytes(body[:n]), f.full()
	if masked {
		m = U128FromBytes(body[n:])
	}
	return f, v, m, rest, nil
}

// Decode adds the OXM fields in oxm, as a switch sends them, to the builder. A
// field that the codec does not know is [ErrUnknown].
func (b *MatchBuilder) Decode(oxm []byte) error {
	for len(oxm) > 0 {
		f, v, m, rest, err := parseOXM(oxm)
		if err != nil {
			return err
		}
		if !b.SetMasked128(f, v, m) {
			return fmt.Errorf("ofp: match demands two values of %s", f)
		}
		oxm = rest
	}
	return nil
}

// DecodeMatch makes the canonical match of OXM fields as a switch sends them.
func DecodeMatch(oxm []byte) (Match, error) {
	var b MatchBuilder
	if err := b.Decode(oxm); err != nil {
		return "", err
	}
	return b.Match(), nil
}
