package packet

import "encoding/binary"

// EtherTypes.
const (
	TypeARP  = 0x0806
	TypeVLAN = 0x8100
	TypeQinQ = 0x88a8
	TypeIPv6 = 0x86dd
)

// EthLen is the length of an Ethernet header without tags.
const EthLen = 14

// MAC is an Ethernet address.
type MAC [6]byte

// Ethernet is an Ethernet header without tags.
type Ethernet struct {
	Dst, Src MAC
	Type     uint16
}

// ParseEthernet reads an Ethernet header and skips VLAN tags.
func ParseEthernet(b []byte) (h Ethernet, rest []byte, ok bool) {
	if len(b) < EthLen {
		return h, nil, false
	}
	copy(h.Dst[:], b)
	copy(h.Src[:], b[6:])
	h.Type, b = binary.BigEndian.Uint16(b[12:]), b[EthLen:]
	for h.Type == TypeVLAN || h.Type == TypeQinQ {
		if len(b) < 4 {
			return h, nil, false
		}
		h.Type, b = binary.BigEndian.Uint16(b[2:]), b[4:]
	}
	return h, b, true
}

// Append appends the header.
func (h Ethernet) Append(b []byte) []byte {
	b = append(append(b, h.Dst[:]...), h.Src[:]...)
	return binary.BigEndian.AppendUint16(b, h.Type)
}
