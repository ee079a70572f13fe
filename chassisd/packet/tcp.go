package packet

import (
	"encoding/binary"
	"net/netip"
)

// TCPLen is the length of a TCP header without options.
const TCPLen = 20

// TCP flags, RFC 9293, section 3.1.
const (
	TCPFIN = 1 << 0
	TCPSYN = 1 << 1
	TCPRST = 1 << 2
	TCPACK = 1 << 4
)

// upperTTL is that of answers that speak for a host: as if that were one hop
// away, as OVN has it.
const upperTTL = 63

// Reset appends the segment that resets the connection of the packet, as a
// host does that knows of none: RFC 9293, section 3.10.7.1. The ports are
// always turned round. ok is false for what is no whole TCP header, and for a
// reset.
func (d *Datagram) Reset(b []byte, a Answer) (_ []byte, ok bool) {
	t := d.Upper
	if d.Proto != ProtoTCP || len(t) < TCPLen {
		return b, false
	}
	header, flags := int(t[12]>>4)*4, t[13]
	if header < TCPLen || header > len(t) || flags&TCPRST != 0 {
		return b, false
	}
	var seq, ack uint32
	control := byte(TCPRST)
	if flags&TCPACK != 0 {
		seq = binary.BigEndian.Uint32(t[8:])
	} else {
		control |= TCPACK
		ack = binary.BigEndian.Uint32(t[4:]) + uint32(len(t)-header)
		ack += uint32(flags&TCPSYN/TCPSYN) + uint32(flags&TCPFIN)
	}
	b, sum := d.answer(b, a, ProtoTCP, upperTTL, TCPLen)
	at := len(b)
	b = append(append(b, t[2:4]...), t[:2]...)
	b = binary.BigEndian.AppendUint32(b, seq)
	b = binary.BigEndian.AppendUint32(b, ack)
	b = append(b, TCPLen/4<<4, control, 0, 0, 0, 0, 0, 0)
	binary.BigEndian.PutUint16(b[at+16:], checksum(sum+sum16(b[at:])))
	return b, true
}

// TCP is a TCP header without options, checksum and urgent pointer.
type TCP struct {
	Src, Dst uint16
	Seq, Ack uint32
	Flags    uint8
	Window   uint16
}

// ParseTCP reads a TCP header. The checksum is not looked at: what comes from a virtual
// interface may not have it yet.
func ParseTCP(b []byte) (h TCP, ok bool) {
	if len(b) < TCPLen {
		return h, false
	}
	if n := int(b[12]>>4) * 4; n < TCPLen || n > len(b) {
		return h, false
	}
	return TCP{
		Src: binary.BigEndian.Uint16(b), Dst: binary.BigEndian.Uint16(b[2:]),
		Seq: binary.BigEndian.Uint32(b[4:]), Ack: binary.BigEndian.Uint32(b[8:]),
		Flags: b[13], Window: binary.BigEndian.Uint16(b[14:]),
	}, true
}

// Segment appends the frame of a segment without data between two addresses of one
// family.
func (h TCP) Segment(b []byte, eth Ethernet, src, dst netip.Addr, ttl uint8) []byte {
	d := Datagram{Eth: eth, Src: src, Dst: dst}
	b, sum := d.answer(b, Answer{}, ProtoTCP, ttl, TCPLen)
	at := len(b)
	b = binary.BigEndian.AppendUint16(b, h.Src)
	b = binary.BigEndian.AppendUint16(b, h.Dst)
	b = binary.BigEndian.AppendUint32(b, h.Seq)
	b = binary.BigEndian.AppendUint32(b, h.Ack)
	b = binary.BigEndian.AppendUint16(append(b, TCPLen/4<<4, h.Flags), h.Window)
	b = append(b, 0, 0, 0, 0)
	binary.BigEndian.PutUint16(b[at+16:], checksum(sum+sum16(b[at:])))
	return b
}
