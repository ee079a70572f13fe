package ofp

import "encoding/binary"

// Meter flags.
const (
	MeterKbps  uint16 = 1
	MeterPktps uint16 = 2
	MeterBurst uint16 = 4
	MeterStats uint16 = 8
)

// MeterAll stands for all meters in a request or delete.
const MeterAll uint32 = 0xffffffff

// MeterBody is what a meter does, without its number: flags and bands, in the
// form in which Open vSwitch reports it. The empty body is no meter.
type MeterBody string

// MeterBand drops what exceeds its rate.
type MeterBand struct{ Rate, Burst uint32 }

// NewMeterBody encodes a meter.
func NewMeterBody(flags uint16, bands ...MeterBand) MeterBody {
	b := binary.BigEndian.AppendUint16(nil, flags)
	for _, m := range bands {
		if flags&MeterBurst == 0 {
			m.Burst = 0
		}
		b = append(b, 0, 1, 0, 16) // OFPMBT_DROP
		b = binary.BigEndian.AppendUint32(b, m.Rate)
		b = binary.BigEndian.AppendUint32(b, m.Burst)
		b = append(b, 0, 0, 0, 0)
	}
	return MeterBody(b)
}

// Commands of a meter mod.
const (
	MeterCmdAdd    uint16 = 0
	MeterCmdModify uint16 = 1
	MeterCmdDelete uint16 = 2
)

// AppendMeterMod appends a meter mod. It cannot be part of a bundle.
func AppendMeterMod(b []byte, xid uint32, command uint16, id uint32, body MeterBody) []byte {
	b, at := begin(b, TypeMeterMod, xid)
	b = binary.BigEndian.AppendUint16(b, command)
	if len(body) < 2 {
		body = "\x00\x00"
	}
	b = append(b, body[:2]...)
	b = binary.BigEndian.AppendUint32(b, id)
	b = append(b, body[2:]...)
	return finish(b, at)
}

// MeterDesc is one meter of a switch.
type MeterDesc struct {
	ID   uint32
	Body MeterBody
}

// ParseMeterDesc takes one meter off the body of a meter desc reply.
func ParseMeterDesc(b []byte) (m MeterDesc, rest []byte, err error) {
	if len(b) < 8 {
		return m, nil, errShort("meter desc")
	}
	n := int(binary.BigEndian.Uint16(b))
	if n < 8 || n > len(b) {
		return m, nil, errLength("meter desc", n, len(b))
	}
	m.ID = binary.BigEndian.Uint32(b[4:])
	body := append(append(make([]byte, 0, n), b[2:4]...), b[8:n]...)
	if binary.BigEndian.Uint16(body)&MeterBurst == 0 {
		clearBursts(body[2:])
	}
	m.Body = MeterBody(body)
	return m, b[n:], nil
}

// clearBursts clears the burst sizes of bands, which the switch fills in where
// the meter has none.
func clearBursts(b []byte) {
	for len(b) >= 16 {
		clear(b[8:12])
		b = b[16:]
	}
}
