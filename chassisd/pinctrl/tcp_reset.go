package pinctrl

import (
	"github.com/weft-sdn/weft/chassisd/packet"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// tcpReset resets the connection of a segment.
func tcpReset(p *ofp.PacketIn, args []byte) (answer, error) {
	return refuse(p, args, false, false, func(d *packet.Datagram, a packet.Answer) ([]byte, bool) { return d.Reset(nil, a) })
}
