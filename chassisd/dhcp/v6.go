package dhcp

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/insomniacslk/dhcp/iana"

	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/chassisd/packet"
	"github.com/weft-sdn/weft/lflow"
)

// Flags of option 39: RFC 4704, section 4.1.
const (
	fqdnServer   = 1 // the server shall update DNS
	fqdnOverride = 2 // the server does not do as it was asked
	fqdnNone     = 4 // the server does not update DNS
)

// forever is the lifetime of what does not end: RFC 8415, section 7.7.
const forever = 1<<32 - 1

// grant is what put_dhcpv6_opts has for a client.
type grant struct {
	server    dhcpv6.DUID
	address   netip.Addr // none without addresses
	lease     uint32     // seconds
	t1, t2    uint32
	options   []lower.DHCPOption
	boot, alt []byte
	name      []byte // fully qualified
}

// grantOf reads the options of an action.
func grantOf(put lower.PutDHCP) (g grant) {
	g.lease = forever
	times := map[uint16]*uint32{lflow.DHCPv6Lease: &g.lease, lflow.DHCPv6T1: &g.t1, lflow.DHCPv6T2: &g.t2}
	for _, o := range put.Options {
		switch code := dhcpv6.OptionCode(o.Code); {
		case times[o.Code] != nil && len(o.Value) == 4:
			*times[o.Code] = binary.BigEndian.Uint32(o.Value)
		case code == dhcpv6.OptionServerID:
			g.server = &dhcpv6.DUIDLL{HWType: iana.HWTypeEthernet, LinkLayerAddr: o.Value}
		case code == dhcpv6.OptionIAAddr:
			g.address, _ = netip.AddrFromSlice(o.Value)
		case code == dhcpv6.OptionBootfileURL:
			g.boot = o.Value
		case code == codeAltBootFile:
			g.alt = o.Value
		case code == dhcpv6.OptionFQDN:
			g.name = o.Value
		default:
			g.options = append(g.options, o)
		}
	}
	// RFC 8415, section 21.4: half of the lease, and four fifths of it.
	if g.t1 == 0 {
		g.t1 = part(g.lease, 1, 2)
	}
	if g.t2 == 0 {
		g.t2 = part(g.lease, 4, 5)
	}
	return g
}

// part is a part of a time, but for one without end.
func part(seconds, of, parts uint32) uint32 {
	if seconds == forever {
		return forever
	}
	return uint32(uint64(seconds) * uint64(of) / uint64(parts))
}

// answer6 says what a client is told: RFC 8415, section 18.3.
func answer6(put lower.PutDHCP, d *packet.Datagram, payload []byte) (verdict, reply, error) {
	ask, err := dhcpv6.MessageFromBytes(payload)
	if err != nil {
		return pass, reply{}, err
	}
	g := grantOf(put)
	client, named := ask.Options.ClientID(), ask.Options.ServerID()
	if named != nil && (g.server == nil || !named.Equal(g.server)) {
		return pass, reply{}, nil
	}
	kind, v := dhcpv6.MessageTypeReply, granted
	switch ask.MessageType {
	case dhcpv6.MessageTypeSolicit:
		if ask.GetOneOption(dhcpv6.OptionRapidCommit) == nil {
			kind = dhcpv6.MessageTypeAdvertise
		}
	case dhcpv6.MessageTypeRequest, dhcpv6.MessageTypeRenew:
		if named == nil {
			return pass, reply{}, errMalformed
		}
	case dhcpv6.MessageTypeConfirm, dhcpv6.MessageTypeRebind, dhcpv6.MessageTypeInformationRequest:
	case dhcpv6.MessageTypeDecline:
		v = declined
	case dhcpv6.MessageTypeRelease:
		v = released
	default:
		return pass, reply{}, errMalformed
	}
	if client == nil && ask.MessageType != dhcpv6.MessageTypeInformationRequest || g.server == nil {
		return pass, reply{}, errMalformed
	}
	a := &dhcpv6.Message{MessageType: kind, TransactionID: ask.TransactionID}
	if client != nil {
		a.AddOption(dhcpv6.OptClientID(client))
	}
	a.AddOption(dhcpv6.OptServerID(g.server))
	switch ask.MessageType {
	case dhcpv6.MessageTypeConfirm:
		if g.address.IsValid() && len(ask.Options.IANA()) == 0 {
			return pass, reply{}, nil // it asks for nothing: section 18.3.3
		}
		if v = g.confirm(a, ask); v == refused {
			break
		}
		g.fill(a, ask)
	case dhcpv6.MessageTypeDecline, dhcpv6.MessageTypeRelease:
		a.AddOption(&dhcpv6.OptStatusCode{StatusCode: iana.StatusSuccess})
	default:
		if ask.MessageType == dhcpv6.MessageTypeSolicit && kind == dhcpv6.MessageTypeReply {
			a.AddOption(&dhcpv6.OptionGeneric{OptionCode: dhcpv6.OptionRapidCommit})
		}
		for i, ia := range ask.Options.IANA() {
			a.AddOption(g.lend(ia, i == 0, ask.MessageType))
		}
		g.fill(a, ask)
	}
	return v, reply{a.ToBytes(), d.Dst}, nil
}

