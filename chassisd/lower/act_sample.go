package lower

import (
	"encoding/binary"

	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// sample is nothing where the chassis does not have the collectors. It names
// the datapath, so that those of a group cannot share it.
func (e *encoder) sample(a lflow.Sample) error {
	e.asked = true
	if e.env.Collectors == nil || !e.env.Collectors(a.CollectorSet) {
		return nil
	}
	if !e.env.Scope.one() {
		e.varies = true
		return nil
	}
	s := ofp.Sample{
		Probability:  a.Probability,
		CollectorSet: a.CollectorSet,
		ObsDomain:    uint32(a.ObsDomain)<<DatapathBits | Key(e.env.Scope.Value),
		ObsPoint:     a.ObsPoint,
		SamplingPort: 0xffff,
	}
	if a.Cookie {
		s.ObsPoint = uint32(e.cookie)
	}
	if a.PointField.IsZero() {
		e.b.Sample(s)
	} else {
		e.b.Append(sampleField(s, subfield(a.PointField)))
	}
	return nil
}

// sampleField returns a sample whose observation point is in a field. Open
// vSwitch has it since 3.4: Nicira action 51, struct nx_action_sample4.
func sampleField(s ofp.Sample, point ofp.Subfield) ofp.Actions {
	const experimenter, length, nicira, sample4 = 0xffff, 40, 0x2320, 51
	b := make([]byte, 0, length)
	u16 := func(v uint16) { b = binary.BigEndian.AppendUint16(b, v) }
	u32 := func(v uint32) { b = binary.BigEndian.AppendUint32(b, v) }
	u16(experimenter)
	u16(length)
	u32(nicira)
	u16(sample4)
	u16(s.Probability)
	u32(s.CollectorSet)
	u32(0) // the domain is a constant
	u32(s.ObsDomain)
	b = append(b, fieldHeader(point)...)
	u16(point.Ofs<<6 | (point.N - 1))
	u16(0)
	u16(s.SamplingPort)
	return ofp.Actions(append(b, 0, 0, 0, 0, 0, 0)) // either direction
}

// fieldHeader returns the header that stands for a field in Nicira actions:
// the second word of a push of it.
func fieldHeader(s ofp.Subfield) ofp.Actions {
	const at = 12 // behind action header, subtype and offset
	var b ofp.ActionBuilder
	b.StackPush(s)
	return b.Actions()[at : at+4]
}
