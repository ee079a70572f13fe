package ofp

import "encoding/binary"

// Reserved ports, OpenFlow 1.5, 7.2.1.
const (
	PortInPort     uint32 = 0xfffffff8
	PortTable      uint32 = 0xfffffff9
	PortNormal     uint32 = 0xfffffffa
	PortFlood      uint32 = 0xfffffffb
	PortAll        uint32 = 0xfffffffc
	PortController uint32 = 0xfffffffd
	PortLocal      uint32 = 0xfffffffe
	PortAny        uint32 = 0xffffffff
)

// port32 widens a port number of 16 bits: its reserved ports are the same.
func port32(p uint16) uint32 {
	if p >= uint16(PortInPort&0xffff) {
		return 0xffff0000 | uint32(p)
	}
	return uint32(p)
}

// Output sends the packet to a port.
func (b *ActionBuilder) Output(port uint32) {
	b.header(actOutput, 16)
	b.u32(port)
	b.u16(0) // max_len is for the controller port only
	b.zeros(6)
}

// OutputReg sends the packet to the port whose number is in src.
func (b *ActionBuilder) OutputReg(src Subfield) {
	b.nicira(nxOutputReg, 24)
	b.u16(src.ofsNbits())
	b.legacyField(src.Field)
	b.u16(0xffff) // max_len
	b.zeros(6)
}

func (p *printer) output(a []byte) bool {
	if len(a) < 16 {
		return false
	}
	port := binary.BigEndian.Uint32(a[4:])
	switch {
	case port == PortController:
		p.str("CONTROLLER:")
		p.dec(uint64(binary.BigEndian.Uint16(a[8:])))
	case port > PortController || port < PortInPort:
		if port < PortInPort {
			p.str("output:")
		}
		p.port(port)
	default:
		p.port(port)
	}
	return true
}

func (p *printer) outputReg(b []byte) bool {
	f, _, _, _, err := parseHeader(b[2:])
	if err != nil {
		return false
	}
	p.str("output:")
	p.sub(bitRange(f, binary.BigEndian.Uint16(b)))
	return true
}
