package packet

import "encoding/binary"

// BFDLen is the length of a control packet without authentication: RFC 5880,
// section 4.1. BFDPort is where it goes to over a single hop, with BFDTTL: RFC
// 5881, sections 4 and 5.
const (
	BFDLen  = 24
	BFDPort = 3784
	BFDTTL  = 255
)

// BFDState is the state of a session.
type BFDState uint8

// The states, RFC 5880, section 4.1.
const (
	BFDAdminDown BFDState = iota
	BFDDown
	BFDInit
	BFDUp
)

// Diagnostic codes, RFC 5880, section 4.1.
const (
	BFDNoDiagnostic = 0
	BFDExpired      = 1 // control detection time
	BFDNeighborDown = 3 // the neighbour signalled that the session is down
	BFDAdminDiag    = 7 // administratively down
)

// Flags of a control packet.
const (
	bfdPoll       = 1 << 5
	bfdFinal      = 1 << 4
	bfdAuth       = 1 << 2
	bfdMultipoint = 1
	bfdVersion    = 1
)

// BFD is a control packet without authentication.
type BFD struct {
	Diag         uint8
	State        BFDState
	Poll, Final  bool
	Mult         uint8
	Mine, Yours  uint32 // discriminators
	MinTX, MinRX uint32 // µs
}

// ParseBFD reads a control packet that a session may look at: RFC 5880, section
// 6.8.6. Sessions here use no authentication, so one that has it is none.
func ParseBFD(b []byte) (p BFD, ok bool) {
	if len(b) < BFDLen || b[0]>>5 != bfdVersion || int(b[3]) < BFDLen || int(b[3]) > len(b) || b[1]&(bfdAuth|bfdMultipoint) != 0 {
		return p, false
	}
	p = BFD{
		Diag: b[0] & 31, State: BFDState(b[1] >> 6), Poll: b[1]&bfdPoll != 0, Final: b[1]&bfdFinal != 0, Mult: b[2],
		Mine: binary.BigEndian.Uint32(b[4:]), Yours: binary.BigEndian.Uint32(b[8:]),
		MinTX: binary.BigEndian.Uint32(b[12:]), MinRX: binary.BigEndian.Uint32(b[16:]),
	}
	named := p.Yours != 0 || p.State == BFDDown || p.State == BFDAdminDown
	return p, p.Mult != 0 && p.Mine != 0 && named
}

// Append appends the packet. It asks for no echo.
func (p BFD) Append(b []byte) []byte {
	flags := uint8(p.State) << 6
	if p.Poll {
		flags |= bfdPoll
	}
	if p.Final {
		flags |= bfdFinal
	}
	b = append(b, bfdVersion<<5|p.Diag&31, flags, p.Mult, BFDLen)
	b = binary.BigEndian.AppendUint32(b, p.Mine)
	b = binary.BigEndian.AppendUint32(b, p.Yours)
	b = binary.BigEndian.AppendUint32(b, p.MinTX)
	b = binary.BigEndian.AppendUint32(b, p.MinRX)
	return append(b, 0, 0, 0, 0)
}
