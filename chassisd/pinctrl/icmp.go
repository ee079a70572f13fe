package pinctrl

import (
	"github.com/weft-sdn/weft/chassisd/duty"
	"github.com/weft-sdn/weft/chassisd/packet"
)

// icmpError answers icmp4, icmp6 and icmp4_error with an unreachable; the
// nested actions make another error of it where they want one.
func icmpError(p *duty.Packet, out *duty.Out) error {
	return refuse(p, out, false, false, plainUnreachable)
}

// icmp6TooBig answers icmp6_error, which says that a packet is too big: of
// packets to groups too, so that their senders learn of the MTU.
func icmp6TooBig(p *duty.Packet, out *duty.Out) error {
	return refuse(p, out, false, true, plainUnreachable)
}

func plainUnreachable(d *packet.Datagram, a packet.Answer) ([]byte, bool) {
	return unreachable(d, a, false)
}

func unreachable(d *packet.Datagram, a packet.Answer, port bool) ([]byte, bool) {
	if d.IsICMPError() {
		return nil, false
	}
	return d.Unreachable(nil, a, port), true
}
