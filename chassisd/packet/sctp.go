package packet

import (
	"encoding/binary"
	"hash/crc32"
)

// Lengths of SCTP's common header and of that of a chunk.
const (
	sctpLen  = 12
	chunkLen = 4
)

// Chunk types, RFC 9260, section 3.2.
const (
	chunkInit             = 1
	chunkAbort            = 6
	chunkCookieAck        = 11
	chunkShutdownComplete = 14
)

// abortT says that the verification tag is the one of the packet that is
// answered, since its sender's own is not known.
const abortT = 1

// Abort appends the packet that aborts the association of the packet, as a
// host does that knows of none: RFC 9260, section 8.4. The ports are always
// turned round. ok is false where nothing is to be said.
func (d *Datagram) Abort(b []byte, a Answer) (_ []byte, ok bool) {
	s := d.Upper
	if d.Proto != ProtoSCTP || len(s) < sctpLen+chunkLen {
		return b, false
	}
	tag, flags, ok := abortTag(binary.BigEndian.Uint32(s[4:]), s[sctpLen:])
	if !ok {
		return b, false
	}
	b, _ = d.answer(b, a, ProtoSCTP, upperTTL, sctpLen+chunkLen)
	at := len(b)
	b = append(append(b, s[2:4]...), s[:2]...)
	b = binary.BigEndian.AppendUint32(b, tag)
	b = append(b, 0, 0, 0, 0)
	b = append(b, chunkAbort, flags, 0, chunkLen)
	sum := crc32.Checksum(b[at:], crc32.MakeTable(crc32.Castagnoli)) // RFC 9260, appendix A
	binary.LittleEndian.PutUint32(b[at+8:], sum)
	return b, true
}

// abortTag returns the verification tag and the flags that answer a packet
// with a tag and chunks.
func abortTag(tag uint32, chunks []byte) (_ uint32, flags byte, ok bool) {
	if chunks[0] == chunkInit {
		if len(chunks) < chunkLen+4 || tag != 0 {
			return 0, 0, false
		}
		tag = binary.BigEndian.Uint32(chunks[chunkLen:]) // the sender's own
		return tag, 0, tag != 0
	}
	for len(chunks) >= chunkLen {
		switch chunks[0] {
		case chunkAbort, chunkCookieAck, chunkShutdownComplete:
			return 0, 0, false
		}
		n := (int(binary.BigEndian.Uint16(chunks[2:])) + 3) &^ 3
		if n < chunkLen || n > len(chunks) {
			break
		}
		chunks = chunks[n:]
	}
	return tag, abortT, true
}
