package dhcp

import (
	"net/netip"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/chassisd/packet"
)

// Codes of put_dhcp_opts that are no options: see lower.DHCPOption.
const (
	codeNextServer  = 253
	codeAltBootFile = 254
)

// Options that iPXE sends: https://ipxe.org/howto/dhcpd.
const (
	optEtherboot = 175
	userClass    = "iPXE"
)

var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// answer4 says what a client is told: RFC 2131, section 4.3. Other than RFC 2131 has it
// the server is one that knows all clients, so that none is unknown.
func answer4(put lower.PutDHCP, d *packet.Datagram, payload []byte) (verdict, reply, error) {
	ask, err := dhcpv4.FromBytes(payload)
	if err != nil {
		return pass, reply{}, err
	}
	if ask.OpCode != dhcpv4.OpcodeBootRequest || len(ask.ClientHWAddr) != len(d.Eth.Src) {
		return pass, reply{}, errMalformed
	}
	if given := ask.GatewayIPAddr.To4(); given != nil && !given.IsUnspecified() {
		return pass, reply{}, nil // it comes by a relay: the client is elsewhere
	}
	own := serverOf(put)
	if named, ok := addressIn(ask, dhcpv4.OptionServerIdentifier); ok && named != own {
		return pass, reply{}, nil
	}
	to := put.Offer
	if ask.IsBroadcast() {
		to = broadcast
	}
	switch ask.MessageType() {
	case dhcpv4.MessageTypeDiscover:
		return granted, reply{offer(put, ask, dhcpv4.MessageTypeOffer), to}, nil
	case dhcpv4.MessageTypeRequest:
		if wanted(ask) != put.Offer {
			return refused, reply{refusal(own, ask), broadcast}, nil
		}
		return granted, reply{offer(put, ask, dhcpv4.MessageTypeAck), to}, nil
	case dhcpv4.MessageTypeInform:
		return granted, reply{inform(put, ask), to}, nil
	case dhcpv4.MessageTypeDecline:
		return declined, reply{}, nil
	case dhcpv4.MessageTypeRelease:
		return released, reply{}, nil
	}
	return pass, reply{}, errMalformed
}

// serverOf is who answers.
func serverOf(put lower.PutDHCP) netip.Addr {
	for _, o := range put.Options {
		if o.Code == uint16(dhcpv4.OptionServerIdentifier.Code()) {
			a, _ := netip.AddrFromSlice(o.Value)
			return a
		}
	}
	return netip.Addr{}
}

// addressIn is the address in an option of the client's.
func addressIn(ask *dhcpv4.DHCPv4, code dhcpv4.OptionCode) (netip.Addr, bool) {
	a, ok := netip.AddrFromSlice(ask.Options.Get(code))
	return a, ok && a.Is4()
}

// wanted is the address that a client wants, or has.
func wanted(ask *dhcpv4.DHCPv4) netip.Addr {
	if a, ok := addressIn(ask, dhcpv4.OptionRequestedIPAddress); ok {
		return a
	}
	a, _ := netip.AddrFromSlice(ask.ClientIPAddr.To4())
	return a
}

// begin makes an answer without options, but for that which the client is known by: RFC
// 6842.
func begin(ask *dhcpv4.DHCPv4, kind dhcpv4.MessageType) *dhcpv4.DHCPv4 {
	a := &dhcpv4.DHCPv4{
		OpCode: dhcpv4.OpcodeBootReply, HWType: ask.HWType, TransactionID: ask.TransactionID, Flags: ask.Flags,
		ClientIPAddr: ask.ClientIPAddr, ClientHWAddr: ask.ClientHWAddr, Options: dhcpv4.Options{},
	}
	a.UpdateOption(dhcpv4.OptMessageType(kind))
	if id := ask.Options.Get(dhcpv4.OptionClientIdentifier); id != nil {
		a.UpdateOption(dhcpv4.OptGeneric(dhcpv4.OptionClientIdentifier, id))
	}
	return a
}

// offer grants the port's address.
func offer(put lower.PutDHCP, ask *dhcpv4.DHCPv4, kind dhcpv4.MessageType) []byte {
	a := begin(ask, kind)
	a.YourIPAddr = put.Offer.AsSlice()
	fill(a, put, ask)
	return a.ToBytes()
}

// inform tells a client that has an address what it does not know: nothing of a lease, and
// as stock OVN not its mask.
func inform(put lower.PutDHCP, ask *dhcpv4.DHCPv4) []byte {
	a := begin(ask, dhcpv4.MessageTypeAck)
	fill(a, put, ask)
	for _, code := range []dhcpv4.OptionCode{dhcpv4.OptionIPAddressLeaseTime, dhcpv4.OptionRenewTimeValue, dhcpv4.OptionRebindingTimeValue, dhcpv4.OptionSubnetMask} {
		a.Options.Del(code)
	}
	return a.ToBytes()
}

// refusal tells a client that the address is not its own.
func refusal(own netip.Addr, ask *dhcpv4.DHCPv4) []byte {
	a := begin(ask, dhcpv4.MessageTypeNak)
	a.ClientIPAddr = nil
	if own.IsValid() {
		a.UpdateOption(dhcpv4.OptServerIdentifier(own.AsSlice()))
	}
	return a.ToBytes()
}

// fill fills in the options of the action.
func fill(a *dhcpv4.DHCPv4, put lower.PutDHCP, ask *dhcpv4.DHCPv4) {
	a.ServerIPAddr = serverOf(put).AsSlice()
	for _, o := range put.Options {
		switch code := dhcpv4.GenericOptionCode(o.Code); code {
		case codeNextServer:
			a.ServerIPAddr = o.Value
		case codeAltBootFile:
			if isIPXE(ask) {
				a.Options[dhcpv4.OptionBootfileName.Code()] = o.Value
			}
		default:
			if _, has := a.Options[code.Code()]; !has {
				a.Options[code.Code()] = o.Value
			}
		}
	}
}

// isIPXE tells whether the client is iPXE, which wants another file to boot than the
// firmware that has loaded it.
func isIPXE(ask *dhcpv4.DHCPv4) bool {
	return ask.Options.Has(dhcpv4.GenericOptionCode(optEtherboot)) || string(ask.Options.Get(dhcpv4.OptionUserClassInformation)) == userClass
}
