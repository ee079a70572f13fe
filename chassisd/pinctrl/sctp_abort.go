package pinctrl

import (
	"github.com/weft-sdn/weft/chassisd/duty"
	"github.com/weft-sdn/weft/chassisd/packet"
)

// sctpAbort aborts the association of a packet.
func sctpAbort(p *duty.Packet, out *duty.Out) error {
	return refuse(p, out, false, false, func(d *packet.Datagram, a packet.Answer) ([]byte, bool) { return d.Abort(nil, a) })
}
