package pinctrl

import (
	"github.com/weft-sdn/weft/chassisd/packet"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// sctpAbort aborts the association of a packet.
func sctpAbort(p *ofp.PacketIn, args []byte) (answer, error) {
	return refuse(p, args, false, false, func(d *packet.Datagram, a packet.Answer) ([]byte, bool) { return d.Abort(nil, a) })
}
