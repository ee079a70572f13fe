package lower

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/weft-sdn/weft/lflow"
)

// PutDHCP are the arguments of OpPutDHCP and OpPutDHCPv6. Their form is: the
// result; for DHCPv4, 4 bytes of address to offer; then each option as its
// code, the length of its value and the value, where code and length have one
// byte for DHCPv4 and two for DHCPv6. See lflow.DHCPValue.Wire.
type PutDHCP struct {
	Result  Bit
	Offer   netip.Addr // DHCPv4 only
	Options []DHCPOption
}

// DHCPOption is an option as it goes into the reply. DHCPv4's codes 253 and
// 254 stand for the next server in the header and the alternative boot file.
type DHCPOption struct {
	Code  uint16
	Value []byte
}

func (e *encoder) putDHCP(a lflow.PutDHCP) error {
	op, size := OpPutDHCP, 1
	if a.V6 {
		op, size = OpPutDHCPv6, 2
	}
	b := appendBit(appendUserdata(nil, op), a.Dst)
	var offer, options []byte
	for _, v := range a.Options {
		wire, err := v.Wire()
		switch {
		case err != nil:
			return fmt.Errorf("lower: %w", err)
		case len(wire) >= 1<<(8*size):
			return fmt.Errorf("lower: option %s is too long", v.Option.Name)
		case !a.V6 && v.Option.Code == 0:
			offer = wire
		case a.V6:
			options = binary.BigEndian.AppendUint16(options, uint16(v.Option.Code))
			options = append(binary.BigEndian.AppendUint16(options, uint16(len(wire))), wire...)
		default:
			options = append(append(options, v.Option.Code, byte(len(wire))), wire...)
		}
	}
	if !a.V6 && len(offer) != 4 {
		return fmt.Errorf("lower: put_dhcp_opts offers no address")
	}
	e.controller(append(append(b, offer...), options...), true)
	return nil
}

func decodePutDHCP(r *reader, v6 bool) PutDHCP {
	a, size := PutDHCP{Result: r.bit()}, 1
	if v6 {
		size = 2
	} else {
		a.Offer = r.ip4()
	}
	for len(r.b) > 0 && !r.bad {
		code := uint16(r.uint(size))
		a.Options = append(a.Options, DHCPOption{code, r.bytes(int(r.uint(size)))})
	}
	return a
}
