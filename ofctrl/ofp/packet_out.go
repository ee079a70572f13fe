package ofp

import "encoding/binary"

// PacketOut is a packet that the controller sends into the switch.
type PacketOut struct {
	Fields  Match // in_port (needed: a port or [PortController]) and other pipeline fields
	Actions Actions
	Packet  []byte
}

// AppendPacketOut appends a packet out.
func AppendPacketOut(b []byte, xid uint32, p *PacketOut) []byte {
	b, at := begin(b, TypePacketOut, xid)
	b = binary.BigEndian.AppendUint32(b, 0xffffffff) // no buffer
	b = binary.BigEndian.AppendUint16(b, uint16(len(p.Actions)))
	b = append(b, 0, 0)
	b = appendMatch(b, p.Fields)
	b = append(b, p.Actions...)
	b = append(b, p.Packet...)
	return finish(b, at)
}
