package ofp

import "encoding/binary"

// Features is what a switch says of itself.
type Features struct {
	DatapathID   uint64
	Buffers      uint32
	Tables       uint8
	Capabilities uint32
}

// ParseFeatures reads a features reply; b is what follows the header.
func ParseFeatures(b []byte) (Features, error) {
	if len(b) < 24 {
		return Features{}, errShort("features reply")
	}
	return Features{
		DatapathID:   binary.BigEndian.Uint64(b),
		Buffers:      binary.BigEndian.Uint32(b[8:]),
		Tables:       b[12],
		Capabilities: binary.BigEndian.Uint32(b[16:]),
	}, nil
}
