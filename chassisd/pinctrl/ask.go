package pinctrl

import (
	"github.com/weft-sdn/weft/chassisd/packet"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// ask sends, in place of a packet whose next hop's Ethernet address is not known,
// the question for it; the nested actions fill in who asks whom.
func ask(p *ofp.PacketIn, args []byte) (answer, error) {
	d, ok := packet.ParseDatagram(p.Packet)
	if !ok {
		return answer{}, errNotIP
	}
	return reply(p, d.Ask(nil), args)
}
