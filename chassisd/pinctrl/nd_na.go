package pinctrl

import (
	"errors"

	"github.com/weft-sdn/weft/chassisd/packet"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

var errNotNS = errors.New("pinctrl: not a neighbour solicitation")

// ndNA answers a neighbour solicitation; the nested actions then fill in who
// the neighbour is and send the answer on.
func ndNA(p *ofp.PacketIn, args []byte) (answer, error) {
	return advertise(p, args, packet.NASolicited|packet.NAOverride)
}

// ndNARouter answers for a router.
func ndNARouter(p *ofp.PacketIn, args []byte) (answer, error) {
	return advertise(p, args, packet.NARouter|packet.NASolicited|packet.NAOverride)
}

func advertise(p *ofp.PacketIn, args []byte, flags uint32) (answer, error) {
	s, ok := packet.ParseSolicitation(p.Packet)
	if !ok {
		return answer{}, errNotNS
	}
	return reply(p, s.Answer(nil, flags), args)
}
