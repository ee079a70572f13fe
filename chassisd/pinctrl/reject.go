package pinctrl

import (
	"github.com/weft-sdn/weft/chassisd/packet"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// reject refuses a packet as its protocol does. Other than in the actions for
// one protocol, the answer is addressed to the sender already.
func reject(p *ofp.PacketIn, args []byte) (answer, error) {
	return refuse(p, args, true, false, func(d *packet.Datagram, a packet.Answer) ([]byte, bool) {
		switch d.Proto {
		case packet.ProtoTCP:
			return d.Reset(nil, a)
		case packet.ProtoSCTP:
			return d.Abort(nil, a)
		}
		return unreachable(d, a, true)
	})
}
