package pinctrl

import (
	"github.com/weft-sdn/weft/chassisd/duty"
	"github.com/weft-sdn/weft/chassisd/packet"
)

// reject refuses a packet as its protocol does. Other than in the actions for
// one protocol, the answer is addressed to the sender already. A packet that is cut
// short is refused too, as a packet from the unspecified address and by an ICMP
// error whatever its protocol: so does OVN, though it quotes as many bytes as the
// header claims, those that are not there from its own memory.
func reject(p *duty.Packet, out *duty.Out) error {
	if d, ok := packet.ParseCut(p.Packet); ok {
		return refuseDatagram(p, out, &d, true, false, func(d *packet.Datagram, a packet.Answer) ([]byte, bool) {
			return unreachable(d, a, true)
		})
	}
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
