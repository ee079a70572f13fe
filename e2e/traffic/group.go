package traffic

import (
	"fmt"
	"net"
	"net/netip"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"

	"github.com/weft-sdn/weft/e2e/netns"
)

// Membership is a multicast group that the kernel of a namespace is a member of
// for us, until it is closed. What arrives is not read.
type Membership struct {
	NS, Dev string
	Group   netip.Addr
	Source  netip.Addr // zero: from anybody
	Version int        // of IGMP or MLD, for the interface from now on; 0: as it is

	conn net.PacketConn
}

// Join has the kernel report the membership, and answer queries.
func (m *Membership) Join() error {
	family, network, protocol := "ipv4", "udp4", "igmp"
	if m.Group.Is6() {
		family, network, protocol = "ipv6", "udp6", "mld"
	}
	if m.Version != 0 {
		if err := netns.Sysctl(m.NS, fmt.Sprintf("%s.conf.%s.force_%s_version=%d", family, m.Dev, protocol, m.Version)); err != nil {
			return err
		}
	}
	return netns.Within(m.NS, func() error {
		dev, err := net.InterfaceByName(m.Dev)
		if err != nil {
			return fmt.Errorf("traffic: join: %w", err)
		}
		if m.conn, err = net.ListenPacket(network, ":0"); err != nil {
			return fmt.Errorf("traffic: join: %w", err)
		}
		group, source := &net.UDPAddr{IP: m.Group.AsSlice()}, &net.UDPAddr{IP: m.Source.AsSlice()}
		switch {
		case m.Group.Is6() && m.Source.IsValid():
			err = ipv6.NewPacketConn(m.conn).JoinSourceSpecificGroup(dev, group, source)
		case m.Group.Is6():
			err = ipv6.NewPacketConn(m.conn).JoinGroup(dev, group)
		case m.Source.IsValid():
			err = ipv4.NewPacketConn(m.conn).JoinSourceSpecificGroup(dev, group, source)
		default:
			err = ipv4.NewPacketConn(m.conn).JoinGroup(dev, group)
		}
		if err != nil {
			m.conn.Close()
			return fmt.Errorf("traffic: join %s: %w", m.Group, err)
		}
		return nil
	})
}

// Close leaves the group.
func (m *Membership) Close() error { return m.conn.Close() }
