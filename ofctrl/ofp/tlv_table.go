package ofp

import "encoding/binary"

// TLVMap maps a Geneve option to tun_metadata<Index>.
type TLVMap struct {
	Class uint16
	Type  uint8
	Len   uint8 // bytes of option data, a multiple of 4
	Index uint16
}

// Commands of a TLV table mod.
const (
	TLVAdd    uint16 = 0
	TLVDelete uint16 = 1
	TLVClear  uint16 = 2
)

// AppendTLVTableMod appends a change of the TLV table. It cannot be part of a
// bundle.
func AppendTLVTableMod(b []byte, xid uint32, command uint16, maps []TLVMap) []byte {
	b, at := beginNicira(b, NXTLVTableMod, xid)
	b = binary.BigEndian.AppendUint16(b, command)
	b = appendZeros(b, 6)
	for _, m := range maps {
		b = binary.BigEndian.AppendUint16(b, m.Class)
		b = append(b, m.Type, m.Len)
		b = binary.BigEndian.AppendUint16(b, m.Index)
		b = append(b, 0, 0)
	}
	return finish(b, at)
}

// AppendTLVTableRequest asks for the TLV table.
func AppendTLVTableRequest(b []byte, xid uint32) []byte {
	b, at := beginNicira(b, NXTLVTableRequest, xid)
	return finish(b, at)
}

// ParseTLVTable reads a TLV table reply; b is what follows the subtype.
func ParseTLVTable(b []byte) ([]TLVMap, error) {
	if len(b) < 16 {
		return nil, errShort("TLV table reply")
	}
	var maps []TLVMap
	for b = b[16:]; len(b) >= 8; b = b[8:] {
		maps = append(maps, TLVMap{binary.BigEndian.Uint16(b), b[2], b[3], binary.BigEndian.Uint16(b[4:])})
	}
	if len(b) != 0 {
		return nil, errShort("TLV map")
	}
	return maps, nil
}
