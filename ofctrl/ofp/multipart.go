package ofp

import "encoding/binary"

// Multipart types.
const (
	MultipartFlowDesc  uint16 = 1
	MultipartGroupDesc uint16 = 7
	MultipartMeterDesc uint16 = 10
	MultipartPortDesc  uint16 = 13
)

func beginMultipart(b []byte, xid uint32, typ uint16) ([]byte, int) {
	b, at := begin(b, TypeMultipartRequest, xid)
	b = binary.BigEndian.AppendUint16(b, typ)
	return appendZeros(b, 6), at
}

// AppendFlowDescRequest asks for all flows of a table, or of [AllTables].
func AppendFlowDescRequest(b []byte, xid uint32, table uint8) []byte {
	return AppendFlowDescRequestOf(b, xid, table, 0, 0)
}

// AppendFlowDescRequestOf asks for those whose cookie has the given bits under a
// mask.
func AppendFlowDescRequestOf(b []byte, xid uint32, table uint8, cookie, mask uint64) []byte {
	b, at := beginMultipart(b, xid, MultipartFlowDesc)
	b = append(b, table, 0, 0, 0)
	b = binary.BigEndian.AppendUint32(b, PortAny)
	b = binary.BigEndian.AppendUint32(b, GroupAny)
	b = appendZeros(b, 4)
	b = binary.BigEndian.AppendUint64(b, cookie)
	b = binary.BigEndian.AppendUint64(b, mask)
	b = appendMatch(b, "")
	return finish(b, at)
}

// AppendGroupDescRequest asks for all groups.
func AppendGroupDescRequest(b []byte, xid uint32) []byte {
	return appendIDRequest(b, xid, MultipartGroupDesc, GroupAll)
}

// AppendMeterDescRequest asks for all meters.
func AppendMeterDescRequest(b []byte, xid uint32) []byte {
	return appendIDRequest(b, xid, MultipartMeterDesc, MeterAll)
}

// AppendPortDescRequest asks for all ports.
func AppendPortDescRequest(b []byte, xid uint32) []byte {
	return appendIDRequest(b, xid, MultipartPortDesc, PortAny)
}

func appendIDRequest(b []byte, xid uint32, typ uint16, id uint32) []byte {
	b, at := beginMultipart(b, xid, typ)
	b = binary.BigEndian.AppendUint32(b, id)
	b = appendZeros(b, 4)
	return finish(b, at)
}

// ParseMultipart splits a multipart reply; b is what follows the header.
func ParseMultipart(b []byte) (typ uint16, more bool, body []byte, err error) {
	if len(b) < 8 {
		return 0, false, nil, errShort("multipart reply")
	}
	return binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])&1 != 0, b[8:], nil
}
