package pinctrl

import (
	"github.com/weft-sdn/weft/chassisd/duty"
	"github.com/weft-sdn/weft/chassisd/packet"
)

// tcpReset resets the connection of a segment.
func tcpReset(p *duty.Packet, out *duty.Out) error {
	return refuse(p, out, false, false, func(d *packet.Datagram, a packet.Answer) ([]byte, bool) { return d.Reset(nil, a) })
}
