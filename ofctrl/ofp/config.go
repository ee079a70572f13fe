package ofp

import "encoding/binary"

// SwitchConfig is the part of a switch's configuration that OpenFlow carries.
type SwitchConfig struct {
	Flags       uint16
	MissSendLen uint16
}

// AppendSetConfig appends a set config message. A management connection gets
// asynchronous messages only after it has set a miss_send_len other than 0.
func AppendSetConfig(b []byte, xid uint32, c SwitchConfig) []byte {
	b, at := begin(b, TypeSetConfig, xid)
	b = binary.BigEndian.AppendUint16(b, c.Flags)
	b = binary.BigEndian.AppendUint16(b, c.MissSendLen)
	return finish(b, at)
}

// ParseConfig reads a get config reply; b is what follows the header.
func ParseConfig(b []byte) (SwitchConfig, error) {
	if len(b) < 4 {
		return SwitchConfig{}, errShort("switch config")
	}
	return SwitchConfig{binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])}, nil
}
