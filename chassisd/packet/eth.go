package packet

import (
	"encoding/binary"
	"errors"
	"net"
	"strings"
)

// EtherTypes.
const (
	TypeIPv4 = 0x0800
	TypeARP  = 0x0806
	TypeRARP = 0x8035
	TypeVLAN = 0x8100
	TypeIPv6 = 0x86dd
	TypeQinQ = 0x88a8
)

// EthLen is the length of an Ethernet header without tags, tagLen that of a
// tag.
const (
	EthLen = 14
	tagLen = 4
)

// MAC is an Ethernet address.
type MAC [6]byte

// ParseMAC reads six bytes in hexadecimal with colons between.
func ParseMAC(s string) (m MAC, err error) {
	b, err := net.ParseMAC(s)
	if err == nil && (len(b) != len(m) || strings.Count(s, ":") != len(m)-1) {
		err = errors.New("not an Ethernet address")
	}
	if err != nil {
		return m, err
	}
	return MAC(b), nil
}

// IsGroup tells whether the address is that of a group, or of all.
func (m MAC) IsGroup() bool { return m[0]&1 != 0 }

// Ethernet is an Ethernet header.
type Ethernet struct {
	Dst, Src MAC
	// Tags are the VLAN tags as they stand in the packet, the outer one
	// first: a type and a TCI each.
	Tags []byte
	Type uint16 // behind the tags
}

// ParseEthernet reads an Ethernet header and its VLAN tags.
func ParseEthernet(b []byte) (h Ethernet, rest []byte, ok bool) {
	if len(b) < EthLen {
		return h, nil, false
	}
	copy(h.Dst[:], b)
	copy(h.Src[:], b[6:])
	n := EthLen - 2
	for {
		if len(b) < n+2 {
			return h, nil, false
		}
		h.Type = binary.BigEndian.Uint16(b[n:])
		if h.Type != TypeVLAN && h.Type != TypeQinQ {
			break
		}
		n += tagLen
	}
	h.Tags = b[EthLen-2 : n : n]
	return h, b[n+2:], true
}

// Append appends the header.
func (h Ethernet) Append(b []byte) []byte {
	b = append(append(append(b, h.Dst[:]...), h.Src[:]...), h.Tags...)
	return binary.BigEndian.AppendUint16(b, h.Type)
}
