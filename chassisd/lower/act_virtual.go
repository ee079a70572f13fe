package lower

import (
	"encoding/binary"

	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// The MTU of an ICMP error is not a field of OpenFlow. Within the actions of
// icmp4 and icmp6 it travels to the agent as a note: noteMagic, the number of
// the field in 16 bits, and its value, which ends the note (but for the zeros
// that pad an action).
const noteMagic = "ovn\x00"

// Numbers of fields in notes.
const (
	NoteICMP4FragMTU uint16 = 0 // value: 16 zero bits, 16 bits MTU
	NoteICMP6FragMTU uint16 = 1 // value: 16 zero bits, 32 bits MTU
)

func (e *encoder) setVirtual(a lflow.Set) {
	v := uint32(a.Value.Value.Lo)
	b := []byte(noteMagic)
	switch a.Dst.Name() {
	case "icmp4.frag_mtu":
		b = binary.BigEndian.AppendUint16(b, NoteICMP4FragMTU)
		e.b.Note(binary.BigEndian.AppendUint32(b, v))
	case "icmp6.frag_mtu":
		b = binary.BigEndian.AppendUint16(b, NoteICMP6FragMTU)
		e.b.Note(binary.BigEndian.AppendUint32(append(b, 0, 0), v))
	default: // icmp4.inner_ip4.src
		e.controller(binary.BigEndian.AppendUint32(appendUserdata(nil, OpInnerIP4Src), v), true)
	}
}

// FragMTU returns the MTU that nested actions of an ICMP error note; 0 for
// none.
func FragMTU(as ofp.Actions) (mtu uint32) {
	const head = len(noteMagic) + 2
	for note := range as.Notes {
		if len(note) < head+4 || string(note[:len(noteMagic)]) != noteMagic {
			continue
		}
		switch value := note[head:]; binary.BigEndian.Uint16(note[len(noteMagic):]) {
		case NoteICMP4FragMTU:
			mtu = binary.BigEndian.Uint32(value)
		case NoteICMP6FragMTU:
			if len(value) >= 6 {
				mtu = binary.BigEndian.Uint32(value[2:])
			}
		}
	}
	return mtu
}
