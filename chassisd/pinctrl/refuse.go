package pinctrl

import (
	"errors"

	"github.com/weft-sdn/weft/chassisd/duty"
	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/chassisd/packet"
)

// Refuse is the duty to tell senders that their packets went nowhere.
func Refuse() duty.Duty {
	return duty.Duty{Name: "refuse", Packets: map[lower.Opcode]duty.Handler{
		lower.OpReject:      reject,
		lower.OpTCPReset:    tcpReset,
		lower.OpSCTPAbort:   sctpAbort,
		lower.OpICMP:        icmpError,
		lower.OpICMP4Error:  icmpError,
		lower.OpICMP6Error:  icmp6TooBig,
		lower.OpInnerIP4Src: innerIP4Src,
	}}
}

var errNotIP = errors.New("pinctrl: not an IP packet")

// refusal makes the packet that tells the sender that its own went nowhere; ok
// is false where there is nothing to tell.
type refusal func(d *packet.Datagram, a packet.Answer) (pkt []byte, ok bool)

// refuse sends a refusal through the nested actions. Nobody is told of an
// error in an error, nor a group: see packet.Datagram.MayRefuse.
func refuse(p *duty.Packet, out *duty.Out, back, toGroup bool, f refusal) error {
	d, ok := packet.ParseDatagram(p.Packet)
	if !ok {
		return errNotIP
	}
	return refuseDatagram(p, out, &d, back, toGroup, f)
}

func refuseDatagram(p *duty.Packet, out *duty.Out, d *packet.Datagram, back, toGroup bool, f refusal) error {
	if !d.MayRefuse(toGroup) {
		return nil
	}
	pkt, ok := f(d, packet.Answer{Back: back, MTU: lower.FragMTU(p.Nested())})
	if !ok {
		return nil
	}
	return out.Reply(p, pkt, p.Nested())
}
