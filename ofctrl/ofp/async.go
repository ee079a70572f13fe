package ofp

import "encoding/binary"

// Async are bit masks of the reasons for which a connection gets asynchronous
// messages, 0 for none (OpenFlow 1.5.1, section 7.3.10).
type Async struct{ PacketIn, PortStatus, FlowRemoved, RequestForward uint32 }

// AllForwards are the reasons for requests of others to be forwarded: they change
// groups or meters.
const AllForwards = 1<<0 | 1<<1

// AppendSetAsync chooses which asynchronous messages the connection gets.
func AppendSetAsync(b []byte, xid uint32, a Async) []byte {
	b, at := begin(b, TypeSetAsync, xid)
	for _, p := range [...]struct {
		slave uint16 // OFPACPT_*: as slave, one more as master or equal
		mask  uint32
	}{{0, a.PacketIn}, {2, a.PortStatus}, {4, a.FlowRemoved}, {10, a.RequestForward}} {
		for _, role := range [...]uint16{0, 1} {
			b = binary.BigEndian.AppendUint16(b, p.slave+role)
			b = binary.BigEndian.AppendUint16(b, 8)
			b = binary.BigEndian.AppendUint32(b, p.mask)
		}
	}
	return finish(b, at)
}
