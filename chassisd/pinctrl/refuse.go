package pinctrl

import (
	"errors"

	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/chassisd/packet"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

var errNotIP = errors.New("pinctrl: not an IP packet")

// refusal makes the packet that tells the sender that its own went nowhere; ok
// is false where there is nothing to tell.
type refusal func(d *packet.Datagram, a packet.Answer) (pkt []byte, ok bool)

// refuse sends a refusal through the nested actions. Nobody is told of an
// error in an error, nor a group: see packet.Datagram.MayRefuse.
func refuse(p *ofp.PacketIn, args []byte, back, toGroup bool, f refusal) (answer, error) {
	d, ok := packet.ParseDatagram(p.Packet)
	if !ok {
		return answer{}, errNotIP
	}
	if !d.MayRefuse(toGroup) {
		return answer{}, nil
	}
	pkt, ok := f(&d, packet.Answer{Back: back, MTU: lower.FragMTU(ofp.Actions(args))})
	if !ok {
		return answer{}, nil
	}
	return reply(p, pkt, args)
}
