package pinctrl

import (
	"errors"
	"net/netip"

	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/chassisd/packet"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

var errNotICMPError = errors.New("pinctrl: not an ICMP error over IPv4")

// innerIP4Src changes the source address in the packet that an ICMP error
// quotes, and lets the error go on.
func innerIP4Src(p *ofp.PacketIn, args []byte) (answer, error) {
	ip, err := lower.Userdata{Op: lower.OpInnerIP4Src, Args: args}.Decode()
	if err != nil {
		return answer{}, err
	}
	if !packet.SetQuotedSource(p.Packet, ip.(netip.Addr).As4()) {
		return answer{}, errNotICMPError
	}
	return answer{resume: p}, nil
}
