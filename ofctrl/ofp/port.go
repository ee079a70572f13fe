package ofp

import (
	"bytes"
	"encoding/binary"
)

// Port is one port of a switch.
type Port struct {
	No     uint32
	MAC    [6]byte
	Name   string
	Config uint32
	State  uint32 // 1: link down, 2: blocked, 4: live
}

// PortStatus reasons; PortPresent is ours, for a port that is there when we
// connect.
const (
	PortAdded   uint8 = 0
	PortDeleted uint8 = 1
	PortChanged uint8 = 2
	PortPresent uint8 = 0xff
)

// PortStatus is the note that a port has changed.
type PortStatus struct {
	Reason uint8
	Port   Port
}

// ParsePort takes one port off the body of a port desc reply.
func ParsePort(b []byte) (p Port, rest []byte, err error) {
	if len(b) < 40 {
		return p, nil, errShort("port")
	}
	n := int(binary.BigEndian.Uint16(b[4:]))
	if n < 40 || n > len(b) {
		return p, nil, errLength("port", n, len(b))
	}
	p.No = binary.BigEndian.Uint32(b)
	copy(p.MAC[:], b[8:14])
	name, _, _ := bytes.Cut(b[16:32], []byte{0})
	p.Name = string(name)
	p.Config = binary.BigEndian.Uint32(b[32:])
	p.State = binary.BigEndian.Uint32(b[36:])
	return p, b[n:], nil
}

// ParsePortStatus reads a port status message; b is what follows the header.
func ParsePortStatus(b []byte) (s PortStatus, err error) {
	if len(b) < 8 {
		return s, errShort("port status")
	}
	s.Reason = b[0]
	s.Port, _, err = ParsePort(b[8:])
	return s, err
}
