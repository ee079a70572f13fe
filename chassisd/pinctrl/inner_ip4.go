package pinctrl

import (
	"errors"
	"net/netip"

	"github.com/weft-sdn/weft/chassisd/duty"
	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/chassisd/packet"
)

var errNotICMPError = errors.New("pinctrl: not an ICMP error over IPv4")

// innerIP4Src changes the source address in the packet that an ICMP error
// quotes, and lets the error go on.
func innerIP4Src(p *duty.Packet, out *duty.Out) error {
	ip, err := lower.Userdata{Op: p.Op, Args: p.Args}.Decode()
	if err != nil {
		return err
	}
	if !packet.SetQuotedSource(p.Packet, ip.(netip.Addr).As4()) {
		return errNotICMPError
	}
	out.Resume(p)
	return nil
}
