package packet

import (
	"strings"

	"github.com/gopacket/gopacket/layers"
)

// bfd decodes a BFD control packet (RFC 5880, section 4.1). Intervals are in
// microseconds; flags are the letters of the RFC.
func (d *decoder) bfd(l *layers.BFD) {
	d.add("bfd.state", [4]string{"admin_down", "down", "init", "up"}[l.State&3])
	d.num("bfd.diag", int(l.Diagnostic))
	var flags strings.Builder
	for i, on := range []bool{l.Poll, l.Final, l.ControlPlaneIndependent, l.AuthPresent, l.Demand, l.Multipoint} {
		if on {
			flags.WriteByte("PFCADM"[i])
		}
	}
	d.add("bfd.flags", flags.String())
	d.num("bfd.detect_mult", int(l.DetectMultiplier))
	d.num("bfd.my_disc", int(l.MyDiscriminator))
	d.num("bfd.your_disc", int(l.YourDiscriminator))
	d.num("bfd.min_tx", int(l.DesiredMinTxInterval))
	d.num("bfd.min_rx", int(l.RequiredMinRxInterval))
	d.num("bfd.min_echo_rx", int(l.RequiredMinEchoRxInterval))
	d.rest = nil
}
