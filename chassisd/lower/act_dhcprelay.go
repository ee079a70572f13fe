package lower

import (
	"encoding/binary"
	"net/netip"

	"github.com/weft-sdn/weft/lflow"
)

// DHCPRelay are the arguments of OpDHCPRelayReq and OpDHCPRelayResp: the
// result, then 4 bytes each of the relay's and the server's address.
type DHCPRelay struct {
	Result        Bit
	Relay, Server netip.Addr
}

func (e *encoder) dhcpRelay(a lflow.DHCPRelay) {
	op := OpDHCPRelayReq
	if a.Response {
		op = OpDHCPRelayResp
	}
	b := appendBit(appendUserdata(nil, op), a.Dst)
	b = binary.BigEndian.AppendUint32(b, uint32(a.Relay.Value.Lo))
	e.controller(binary.BigEndian.AppendUint32(b, uint32(a.Server.Value.Lo)), true)
}

func decodeDHCPRelay(r *reader) DHCPRelay { return DHCPRelay{r.bit(), r.ip4(), r.ip4()} }
