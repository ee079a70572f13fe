package traffic

import (
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/insomniacslk/dhcp/dhcpv6"

	"github.com/weft-sdn/weft/e2e/packet"
)

// DHCP says how a client asks.
type DHCP struct {
	NS, Dev  string
	MAC      net.HardwareAddr
	Hostname string // sent along; DHCPv4
	Inform   bool   // asks for options alone, not for an address; DHCPv6
	Deadline time.Duration
}

// Lease is what a client got: the frame with the last answer, and what is in it.
type Lease struct {
	Frame   []byte
	Addr    netip.Prefix // DHCPv6 says no length: /64
	Routers []netip.Addr
	MTU     int // 0 if none was said
}

// Four discovers and requests as RFC 2131 says. A refusal is an answer of its
// own: the lease then has no address.
func (d DHCP) Four() (*Lease, error) {
	x, err := openExchange(d.NS, d.Dev)
	if err != nil {
		return nil, err
	}
	defer x.close()
	var with []dhcpv4.Modifier
	if d.Hostname != "" {
		with = append(with, dhcpv4.WithOption(dhcpv4.OptHostName(d.Hostname)))
	}
	discover, err := dhcpv4.NewDiscovery(d.MAC, with...)
	if err != nil {
		return nil, fmt.Errorf("traffic: dhcp: %w", err)
	}
	offer, _, err := d.four(x, discover, dhcpv4.MessageTypeOffer)
	if err != nil {
		return nil, fmt.Errorf("dhcp: discover: %w", err)
	}
	request, err := dhcpv4.NewRequestFromOffer(offer, with...)
	if err != nil {
		return nil, fmt.Errorf("traffic: dhcp: %w", err)
	}
	ack, frame, err := d.four(x, request, dhcpv4.MessageTypeAck, dhcpv4.MessageTypeNak)
	if err != nil {
		return nil, fmt.Errorf("dhcp: request: %w", err)
	}
	l := &Lease{Frame: frame}
	if ack.MessageType() == dhcpv4.MessageTypeNak {
		return l, nil
	}
	if a, ok := netip.AddrFromSlice(ack.YourIPAddr.To4()); ok {
		bits, _ := ack.SubnetMask().Size()
		l.Addr = netip.PrefixFrom(a, bits)
	}
	for _, r := range ack.Router() {
		if a, ok := netip.AddrFromSlice(r.To4()); ok {
			l.Routers = append(l.Routers, a)
		}
	}
	mtu, _ := dhcpv4.GetUint16(dhcpv4.OptionInterfaceMTU, ack.Options)
	l.MTU = int(mtu)
	return l, nil
}

// four sends a message and waits for one of the given types.
func (d DHCP) four(x *exchange, m *dhcpv4.DHCPv4, types ...dhcpv4.MessageType) (answer *dhcpv4.DHCPv4, frame []byte, err error) {
	question, err := packet.Encode([]string{"eth.dst=ff:ff:ff:ff:ff:ff", "eth.src=" + d.MAC.String(), "ip4.src=0.0.0.0", "ip4.dst=255.255.255.255",
		"udp.src=68", "udp.dst=67", fmt.Sprintf("payload=0x%x", m.ToBytes())})
	if err != nil {
		return nil, nil, err
	}
	frame, err = x.ask(question, func(f []byte) bool {
		port, payload, ok := packet.UDP(f)
		if !ok || port != dhcpv4.ClientPort {
			return false
		}
		got, err := dhcpv4.FromBytes(payload)
		if err != nil || got.TransactionID != m.TransactionID {
			return false
		}
		for _, t := range types {
			if got.MessageType() == t {
				answer = got
				return true
			}
		}
		return false
	}, d.Deadline)
	return answer, frame, err
}

// Six solicits and requests as RFC 8415 says, or with Inform asks for options.
func (d DHCP) Six() (*Lease, error) {
	x, err := openExchange(d.NS, d.Dev)
	if err != nil {
		return nil, err
	}
	defer x.close()
	solicit, err := dhcpv6.NewSolicit(d.MAC)
	if err != nil {
		return nil, fmt.Errorf("traffic: dhcp: %w", err)
	}
	request := solicit
	if d.Inform {
		solicit.MessageType = dhcpv6.MessageTypeInformationRequest
		solicit.Options.Del(dhcpv6.OptionIANA)
	} else {
		advertise, _, err := d.six(x, solicit, dhcpv6.MessageTypeAdvertise)
		if err != nil {
			return nil, fmt.Errorf("dhcp: solicit: %w", err)
		}
		if request, err = dhcpv6.NewRequestFromAdvertise(advertise); err != nil {
			return nil, fmt.Errorf("traffic: dhcp: %w", err)
		}
	}
	reply, frame, err := d.six(x, request, dhcpv6.MessageTypeReply)
	if err != nil {
		return nil, fmt.Errorf("dhcp: request: %w", err)
	}
	l := &Lease{Frame: frame}
	if na := reply.Options.OneIANA(); na != nil && na.Options.OneAddress() != nil {
		if a, ok := netip.AddrFromSlice(na.Options.OneAddress().IPv6Addr); ok {
			l.Addr = netip.PrefixFrom(a, 64)
		}
	}
	return l, nil
}

func (d DHCP) six(x *exchange, m *dhcpv6.Message, kind dhcpv6.MessageType) (answer *dhcpv6.Message, frame []byte, err error) {
	// All servers and relays of the link, from the address that RFC 4291,
	// appendix A makes of the MAC.
	const servers, group = "ff02::1:2", "33:33:00:01:00:02"
	b := d.MAC
	from := netip.AddrFrom16([16]byte{0: 0xfe, 1: 0x80, 8: b[0] ^ 2, 9: b[1], 10: b[2], 11: 0xff, 12: 0xfe, 13: b[3], 14: b[4], 15: b[5]})
	question, err := packet.Encode([]string{"eth.dst=" + group, "eth.src=" + d.MAC.String(), "ip6.src=" + from.String(), "ip6.dst=" + servers,
		"udp.src=546", "udp.dst=547", fmt.Sprintf("payload=0x%x", m.ToBytes())})
	if err != nil {
		return nil, nil, err
	}
	frame, err = x.ask(question, func(f []byte) bool {
		port, payload, ok := packet.UDP(f)
		if !ok || port != dhcpv6.DefaultClientPort {
			return false
		}
		answer, err = dhcpv6.MessageFromBytes(payload)
		return err == nil && answer.MessageType == kind && answer.TransactionID == m.TransactionID
	}, d.Deadline)
	return answer, frame, err
}