// confirm says whether the client's addresses are those that it would be given.
func (g *grant) confirm(a, ask *dhcpv6.Message) verdict {
	for _, ia := range ask.Options.IANA() {
		for _, has := range ia.Options.Addresses() {
			if ip, _ := netip.AddrFromSlice(has.IPv6Addr); ip != g.address {
				a.AddOption(&dhcpv6.OptStatusCode{StatusCode: iana.StatusNotOnLink})
				return refused
			}
		}
	}
	a.AddOption(&dhcpv6.OptStatusCode{StatusCode: iana.StatusSuccess})
	return granted
}

// lend gives an address to one of the client's identities, the first one. What another
// address it renews is over.
func (g *grant) lend(ia *dhcpv6.OptIANA, first bool, asked dhcpv6.MessageType) *dhcpv6.OptIANA {
	to := &dhcpv6.OptIANA{IaId: ia.IaId}
	if !g.address.IsValid() || !first {
		to.Options.Add(&dhcpv6.OptStatusCode{StatusCode: iana.StatusNoAddrsAvail})
		return to
	}
	second := func(n uint32) time.Duration { return time.Duration(n) * time.Second }
	to.T1, to.T2 = second(g.t1), second(g.t2)
	to.Options.Add(&dhcpv6.OptIAAddress{IPv6Addr: g.address.AsSlice(), PreferredLifetime: second(g.lease), ValidLifetime: second(g.lease)})
	if asked == dhcpv6.MessageTypeRenew || asked == dhcpv6.MessageTypeRebind {
		for _, has := range ia.Options.Addresses() {
			if ip, _ := netip.AddrFromSlice(has.IPv6Addr); ip != g.address {
				to.Options.Add(&dhcpv6.OptIAAddress{IPv6Addr: has.IPv6Addr})
			}
		}
	}
	return to
}

// fill fills in what is no lease.
func (g *grant) fill(a, ask *dhcpv6.Message) {
	for _, o := range g.options {
		value := o.Value
		if o.Code == uint16(dhcpv6.OptionDomainSearchList) {
			value = searchList(value)
		}
		a.AddOption(&dhcpv6.OptionGeneric{OptionCode: dhcpv6.OptionCode(o.Code), OptionData: value})
	}
	boot := g.boot
	if g.alt != nil && slices.ContainsFunc(ask.Options.UserClasses(), func(c []byte) bool { return string(c) == userClass }) {
		boot = g.alt
	}
	if boot != nil {
		a.AddOption(&dhcpv6.OptionGeneric{OptionCode: dhcpv6.OptionBootfileURL, OptionData: boot})
	}
	theirs := ask.Options.FQDN()
	if g.name == nil || theirs == nil && !ask.IsOptionRequested(dhcpv6.OptionFQDN) {
		return
	}
	flags := byte(fqdnNone)
	if theirs != nil && theirs.Flags&fqdnServer != 0 {
		flags |= fqdnOverride
	}
	a.AddOption(&dhcpv6.OptionGeneric{OptionCode: dhcpv6.OptionFQDN, OptionData: append([]byte{flags}, g.name...)})
}

// searchList encodes the names of a list: RFC 3646, section 4, not compressed. Stock OVN
// sends the text as one label, which clients do not take.
func searchList(text []byte) (b []byte) {
	for name := range strings.SplitSeq(string(text), ",") {
		if next, err := lflow.AppendDomains(b, []string{name}); err == nil {
			b = next
		}
	}
	return b
}
