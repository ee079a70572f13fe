package ofp

import "encoding/binary"

// AppendHello appends a hello that offers OpenFlow 1.5 only.
func AppendHello(b []byte, xid uint32) []byte {
	b, at := begin(b, TypeHello, xid)
	b = binary.BigEndian.AppendUint16(b, 1) // OFPHET_VERSIONBITMAP
	b = binary.BigEndian.AppendUint16(b, 8)
	b = binary.BigEndian.AppendUint32(b, 1<<Version)
	return finish(b, at)
}

// HelloSpeaks says whether the sender of a hello speaks OpenFlow 1.5. msg is
// the whole message.
func HelloSpeaks(msg []byte) (bool, error) {
	h, err := ParseHeader(msg)
	if err != nil {
		return false, err
	}
	b := msg[headerLen:]
	for len(b) >= 4 {
		t, n := binary.BigEndian.Uint16(b), int(binary.BigEndian.Uint16(b[2:]))
		if n < 4 || n > len(b) {
			return false, errLength("hello element", n, len(b))
		}
		if t == 1 && n >= 8 {
			return binary.BigEndian.Uint32(b[4:])&(1<<Version) != 0, nil
		}
		b = b[min((n+7)&^7, len(b)):]
	}
	return h.Version >= Version, nil
}
