package ofp

import (
	"encoding/binary"
	"slices"
)

const (
	pinPacket       = 0
	pinFullLen      = 1
	pinBufferID     = 2
	pinTableID      = 3
	pinCookie       = 4
	pinReason       = 5
	pinMetadata     = 6
	pinUserdata     = 7
	pinContinuation = 8
)

// PacketIn is a packet that the switch sends to the controller
// (NXT_PACKET_IN2). Where Continuation is set the packet is paused.
type PacketIn struct {
	Packet       []byte
	FullLen      uint32
	Table        uint8
	Cookie       uint64
	Reason       uint8
	Metadata     Match // pipeline fields (in_port, tun_*, metadata, reg*, …)
	Userdata     []byte
	Continuation []byte
}

// Field is the value of a pipeline field of the packet; 0 where it is not
// given, which is how the switch says 0.
func (p *PacketIn) Field(f Field) U128 {
	var r U128
	_ = p.Metadata.Fields(func(g Field, v, _ U128) bool {
		if g == f {
			r = v
		}
		return g != f
	})
	return r
}

// ParsePacketIn2 reads an NXT_PACKET_IN2; b is what follows the subtype. The
// result does not point into b.
func ParsePacketIn2(b []byte) (*PacketIn, error) {
	p := &PacketIn{}
	for len(b) > 0 {
		typ, v, rest, err := parseProp(b)
		if err != nil {
			return nil, err
		}
		if err := p.prop(typ, v); err != nil {
			return nil, err
		}
		b = rest
	}
	return p, nil
}

func (p *PacketIn) prop(typ uint16, v []byte) (err error) {
	need := 0
	switch typ {
	case pinTableID, pinReason:
		need = 1
	case pinFullLen:
		need = 4
	case pinCookie:
		need = 12
	}
	if len(v) < need {
		return errShort("packet-in property")
	}
	switch typ {
	case pinPacket:
		p.Packet = slices.Clone(v)
	case pinFullLen:
		p.FullLen = binary.BigEndian.Uint32(v)
	case pinTableID:
		p.Table = v[0]
	case pinCookie:
		p.Cookie = binary.BigEndian.Uint64(v[4:])
	case pinReason:
		p.Reason = v[0]
	case pinMetadata:
		p.Metadata, err = DecodeMatch(v)
	case pinUserdata:
		p.Userdata = slices.Clone(v)
	case pinContinuation:
		p.Continuation = slices.Clone(v)
	}
	return err
}

// parseProp takes a property, padded to 8 bytes, off b; v is what follows its
// 4 bytes of header.
func parseProp(b []byte) (typ uint16, v, rest []byte, err error) {
	if len(b) < 4 {
		return 0, nil, nil, errShort("property")
	}
	n := int(binary.BigEndian.Uint16(b[2:]))
	padded := (n + 7) &^ 7
	if n < 4 || padded > len(b) {
		return 0, nil, nil, errLength("property", n, len(b))
	}
	return binary.BigEndian.Uint16(b), b[4:n], b[padded:], nil
}

// AppendResume appends the NXT_RESUME that lets a paused packet go on, with the
// packet and the pipeline fields as they are in p now.
func AppendResume(b []byte, xid uint32, p *PacketIn) []byte {
	b, at := beginNicira(b, NXResume, xid)
	b = appendProp(b, pinPacket, p.Packet)
	b = appendProp8(b, pinTableID, p.Table)
	b = binary.BigEndian.AppendUint16(b, pinCookie)
	b = append(b, 0, 16, 0, 0, 0, 0)
	b = binary.BigEndian.AppendUint64(b, p.Cookie)
	b = appendProp8(b, pinReason, p.Reason)
	b = appendPropString(b, pinMetadata, string(p.Metadata))
	if len(p.Userdata) > 0 {
		b = appendProp(b, pinUserdata, p.Userdata)
	}
	b = appendProp(b, pinContinuation, p.Continuation)
	return finish(b, at)
}

func appendProp(b []byte, typ uint16, v []byte) []byte {
	b = binary.BigEndian.AppendUint16(b, typ)
	b = binary.BigEndian.AppendUint16(b, uint16(4+len(v)))
	b = append(b, v...)
	return appendZeros(b, -(4+len(v))&7)
}

func appendPropString(b []byte, typ uint16, v string) []byte {
	b = binary.BigEndian.AppendUint16(b, typ)
	b = binary.BigEndian.AppendUint16(b, uint16(4+len(v)))
	b = append(b, v...)
	return appendZeros(b, -(4+len(v))&7)
}

func appendProp8(b []byte, typ uint16, v uint8) []byte {
	b = binary.BigEndian.AppendUint16(b, typ)
	return append(b, 0, 5, v, 0, 0, 0)
}
