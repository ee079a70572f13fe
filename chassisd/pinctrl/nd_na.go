package pinctrl

import (
	"errors"

	"github.com/weft-sdn/weft/chassisd/duty"
	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/chassisd/packet"
)

// ND is the duty to answer neighbour solicitations for those who are not there to
// do it.
func ND() duty.Duty {
	return duty.Duty{Name: "nd", Packets: map[lower.Opcode]duty.Handler{
		lower.OpNDNA:       ndNA,
		lower.OpNDNARouter: ndNARouter,
	}}
}

var errNotNS = errors.New("pinctrl: not a neighbour solicitation")

// ndNA answers a neighbour solicitation; the nested actions then fill in who
// the neighbour is and send the answer on.
func ndNA(p *duty.Packet, out *duty.Out) error {
	return advertise(p, out, packet.NASolicited|packet.NAOverride)
}

// ndNARouter answers for a router.
func ndNARouter(p *duty.Packet, out *duty.Out) error {
	return advertise(p, out, packet.NARouter|packet.NASolicited|packet.NAOverride)
}

func advertise(p *duty.Packet, out *duty.Out, flags uint32) error {
	s, ok := packet.ParseSolicitation(p.Packet)
	if !ok {
		return errNotNS
	}
	return out.Reply(p, s.Answer(nil, flags), p.Nested())
}
