package ofp

import "encoding/binary"

// Notes yields what the notes of the actions say, with the zeros behind it
// that fill up an action; not of notes within other actions. It ends where the
// actions cannot be read.
func (a Actions) Notes(yield func([]byte) bool) {
	const head = 10 // type, length, experimenter, subtype
	for rest := []byte(a); len(rest) > 0; {
		var act []byte
		var ok bool
		if act, rest, ok = nextAction(rest); !ok {
			return
		}
		if len(act) < head || binary.BigEndian.Uint16(act) != actExperiment || binary.BigEndian.Uint32(act[4:]) != expNicira ||
			binary.BigEndian.Uint16(act[8:]) != nxNote {
			continue
		}
		if !yield(act[head:]) {
			return
		}
	}
}
