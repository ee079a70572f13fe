package ofp

import "encoding/binary"

// Nicira message subtypes.
const (
	NXSetPacketInFormat uint32 = 16
	NXSetControllerID   uint32 = 20
	NXTLVTableMod       uint32 = 24
	NXTLVTableRequest   uint32 = 25
	NXTLVTableReply     uint32 = 26
	NXResume            uint32 = 28
	NXCTFlushZone       uint32 = 29
	NXPacketIn2         uint32 = 30
	NXCTFlush           uint32 = 32
)

func beginNicira(b []byte, subtype, xid uint32) ([]byte, int) {
	b, at := begin(b, TypeExperimenter, xid)
	b = binary.BigEndian.AppendUint32(b, expNicira)
	return binary.BigEndian.AppendUint32(b, subtype), at
}

// ParseExperimenter splits an experimenter message; b is what follows the
// header. For Nicira's messages nicira is true.
func ParseExperimenter(b []byte) (nicira bool, subtype uint32, body []byte, err error) {
	if len(b) < 8 {
		return false, 0, nil, errShort("experimenter message")
	}
	return binary.BigEndian.Uint32(b) == expNicira, binary.BigEndian.Uint32(b[4:]), b[8:], nil
}

// AppendPacketIn2Format asks for packets in the form that [ParsePacketIn2]
// reads.
func AppendPacketIn2Format(b []byte, xid uint32) []byte {
	b, at := beginNicira(b, NXSetPacketInFormat, xid)
	b = binary.BigEndian.AppendUint32(b, 2)
	return finish(b, at)
}

// AppendSetControllerID chooses the controller id of the connection: it gets
// the packets of actions that name it. A connection begins with id 0.
func AppendSetControllerID(b []byte, xid uint32, id uint16) []byte {
	b, at := beginNicira(b, NXSetControllerID, xid)
	b = appendZeros(b, 6)
	b = binary.BigEndian.AppendUint16(b, id)
	return finish(b, at)
}

// AppendCTFlushZone forgets all connections of a zone.
func AppendCTFlushZone(b []byte, xid uint32, zone uint16) []byte {
	b, at := beginNicira(b, NXCTFlushZone, xid)
	b = appendZeros(b, 6)
	b = binary.BigEndian.AppendUint16(b, zone)
	return finish(b, at)
}
