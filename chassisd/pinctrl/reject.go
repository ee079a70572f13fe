package pinctrl

import (
	"github.com/weft-sdn/weft/chassisd/duty"
	"github.com/weft-sdn/weft/chassisd/packet"
)

// reject refuses a packet as its protocol does. Other than in the actions for
// one protocol, the answer is addressed to the sender already.
func reject(p *duty.Packet, out *duty.Out) error {
	return refuse(p, out, true, false, func(d *packet.Datagram, a packet.Answer) ([]byte, bool) {
		switch d.Proto {
		case packet.ProtoTCP:
			return d.Reset(nil, a)
		case packet.ProtoSCTP:
			return d.Abort(nil, a)
		}
		return unreachable(d, a, true)
	})
}
