package packet

import "encoding/binary"

// TCPLen is the length of a TCP header without options.
const TCPLen = 20

// TCP flags, RFC 9293, section 3.1.
const (
	tcpFIN = 1 << 0
	tcpSYN = 1 << 1
	tcpRST = 1 << 2
	tcpACK = 1 << 4
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
	if header < TCPLen || header > len(t) || flags&tcpRST != 0 {
		return b, false
	}
	var seq, ack uint32
	control := byte(tcpRST)
	if flags&tcpACK != 0 {
		seq = binary.BigEndian.Uint32(t[8:])
	} else {
		control |= tcpACK
		ack = binary.BigEndian.Uint32(t[4:]) + uint32(len(t)-header)
		ack += uint32(flags&tcpSYN/tcpSYN) + uint32(flags&tcpFIN)
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
