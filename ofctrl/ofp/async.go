package ofp

import "encoding/binary"

// AppendSetAsync chooses which asynchronous messages the connection gets: bit
// masks of packet-in reasons, port status reasons and flow removed reasons.
func AppendSetAsync(b []byte, xid, packetIn, portStatus, flowRemoved uint32) []byte {
	b, at := begin(b, TypeSetAsync, xid)
	for i, mask := range [...]uint32{packetIn, packetIn, portStatus, portStatus, flowRemoved, flowRemoved} {
		b = binary.BigEndian.AppendUint16(b, uint16(i)) // OFPTFPT_*: even as slave, odd as master or equal
		b = binary.BigEndian.AppendUint16(b, 8)
		b = binary.BigEndian.AppendUint32(b, mask)
	}
	return finish(b, at)
}
